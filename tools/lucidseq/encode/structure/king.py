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
from scipy.sparse import csr_array

BLOCK = 2048  # samples on one side of a block of pairs
DUPLICATE, FIRST, SECOND, THIRD = 0.353553, 0.176777, 0.088388, 0.044194  # 2^-1.5, 2^-2.5, 2^-3.5, 2^-4.5
_EXACT = 1 << 24  # float32 counts whole numbers up to here
_SPARSE = 0.05  # share of missing genotypes up to which their products are done sparsely

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
    hethet, difference, absent, het_absent, absent_het = (np.zeros(shape, dtype=dtype) for _ in range(5))
    variants = 0
    hets, absents = ([np.zeros(length, dtype=dtype) for length in shape] for _ in range(2))
    same_side = rows == columns
    chunks = ((calls, calls) for calls in read(rows)) if same_side else zip(read(rows), read(columns), strict=True)
    for left, right in chunks:
        one = _indicators(left)
        other = one if same_side else _indicators(right)
        variants += len(left)
        hethet += one.het.T @ other.het
        difference += one.sign.T @ other.sign
        for at, side in enumerate((one, other)):
            hets[at] += side.het.sum(axis=0)
            absents[at] += side.missing.sum(axis=1)
        # Few genotypes are missing, so products with them are cheap; those with the called ones would cost as much as the two above
        absent += _dense(one.missing @ other.missing.T)
        part = _dense(other.missing @ one.het).T
        het_absent += part
        absent_het += part.T if same_side else _dense(one.missing @ other.het)
    called = variants - absents[0][:, None] - absents[1][None, :] + absent
    het_called, called_het = hets[0][:, None] - het_absent, hets[1][None, :] - absent_het
    homhom = called - het_called - called_het + hethet
    ibs0, alike = (homhom - difference) / 2, (homhom + difference) / 2
    kinship = king_robust(hethet, ibs0, het_called, called_het)
    return PairBlock(rows, columns, called, hethet, ibs0, hethet + alike, kinship)


@dataclass(frozen=True)
class _Indicators:
    """float32 indicators: heterozygotes, and +1 and -1 for the homozygotes, (variants, samples); missing ones, (samples, variants)."""

    het: np.ndarray
    sign: np.ndarray
    missing: np.ndarray | csr_array


def _indicators(calls: np.ndarray) -> _Indicators:
    het = (calls == 1).astype(np.float32)
    sign = (calls == 2).astype(np.float32)
    sign -= calls == 0
    missing = (calls < 0).T
    few = missing.mean() <= _SPARSE
    return _Indicators(het, sign, csr_array(missing, dtype=np.float32) if few else missing.astype(np.float32))


def _dense(product: np.ndarray | csr_array) -> np.ndarray:
    found: np.ndarray = product if isinstance(product, np.ndarray) else product.toarray()
    return found


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
