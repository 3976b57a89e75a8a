"""Do test statistics and LD belong together? The null-model estimate of the mismatch s in z ~ N(0, (1 - s) R + s I).

References
----------
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299, section "a diagnostic of consistency".
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

MOST_VARIANTS = 2000  # of a larger locus, this many evenly spaced ones: the decomposition costs O(p^3)
_EIGENVALUE_TOLERANCE = 1e-8


def mismatch(z: np.ndarray, R: np.ndarray) -> float:
    """Return the maximum-likelihood s, between 0 (consistent) and 1 (LD says nothing of z).

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

    def negative_log_likelihood(log_s: float) -> float:
        s = np.exp(log_s)
        variance = (1 - s) * values + s
        return float(0.5 * np.sum(np.log(variance) + rotated2 / variance))

    # s spans decades: search its logarithm, from a coarse grid, which guards against a local optimum
    grid = np.linspace(np.log(1e-8), 0.0, 38)
    best = int(np.argmin([negative_log_likelihood(point) for point in grid]))
    bounds = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)]))
    found = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))
