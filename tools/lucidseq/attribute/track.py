"""Contributions along the genome as bigWig."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

_DECIMALS = 6


def write_track(path: Path, contributions: h5py.Dataset | np.ndarray, columns: dict[str, np.ndarray], lengths: dict[str, int]) -> bool:
    """Write a value for each base, the mean over the windows that hold it.

    Parameters
    ----------
    path
        bigWig file to write.
    contributions
        (n, length), each row on its own strand; read window by window.
    columns
        contig (empty without coordinates), start, end and strand of the rows.
    lengths
        Contig to its length.

    Returns
    -------
    False, with nothing written, if no row has coordinates of the window's length.
    """
    import pybigtools

    length = contributions.shape[1]
    placed = np.flatnonzero((columns["contig"] != "") & (columns["end"] - columns["start"] == length))
    if not len(placed):
        return False
    placed = placed[np.lexsort((columns["start"][placed], columns["contig"][placed].astype(str)))]

    def rows() -> Iterator[tuple[str, int, int, float]]:
        for group in _overlapping(placed, columns, length):
            contig, first = str(columns["contig"][group[0]]), int(columns["start"][group[0]])
            values = _mean(contributions, columns, group, first, length)
            for position, value in enumerate(np.round(values.astype(np.float64), _DECIMALS).tolist(), start=first):
                if 0 <= position < lengths[contig]:
                    yield contig, position, position + 1, value

    pybigtools.open(str(path), "w").write({name: lengths[name] for name in sorted(lengths)}, rows())
    return True


def _overlapping(placed: np.ndarray, columns: dict[str, np.ndarray], length: int) -> list[np.ndarray]:
    """Cut sorted rows into groups of windows that overlap."""
    contig, start = columns["contig"][placed], columns["start"][placed]
    apart = (contig[1:] != contig[:-1]) | (start[1:] >= start[:-1] + length)
    return np.split(placed, np.flatnonzero(apart) + 1)


def _mean(
    contributions: h5py.Dataset | np.ndarray, columns: dict[str, np.ndarray], group: np.ndarray, first: int, length: int
) -> np.ndarray:
    span = int(columns["start"][group[-1]]) + length - first
    total, count = np.zeros(span), np.zeros(span)
    for row in group:
        at = int(columns["start"][row]) - first
        values = contributions[int(row)]
        total[at : at + length] += values[::-1] if columns["strand"][row] == "-" else values
        count[at : at + length] += 1
    return total / count
