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
_EXACT = 1 << 22  # variants up to which float32 holds four times their number exactly
_SPARSE = 0.05  # share of missing genotypes up to which their products are done sparsely
_FEW_PAIRS = 32  # a single pair costs about as much as this many in a matrix product
_PAIRS = 1 << 14  # compared at a time
_ROWS = 16

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
    het_rows, het_columns
        Of these, the number at which the sample of the rows, and that of the columns, is heterozygous.
    difference
        Number of equal homozygotes minus number of opposite homozygotes.
    kinship
        KING-robust coefficient; NaN where one of the two has no heterozygous genotype.
    """

    rows: slice
    columns: slice
    called: np.ndarray
    het_rows: np.ndarray
    het_columns: np.ndarray
    difference: np.ndarray
    kinship: np.ndarray


@dataclass(frozen=True)
class Sharing:
    """What pairs share, as shares of the variants called in both: both heterozygous, opposite homozygotes, the same genotype."""

    hethet: np.ndarray
    ibs0: np.ndarray
    same: np.ndarray


def pair_blocks(read: ReadCalls, variants: int, samples: int, *, size: int = BLOCK) -> Iterator[PairBlock]:
    """Yield every pair of samples once (in both orders in blocks on the diagonal).

    The difference is a matrix product of indicators, summed over chunks of variants. Time grows with
    samples² variants, memory with size².

    Parameters
    ----------
    read
        Returns, for a slice of samples, int8 calls (-1 missing) of shape (variants of a chunk, its samples), the same chunks
        each time; a chunk has fewer than 2^24 variants.
    variants
        Number of variants in all chunks.
    samples
        Number of samples.
    size
        Samples on one side of a block.
    """
    dtype = np.dtype(np.float32 if variants < _EXACT else np.float64)
    stretches = [slice(first, min(first + size, samples)) for first in range(0, samples, size)]
    for number, rows in enumerate(stretches):
        for columns in stretches[number:]:
            yield _block(read, rows, columns, dtype)


def _block(read: ReadCalls, rows: slice, columns: slice, dtype: np.dtype) -> PairBlock:
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    difference, absent, absent_het = (np.zeros(shape, dtype=dtype) for _ in range(3))
    het_absent = absent_het if rows == columns else np.zeros(shape[::-1], dtype=dtype)  # transposed
    hets, absents = ([np.zeros(length, dtype=dtype) for length in shape] for _ in range(2))
    variants, same_side = 0, rows == columns
    for left, right in _pairs_of_chunks(read, rows, columns):
        left_indicators = _indicators(left)
        right_indicators = left_indicators if same_side else _indicators(right)
        variants += len(left)
        difference += left_indicators.sign.T @ right_indicators.sign
        for at, side in enumerate((left_indicators, right_indicators)):
            hets[at] += side.het.sum(axis=0)
            absents[at] += side.missing.sum(axis=0)
        # Few genotypes are missing, so products with them are cheap
        _add(absent, left_indicators.missing.T @ right_indicators.missing)
        absent_het += left_indicators.missing.T @ right_indicators.het
        if not same_side:
            het_absent += right_indicators.missing.T @ left_indicators.het
    called = variants - absents[0][:, None] - absents[1][None, :] + absent
    het_rows, het_columns = hets[0][:, None] - het_absent.T, hets[1][None, :] - absent_het
    kinship = np.empty(shape)
    for first in range(0, shape[0], _ROWS):  # intermediates stay in the processor's cache
        part = slice(first, first + _ROWS)
        kinship[part] = king_robust(called[part], difference[part], het_rows[part], het_columns[part])
    return PairBlock(rows, columns, called, het_rows, het_columns, difference, kinship)


def sharing(read: ReadCalls, block: PairBlock, first: np.ndarray, second: np.ndarray) -> Sharing:
    """Return what pairs of a block share, float64 of shape (pairs,).

    Parameters
    ----------
    read
        As for `pair_blocks`.
    block
        Their block.
    first, second
        Numbers of the samples within the stretches of the block, shape (pairs,).
    """
    samples, at_first = np.unique(first, return_inverse=True)
    others, at_second = np.unique(second, return_inverse=True)
    shape = (len(samples), len(others))
    many = len(first) * _FEW_PAIRS > shape[0] * shape[1]
    both = np.zeros(shape, dtype=block.called.dtype) if many else np.zeros(len(first), dtype=np.int64)
    for left, right in _pairs_of_chunks(read, block.rows, block.columns) if len(first) else ():
        first_het, second_het = (calls[:, chosen] == 1 for calls, chosen in ((left, samples), (right, others)))
        if many:
            both += first_het.T.astype(np.float32) @ second_het.astype(np.float32)
        else:
            packed, others_packed = (np.packbits(values.T, axis=1) for values in (first_het, second_het))
            for start in range(0, len(first), _PAIRS):
                part = slice(start, start + _PAIRS)
                shared = packed[at_first[part]] & others_packed[at_second[part]]
                both[part] += np.bitwise_count(shared).sum(axis=1, dtype=np.int64)
    hethet = (both[at_first, at_second] if many else both).astype(np.float64)
    at = (first, second)
    called, het_1, het_2, difference = (
        values[at].astype(np.float64) for values in (block.called, block.het_rows, block.het_columns, block.difference)
    )
    homhom = called - het_1 - het_2 + hethet
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sharing(hethet / called, (homhom - difference) / 2 / called, (hethet + (homhom + difference) / 2) / called)


def _pairs_of_chunks(read: ReadCalls, rows: slice, columns: slice) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if rows == columns:
        return ((calls, calls) for calls in read(rows))
    return zip(read(rows), read(columns), strict=True)


@dataclass(frozen=True)
class _Indicators:
    """float32 indicators of shape (variants, samples): heterozygotes, +1 and -1 for the homozygotes, missing ones."""

    het: np.ndarray
    sign: np.ndarray
    missing: np.ndarray | csr_array


def _indicators(calls: np.ndarray) -> _Indicators:
    absent = calls < 0
    sign = np.subtract(calls, 1, dtype=np.float32)
    row, column = np.nonzero(absent)
    sign[row, column] = 0
    het = (calls == 1).astype(np.float32)
    if len(row) > _SPARSE * calls.size:
        return _Indicators(het, sign, absent.astype(np.float32))
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(calls)))])
    missing = csr_array((np.ones(len(row), dtype=np.float32), column, starts), shape=calls.shape)
    return _Indicators(het, sign, missing)


def _add(total: np.ndarray, product: np.ndarray | csr_array) -> None:
    """Add a product to a sum, at its non-zero entries."""
    if isinstance(product, np.ndarray):
        total += product
    else:
        entries = product.tocoo()
        total[entries.row, entries.col] += entries.data


def king_robust(called: np.ndarray, difference: np.ndarray, het_1: np.ndarray, het_2: np.ndarray) -> np.ndarray:
    """Return KING-robust kinship coefficients, float64.

    With N the counts over variants called in both, and the smaller number of heterozygotes as divisor (equation 11):
    phi = (N_hethet - 2 N_ibs0) / (2 min(N_het1, N_het2)) + 1/2 - (N_het1 + N_het2) / (4 min(N_het1, N_het2)).
    Here 2 N_ibs0 = N_homhom - D, with D the alike minus the opposite homozygotes, and N_homhom = N - N_het1 - N_het2 + N_hethet:
    N_hethet cancels, and phi = 1/2 + (N_het1 + N_het2 + 2 D - 2 N) / (4 min(N_het1, N_het2)).

    Parameters
    ----------
    called
        N; any shape.
    difference
        D.
    het_1, het_2
        Variants at which the first, and the second, is heterozygous.

    Examples
    --------
    >>> float(king_robust(np.array(90.0), np.array(60.0), np.array(30.0), np.array(30.0)))
    0.5
    """
    smaller = np.minimum(het_1, het_2)
    above = het_1 + het_2 - 2 * (called - difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(smaller > 0, 0.5 + above / (4 * smaller.astype(np.float64)), np.nan)


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
