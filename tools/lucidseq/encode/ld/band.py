"""Sums of squared correlations along a contig, in a sliding window: memory does not grow with the number of variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lucidseq.encode.ld.correlation import moments, standardise

CHUNK = 512  # variants read at a time


@dataclass(frozen=True)
class BandSums:
    """Sums for each variant of a contig over its neighbours in the window; every array has shape (variants,).

    Attributes
    ----------
    before, after
        Sums of adjusted r squared with the variants before and after it (`adjust`).
    variants
        Neighbours that vary, both sides together.
    varies
        Mask of the variants that vary; others have sums of 0.
    """

    before: np.ndarray
    after: np.ndarray
    variants: np.ndarray
    varies: np.ndarray


def adjust(squares: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Return sums of r^2 - (1 - r^2) / (n - 2), with expectation 0 without LD, from sums of r^2 and numbers of pairs.

    References
    ----------
    Bulik-Sullivan et al. 2015, Nature Genetics 47:291, supplementary note.
    """
    result: np.ndarray = pairs - squares
    result /= -(n - 2)
    result += squares
    return result


def band_sums(read: Callable[[int, int], np.ndarray], position: np.ndarray, basis: np.ndarray, window: int) -> BandSums:
    """Sum adjusted squared correlations within a window.

    Parameters
    ----------
    read
        Returns the dosages of variants first..last-1 of the contig, shape (last - first, samples).
    position
        Of each variant, ascending, in bases, shape (variants,).
    basis
        Orthonormal columns to project out, intercept among them, shape (samples, rank).
    window
        Greatest distance of a pair, in bases.

    Returns
    -------
    `BandSums`; memory holds one window and two chunks.
    """
    count = len(position)
    before, after, varies = np.zeros(count), np.zeros(count), np.zeros(count, dtype=bool)
    held: list[tuple[int, np.ndarray]] = []  # first variant and standardised dosages of the chunks in the window
    for first in range(0, count, CHUNK):
        last = min(first + CHUNK, count)
        block = read(first, last)
        scales = moments(block, basis)
        varies[first:last] = scales.varies
        rows = standardise(block, scales, basis)
        held = [chunk for chunk in held if position[chunk[0] + len(chunk[1]) - 1] >= position[first] - window]
        chunk_position = position[first:last]
        for start, previous in held:
            squares = _squares(rows, previous, chunk_position, position[start : start + len(previous)], window)
            before[first:last] += squares.sum(axis=1, dtype=np.float64)
            after[start : start + len(previous)] += squares.sum(axis=0, dtype=np.float64)
        squares = np.tril(_squares(rows, rows, chunk_position, chunk_position, window), -1)
        before[first:last] += squares.sum(axis=1, dtype=np.float64)
        after[first:last] += squares.sum(axis=0, dtype=np.float64)
        held.append((first, rows))
    return _adjusted(before, after, varies, position, window, n=len(basis) - basis.shape[1] + 1)


def _squares(rows: np.ndarray, columns: np.ndarray, row_position: np.ndarray, column_position: np.ndarray, window: int) -> np.ndarray:
    """Return squared correlations, 0 where the pair is further apart than the window."""
    r: np.ndarray = rows @ columns.T
    np.square(r, out=r)
    if row_position[-1] - column_position[0] > window:
        r[row_position[:, None] - column_position > window] = 0
    return r


def _adjusted(before: np.ndarray, after: np.ndarray, varies: np.ndarray, position: np.ndarray, window: int, n: int) -> BandSums:
    """Count the pairs of each sum, and subtract the sum expected by chance."""
    running = np.concatenate([[0], np.cumsum(varies)]).astype(np.int32)
    earlier = running[:-1] - running[np.searchsorted(position, position - window, side="left")]
    later = running[np.searchsorted(position, position + window, side="right")] - running[1:]
    earlier[~varies] = later[~varies] = 0
    return BandSums(adjust(before, earlier, n), adjust(after, later, n), earlier + later, varies)
