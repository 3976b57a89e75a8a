"""Quantile-quantile figure of association p-values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta

from lucidseq.core.pvalues import inflation, neg_log10, neg_log10_p
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.result_files import Results

MAX_FILES, POINTS, COLUMNS = 9, 1500, 3


def quantile_figure(results: Results) -> list[Figure]:
    """Draw the p-values of each summary statistics file (at most 9) against those expected without association."""
    tables = [(name, table[np.isfinite(table["z"])]) for name, table in results.table("sumstats")]
    tables = [(name, table) for name, table in tables if len(table)][:MAX_FILES]
    if not tables:
        return []
    columns = min(COLUMNS, len(tables))
    rows = -(-len(tables) // columns)
    canvas, axes = new_axes(rows, columns, width=max(3.4, 3 * columns), height=3.2 * rows)
    numbers, lambdas = [], []
    for axis, (name, table) in zip(axes.ravel(), tables, strict=False):
        points = expected_and_observed(strength(table))
        lambdas.append(inflation(table["z"].to_numpy()))
        _draw(axis, points)
        axis.set_title(f"{name}\nλ = {lambdas[-1]:.3f}, {len(table):,} variants", fontsize=8)
        numbers.append(points.assign(file=name))
    for axis in axes.ravel()[len(tables) :]:
        axis.set_visible(False)
    inflations = ", ".join(f"{name} {value:.3f}" for (name, _), value in zip(tables, lambdas, strict=True))
    return [
        Figure(
            "qq",
            "P-values against expectation",
            "Without association, points lie on the diagonal, 95 % of them inside the band. Points above the band over the whole range "
            "mean confounding or polygenicity; only at the right end, a few strong associations. λ is the median chi-square over its "
            "expectation: near 1 genome-wide, and above it when the data are loci chosen for their association.",
            f"Quantile-quantile plot of -log10 p; inflation λ: {inflations}.",
            to_png(canvas),
            pd.concat(numbers, ignore_index=True),
        )
    ]


def strength(table: pd.DataFrame) -> np.ndarray:
    """Return -log10 p of summary statistics from the most precise column present: -log10 p, p, or z."""
    if "neg_log_10_p_value" in table and table["neg_log_10_p_value"].notna().all():
        return table["neg_log_10_p_value"].to_numpy()
    if "p_value" in table and table["p_value"].notna().all():
        return neg_log10(table["p_value"].to_numpy())
    return neg_log10_p(table["z"].to_numpy())


def expected_and_observed(observed: np.ndarray) -> pd.DataFrame:
    """Return observed and expected -log10 p, with the 95 % band expected without association.

    Of many variants, about 1,500 are kept, spread evenly over the axis: the strongest all, the common ones thinned.

    Parameters
    ----------
    observed
        -log10 p, shape (p,), any order.
    """
    count = len(observed)
    ranks = np.unique(np.geomspace(1, count, min(count, POINTS)).round().astype(np.int64))
    kept = -np.partition(-observed, ranks - 1)[ranks - 1] if count > 1 else observed
    # The k-th smallest of n uniform p-values is Beta(k, n - k + 1)
    low, high = beta.ppf([[0.975], [0.025]], ranks, count - ranks + 1)
    return pd.DataFrame(
        {"expected": -np.log10((ranks - 0.5) / count), "observed": kept, "band_low": neg_log10(low), "band_high": neg_log10(high)}
    )


def _draw(axis: Any, points: pd.DataFrame) -> None:
    axis.fill_between(points["expected"], points["band_low"], points["band_high"], color=GREY, alpha=0.25, linewidth=0)
    axis.plot([0, points["expected"].max()], [0, points["expected"].max()], color=GREY, linewidth=0.8)
    axis.scatter(points["expected"], points["observed"], s=7, color=COLOURS[0], linewidths=0)
    axis.set(xlabel="expected -log10 p", ylabel="observed -log10 p")
