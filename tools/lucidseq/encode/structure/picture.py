"""The figure of the structure: components by split, kinship of pairs, and kinship against opposite homozygotes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from lucidseq.core.splits import Split, Splits
from lucidseq.encode.structure.ancestry import Ancestry
from lucidseq.encode.structure.king import DUPLICATE, FIRST, SECOND, THIRD
from lucidseq.encode.structure.relatives import Relatives

_COLOURS = {Split.TRAIN: "#9aa5b1", Split.VALID: "#e69f00", Split.TEST: "#0072b2"}  # distinguishable without red and green
_POINTS = 20_000


def draw(ancestry: Ancestry, relatives: Relatives, splits: Splits) -> bytes:
    """Return the figure as PNG; the same data give the same bytes."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()  # a matplotlibrc in the working folder would change the bytes
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    for axis in (left, middle, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    _components(left, ancestry, splits)
    _relatedness(middle, right, relatives)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _components(axis: Any, ancestry: Ancestry, splits: Splits) -> None:
    x = ancestry.scores[:, 0]
    y = ancestry.scores[:, 1] if ancestry.scores.shape[1] > 1 else np.zeros(len(x))
    shown = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(np.int64))
    for split, colour in _COLOURS.items():
        rows = shown[splits.split[shown] == split]
        if len(rows):
            axis.scatter(x[rows], y[rows], s=9, color=colour, label=f"{split.name.lower()} ({(splits.split == split).sum()})", linewidths=0)
    axis.legend(fontsize=7, frameon=False)
    axis.set(xlabel=_named(ancestry, 0), ylabel=_named(ancestry, 1), title="Samples by split")


def _named(ancestry: Ancestry, number: int) -> str:
    components = ancestry.components
    if number >= len(components.values):
        return ""
    return f"PC{number + 1} ({components.values[number] / components.total:.1%})"


def _relatedness(histogram: Any, cloud: Any, relatives: Relatives) -> None:
    pairs = np.triu_indices(len(relatives.watched), 1)
    closeness = (relatives.kinship if relatives.defined else relatives.identity)[pairs]
    ibs0 = relatives.ibs0[pairs]
    seen = np.isfinite(closeness)
    closeness, ibs0 = closeness[seen], ibs0[seen]
    label = "KING-robust kinship" if relatives.defined else "share of equal genotypes"
    low = float(max(closeness.min(initial=0), -0.5))
    bins = np.linspace(low, 0.51, 80) if relatives.defined else np.linspace(float(closeness.min(initial=1)) - 0.01, 1.01, 80)
    histogram.hist(np.clip(closeness, bins[0], None), bins=bins, color="#9aa5b1")
    histogram.set(yscale="symlog", xlabel=label, ylabel="pairs", title="Pairs of samples")
    listed = relatives.table
    column = listed["kinship" if relatives.defined else "identity"].to_numpy(dtype=np.float32)
    known = np.isfinite(ibs0)  # for close pairs and for shown samples
    closeness = np.concatenate([column, closeness[known]])
    ibs0 = np.concatenate([listed["ibs0"].to_numpy(dtype=np.float32), ibs0[known]])
    rank = np.argsort(-closeness, kind="stable")  # close pairs, and an even selection of the others
    rank = (
        rank[np.unique(np.concatenate([np.arange(min(2000, len(rank))), np.linspace(0, max(len(rank) - 1, 0), 5000).astype(np.int64)]))]
        if len(rank)
        else rank
    )
    cloud.scatter(ibs0[rank], closeness[rank], s=4, color="#0072b2", alpha=0.5, linewidths=0)
    cloud.set(xlabel="share of opposite homozygotes (IBS0)", ylabel=label, title="Kind of relationship")
    if relatives.defined:
        for bound in (DUPLICATE, FIRST, SECOND, THIRD):
            histogram.axvline(bound, color="#444444", linewidth=0.6, linestyle=":")
            cloud.axhline(bound, color="#444444", linewidth=0.6, linestyle=":")
        cloud.set_ylim(bottom=max(low, -0.3))
