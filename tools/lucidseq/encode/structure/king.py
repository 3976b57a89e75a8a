"""KING-robust kinship coefficients, by blocks of pairs.

References
----------
Manichaikul et al. (2010) Robust relationship inference in genome-wide association studies. Bioinformatics 26:2867, equation 11
(relationship between families); relationship cut-offs from its Table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 2048  # samples on one side of a block of pairs
DUPLICATE, FIRST, SECOND, THIRD = 0.353553, 0.176777, 0.088388, 0.044194  # 2^-1.5, 2^-2.5, 2^-3.5, 2^-4.5
_EXACT = 1 << 24  # float32 counts whole numbers up to here

ReadCalls = Callable[[slice], Iterator[np.ndarray]]


@dataclass(frozen=True)
class PairBlock:
    """Statistics of the pairs of two stretches of samples, each array of shape (samples of the first, samples of the second).

    Attributes
    ----------
    rows, columns
        The two stretches.
    called
        Variants called in both.
    hethet, ibs0, same
        Of these, the number at which both are heterozygous, opposite homozygotes, and alike.
    kinship
        KING-robust coefficient; NaN where one of the two has no heterozygous genotype.
    """

    rows: slice
    columns: slice
    called: np.ndarray
    hethet: np.ndarray
    ibs0: np.ndarray
    same: np.ndarray
    kinship: np.ndarray


def pair_blocks(read: ReadCalls, variants: int, samples: int, *, size: int = BLOCK) -> Iterator[PairBlock]:
    """Yield every pair of samples once (the blocks on the diagonal hold both orders).

    The counts of a block are matrix products of indicators, summed over chunks of variants. Time grows with samples² variants,
    memory with size².

    Parameters
    ----------
    read
        Called with a stretch of samples, gives int8 calls (-1 missing) of shape (variants of a chunk, its samples), the same chunks
        each time; a chunk has fewer than 2^24 variants.
    variants
        Number of variants in all chunks.
    samples
        Number of samples.
    size
        Samples on one side of a block.
    """
    dtype = np.float32 if variants < _EXACT else np.float64
    stretches = [slice(first, min(first + size, samples)) for first in range(0, samples, size)]
    for number, rows in enumerate(stretches):
        for columns in stretches[number:]:
            yield _block(read, rows, columns, np.dtype(dtype))


def _block(read: ReadCalls, rows: slice, columns: slice, dtype: np.dtype) -> PairBlock:
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    called, hethet, difference, het_called, called_het = (np.zeros(shape, dtype=dtype) for _ in range(5))
    same_side = rows == columns
    chunks = ((calls, calls) for calls in read(rows)) if same_side else zip(read(rows), read(columns), strict=True)
    for left, right in chunks:
        het, sign = _indicators(left)
        het_right, sign_right = (het, sign) if same_side else _indicators(right)
        hethet += het.T @ het_right
        difference += sign.T @ sign_right
        whole = (left >= 0).all(axis=1) & (right >= 0).all(axis=1)
        called += np.float32(whole.sum())
        het_called += het[whole].sum(axis=0, dtype=np.float32)[:, None]
        called_het += het_right[whole].sum(axis=0, dtype=np.float32)[None, :]
        if not whole.all():  # the products with who is called are needed where somebody is not
            present = (left[~whole] >= 0).astype(np.float32)
            present_right = present if same_side else (right[~whole] >= 0).astype(np.float32)
            called += present.T @ present_right
            partly = het[~whole].T @ present_right
            het_called += partly
            called_het += partly.T if same_side else present.T @ het_right[~whole]
    homhom = called - het_called - called_het + hethet
    ibs0, alike = (homhom - difference) / 2, (homhom + difference) / 2
    kinship = king_robust(hethet, ibs0, het_called, called_het)
    return PairBlock(rows, columns, called, hethet, ibs0, hethet + alike, kinship)


def _indicators(calls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 indicators of heterozygotes, and +1 and -1 for the two homozygotes."""
    het = (calls == 1).astype(np.float32)
    sign = (calls == 2).astype(np.float32) - (calls == 0)
    return het, sign


def king_robust(hethet: np.ndarray, ibs0: np.ndarray, het_1: np.ndarray, het_2: np.ndarray) -> np.ndarray:
    """Return KING-robust kinship coefficients, float64.

    With N the counts over variants called in both, and the smaller number of heterozygotes as divisor (equation 11):
    phi = (N_hethet - 2 N_ibs0) / (2 min(N_het1, N_het2)) + 1/2 - (N_het1 + N_het2) / (4 min(N_het1, N_het2)).

    Parameters
    ----------
    hethet, ibs0
        Variants at which both are heterozygous, and opposite homozygotes; any shape.
    het_1, het_2
        Variants at which the first, and the second, is heterozygous.

    Examples
    --------
    >>> float(king_robust(np.array(30.0), np.array(0.0), np.array(30.0), np.array(30.0)))
    0.5
    """
    counts = (values.astype(np.float64) for values in (hethet, ibs0, het_1, het_2))
    both, opposite, first, second = counts
    smaller = np.minimum(first, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        kinship = 0.5 - (4 * opposite + first + second - 2 * both) / (4 * smaller)
    return np.where(smaller > 0, kinship, np.nan)


def relationship(kinship: np.ndarray) -> np.ndarray:
    """Return duplicate, first, second, third or nothing for kinship coefficients, as an object array.

    Examples
    --------
    >>> relationship(np.array([0.5, 0.25, 0.125, 0.06, 0.0])).tolist()
    ['duplicate', 'first', 'second', 'third', '']
    """
    bounds = np.array([THIRD, SECOND, FIRST, DUPLICATE])
    names = np.array(["", "third", "second", "first", "duplicate"], dtype=object)
    words: np.ndarray = names[np.searchsorted(bounds, kinship, side="right")]
    return words
