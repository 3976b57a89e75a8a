"""Figures of networks: learning curves, evaluation, attribution logos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import open_store, read_text
from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.results import Results

LOGOS, LOGO_WIDTH = 6, 60


def network_figures(results: Results) -> list[Figure]:
    """Return every figure that the results allow."""
    figures = [learning_curves(name, table) for name, table in results.table("history")]
    figures += [evaluation(name, table) for name, table in results.table("curves")]
    return figures + logos(results.store("attributions"))


def learning_curves(name: str, table: pd.DataFrame) -> Figure:
    """Draw loss and validation metric against epochs, a line a member."""
    canvas, axes = new_axes(1, 2)
    loss, metric = axes[0]
    for member in sorted(set(table["member"].tolist())):
        rows = table[table["member"] == member]
        colour = COLOURS[member % len(COLOURS)]
        loss.plot(rows["epoch"], rows["loss"], color=colour, linestyle=":", label="training" if member == 0 else None)
        loss.plot(rows["epoch"], rows["valid_loss"], color=colour, label="validation" if member == 0 else None)
        metric.plot(rows["epoch"], rows["valid_metric"], color=colour, label=f"member {member}")
    loss.set(xlabel="epoch", ylabel="loss")
    metric.set(xlabel="epoch", ylabel=f"validation {table['metric'].iloc[0]}")
    loss.legend(fontsize=8, frameon=False)
    return Figure(
        f"learning_{name}",
        f"Learning curves: {name}",
        "Left: loss on training (dotted) and validation sequences. A validation curve that rises while training falls "
        "means learning by heart. Right: the metric training was stopped by.",
        to_png(canvas),
        table,
    )


def evaluation(name: str, table: pd.DataFrame) -> Figure:
    """Draw the curves of an evaluation: ROC, precision-recall, reliability, or predicted against observed."""
    kinds = [kind for kind in ("roc", "pr", "reliability", "scatter") if (table["curve"] == kind).any()]
    labels = {
        "roc": ("false positive rate", "true positive rate"),
        "pr": ("recall", "precision"),
        "reliability": ("predicted", "observed"),
        "scatter": ("predicted", "observed"),
    }
    canvas, axes = new_axes(1, len(kinds), width=3.4 * max(len(kinds), 2))
    for axis, kind in zip(axes[0], kinds, strict=True):
        for number, (target, rows) in enumerate(table[table["curve"] == kind].groupby("target_name")):
            colour = COLOURS[number % len(COLOURS)]
            if kind == "scatter":
                axis.scatter(rows["x"], rows["y"], s=5, alpha=0.4, color=colour, linewidths=0, label=target)
            else:
                axis.plot(
                    rows["x"],
                    rows["y"],
                    color=colour,
                    marker="o" if kind == "reliability" else None,
                    ms=3,
                    label=target,
                )
        if kind != "pr":
            low, high = axis.get_xlim()
            axis.plot([low, high], [low, high], color=GREY, linewidth=0.8, zorder=0)
        axis.set(xlabel=labels[kind][0], ylabel=labels[kind][1])
    axes[0, 0].legend(fontsize=7, frameon=False)
    return Figure(
        f"evaluation_{name}",
        f"Prediction on held-out sequences: {name}",
        "On the reliability curve, points on the diagonal mean that predictions can be taken at face value.",
        to_png(canvas),
        table,
    )


def logos(paths: list[Path]) -> list[Figure]:
    """Draw the sequences with the strongest attributions of all files together."""
    candidates = []
    for path in paths:
        with open_store(path, ATTRIBUTIONS) as store:
            strength = np.abs(store["contributions"][()]).max(axis=1)
            target, method = str(store.attrs["target_name"]), str(store.attrs["method"])
            ids = read_text(store["id"])
            candidates += [
                (float(strength[row]), path, row, ids[row], target, method) for row in np.argsort(-strength)[:LOGOS]
            ]
    chosen = sorted(candidates, key=lambda item: (-item[0], str(item[3])))[:LOGOS]
    if not chosen:
        return []
    canvas, axes = new_axes(len(chosen), 1, width=9, height=1.35 * len(chosen))
    numbers = []
    for axis, (_, path, row, name, _, _) in zip(axes[:, 0], chosen, strict=True):
        numbers.append(_draw_logo(axis, path, row, str(name)))
    _, _, _, _, target, method = chosen[0]
    return [
        Figure(
            "attribution_logos",
            f"What the network reads: {method}, {target}",
            "Height is a base's contribution to the prediction; below the line it lowers it. The strongest stretch of each of the "
            "sequences with the strongest contributions.",
            to_png(canvas),
            pd.concat(numbers),
        )
    ]


def _draw_logo(axis: object, path: Path, row: int, name: str) -> pd.DataFrame:
    import logomaker

    with open_store(path, ATTRIBUTIONS) as store:
        contributions, codes = store["contributions"][row].astype(np.float64), store["codes"][row]
        contig, start = str(read_text(store["contig"][row : row + 1])[0]), int(store["start"][row])
    width = min(LOGO_WIDTH, len(codes))
    sums = np.convolve(np.abs(contributions), np.ones(width), mode="valid")
    first = int(sums.argmax())
    window = slice(first, first + width)
    heights = np.zeros((width, 4))
    known = codes[window] < 4
    heights[known, codes[window][known]] = contributions[window][known]
    frame = pd.DataFrame(heights, columns=list("ACGT"))
    logomaker.Logo(frame, ax=axis, show_spines=False)
    place = f"{contig}:{start + first + 1:,}-{start + first + width:,}" if contig else ""
    axis.set_title(f"{name}  {place}", fontsize=8, loc="left")  # type: ignore[attr-defined]
    axis.set_xticks([])  # type: ignore[attr-defined]
    return frame.assign(sequence=name, position=np.arange(first, first + width))
