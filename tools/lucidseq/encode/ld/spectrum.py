"""Eigenvalues of an LD matrix: check, repair and low-rank storage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cholesky, eigh

from lucidseq.core.ld import Factor

ROUNDING = 1e-3  # negative eigenvalues up to here come from printed digits and float32
_FLOOR = 1e-6  # of the largest eigenvalue: the precision of float32 correlations


@dataclass(frozen=True)
class Repair:
    """Result of `make_positive`.

    Attributes
    ----------
    smallest
        Smallest eigenvalue before; NaN where no repair was needed (it is not computed then).
    change
        Largest change of a correlation.
    """

    smallest: float = float("nan")
    change: float = 0.0


def is_positive(r: np.ndarray) -> bool:
    """Return whether no eigenvalue lies below -`ROUNDING`, by a Cholesky factorisation (p^3 / 3 operations)."""
    shifted = np.array(r, dtype=np.float32, order="F")
    shifted[np.diag_indices_from(shifted)] += np.float32(ROUNDING)
    try:
        cholesky(shifted, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return False
    return True


def make_positive(r: np.ndarray) -> tuple[np.ndarray, Repair]:
    """Return a correlation matrix without negative eigenvalues: they become 0 and the diagonal is scaled back to 1.

    A matrix without negative eigenvalues is returned unchanged.

    References
    ----------
    Rebonato and Jackel 2000, J. Risk 2:17 (the spectral method).
    """
    if is_positive(r):
        return r, Repair()
    values, vectors = eigh(r.astype(np.float64), check_finite=False)
    kept = vectors * np.sqrt(np.maximum(values, 0))
    kept /= np.sqrt(np.square(kept).sum(axis=1, keepdims=True))
    fixed = (kept @ kept.T).astype(np.float32)
    np.clip(fixed, -1, 1, out=fixed)
    np.fill_diagonal(fixed, 1.0)
    return fixed, Repair(float(values[0]), float(np.abs(fixed - r).max()))


def low_rank(r: np.ndarray, share: float) -> Factor:
    """Return the leading eigenvectors that hold a share of the variance (of the sum of eigenvalues, which is p).

    Parameters
    ----------
    r
        Correlations, shape (p, p).
    share
        Between 0 (excluded) and 1. Eigenvalues that differ from 0 by rounding alone are never kept.
    """
    values, vectors = eigh(r.astype(np.float64), check_finite=False)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    held = np.cumsum(values)
    rank = min(int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1, int((values > _FLOOR * values[0]).sum()))
    chosen = vectors[:, :rank]
    # Reproducible signs: the largest entry of each vector is positive
    sign = np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(rank)])
    return Factor((chosen * sign).astype(np.float32), values[:rank])
