"""Figures of attributions: contributions of bases to a network's prediction, as letters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import open_store, read_text
from lucidseq.report.figure import Figure, new_axes, to_png
from lucidseq.report.recurring_motifs import FLANK, RecurringMotif

LOGOS, LOGO_WIDTH, SLICE, MOTIF_COLUMNS = 6, 60, 4096, 3


@dataclass(frozen=True)
class ExplainedSequence:
    """One explained sequence.

    Attributes
    ----------
    name, contig, strand
        As in the file.
    start, end
        0-based, half-open; meaningless where ``contig`` is empty.
    codes, contributions
        Bases and their contributions, of shape (length,).
    """

    name: str
    contig: str
    strand: str
    start: int
    end: int
    codes: np.ndarray
    contributions: np.ndarray


def logo_figures(paths: list[Path]) -> list[Figure]:
    """Draw the sequences with the strongest attributions, a figure for each target and method."""
    kinds: dict[tuple[str, str], list[tuple[float, Path, int]]] = {}
    for path in paths:
        with open_store(path, ATTRIBUTIONS) as store:
            kind = (str(store.attrs["target_name"]), str(store.attrs["method"]))
            peak = strongest(store["contributions"])
        kinds.setdefault(kind, []).extend((float(peak[row]), path, int(row)) for row in np.argsort(-peak, kind="stable")[:LOGOS])
    return [_figure(target, method, rows) for (target, method), rows in sorted(kinds.items()) if rows]


def motif_figures(motifs: dict[tuple[str, str], list[RecurringMotif]]) -> list[Figure]:
    """Draw what recurs in all explained sequences, a figure for each target and method."""
    return [_motif_figure(target, method, recurring) for (target, method), recurring in motifs.items() if recurring]


def _motif_figure(target: str, method: str, motifs: list[RecurringMotif]) -> Figure:
    import logomaker

    rows = -(-len(motifs) // MOTIF_COLUMNS)
    canvas, axes = new_axes(rows, MOTIF_COLUMNS, width=9.6, height=2.1 * rows)
    for axis in axes.ravel()[len(motifs) :]:
        axis.axis("off")
    frames = []
    for axis, motif in zip(axes.ravel(), motifs, strict=False):
        frame = pd.DataFrame(motif.contributions, columns=list("ACGT"))
        logomaker.Logo(frame, ax=axis, show_spines=False)
        axis.set_title(f"{motif.consensus}: {motif.occurrences} places in {motif.sequences} sequences", fontsize=8, loc="left")
        axis.set_xticks([])
        frames.append(frame.assign(motif=motif.consensus, position=np.arange(-FLANK, len(frame) - FLANK)))
    return Figure(
        f"recurring_motifs_{target}_{method}",
        f"What the explained sequences have in common: {target} ({method})",
        "Words of eight bases, of either strand, whose places add most to the prediction over all explained sequences; places with at most one other "
        "base are aligned, and height is the mean contribution of a base. A summary, not motif discovery.",
        f"Logos of the recurring words {', '.join(motif.consensus for motif in motifs)}.",
        to_png(canvas),
        pd.concat(frames),
    )


def strongest(contributions: Any) -> np.ndarray:
    """Return the largest |contribution| of each sequence, reading a slice of the file at a time."""
    rows = contributions.shape[0]
    slices = [contributions[first : first + SLICE] for first in range(0, rows, SLICE)]
    return np.concatenate([np.abs(np.nan_to_num(part)).max(axis=1) for part in slices]) if rows else np.zeros(0)


def read_explained(path: Path, row: int) -> ExplainedSequence:
    """Read one sequence of an attribution file."""
    with open_store(path, ATTRIBUTIONS) as store:
        name, contig, strand = (str(read_text(store[key][row : row + 1])[0]) for key in ("id", "contig", "strand"))
        return ExplainedSequence(
            name,
            contig,
            strand,
            int(store["start"][row]),
            int(store["end"][row]),
            store["codes"][row],
            np.nan_to_num(store["contributions"][row].astype(np.float64)),
        )


def draw_letters(axis: Any, codes: np.ndarray, contributions: np.ndarray) -> pd.DataFrame:
    """Draw contributions as letters and return their heights (columns A, C, G, T)."""
    import logomaker

    heights = np.zeros((len(codes), 4))
    known = codes < 4
    heights[known, codes[known]] = contributions[known]
    frame = pd.DataFrame(heights, columns=list("ACGT"))
    if heights.any():
        logomaker.Logo(frame, ax=axis, show_spines=False)
    else:  # nothing to scale by
        axis.set(xlim=(-0.5, len(codes) - 0.5), ylim=(-1, 1))
    axis.set_xticks([])
    return frame


def _figure(target: str, method: str, rows: list[tuple[float, Path, int]]) -> Figure:
    chosen = [read_explained(path, row) for _, path, row in sorted(rows, key=lambda item: (-item[0], item[1].name, item[2]))[:LOGOS]]
    canvas, axes = new_axes(len(chosen), 1, width=9, height=1.35 * len(chosen))
    numbers = [_stretch(axis, sequence) for axis, sequence in zip(axes[:, 0], chosen, strict=True)]
    return Figure(
        f"attribution_logos_{target}_{method}",
        f"Bases behind the prediction: {target} ({method})",
        f"Height is a base's contribution to the prediction; a base below the line lowers it. Shown are the {len(chosen)} sequences with the "
        "strongest single contributions, each at its strongest stretch.",
        f"Sequence logos of {', '.join(sequence.name for sequence in chosen)}: contributions of single bases to {target}.",
        to_png(canvas),
        pd.concat(numbers),
    )


def _stretch(axis: Any, sequence: ExplainedSequence) -> pd.DataFrame:
    """Draw the strongest stretch of a sequence."""
    width = min(LOGO_WIDTH, len(sequence.codes))
    sums = np.convolve(np.abs(sequence.contributions), np.ones(width), mode="valid")
    first = int(sums.argmax())
    frame = draw_letters(axis, sequence.codes[first : first + width], sequence.contributions[first : first + width])
    low = sequence.end - first - width if sequence.strand == "-" else sequence.start + first
    place = f"{sequence.contig}:{low + 1:,}-{low + width:,} {sequence.strand.strip('.')}" if sequence.contig else ""
    axis.set_title(f"{sequence.name}  {place}", fontsize=8, loc="left")
    return frame.assign(sequence=sequence.name, position=np.arange(first, first + width))
