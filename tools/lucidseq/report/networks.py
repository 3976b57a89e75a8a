"""Figures of networks: learning curves and evaluation."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lucidseq.report.figure import COLOURS, GREY, Figure, new_axes, to_png
from lucidseq.report.logo_figures import logo_figures, motif_figures
from lucidseq.report.recurring_motifs import RecurringMotif
from lucidseq.report.result_files import Results

# Curve: title, abscissa, ordinate, how to read it
CURVES = {
    "roc": (
        "ROC",
        "false positive rate",
        "true positive rate",
        "ROC: a network that guesses follows the diagonal, a perfect one reaches the upper left corner.",
    ),
    "pr": ("Precision and recall", "recall", "precision", "Precision and recall: guessing gives a flat line at the share of positives."),
    "reliability": (
        "Reliability",
        "mean prediction of the bin",
        "mean observation of the bin",
        "Reliability: points on the diagonal mean calibrated predictions; below it, predictions are too high.",
    ),
    "scatter": (
        "Predicted and observed",
        "predicted",
        "observed",
        "Predicted and observed: each point is a sequence; the line marks equality.",
    ),
}


def network_figures(results: Results, motifs: dict[tuple[str, str], list[RecurringMotif]]) -> list[Figure]:
    """Return every figure that the results allow."""
    figures = [learning_curves(name, table) for name, table in results.table("history") if len(table)]
    figures += [evaluation(name, table) for name, table in results.table("curves") if table["curve"].isin(list(CURVES)).any()]
    return figures + motif_figures(motifs) + logo_figures(results.store("attributions"))


def learning_curves(name: str, table: pd.DataFrame) -> Figure:
    """Draw loss and validation metric against epochs, a line a member."""
    canvas, axes = new_axes(1, 2, width=8.5)
    loss, metric = axes[0]
    members = sorted(set(table["member"].tolist()))
    for number, member in enumerate(members):
        rows = table[table["member"] == member]
        colour = COLOURS[number % len(COLOURS)]
        loss.plot(rows["epoch"], rows["loss"], color=colour, linestyle=":", label=None if number else "training")
        loss.plot(rows["epoch"], rows["valid_loss"], color=colour, label=None if number else "validation")
        metric.plot(rows["epoch"], rows["valid_metric"], color=colour, label=f"member {member}")
    measure = table["metric"].iloc[0]
    loss.set(xlabel="epoch", ylabel="loss")
    metric.set(xlabel="epoch", ylabel=f"{measure} on validation sequences")
    loss.legend(fontsize=8, frameon=False)
    if len(members) > 1:
        metric.legend(fontsize=7, frameon=False, ncols=2)
    last = table.groupby("member")["valid_metric"].last()
    return Figure(
        f"learning_{name}",
        f"Learning curves: {name}",
        "Left: loss on training (dotted) and validation sequences. A validation curve that rises while training falls "
        f"means overfitting. Right: {measure} on the validation sequences, by which training is stopped.{_weakest(table)}",
        f"Loss and validation {measure} of {len(members)} network(s) over {table['epoch'].max()} epochs; {measure} ends at {last.mean():.3g}.",
        to_png(canvas),
        table,
    )


def _weakest(table: pd.DataFrame) -> str:
    """Return a sentence on the ensemble's weakest member, by its lowest validation loss; empty for one network."""
    best = table.groupby("member")["valid_loss"].min()
    if len(best) < 2:
        return ""
    weakest = str(best.idxmax())
    return f" The weakest member is {weakest}: lowest validation loss {best.max():.4g}, median of the members {best.median():.4g}."


def evaluation(name: str, table: pd.DataFrame) -> Figure:
    """Draw the curves of an evaluation: ROC, precision-recall, reliability, or predicted against observed."""
    kinds = [kind for kind in CURVES if (table["curve"] == kind).any()]
    canvas, axes = new_axes(1, len(kinds), width=3.6 * max(len(kinds), 2), height=3.5)
    for axis, kind in zip(axes[0], kinds, strict=True):
        title, abscissa, ordinate, _ = CURVES[kind]
        targets = list(table.loc[table["curve"] == kind].groupby("target_name"))
        for number, (target, rows) in enumerate(targets):
            _draw_curve(axis, kind, rows, COLOURS[number % len(COLOURS)], str(target))
        if kind != "pr":
            ends = [table.loc[table["curve"] == kind, ["x", "y"]].min().min(), table.loc[table["curve"] == kind, ["x", "y"]].max().max()]
            axis.plot(ends, ends, color=GREY, linewidth=0.8, zorder=0)
        axis.set(xlabel=abscissa, ylabel=ordinate, title=title)
        if len(targets) > 1 and axis is axes[0, 0]:
            axis.legend(fontsize=7, frameon=False)
    targets_named = ", ".join(sorted(set(table["target_name"].astype(str)))[:5])
    return Figure(
        f"evaluation_{name}",
        f"Prediction on held-out sequences: {name} ({targets_named})",
        " ".join(CURVES[kind][3] for kind in kinds),
        f"Evaluation of {targets_named}: {', '.join(CURVES[kind][0] for kind in kinds)}.",
        to_png(canvas),
        table,
    )


def _draw_curve(axis: Any, kind: str, rows: pd.DataFrame, colour: str, target: str) -> None:
    """Draw one target's curve, or points."""
    if kind == "scatter":
        axis.scatter(rows["x"], rows["y"], s=5, alpha=0.4, color=colour, linewidths=0, label=target)
    else:
        marker = "o" if kind == "reliability" else None
        axis.plot(rows["x"], rows["y"], color=colour, marker=marker, ms=3, label=target)
