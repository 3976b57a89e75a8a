"""Windows of a genome around regions, and their signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, place
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Intervals
from lucidseq.core.log import Progress
from lucidseq.encode.bigwig import BigWig
from lucidseq.encode.regions import require_shared
from lucidseq.encode.sequences.choices import SignalStatistic
from lucidseq.encode.sequences.sequence_rows import SequenceRows

_STATISTICS: dict[SignalStatistic, Callable[[np.ndarray], float]] = {
    SignalStatistic.MEAN: np.mean,
    SignalStatistic.MAX: np.max,
    SignalStatistic.SUM: np.sum,
}


def window_starts(regions: Intervals, length: int, *, stranded: bool) -> np.ndarray:
    """Return the starts of windows around regions; in reading direction, the middle base has index ``length // 2``.

    Examples
    --------
    >>> regions = Intervals.of("c", [10, 10], [11, 11], strand=["+", "-"])
    >>> window_starts(regions, 4, stranded=True).tolist()
    [8, 9]
    """
    middle = regions.centres()
    forward = middle - length // 2
    if not stranded:
        return forward
    even = middle == (regions.start + regions.end) // 2  # of two middle bases, the second in this direction
    middle = np.where(even, (regions.start + regions.end - 1) // 2, middle)
    return np.where(regions.strand == "-", middle - (length - 1) // 2, forward)


def cut_windows(genome: Genome, regions: Intervals, path: Path, *, window: int | None, stranded: bool) -> SequenceRows:
    """Cut a window around each region.

    Parameters
    ----------
    genome
        The reference.
    regions
        Regions in the file's order.
    path
        Their file, for error messages.
    window
        Length; None keeps the regions, which must have one length.
    stranded
        Read regions on the minus strand as reverse complements; otherwise all are read forward and strand is ``.``.

    Raises
    ------
    DataError
        If a contig is not in the genome, a region extends beyond it, or lengths differ without a window.
    """
    length = window or int(regions.end[0] - regions.start[0])
    _check_regions(genome, regions, path, None if window else length)
    starts = window_starts(regions, length, stranded=stranded) if window else regions.start
    codes = np.empty((len(regions), length), dtype=np.uint8)
    for row, (contig, start) in enumerate(zip(regions.contig, starts.tolist(), strict=True)):
        codes[row] = genome.fetch(contig, start, start + length)
    strand = regions.strand if stranded else np.full(len(regions), ".", dtype=object)
    codes[strand == "-"] = alphabet.reverse_complement(codes[strand == "-"])
    nothing = np.zeros((len(regions), 0), dtype=np.float32)
    size = contig_sizes(genome, regions)
    padding = length - np.clip(np.minimum(starts + length, size) - np.maximum(starts, 0), 0, length)
    return SequenceRows(codes, regions.contig, starts, starts + length, strand, regions.labels(), nothing, padding)


def contig_sizes(genome: Genome, regions: Intervals) -> np.ndarray:
    """Return the length of the contig of each region, int64; -1 where the genome does not have it."""
    sizes: np.ndarray = pd.Series(regions.contig, dtype=object).map(genome.lengths).fillna(-1).to_numpy(dtype=np.int64)
    return sizes


def within_contigs(genome: Genome, regions: Intervals, path: Path, *, clip: bool) -> tuple[Intervals, np.ndarray, int]:
    """Return regions within their contigs; those that run past the end are clipped, or removed where clipping is not possible.

    Peak callers extend fragments past the ends of contigs. A region that begins past the end is of another build.

    Parameters
    ----------
    genome, regions, path
        As in `cut_windows`.
    clip
        Whether regions may change their length; otherwise they are removed.

    Returns
    -------
    (the regions; the mask of those kept; how many were clipped)

    Raises
    ------
    DataError
        If a narrowPeak summit is outside its peak, or every region runs past the end.
    """
    beyond = regions.summit >= regions.end - regions.start
    if beyond.any():
        row = int(np.argmax(beyond))
        received = f"a summit {regions.summit[row]} bases into a peak of {regions.end[row] - regions.start[row]}"
        where = place(path, contig=str(regions.contig[row]), item=f"region {regions.label(row)}")
        raise DataError(
            received, "a summit inside its peak (column 10 of narrowPeak)", "correct column 10: -1 takes the middle", where=where
        )
    size = contig_sizes(genome, regions)
    past = (regions.start < size) & (regions.end > size)
    if not clip and past.all():
        raise DataError(
            "regions that all run past the end of their contigs", "regions of the FASTA's build", "add --window", where=str(path)
        )
    if not past.any() or not clip:
        return regions.take(~past), ~past, 0
    end = np.where(past, size, regions.end)
    summit = np.minimum(regions.summit, end - regions.start - 1)
    return replace(regions, end=end, summit=summit), np.ones(len(regions), dtype=bool), int(past.sum())


def _check_regions(genome: Genome, regions: Intervals, path: Path, length: int | None) -> None:
    """Refuse the first region on an unknown contig, beyond its contig's end, or of another length than the first."""
    size = contig_sizes(genome, regions)
    wrong = (size < regions.end) | (regions.end - regions.start != (length or regions.end - regions.start))
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    contig, start, end = str(regions.contig[row]), int(regions.start[row]), int(regions.end[row])
    where = place(path, contig=contig, item=f"region {regions.label(row)}")
    genome.require(contig, where=where)
    if end > size[row]:
        raise DataError(f"{contig}:{start}-{end}", f"positions up to {size[row]}", "use regions of the FASTA's build", where=where)
    raise DataError(f"a region of {end - start} bases, the first of {length}", "regions of one length", "add --window", where=where)


def open_track(path: Path, rows: SequenceRows) -> BigWig:
    """Open a bigWig for windows.

    Raises
    ------
    DataError
        If the file is not bigWig, or has none of the windows' contigs.
    """
    track = BigWig(path)
    require_shared(list(dict.fromkeys(rows.contig)), track.lengths, path)
    return track


def windows_without_signal(paths: list[Path], rows: SequenceRows, lengths: dict[str, int]) -> int:
    """Return the number of windows on contigs that a track lacks.

    Parameters
    ----------
    paths
        bigWigs.
    rows
        The windows.
    lengths
        Length (bp) of each contig of the genome.

    Raises
    ------
    DataError
        As `open_track`; or if a contig has another length in a track than in the genome.
    """
    contigs, windows = np.unique(rows.contig.astype(str), return_counts=True)
    lacking = np.zeros(len(contigs), dtype=bool)
    for path in paths:
        with open_track(path, rows) as track:
            lacking |= [name not in track.lengths for name in contigs.tolist()]
            for name in contigs.tolist():
                if track.lengths.get(name, lengths[name]) != lengths[name]:
                    expected = f"{lengths[name]} bases, as in the FASTA"
                    fix = "use a bigWig of the FASTA's build"
                    raise DataError(f"{name} of {track.lengths[name]} bases", expected, fix, where=str(path))
    return int(windows[lacking].sum())


def read_signal(path: Path, rows: SequenceRows, statistic: SignalStatistic) -> np.ndarray:
    """Return a statistic of a bigWig over each window, float64 of shape (n,); bases without data count as 0.

    Raises
    ------
    DataError
        As `open_track`.
    """
    values = np.zeros(len(rows))
    compute = _STATISTICS[statistic]
    with open_track(path, rows) as track, Progress(f"windows of {path.name}", total=len(rows)) as progress:
        for row, (contig, start, end) in enumerate(zip(rows.contig, rows.start.tolist(), rows.end.tolist(), strict=True)):
            values[row] = compute(track.bases(contig, start, end, missing=0.0))
            progress.step()
    return values
