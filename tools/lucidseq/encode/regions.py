"""Membership of positions in a set of intervals."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.intervals import Intervals


def merge(intervals: Intervals) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the union of intervals as sorted, disjoint (starts, ends) arrays by contig.

    Examples
    --------
    >>> merged = merge(Intervals.of("c", [5, 0], [9, 6]))
    >>> [array.tolist() for array in merged["c"]]
    [[0], [9]]
    """
    merged = {}
    for contig, rows in intervals.by_contig():
        rows = rows[np.argsort(intervals.start[rows], kind="stable")]
        starts, reach = intervals.start[rows], np.maximum.accumulate(intervals.end[rows])
        opens = np.concatenate([[True], starts[1:] > reach[:-1]])
        merged[contig] = starts[opens], reach[np.concatenate([opens[1:], [True]])]
    return merged


class Regions:
    """A set of intervals with tests of membership."""

    def __init__(self, intervals: Intervals) -> None:
        self._merged = merge(intervals)
        self.contigs = list(self._merged)

    def contain(self, contigs: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return a mask of the 0-based positions inside, shape (positions,)."""
        inside = np.zeros(len(starts), dtype=bool)
        for contig in set(contigs):
            if contig in self._merged:
                opens, closes = self._merged[contig]
                rows = contigs == contig
                at = np.searchsorted(opens, starts[rows], side="right") - 1
                inside[rows] = (at >= 0) & (starts[rows] < closes[at])
        return inside

    def intervals(self) -> Intervals:
        """Return the union as sorted, disjoint intervals without names."""
        return Intervals.join([Intervals.of(contig, opens, closes) for contig, (opens, closes) in self._merged.items()])

    def covered(self, contig: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return how many bases of windows of a contig lie inside, int64 of shape (windows,)."""
        if contig not in self._merged:
            return np.zeros(len(start), dtype=np.int64)
        opens, closes = self._merged[contig]
        before = np.concatenate([[0], np.cumsum(closes - opens)])

        def bases_before(position: np.ndarray) -> np.ndarray:
            at = np.searchsorted(opens, position, side="right")
            reach = np.minimum(position, closes[np.maximum(at - 1, 0)]) - opens[np.maximum(at - 1, 0)]
            bases: np.ndarray = np.where(at > 0, before[np.maximum(at - 1, 0)] + reach, 0)
            return bases

        return bases_before(end) - bases_before(start)

    def subtract(self, other: Regions) -> Regions:
        """Return the positions of this set that are not in the other."""
        rest = []
        for contig, (opens, closes) in self._merged.items():
            cut_opens, cut_closes = other._merged.get(contig, (np.empty(0, np.int64), np.empty(0, np.int64)))
            edges = np.unique(np.concatenate([opens, closes, cut_opens, cut_closes]))
            starts, ends = edges[:-1], edges[1:]
            names = np.full(len(starts), contig, dtype=object)
            keep = self.contain(names, starts) & ~other.contain(names, starts)
            rest.append(Intervals.of(contig, starts[keep], ends[keep]))
        return Regions(Intervals.join(rest))


def other_spelling(contig: str) -> str:
    """Return the contig's name with ``chr`` added or removed.

    Examples
    --------
    >>> other_spelling("chr1"), other_spelling("X")
    ('1', 'chrX')
    """
    return contig[3:] if contig.startswith("chr") else f"chr{contig}"


def require_shared(contigs: list[str], present: Iterable[str], path: Path) -> None:
    """Check that a file has at least one of the contigs it is used for.

    Raises
    ------
    DataError
        Naming the other spelling where only that differs.
    """
    known = set(present)
    if not known.isdisjoint(contigs):
        return
    spelling = next((f" ({other_spelling(name)} for {name})" for name in contigs if other_spelling(name) in known), "")
    fix = "use files of the same build with the same contig names"
    raise DataError(f"contigs {', '.join(sorted(known)[:3])}{spelling}", f"contigs in use, such as {contigs[0]}", fix, where=str(path))
