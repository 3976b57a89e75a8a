"""Likelihood of a block's z scores given the prior variance of every variant, exact at the rank of the LD.

With standardised genotypes, z ~ N(0, R F R + s R): R is the LD, F = diag(F_m) with F_m = N_m times the prior variance of a variant's effect, s the residual
scale. With R = U diag(l) U' (rank r), Q = l^1/2 U' and w = l^-1/2 U' z, this is w ~ N(0, V) with V = Q F Q' + s I, of size r x r: no ridge, and nothing is left out.

References
----------
docs/methods/prior-likelihood.md derives the forms; the model is that of Zhu & Stephens (2017) Ann Appl Stat 11:1561 with a variance for each variant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, solve_triangular


@dataclass(frozen=True)
class WhitenedBlock:
    """A block in the directions that its LD explains.

    Attributes
    ----------
    q
        Q, of shape (rank, variants).
    w
        Whitened z scores, of shape (rank,).
    """

    q: np.ndarray
    w: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """Log-likelihood of a block, without its constant, and its slopes.

    Attributes
    ----------
    value
        -(log |V| + w' V^-1 w) / 2, in nats.
    slope
        Derivative by log F_m, of shape (variants,).
    scale_slope
        Derivative by log s.
    """

    value: float
    slope: np.ndarray
    scale_slope: float


def whiten(vectors: np.ndarray, values: np.ndarray, z: np.ndarray, *, keep: float = 1.0) -> WhitenedBlock:
    """Rotate z scores into the leading eigenvectors of the LD.

    Parameters
    ----------
    vectors
        Eigenvectors of R, of shape (variants, rank).
    values
        Their eigenvalues, largest first.
    z
        Shape (variants,).
    keep
        Share of the sum of positive eigenvalues to keep; the smallest ones hold mostly noise of the panel.

    Examples
    --------
    >>> block = whiten(np.eye(2), np.array([1.0, 1.0]), np.array([2.0, -1.0]))
    >>> block.w.tolist()
    [2.0, -1.0]
    """
    positive = np.maximum(np.asarray(values, dtype=np.float64), 0)
    share = np.cumsum(positive) / positive.sum()
    rank = min(int(np.searchsorted(share, keep * (1 - 1e-12))) + 1, int((positive > 1e-6 * positive[0]).sum()))
    root, leading = np.sqrt(positive[:rank]), np.asarray(vectors[:, :rank], dtype=np.float64)
    return WhitenedBlock(root[:, None] * leading.T, leading.T @ z / root)


def evidence(block: WhitenedBlock, log_f: np.ndarray, log_scale: float = 0.0) -> Evidence:
    """Return the log-likelihood and its exact slopes, in the precision of the block's arrays.

    Parameters
    ----------
    log_f
        log F_m, of shape (variants,).
    log_scale
        log s.

    Raises
    ------
    numpy.linalg.LinAlgError
        If V is not positive definite in this precision.

    Examples
    --------
    >>> block = WhitenedBlock(np.eye(1), np.array([3.0]))
    >>> found = evidence(block, np.array([0.0]))
    >>> round(found.value, 4), found.slope.round(4).tolist()
    (-2.5966, [0.875])
    """
    f, scale = np.exp(log_f).astype(block.q.dtype), block.q.dtype.type(np.exp(log_scale))
    t, y, log_determinant = _solved(block, f, scale)
    slope = 0.5 * f * ((t.T @ y) ** 2 - np.einsum("rm,rm->m", t, t))
    # tr V^-1 and |V^-1 w|^2 follow from V = Q F Q' + s I: tr(V^-1 Q F Q') = sum F_m |T_m|^2
    trace = (len(y) - float(f @ np.einsum("rm,rm->m", t, t))) / float(scale)
    fitted = float(y @ y) - float(f @ (t.T @ y) ** 2)
    return Evidence(-0.5 * (log_determinant + float(y @ y)), slope, 0.5 * (fitted - float(scale) * trace))


def _solved(block: WhitenedBlock, f: np.ndarray, scale: np.floating) -> tuple[np.ndarray, np.ndarray, float]:
    """Return T = L^-1 Q, y = L^-1 w and log |V|, with V = L L'."""
    v = (block.q * f) @ block.q.T
    v[np.diag_indices_from(v)] += scale
    lower = cholesky(v, lower=True, overwrite_a=True, check_finite=False)
    t = solve_triangular(lower, block.q, lower=True, check_finite=False)
    y = solve_triangular(lower, block.w, lower=True, check_finite=False)
    return t, y, 2 * float(np.log(np.diag(lower).astype(np.float64)).sum())


def posterior(block: WhitenedBlock, log_f: np.ndarray, log_scale: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of each variant's effect given the block's z scores, in units of z (effect times the square root of N).

    The mean is F Q' V^-1 w, the variance F - F^2 |T_m|^2.
    """
    f = np.exp(log_f)
    t, y, _ = _solved(block, f, np.float64(np.exp(log_scale)))
    return f * (t.T @ y), f - f**2 * np.einsum("rm,rm->m", t, t)


def best_scale(block: WhitenedBlock, log_f: np.ndarray, *, low: float = 0.05, high: float = 20.0) -> float:
    """Return the residual scale of largest likelihood given F: far from 1, the LD does not fit the statistics."""
    from scipy.optimize import brentq

    def slope(log_scale: float) -> float:
        return evidence(block, log_f, log_scale).scale_slope

    ends = np.log(low), np.log(high)
    if slope(ends[0]) <= 0:
        return low
    return high if slope(ends[1]) >= 0 else float(np.exp(brentq(slope, *ends, xtol=1e-4)))
