"""Shrinkage of correlations towards the identity matrix, and its weight from the data."""

from __future__ import annotations

import numpy as np

from lucidseq.encode.ld.correlation import SAMPLES, Dosages, Moments, moments, standardise

_ROWS = 256  # of r taken at a time


def shrink(r: np.ndarray, weight: float) -> np.ndarray:
    """Return (1 - weight) r + weight I, in place."""
    if weight > 0:
        r *= np.float32(1 - weight)
        np.fill_diagonal(r, 1.0)
    return r


def weight_from_dosages(r: np.ndarray, dosage: Dosages, basis: np.ndarray) -> float:
    """Return the weight that minimises the expected squared error: sum Var(r_ij) / sum r_ij^2 over pairs, within [0, 1].

    Parameters
    ----------
    r
        Correlations, shape (p, p).
    dosage
        The variants behind them (all vary), shape (p, samples).
    basis
        Orthonormal columns projected out, shape (samples, rank).

    Notes
    -----
    With z standardised (length 1) and w_kij = z_ki z_kj, the sum of Var(r_ij) needs only sums over variants of z^2 and z^4 for each
    sample: sum_ij w_kij^2 = (sum_i z_ki^2)^2 - sum_i z_ki^4.

    References
    ----------
    Schafer and Strimmer 2005, Stat. Appl. Genet. Mol. Biol. 4:32, equation for the optimal weight with target D; Ledoit and Wolf 2004,
    J. Multivar. Anal. 88:365.
    """
    scales: Moments = moments(dosage, basis)
    samples = dosage.shape[1]
    squares = 0.0
    for first in range(0, samples, SAMPLES):
        z = standardise(dosage[:, first : first + SAMPLES], scales, basis[first : first + SAMPLES])
        z *= z
        each = z.sum(axis=0, dtype=np.float64)
        squares += float(each @ each) - float(np.einsum("ij,ij->", z, z, dtype=np.float64))
    pairs = off_diagonal_squares(r)
    # Var(r_ij) = n / (n - 1) * sum_k (w_kij - mean)^2 with sum_k w_kij = r_ij; sum_k (w - r/n)^2 = sum w^2 - r^2 / n
    variance = samples / (samples - 1) * (squares - pairs / samples)
    return min(1.0, max(0.0, variance / pairs)) if pairs > 0 else 1.0


def weight_from_size(r: np.ndarray, n_ref: float) -> float:
    """Return the same weight without genotypes: Var(r_ij) = (1 - r_ij^2)^2 / (n - 1), that of normal variables.

    Parameters
    ----------
    r
        Correlations, shape (p, p).
    n_ref
        Samples behind them.
    """
    variance = pairs = 0.0
    for first in range(0, len(r), _ROWS):
        squares = np.square(r[first : first + _ROWS].astype(np.float64))
        pairs += float(squares.sum())
        variance += float(np.square(1 - squares).sum())
    pairs -= len(r)  # the diagonal, whose variance is 0
    return min(1.0, max(0.0, variance / (n_ref - 1) / pairs)) if pairs > 0 else 1.0


def off_diagonal_squares(r: np.ndarray) -> float:
    """Return the sum of squared correlations of pairs of different variants, each pair twice."""
    return sum(float(np.dot(row, row)) for row in r) - len(r)
