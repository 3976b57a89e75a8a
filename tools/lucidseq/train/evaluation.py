"""Figures, curves and checks of the predictions of one target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.core.card import Card, Verdict
from lucidseq.nets import calibration, metrics
from lucidseq.nets.intervals import LEVEL
from lucidseq.nets.metrics import Estimate
from lucidseq.train import curves

ALL = "all"
LEAST_OF_A_CONTIG = 20  # rows below which a contig's own figure says nothing
_SCATTER_POINTS = 2000
_ECE, _COVERAGE_SLACK = 0.05, 0.03
_CHANCE = {"auroc": 0.5, "pearson": 0.0}


@dataclass(frozen=True)
class Target:
    """Predictions of one target and what was observed.

    Parameters
    ----------
    name, task
        Name of the target; ``"binary"``, ``"regression"`` or ``"counts"``.
    observed, predicted
        Shape (n,).
    contig
        Sequence name of each row, (n,).
    bounds
        Lower and upper bounds of the prediction intervals for new observations, each (n,), or None.
    samples, seed
        Resamples behind each interval, and their seed.
    """

    name: str
    task: str
    observed: np.ndarray
    predicted: np.ndarray
    contig: np.ndarray
    bounds: tuple[np.ndarray, np.ndarray] | None
    samples: int
    seed: int

    def estimate(self, metric: str, rows: np.ndarray, group: str) -> Estimate:
        """Return a metric on some rows with its bootstrap interval."""
        score = calibration.ece if metric == "ece" else metrics.METRICS[metric]
        weighted = score(self.observed[rows], self.predicted[rows])
        generator = seeds.stream(self.seed, "bootstrap", self.name, group)
        return metrics.estimate(weighted, int(rows.sum()), samples=self.samples, generator=generator, level=LEVEL)


def metric_rows(target: Target) -> Iterator[dict[str, object]]:
    """Yield rows of the metrics table: all sequences first, then contig by contig."""
    everything = np.ones(len(target.observed), dtype=bool)
    names = metrics.OF_TASK[target.task]
    for metric in (*names, "ece") if target.task == "binary" else names:
        yield _row(target, metric, everything, ALL)
    if target.bounds is not None:
        yield _coverage_row(target)
    contigs = sorted(set(target.contig))
    for contig in contigs if len(contigs) > 1 else []:
        rows = target.contig == contig
        if rows.sum() >= LEAST_OF_A_CONTIG:
            for metric in names:
                yield _row(target, metric, rows, contig)


def _row(target: Target, metric: str, rows: np.ndarray, group: str) -> dict[str, object]:
    return _record(target, group, metric, target.estimate(metric, rows, group), int(rows.sum()))


def _coverage_row(target: Target) -> dict[str, object]:
    """Share of observations inside their interval, with a bootstrap interval of the share."""
    assert target.bounds is not None
    inside = ((target.observed >= target.bounds[0]) & (target.observed <= target.bounds[1])).astype(np.float64)
    generator = seeds.stream(target.seed, "bootstrap", target.name, "coverage")
    found = metrics.estimate(metrics.mean_of(inside), len(inside), samples=target.samples, generator=generator)
    return _record(target, ALL, "interval_coverage", found, len(inside))


def _record(target: Target, group: str, metric: str, found: Estimate, n: int) -> dict[str, object]:
    return {"target_name": target.name, "group": group, "metric": metric, **found._asdict(), "n": n}


def curve_points(target: Target) -> pd.DataFrame:
    """Return the curves table of a target: ROC and precision-recall, or a scatter; and reliability."""
    observed, predicted = target.observed, target.predicted
    parts = []
    if target.task == "binary":
        if 0 < observed.sum() < len(observed):
            parts += [_points("roc", *curves.roc(observed, predicted)), _points("pr", *curves.precision_recall(observed, predicted))]
    else:
        generator = seeds.stream(target.seed, "scatter", target.name)
        shown = np.sort(generator.choice(len(observed), min(len(observed), _SCATTER_POINTS), replace=False))
        parts.append(_points("scatter", predicted[shown], observed[shown]))
    bins = calibration.reliability(observed, predicted)
    parts.append(_points("reliability", bins.predicted, bins.observed, bins.n))
    return pd.concat(parts, ignore_index=True).assign(target_name=target.name)


def _points(curve: str, x: np.ndarray, y: np.ndarray, n: np.ndarray | None = None) -> pd.DataFrame:
    return pd.DataFrame({"curve": curve, "x": x, "y": y, "n": np.ones(len(x), dtype=int) if n is None else n})


def add_checks(card: Card, target: Target, rows: list[dict[str, object]]) -> None:
    """Add the checks of a target, given its rows of the metrics table."""
    figures = {
        str(row["metric"]): Estimate(float(str(row["value"])), float(str(row["lower"])), float(str(row["upper"])))
        for row in rows
        if row["group"] == ALL
    }
    main = metrics.OF_TASK[target.task][0]
    found = figures[main]
    card.add(
        f"{main}, {target.name}",
        found.value,
        Verdict.OK if found.lower > _CHANCE[main] else Verdict.REFUSE,
        threshold=f"interval above {_CHANCE[main]:g}",
        interval=(found.lower, found.upper),
        level=LEVEL,
        advice="The predictions are no better than chance; do not use or explain this model.",
    )
    if target.task == "binary":
        _check_calibration(card, target, figures["ece"])
    elif "interval_coverage" in figures:
        _check_coverage(card, target, figures["interval_coverage"])
    _check_contigs(card, target, main, found, rows)


def _check_calibration(card: Card, target: Target, found: Estimate) -> None:
    """Chance alone gives a small sample some ECE: judge against the larger of that and a fixed bound."""
    generator = seeds.stream(target.seed, "calibrated", target.name)
    chance = calibration.ece_if_calibrated(target.predicted, samples=min(target.samples, 200), generator=generator)
    bound = max(_ECE, chance)
    card.add(
        f"expected calibration error, {target.name}",
        found.value,
        Verdict.OK if found.value <= bound else Verdict.CAUTION,
        threshold=f"<= {bound:.3g}",
        interval=(found.lower, found.upper),
        level=LEVEL,
        advice="Rank by these probabilities, but do not read them as frequencies; --class-weights none keeps them closer.",
    )


def _check_coverage(card: Card, target: Target, found: Estimate) -> None:
    bound = LEVEL - _COVERAGE_SLACK
    card.add(
        f"coverage of prediction intervals, {target.name}",
        found.value,
        Verdict.OK if found.upper >= bound else Verdict.CAUTION,
        threshold=f"interval reaches {bound:g}",
        interval=(found.lower, found.upper),
        level=LEVEL,
        advice="Held-out sequences differ from validation ones; the intervals are too narrow for them.",
    )


def _check_contigs(card: Card, target: Target, main: str, overall: Estimate, rows: list[dict[str, object]]) -> None:
    """A contig whose interval ends below that of all together does worse than chance explains."""
    worse = [
        str(row["group"]) for row in rows if row["group"] != ALL and row["metric"] == main and float(str(row["upper"])) < overall.lower
    ]
    groups = {row["group"] for row in rows} - {ALL}
    if groups:
        card.add(
            f"contigs with clearly lower {main}, {target.name}",
            ", ".join(worse) or "none",
            Verdict.CAUTION if worse else Verdict.OK,
            threshold="none",
            advice="The model carries over unevenly; look at these contigs before using it there.",
        )
