"""Quality-control figure, from histograms of fixed size."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.encode.genotypes.quality import Assessment
from lucidseq.encode.genotypes.sample_quality import SampleStatistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 50
_P_STEP, _P_BINS = 0.01, 32_000  # of -log10 p
_KEPT, _REMOVED, _LINE = "#3b6ea5", "#c75146", "#888888"


class VariantCounts:
    """Histograms of the assessed variants."""

    def __init__(self) -> None:
        self.missing = np.zeros(_BINS, dtype=np.int64)
        self.frequency = np.zeros((2, _BINS), dtype=np.int64)  # removed, kept
        self.hwe = np.zeros(_P_BINS, dtype=np.int64)

    def add(self, judged: Assessment, samples: int) -> None:
        """Count the variants of a chunk."""
        share = np.minimum(judged.missing / max(samples, 1) * _BINS, _BINS - 1).astype(np.int64)
        self.missing += np.bincount(share, minlength=_BINS)
        minor = np.minimum(judged.frequency, 1 - judged.frequency)
        known = ~np.isnan(minor)
        for row, variants_of_row in enumerate((known & ~judged.keep, known & judged.keep)):
            bins = np.clip(minor[variants_of_row] * 2 * _BINS, 0, _BINS - 1).astype(np.int64)
            self.frequency[row] += np.bincount(bins, minlength=_BINS)
        p = judged.hwe_p[~np.isnan(judged.hwe_p)]
        logs = -np.log10(np.maximum(p, 1e-300)) / _P_STEP
        self.hwe += np.bincount(np.clip(logs, 0, _P_BINS - 1).astype(np.int64), minlength=_P_BINS)


def draw_quality(variants: VariantCounts, samples: SampleStatistics, keep: np.ndarray, path: Path) -> None:
    """Draw missingness, the frequency spectrum, Hardy-Weinberg p-values against chance, and heterozygosity; the same bytes each time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7))
    canvas = FigureCanvasAgg(figure)
    # Fixed margins: matplotlib's layout engine costs as much as reading 20 million genotypes
    margins = {"left": 0.09, "right": 0.98, "bottom": 0.08, "top": 0.95, "wspace": 0.24, "hspace": 0.32}
    (missing, frequency), (hwe, heterozygosity) = figure.subplots(2, 2, gridspec_kw=margins)
    _draw_missing(missing, variants, samples)
    _draw_frequency(frequency, variants)
    _draw_hwe(hwe, variants.hwe)
    _draw_heterozygosity(heterozygosity, samples, keep)
    buffer = io.BytesIO()
    canvas.print_figure(buffer, format="png", dpi=110, metadata={"Software": None})
    path.write_bytes(buffer.getvalue())


def _draw_missing(axes: Axes, variants: VariantCounts, samples: SampleStatistics) -> None:
    edges = np.linspace(0, 1, _BINS + 1)
    sample_counts, _ = np.histogram(samples.missing_rate, edges)
    for counts, colour, name in ((variants.missing, _KEPT, "variants"), (sample_counts, _REMOVED, "samples")):
        if counts.sum():
            axes.stairs(counts / counts.sum(), edges, color=colour, label=name)
    axes.set(xlabel="missing rate", ylabel="share (log scale)", yscale="log", title="Missing genotypes")
    axes.legend(frameon=False)


def _draw_frequency(axes: Axes, variants: VariantCounts) -> None:
    edges = np.linspace(0, 0.5, _BINS + 1)
    removed, kept = variants.frequency
    axes.stairs(kept, edges, fill=True, color=_KEPT, label="kept")
    axes.stairs(kept + removed, edges, baseline=kept, fill=True, color=_REMOVED, label="removed")
    axes.set(xlabel="minor-allele frequency", ylabel="variants", title="Frequency spectrum")
    axes.legend(frameon=False)


def _draw_hwe(axes: Axes, counts: np.ndarray) -> None:
    axes.set(xlabel="expected -log10 p", ylabel="observed -log10 p", title="Hardy-Weinberg test")
    seen = np.flatnonzero(counts)
    if not len(seen):
        axes.text(0.5, 0.5, "not tested", ha="center", va="center", transform=axes.transAxes, color=_LINE)
        return
    above = counts[::-1].cumsum()[::-1][seen]
    expected = -np.log10((above - counts[seen] / 2) / counts.sum())
    observed = (seen + 0.5) * _P_STEP
    top = max(float(expected.max()), 1.0)
    axes.plot([0, top], [0, top], color=_LINE, linewidth=1)
    axes.scatter(expected, np.minimum(observed, 50), s=6, color=_KEPT)


def _draw_heterozygosity(axes: Axes, samples: SampleStatistics, keep: np.ndarray) -> None:
    axes.set(xlabel="missing rate", ylabel="inbreeding coefficient F", title="Heterozygosity of samples")
    axes.locator_params(axis="x", nbins=5)
    f = samples.autosomes.inbreeding
    if np.isnan(f).all():
        axes.text(0.5, 0.5, "not defined", ha="center", va="center", transform=axes.transAxes, color=_LINE)
        return
    known = ~np.isnan(f)
    mean, deviation = f[known].mean(), f[known].std()
    for value in (mean - 3 * deviation, mean, mean + 3 * deviation):
        axes.axhline(value, color=_LINE, linewidth=1, linestyle="-" if value == mean else ":")
    for members, colour, name in ((keep, _KEPT, "kept"), (~keep, _REMOVED, "removed")):
        if members.any():
            axes.scatter(samples.missing_rate[members], f[members], s=8, color=colour, label=name)
    axes.legend(frameon=False)
