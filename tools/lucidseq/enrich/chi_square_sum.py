"""Tail of a weighted sum of chi-squares, exact to about ten digits however small the tail.

Q = sum of lambda_j X_j with X_j independent chi-square(1), all lambda_j > 0. With the cumulant function
K(s) = -1/2 sum log(1 - 2 lambda_j s), both tails are one contour integral,

    P(Q > q) = 1/(2 pi i) integral exp(K(s) - s q) / s ds,    crossing the real axis between 0 and 1/(2 max lambda),
   -P(Q < q) = the same integral, crossing it left of 0.

The contour is the parabola through the saddle point that follows the path of steepest descent; on it the integrand is a bell
without oscillation, and the trapezoidal rule converges geometrically. The saddle's height is kept as a logarithm.

References
----------
Rice 1980, SIAM J. Sci. Stat. Comput. 1:438 (numerical integration through the saddle point).
Imhof 1961, Biometrika 48:419 (the integral on the imaginary axis, which loses small tails).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri_exp

RELATIVE_TOLERANCE = 1e-11
MAX_NODES = 1 << 14


def log_tails(statistic: float, weights: np.ndarray) -> tuple[float, float]:
    """Return log P(Q > statistic) and log P(Q < statistic); the smaller tail is exact, the other its complement.

    Parameters
    ----------
    statistic
        Value q >= 0.
    weights
        lambda, float64 of shape (m,), positive.

    Raises
    ------
    ValueError
        If no weight is positive or the statistic is negative.

    Examples
    --------
    >>> upper, lower = log_tails(3.841458820694124, np.array([1.0]))
    >>> round(float(np.exp(upper)), 6)
    0.05
    """
    weights = np.asarray(weights, dtype=np.float64)
    weights = weights[weights > 0]
    if not len(weights) or not statistic >= 0:
        raise ValueError(f"{len(weights)} positive weights, statistic {statistic}")
    if statistic == 0:
        return 0.0, -np.inf
    scale = weights.max()
    q, lam = statistic / scale, weights / scale
    upper = q > lam.sum()
    log_small = _log_integral(q, lam, upper=upper)
    log_large = float(np.log1p(-np.exp(min(log_small, -1e-300))))
    return (log_small, log_large) if upper else (log_large, log_small)


def log_survival(statistic: float, weights: np.ndarray) -> float:
    """Return log P(Q > statistic); see `log_tails`."""
    return log_tails(statistic, weights)[0]


def tails_to_z(log_upper: float, log_lower: float) -> float:
    """Return the normal deviate with the same upper tail, from whichever tail is smaller.

    Examples
    --------
    >>> from scipy.special import log_ndtr
    >>> round(tails_to_z(float(log_ndtr(-3.0)), float(log_ndtr(3.0))), 10)
    3.0
    """
    return float(-ndtri_exp(log_upper)) if log_upper < log_lower else float(ndtri_exp(log_lower))


def _log_integral(q: float, lam: np.ndarray, *, upper: bool) -> float:
    """Return the log of the tail, by the trapezoidal rule on the parabola, halving the step until it converges."""
    saddle = _saddle_point(q, lam, upper=upper)
    second, third = _derivatives(saddle, lam)
    sigma = 1 / np.sqrt(second)
    bend = float(np.clip(third / (6 * second) * sigma, 0.05, 0.5))
    sign = 1.0 if upper else -1.0
    top = _exponent(np.array([saddle + 0j]), q, lam, sign)[0].real

    def heights(t: np.ndarray) -> np.ndarray:
        s = saddle + sigma * (1j * t + bend * t**2)
        slope = sigma * (1j + 2 * bend * t)
        values: np.ndarray = (np.exp(_exponent(s, q, lam, sign) - top) * slope / 1j).real
        return values

    reach = 8.0
    while np.abs(heights(np.array([reach]))[0]) > 1e-18 * sigma and reach < 1e4:
        reach *= 1.5
    nodes, previous = 64, np.inf
    while True:
        t = np.linspace(0.0, reach, nodes + 1)
        values = heights(t)
        total = (values.sum() - 0.5 * (values[0] + values[-1])) * (reach / nodes) / np.pi
        if abs(total - previous) <= RELATIVE_TOLERANCE * abs(total) or nodes >= MAX_NODES:
            return float(top + np.log(total))
        nodes, previous = 2 * nodes, total


def _exponent(s: np.ndarray, q: float, lam: np.ndarray, sign: float) -> np.ndarray:
    """Return K(s) - s q - log(sign s), by the principal branch of each factor.

    For the lower tail, sign is -1: log(-s) turns 1/s into -1/s, and the integral is P(Q < q) itself.
    """
    values: np.ndarray = -0.5 * np.log(1 - 2 * lam[:, None] * s[None]).sum(axis=0) - s * q - np.log(sign * s)
    return values


def _saddle_point(q: float, lam: np.ndarray, *, upper: bool) -> float:
    """Return the minimum of K(s) - s q - log|s| between the origin and the first branch point, or left of the origin."""
    from scipy.optimize import brentq

    def slope(s: float) -> float:
        return float((lam / (1 - 2 * lam * s)).sum() - q - 1 / s)

    if upper:
        return float(brentq(slope, 1e-12 / q, 0.5 * (1 - 1e-15), xtol=1e-300, rtol=1e-13, maxiter=500))
    left = -1.0 / q
    while slope(left) > 0:
        left *= 2
    return float(brentq(slope, left, -1e-14 / q, xtol=1e-300, rtol=1e-13, maxiter=500))


def _derivatives(s: float, lam: np.ndarray) -> tuple[float, float]:
    """Return the second and third derivative of K(s) - s q - log|s|."""
    ratio = lam / (1 - 2 * lam * s)
    return float(2 * (ratio**2).sum() + 1 / s**2), float(8 * (ratio**3).sum() - 2 / s**3)
