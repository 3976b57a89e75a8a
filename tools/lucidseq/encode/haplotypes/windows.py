"""Windows along the genome, what of them could be called, and which sites they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.intervals import Interval
from lucidseq.encode.haplotypes.accessibility import Accessibility
from lucidseq.encode.regions import Regions

_MOST_WINDOWS = 10_000_000  # some 4 GB


@dataclass
class Windows:
    """Windows of one contig, by start, and the sites found in them so far.

    Attributes
    ----------
    start, end
        0-based, half-open, int64 of shape (windows,).
    name
        Names, shape (windows,).
    accessible
        Bases that could be called, int64 of shape (windows,).
    first_site, last_site
        Sites of the contig before the window's start, and before its end.
    missing, calls
        Missing and all calls of the window's sites.
    """

    contig: str
    start: np.ndarray
    end: np.ndarray
    name: np.ndarray
    accessible: np.ndarray
    first_site: np.ndarray = field(init=False)
    last_site: np.ndarray = field(init=False)
    missing: np.ndarray = field(init=False)
    calls: np.ndarray = field(init=False)
    _union: Regions = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.start)
        self.first_site, self.last_site, self.missing, self.calls = (np.zeros(count, dtype=np.int64) for _ in range(4))
        ends = zip(self.start.tolist(), self.end.tolist(), strict=True)
        self._union = Regions(Interval(self.contig, start, end, "") for start, end in ends)

    def contain(self, position: np.ndarray) -> np.ndarray:
        """Return a mask of the positions that some window holds, shape (positions,)."""
        return self._union.contain(np.full(len(position), self.contig, dtype=object), position)

    def add(self, position: np.ndarray, missing: np.ndarray, calls: int) -> None:
        """Count sites, which come by rising position.

        Parameters
        ----------
        position
            0-based, int64 of shape (sites,).
        missing
            Missing calls of each site.
        calls
            Calls of each site, missing ones included.
        """
        first, last = np.searchsorted(position, self.start), np.searchsorted(position, self.end)
        self.first_site += first
        self.last_site += last
        before = np.concatenate([[0], np.cumsum(missing)])
        self.missing += before[last] - before[first]
        self.calls += calls * (last - first)

    def take(self, rows: np.ndarray) -> Windows:
        """Return the windows of a mask, with no sites counted yet."""
        return Windows(self.contig, self.start[rows], self.end[rows], self.name[rows], self.accessible[rows])


def tile(stretches: Iterable[Interval], size: int, step: int) -> list[Interval]:
    """Lay windows from the start of each stretch; the last may be shorter, and one that only repeats its predecessor's end is left out.

    Raises
    ------
    UsageError
        If there would be more windows than memory should hold.

    Examples
    --------
    >>> [(window.start, window.end) for window in tile([Interval("c", 0, 25, "c")], 10, 10)]
    [(0, 10), (10, 20), (20, 25)]
    """
    stretches = list(stretches)
    count = sum(-(-(stretch.end - stretch.start) // step) for stretch in stretches)
    if count > _MOST_WINDOWS:
        raise UsageError(
            f"{count:,} windows of {size} bases",
            f"at most {_MOST_WINDOWS:,}",
            "take larger windows or steps, or a part of the genome (--windows)",
        )
    windows = []
    for stretch in stretches:
        for start in range(stretch.start, stretch.end, step):
            end = min(start + size, stretch.end)
            windows.append(Interval(stretch.contig, start, end, f"{stretch.contig}:{start}-{end}"))
            if end == stretch.end:
                break
    return windows


def by_contig(intervals: list[Interval], accessibility: Accessibility) -> dict[str, Windows]:
    """Return windows by contig, sorted, with their accessible bases."""
    grouped: dict[str, list[Interval]] = {}
    for interval in intervals:
        grouped.setdefault(interval.contig, []).append(interval)
    found = {}
    for contig, windows in grouped.items():
        windows.sort(key=lambda window: (window.start, window.end, window.name))
        start = np.array([window.start for window in windows], dtype=np.int64)
        end = np.array([window.end for window in windows], dtype=np.int64)
        names = np.array([window.name for window in windows], dtype=object)
        found[contig] = Windows(contig, start, end, names, accessibility.bases(contig, start, end))
    return found


def refuse_beyond(intervals: list[Interval], lengths: dict[str, int], path: Path) -> None:
    """Check that intervals end within their contigs, as far as lengths are known: bases beyond would count as accessible.

    Raises
    ------
    DataError
        Naming the first that does not.
    """
    for item in intervals:
        length = lengths.get(item.contig, 0)
        if 0 < length < item.end:
            raise DataError(
                f"{item.contig}:{item.start}-{item.end}",
                f"positions up to {length}, the contig's length in the header",
                "use windows of the same build, cut at the contig's end",
                where=str(path),
            )


def check_options(*, has_windows: bool, size: int | None, step: int | None, has_genome: bool) -> None:
    """Check that windows are given in one way.

    Raises
    ------
    UsageError
        Otherwise.
    """
    if has_windows == (size is not None):
        raise UsageError(
            "both --windows and --window-size" if has_windows else "neither --windows nor --window-size",
            "one of the two",
            "give the windows as a BED file, or their size",
        )
    if has_windows and (step is not None or has_genome):
        raise UsageError("--step or --genome with --windows", "--window-size with them", "leave them out")
