"""P-values on the log scale, finite for any test statistic, and the inflation of test statistics."""

from __future__ import annotations

import numpy as np

_LN10 = np.log(10.0)
_DIRECT = 1e-250  # tails above this are exact to rounding when computed directly
_TERMS, _CONVERGED = 10_000, 1e-15
LOWEST_P = 1e-300
_LARGEST = 1e150  # its square is finite
_MEDIAN_CHI_SQUARE = 0.45493642311957283  # of one degree of freedom


def neg_log10_p(z: np.ndarray, degrees: np.ndarray | float = np.inf) -> np.ndarray:
    """Return -log10 of two-sided p-values.

    Parameters
    ----------
    z
        Test statistics, shape (tests,); NaN gives NaN.
    degrees
        Degrees of freedom of Student's t, shape (tests,) or one number; infinite for the normal distribution.

    Examples
    --------
    >>> neg_log10_p(np.array([1.959963984540054, -80.0])).round(3).tolist()
    [1.301, 1391.744]
    """
    from scipy import special

    z = np.minimum(np.abs(np.asarray(z, dtype=np.float64)), _LARGEST)
    degrees = np.broadcast_to(np.asarray(degrees, dtype=np.float64), z.shape)
    normal = ~np.isfinite(degrees)
    log_p = np.empty(len(z))
    log_p[normal] = np.log(2.0) + special.log_ndtr(-z[normal])
    log_p[~normal] = _log_two_sided_t(z[~normal], degrees[~normal])
    result: np.ndarray = -log_p / _LN10 + 0.0  # + 0.0: no negative zero
    return result


def p_from_neg_log10(neg_log10: np.ndarray) -> np.ndarray:
    """Return p-values, 0 where they are below `LOWEST_P`."""
    p: np.ndarray = np.power(10.0, -neg_log10)
    p[p < LOWEST_P] = 0.0
    return p


def neg_log10(p: np.ndarray) -> np.ndarray:
    """Return -log10 p, at most 300.

    Examples
    --------
    >>> neg_log10(np.array([0.01, 0.0])).tolist()
    [2.0, 300.0]
    """
    values: np.ndarray = -np.log10(np.clip(p, LOWEST_P, 1))
    return values


def z_of_log_p(log_p: np.ndarray) -> np.ndarray:
    """Return |z| of two-sided p-values given as natural logarithms."""
    from scipy import special

    size: np.ndarray = -special.ndtri_exp(np.minimum(log_p, 0.0) - np.log(2.0)) + 0.0
    return size


def inflation(z: np.ndarray) -> float:
    """Return genomic inflation (lambda): the median chi-square over its expectation.

    Examples
    --------
    >>> round(inflation(np.array([-0.6744897501960817, 0.0, 5.0])), 6)
    1.0
    """
    return float(np.median(z**2) / _MEDIAN_CHI_SQUARE)


def _log_two_sided_t(t: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Return the log of I_x(df/2, 1/2), x = df / (df + t^2): the two-sided p of Student's t (DLMF 8.17.22 in the far tail)."""
    from scipy import special

    x = degrees / (degrees + t * t)
    direct = special.betainc(degrees / 2, 0.5, x)
    with np.errstate(divide="ignore"):
        log_p: np.ndarray = np.log(direct)
    far = direct < _DIRECT
    if far.any():
        log_p[far] = _log_beta_tail(degrees[far] / 2, t[far], degrees[far])
    return log_p


def _log_beta_tail(a: np.ndarray, t: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Return log I_x(a, 1/2) by the continued fraction (Lentz's algorithm)."""
    from scipy import special

    x = degrees / (degrees + t * t)
    b = 0.5
    front = -a * np.log1p(t * t / degrees) + b * np.log(t * t / (degrees + t * t)) - np.log(a) - special.betaln(a, b)
    c = np.ones_like(a)
    d = 1 / (1 - (a + b) * x / (a + 1))
    fraction = d.copy()
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d), 1 + even / c
        fraction *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d), 1 + odd / c
        fraction *= d * c
        if np.all(np.abs(d * c - 1) < _CONVERGED):
            break
    result: np.ndarray = front + np.log(fraction)
    return result
