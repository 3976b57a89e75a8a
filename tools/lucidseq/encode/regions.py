"""Membership of positions in a set of intervals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lucidseq.core.intervals import Interval


def merge(intervals: Iterable[Interval]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the union of intervals as sorted, disjoint (starts, ends) arrays by contig.

    Examples
    --------
    >>> merged = merge([Interval("c", 5, 9, "b"), Interval("c", 0, 6, "a")])
    >>> [array.tolist() for array in merged["c"]]
    [[0], [9]]
    """
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for interval in intervals:
        by_contig.setdefault(interval.contig, []).append((interval.start, interval.end))
    merged = {}
    for contig, pairs in by_contig.items():
        starts, ends = np.array(sorted(pairs), dtype=np.int64).T
        reach = np.maximum.accumulate(ends)
        opens = np.concatenate([[True], starts[1:] > reach[:-1]])
        merged[contig] = starts[opens], reach[np.concatenate([opens[1:], [True]])]
    return merged


class Regions:
    """A set of intervals that can be asked for positions."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
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


def other_spelling(contig: str) -> str:
    """Return the contig's name with ``chr`` added or removed.

    Examples
    --------
    >>> other_spelling("chr1"), other_spelling("X")
    ('1', 'chrX')
    """
    return contig[3:] if contig.startswith("chr") else f"chr{contig}"
