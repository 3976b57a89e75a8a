"""Windows of a genome around regions, and their signal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, place
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Interval
from lucidseq.core.log import Progress
from lucidseq.encode.bigwig import BigWig
from lucidseq.encode.regions import other_spelling
from lucidseq.encode.sequences.choices import SignalStatistic
from lucidseq.encode.sequences.rows import SequenceRows

_NARROW_PEAK_FIELDS = 4  # beyond BED6: signalValue, pValue, qValue, summit
_STATISTICS: dict[SignalStatistic, Callable[[np.ndarray], float]] = {
    SignalStatistic.MEAN: np.mean,
    SignalStatistic.MAX: np.max,
    SignalStatistic.SUM: np.sum,
}


def centre(region: Interval) -> int:
    """Return the base a window is centred on: narrowPeak's summit where there is one, else the middle.

    Examples
    --------
    >>> centre(Interval("c", 100, 200, "a")), centre(Interval("c", 100, 200, "a", extra=("5", "3", "2", "10")))
    (150, 110)
    """
    if len(region.extra) == _NARROW_PEAK_FIELDS and region.extra[3].isdigit() and not _is_bed10(region):
        return region.start + int(region.extra[3])
    return (region.start + region.end) // 2


def _is_bed10(region: Interval) -> bool:
    """Whether the fields are BED's thickStart, thickEnd, itemRgb and blockCount: both places inside the region, and a colour."""
    first, last, colour, _ = region.extra
    if not (first.isdigit() and last.isdigit() and (colour == "0" or colour.count(",") == 2)):
        return False
    return region.start <= int(first) <= int(last) <= region.end


def window_start(region: Interval, length: int, *, backward: bool) -> int:
    """Return where a window around a region begins; read in its direction, the base in the middle has index ``length // 2``.

    Examples
    --------
    >>> window_start(Interval("c", 10, 11, "a"), 4, backward=False), window_start(Interval("c", 10, 11, "a"), 4, backward=True)
    (8, 9)
    """
    middle = centre(region)
    if not backward:
        return middle - length // 2
    if middle == (region.start + region.end) // 2:  # of two bases in the middle, the one that comes second in this direction
        middle = (region.start + region.end - 1) // 2
    return middle - (length - 1) // 2


def cut_windows(genome: Genome, regions: list[Interval], path: Path, *, window: int | None, stranded: bool) -> SequenceRows:
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
        Length; None takes regions as they are, which then must have one length.
    stranded
        Read regions on the minus strand as reverse complements; otherwise all are read forward and strand is ``.``.

    Raises
    ------
    DataError
        If a contig is not in the genome, a region reaches beyond it, or lengths differ without a window.
    """
    length = window or regions[0].end - regions[0].start
    starts = np.empty(len(regions), dtype=np.int64)
    codes = np.empty((len(regions), length), dtype=np.uint8)
    for row, region in enumerate(regions):
        where = place(path, contig=region.contig, item=f"region {region.name}")
        genome.require(region.contig, where=where)
        if region.end > genome.lengths[region.contig]:
            raise DataError(
                f"{region.contig}:{region.start}-{region.end}",
                f"positions up to {genome.lengths[region.contig]}",
                "use regions of the FASTA's build",
                where=where,
            )
        if window is None and region.end - region.start != length:
            raise DataError(
                f"a region of {region.end - region.start} bases, the first of {length}",
                "regions of one length",
                "add --window",
                where=where,
            )
        backward = stranded and region.strand == "-"
        starts[row] = region.start if window is None else window_start(region, length, backward=backward)
        codes[row] = genome.fetch(region.contig, int(starts[row]), int(starts[row]) + length)
    strand = np.array([region.strand if stranded else "." for region in regions], dtype=object)
    codes[strand == "-"] = alphabet.reverse_complement(codes[strand == "-"])
    contig = np.array([region.contig for region in regions], dtype=object)
    names = np.array([region.name for region in regions], dtype=object)
    return SequenceRows(codes, contig, starts, starts + length, strand, names, np.zeros((len(regions), 0), dtype=np.float32))


def open_track(path: Path, rows: SequenceRows) -> BigWig:
    """Open a bigWig for windows.

    Raises
    ------
    DataError
        If the file is not bigWig, or has none of the windows' contigs.
    """
    track = BigWig(path)
    if not set(rows.contig) & set(track.lengths):
        first = str(rows.contig[0])
        hint = f"; the bigWig calls it {other_spelling(first)}" if other_spelling(first) in track.lengths else ""
        raise DataError(
            f"no signal on {first}{hint}",
            f"contigs of the regions (the bigWig has {', '.join(list(track.lengths)[:5])})",
            "use a bigWig of the same build and contig names",
            where=str(path),
        )
    return track


def windows_without_signal(paths: list[Path], rows: SequenceRows, lengths: dict[str, int]) -> int:
    """Return how many windows lie on contigs that a track lacks.

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
        As `open_track`; or if a contig of the windows is longer or shorter in a track than in the genome.
    """
    contigs, windows = np.unique(rows.contig.astype(str), return_counts=True)
    lacking = np.zeros(len(contigs), dtype=bool)
    for path in paths:
        with open_track(path, rows) as track:
            lacking |= [name not in track.lengths for name in contigs.tolist()]
            for name in contigs.tolist():
                if track.lengths.get(name, lengths[name]) != lengths[name]:
                    raise DataError(
                        f"{name} of {track.lengths[name]} bases",
                        f"{lengths[name]} bases, as in the FASTA",
                        "use a bigWig of the FASTA's build",
                        where=str(path),
                    )
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
