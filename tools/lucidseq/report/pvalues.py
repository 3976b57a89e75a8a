"""P-values on the scale they are drawn on."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

SMALLEST = 1e-300


def minus_log10(p: np.ndarray) -> np.ndarray:
    """Return -log10 p, at most 300.

    Examples
    --------
    >>> minus_log10(np.array([0.01, 0.0])).tolist()
    [2.0, 300.0]
    """
    values: np.ndarray = -np.log10(np.clip(p, SMALLEST, 1))
    return values


def minus_log10_of_z(z: np.ndarray) -> np.ndarray:
    """Return -log10 of the two-sided p-value of a normal z, finite for any finite z.

    Examples
    --------
    >>> minus_log10_of_z(np.array([1.959963984540054, -80.0])).round(3).tolist()
    [1.301, 1391.744]
    """
    values: np.ndarray = -(np.log(2) + log_ndtr(-np.abs(z))) / np.log(10)
    return values
