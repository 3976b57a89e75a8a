"""Features of signal tracks (bigWig)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from lucidseq.encode.annotations.choices import FeatureKind
from lucidseq.encode.annotations.feature_source import stem
from lucidseq.encode.annotations.targets import TargetRows
from lucidseq.encode.bigwig import BigWig
from lucidseq.encode.regions import require_shared

_BLOCK = 1 << 22  # bases read at a time
_GAP = 1 << 16  # gaps longer than this are not read


class SignalSource:
    """Mean of a bigWig over each row and its flanks (see `feature_source.Source`); over bases with data, NaN where there are none.

    Raises
    ------
    DataError
        If the file is not bigWig or shares no contig with the rows, or, while rows are read, a value is infinite.
    """

    def __init__(self, path: Path, flank: int, contigs: list[str]) -> None:
        self.path, self._flank = path, flank
        self._track = BigWig(path)
        require_shared(contigs, self._track.lengths, path)
        self.names, self.kinds = [stem(path)], [FeatureKind.SIGNAL]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the mean signal of rows."""
        means = np.full((len(rows), 1), np.nan, dtype=np.float32)
        for contig in dict.fromkeys(rows.contig):
            if contig not in self._track.lengths:
                continue
            length = self._track.lengths[contig]
            on_contig = np.flatnonzero(rows.contig == contig)
            start = np.clip(rows.start[on_contig] - self._flank, 0, length)
            end = np.clip(rows.end[on_contig] + self._flank, 0, length)
            order = np.argsort(start, kind="stable")
            for part in blocks(start[order], end[order]):
                chosen = order[part]
                means[on_contig[chosen], 0] = self._means(contig, start[chosen], end[chosen])
        return means

    def _means(self, contig: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        first, last = int(start.min()), int(end.max())
        if last <= first:
            return np.full(len(start), np.nan)
        signal = self._track.bases(contig, first, last)
        known = ~np.isnan(signal)
        count = np.concatenate([[0], np.cumsum(known)])
        number = count[end - first] - count[start - first]
        sums = interval_sums(np.where(known, signal, 0.0), start - first, end - first)
        return np.divide(sums, number, out=np.full(len(start), np.nan), where=number > 0)


def interval_sums(values: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the sum of each interval from its own values alone, float64 of shape (intervals,).

    A difference of running sums loses small values after large ones. Here values are added in pairs, pairs of pairs and so on, and an
    interval adds the largest of these that lie within it: at most two of each size.

    Examples
    --------
    >>> interval_sums(np.array([1e20, 1.0, 2.0]), np.array([0, 1]), np.array([1, 3])).tolist()
    [1e+20, 3.0]
    """
    total = np.zeros(len(start))
    left, right = start.astype(np.int64), end.astype(np.int64)
    level = values.astype(np.float64)
    while (left < right).any():
        unpaired = (left < right) & (left % 2 == 1)
        total[unpaired] += level[left[unpaired]]
        left = left + unpaired
        unpaired = (left < right) & (right % 2 == 1)
        right = right - unpaired
        total[unpaired] += level[right[unpaired]]
        left, right = left // 2, right // 2
        level = np.append(level, 0.0)[: len(level) + len(level) % 2].reshape(-1, 2).sum(axis=1)
    return total


def blocks(start: np.ndarray, end: np.ndarray) -> list[slice]:
    """Cut rows, sorted by start, into runs to read together: without wide gaps, and starts within `_BLOCK` bases.

    Examples
    --------
    >>> blocks(np.array([0, 5, 900_000]), np.array([1, 6, 900_001]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    reach = np.maximum.accumulate(end)
    cut = np.flatnonzero((start[1:] > reach[:-1] + _GAP) | (start[1:] // _BLOCK != start[:-1] // _BLOCK)) + 1
    edges = [0, *cut.tolist(), len(start)]
    return [slice(first, last) for first, last in pairwise(edges)]
