"""A published matrix and its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place

TOLERANCE = 1e-3  # above 1, and around 1 and 0.5 on the diagonal: printed digits
SYMMETRY = 1e-4  # difference of the two triangles
R2_VARIANTS = 20  # variants from which a matrix without negative values is r squared
_TILE = 512
CONSTANT = "no correlation (does not vary)"


@dataclass(frozen=True)
class Published:
    """A published matrix.

    Attributes
    ----------
    variants
        One row a variant (`variant_lists.COLUMNS`), in the order of ``matrix``.
    matrix
        Returns r of the given rows, float32 of shape (rows, rows), a copy.
    path
        Its file.
    positive
        Whether eigenvalues cannot be negative, by construction.
    removed
        Variants of the list that have no row, by reason.
    signed
        Whether there are negative correlations, or none can be missing.
    by_a1
        Whether PLINK 1.9 may have counted the rarer allele rather than the list's A1.
    """

    variants: pd.DataFrame
    matrix: Callable[[np.ndarray], np.ndarray]
    path: Path
    positive: bool = False
    removed: Counter[str] = field(default_factory=Counter)
    signed: bool = True
    by_a1: bool = False


def from_dense(values: np.ndarray, variants: pd.DataFrame, path: Path) -> Published:
    """Return a published matrix from its values: checked, completed from a triangle, without constant variants.

    Parameters
    ----------
    values
        float32 of shape (p, p), changed in place: whole, or one triangle with 1 or 0.5 on the diagonal.
    variants
        p rows.

    Raises
    ------
    DataError
        If it is not a matrix of correlations.
    """
    if values.shape != (len(variants), len(variants)):
        received = f"a matrix of {' x '.join(map(str, values.shape))} and a list of {len(variants)} variants"
        fix = "give the list of exactly these variants"
        raise DataError(received, "a row and a column for each variant of the list", fix, where=str(path))
    known = _usable(values)
    if not known.any():
        raise DataError("no number in the matrix", "correlations", "create the matrix again", where=str(path))
    removed = Counter({CONSTANT: int((~known).sum())})
    if not known.all():
        values, variants = values[np.ix_(known, known)], variants[known].reset_index(drop=True)
    _complete(values, variants, path)
    negative = any(bool((values[first : first + _TILE] < 0).any()) for first in range(0, len(values), _TILE))
    if not negative and len(values) >= R2_VARIANTS:
        fix = "create the matrix with --r (not --r2): r squared has no sign"
        raise DataError(f"no negative value among the correlations of {len(values)} variants", "r, with its sign", fix, where=str(path))

    def matrix(rows: np.ndarray) -> np.ndarray:
        part: np.ndarray = values[np.ix_(rows, rows)]
        return part

    return Published(variants, matrix, path, removed=removed, signed=negative)


def _usable(values: np.ndarray) -> np.ndarray:
    """Return a mask of the variants with finite correlations with themselves and most others."""
    missing = np.zeros(len(values))
    for first in range(0, len(values), _TILE):
        missing[first : first + _TILE] = np.isnan(values[first : first + _TILE]).sum(axis=1)
    mask: np.ndarray = ~np.isnan(np.diagonal(values)) & (missing <= len(values) / 2)
    return mask


def _complete(values: np.ndarray, variants: pd.DataFrame, path: Path) -> None:
    """Make the matrix symmetric with a unit diagonal, in place."""
    diagonal = np.diagonal(values).copy()
    halved = abs(float(np.median(diagonal)) - 0.5) < TOLERANCE
    wrong = np.abs(diagonal - (0.5 if halved else 1.0)) > TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        expected = "1, or 0.5 in a triangle to add to its transpose"
        fix = "give correlations, not covariances"
        raise DataError(f"{diagonal[row]:g} on the diagonal", expected, fix, where=place(path, variant=_name(variants, row)))
    lower, upper = _triangles(values)
    if halved and lower and upper:
        raise DataError(
            "0.5 on the diagonal of a whole matrix", "0.5 with one triangle alone, or 1", "create the matrix again", where=str(path)
        )
    for first in range(0, len(values), _TILE):
        rows = slice(first, first + _TILE)
        for column in range(0, first + 1, _TILE):
            columns = slice(column, column + _TILE)
            tile, mirrored = values[rows, columns], values[columns, rows].T
            _check(tile, mirrored, both=lower and upper, corner=(first, column), variants=variants, path=path)
            merged = (tile + mirrored) / 2 if lower and upper else tile + mirrored
            np.clip(merged, -1, 1, out=merged)
            values[rows, columns] = merged
            values[columns, rows] = merged.T
    np.fill_diagonal(values, 1.0)


def _triangles(values: np.ndarray) -> tuple[bool, bool]:
    """Return whether the lower and the upper triangle have values."""
    lower = upper = False
    for first in range(0, len(values), _TILE):
        rows = np.nan_to_num(values[first : first + _TILE], nan=1.0)
        lower = lower or bool(np.tril(rows, first - 1).any())
        upper = upper or bool(np.triu(rows, first + 1).any())
    return lower, upper


def _check(tile: np.ndarray, mirrored: np.ndarray, *, both: bool, corner: tuple[int, int], variants: pd.DataFrame, path: Path) -> None:
    """Refuse a tile with a missing value, a value above 1, or another value than its transpose."""
    with np.errstate(invalid="ignore"):
        largest = np.maximum(np.abs(tile), np.abs(mirrored))
        difference = np.abs(tile - mirrored) if both else np.zeros_like(tile)
    for wrong, received, expected in (
        (~np.isfinite(largest), "no value", "a correlation for each pair of variants that vary"),
        (largest > 1 + TOLERANCE, "a value beyond 1", "correlations, from -1 to 1"),
        (difference > SYMMETRY, "r_ij that differs from r_ji", "a symmetric matrix, or one triangle"),
    ):
        if wrong.any():
            row, column = (int(index) for index in np.argwhere(wrong)[0])
            pair = f"{_name(variants, corner[0] + row)} and {_name(variants, corner[1] + column)}"
            fix = "create the matrix again"
            raise DataError(f"{received} ({tile[row, column]:g} and {mirrored[row, column]:g}) of {pair}", expected, fix, where=str(path))


def _name(variants: pd.DataFrame, row: int) -> str:
    return f"{variants['contig'].iloc[row]}:{variants['position'].iloc[row]}"
