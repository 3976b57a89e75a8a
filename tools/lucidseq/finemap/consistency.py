"""Consistency of test statistics and LD: the null-model estimate of the mismatch s in z ~ N(0, (1 - s) R + s I).

References
----------
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299, section "a diagnostic of consistency".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_VARIANTS = 2000  # of a larger locus, this many evenly spaced ones: the decomposition costs O(p^3)
LEVEL = 0.95
_HALF_CHI2 = 1.920729  # half the 95 % point of chi-square with 1 degree of freedom
_SMALLEST, _POINTS = 1e-8, 400
_EIGENVALUE_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Mismatch:
    """Maximum-likelihood s between 0 (consistent) and 1 (LD does not predict z), with its 95 % likelihood interval."""

    s: float
    low: float
    high: float


def mismatch(z: np.ndarray, R: np.ndarray) -> Mismatch:
    """Estimate how far z departs from what LD predicts. Values below 1e-8 are returned as 0.

    Parameters
    ----------
    z
        Test statistics with the RSS transform applied (`SummaryStatistics.shrunk_z`), shape (p,).
    R
        Correlations, shape (p, p).
    """
    if len(z) > MOST_VARIANTS:
        chosen = np.linspace(0, len(z) - 1, MOST_VARIANTS).astype(int)
        z, R = z[chosen], R[np.ix_(chosen, chosen)]
    values, vectors = np.linalg.eigh(R)
    values = np.where(values < _EIGENVALUE_TOLERANCE, 0.0, values)
    rotated2 = (vectors.T @ z) ** 2
    # One dimension that spans decades: a grid on its logarithm (step 4.7 %) gives both optimum and interval
    grid = np.append(0.0, np.geomspace(_SMALLEST, 1.0, _POINTS))
    likelihood = np.array([_log_likelihood(max(s, _SMALLEST), values, rotated2) for s in grid])
    best = int(np.argmax(likelihood))
    inside = np.flatnonzero(likelihood >= likelihood[best] - _HALF_CHI2)
    return Mismatch(float(grid[best]), float(grid[inside[0]]), float(grid[inside[-1]]))


def _log_likelihood(s: float, values: np.ndarray, rotated2: np.ndarray) -> float:
    variance = (1 - s) * values + s
    return float(-0.5 * np.sum(np.log(variance) + rotated2 / variance))
