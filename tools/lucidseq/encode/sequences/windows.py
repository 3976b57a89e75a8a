"""Windows of a genome around regions, and their signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, place
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Interval
from lucidseq.core.log import Progress
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
    if len(region.extra) == _NARROW_PEAK_FIELDS and region.extra[3].isdigit():
        return region.start + int(region.extra[3])
    return (region.start + region.end) // 2


def cut_windows(
    genome: Genome, regions: list[Interval], path: Path, *, window: int | None, stranded: bool
) -> SequenceRows:
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
            raise DataError(f"{region.contig}:{region.start}-{region.end}", f"positions up to {genome.lengths[region.contig]}",
                            "use regions of the FASTA's build", where=where)  # fmt: skip
        if window is None and region.end - region.start != length:
            raise DataError(f"a region of {region.end - region.start} bases, the first of {length}", "regions of one length",
                            "add --window", where=where)  # fmt: skip
        starts[row] = region.start if window is None else centre(region) - length // 2
        codes[row] = genome.fetch(region.contig, int(starts[row]), int(starts[row]) + length)
    strand = np.array([region.strand if stranded else "." for region in regions], dtype=object)
    backward = strand == "-"
    codes[backward] = alphabet.reverse_complement(codes[backward])
    contig = np.array([region.contig for region in regions], dtype=object)
    names = np.array([region.name for region in regions], dtype=object)
    return SequenceRows(
        codes, contig, starts, starts + length, strand, names, np.zeros((len(regions), 0), dtype=np.float32)
    )


class Track:
    """An open bigWig; bases without data count as 0."""

    def __init__(self, path: Path, track: Any, lengths: dict[str, int]) -> None:  # pybigtools has no types
        self.path, self._track, self._lengths = path, track, lengths

    def window(self, contig: str, start: int, end: int) -> np.ndarray:
        """Return the signal of each base, float64 of shape (end - start,); what lies outside the track's contigs is 0.

        Raises
        ------
        DataError
            If the file is damaged there.
        """
        signal = np.zeros(end - start)
        inner, outer = max(start, 0), min(end, self._lengths.get(contig, 0))
        if inner < outer:
            signal[inner - start : outer - start] = _values(self._track, contig, inner, outer, self.path)
        return signal


@contextmanager
def open_track(path: Path, rows: SequenceRows) -> Iterator[Track]:
    """Open a bigWig for windows.

    Raises
    ------
    DataError
        If the file is not bigWig, or has none of the windows' contigs.
    """
    import pybigtools

    try:
        track = pybigtools.open(str(path))
        lengths = dict(track.chroms())
    except Exception as error:  # pybigtools raises several kinds
        raise DataError(f"a file that cannot be read as bigWig ({error})", "a bigWig file", "check the file",
                        where=str(path)) from error  # fmt: skip
    if not set(rows.contig) & set(lengths):
        first = str(rows.contig[0])
        hint = f"; the bigWig calls it {other_spelling(first)}" if other_spelling(first) in lengths else ""
        raise DataError(f"no signal on {first}{hint}", f"contigs of the regions (the bigWig has {', '.join(list(lengths)[:5])})",
                        "use a bigWig of the same build and contig names", where=str(path))  # fmt: skip
    with track:
        yield Track(path, track, lengths)


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
        for row, (contig, start, end) in enumerate(
            zip(rows.contig, rows.start.tolist(), rows.end.tolist(), strict=True)
        ):
            values[row] = compute(track.window(contig, start, end))
            progress.step()
    return values


def _values(track: Any, contig: str, start: int, end: int, path: Path) -> np.ndarray:  # pybigtools has no types
    try:
        values: np.ndarray = track.values(contig, start, end, fillna=0)
    except BaseException as error:  # on damaged blocks pybigtools panics, which Python sees beside Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise DataError(f"a bigWig file that is damaged near {contig}:{start}-{end}", "a whole bigWig file",
                        "copy or make the file again", where=str(path)) from error  # fmt: skip
    return values
