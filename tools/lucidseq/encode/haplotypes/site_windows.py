"""Windows along the genome, with their accessible bases and sites."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.intervals import Intervals
from lucidseq.encode.haplotypes.accessibility import Accessibility
from lucidseq.encode.regions import Regions

_MOST_WINDOWS = 10_000_000  # about 4 GB


@dataclass
class SiteWindows:
    """Windows of one contig, by start, and the sites counted so far.

    Attributes
    ----------
    start, end
        0-based, half-open, int64 of shape (windows,).
    name
        Names, shape (windows,).
    accessible
        Accessible bases, int64 of shape (windows,).
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
        self._union = Regions(Intervals.of(self.contig, self.start, self.end))

    def contain(self, position: np.ndarray) -> np.ndarray:
        """Return a mask of the positions inside any window, shape (positions,)."""
        return self._union.contain(np.full(len(position), self.contig, dtype=object), position)

    def add(self, position: np.ndarray, missing: np.ndarray, calls: int) -> None:
        """Count sites, by ascending position.

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

    def take(self, rows: np.ndarray) -> SiteWindows:
        """Return the windows of a mask, without counted sites."""
        return SiteWindows(self.contig, self.start[rows], self.end[rows], self.name[rows], self.accessible[rows])


def create_windows(stretches: Intervals, size: int, step: int) -> Intervals:
    """Create windows from the start of each stretch; the last may be shorter, and none lies within its predecessor.

    Raises
    ------
    UsageError
        If there would be too many windows for memory.

    Examples
    --------
    >>> windows = create_windows(Intervals.of("c", [0], [25]), 10, 10)
    >>> list(zip(windows.start.tolist(), windows.end.tolist()))
    [(0, 10), (10, 20), (20, 25)]
    """
    lengths = stretches.end - stretches.start
    count = int((-(-lengths // step)).sum())
    if count > _MOST_WINDOWS:
        fix = "use larger windows or steps, or a part of the genome (--windows)"
        raise UsageError(f"{count:,} windows of {size} bases", f"at most {_MOST_WINDOWS:,}", fix)
    numbers = 1 + np.maximum(0, -(-(lengths - size) // step))  # the last is the first that reaches the end
    row = np.repeat(np.arange(len(stretches)), numbers)
    start = stretches.start[row] + step * (np.arange(len(row)) - np.repeat(np.cumsum(numbers) - numbers, numbers))
    return Intervals.of(stretches.contig[row], start, np.minimum(start + size, stretches.end[row]))


def by_contig(intervals: Intervals, accessibility: Accessibility) -> dict[str, SiteWindows]:
    """Return windows by contig, sorted, with their accessible bases."""
    windows = {}
    for contig, rows in intervals.by_contig():
        part = intervals.take(rows)
        names = part.labels()
        order = np.lexsort((part.end, part.start))
        if ((np.diff(part.start[order]) == 0) & (np.diff(part.end[order]) == 0)).any():
            order = np.lexsort((names.astype(str), part.end, part.start))
        start, end = part.start[order], part.end[order]
        windows[contig] = SiteWindows(contig, start, end, names[order], accessibility.bases(contig, start, end))
    return windows


def check_ends(intervals: Intervals, lengths: dict[str, int], path: Path) -> None:
    """Check that intervals end within their contigs, as far as lengths are known.

    Raises
    ------
    DataError
        Naming the first that does not.
    """
    limit = pd.Series(intervals.contig, dtype=object).map(lengths).fillna(0).to_numpy(dtype=np.int64)
    beyond = np.flatnonzero((limit > 0) & (intervals.end > limit))
    if len(beyond):
        row = beyond[0]
        expected = f"positions up to {limit[row]}, the contig's length in the header"
        fix = "use windows of the same build, cut at the contig's end"
        raise DataError(f"{intervals.contig[row]}:{intervals.start[row]}-{intervals.end[row]}", expected, fix, where=str(path))


def check_options(*, has_windows: bool, size: int | None, step: int | None, has_genome: bool) -> None:
    """Check that windows are given in exactly one way.

    Raises
    ------
    UsageError
        Otherwise.
    """
    if has_windows == (size is not None):
        received = "both --windows and --window-size" if has_windows else "neither --windows nor --window-size"
        raise UsageError(received, "one of the two", "give the windows as a BED file, or their size")
    if has_windows and (step is not None or has_genome):
        raise UsageError("--step or --genome with --windows", "--window-size with them", "omit them")
