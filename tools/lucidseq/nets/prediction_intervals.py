"""Intervals of predictions: from validation residuals (regression, counts) or from the ensemble's spread (binary).

References
----------
.. [1] Lei J, G'Sell M, Rinaldo A, Tibshirani RJ, Wasserman L (2018). Distribution-free predictive inference for regression.
   JASA 113, 1094-1111 (split conformal intervals).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

LEVEL = 0.95
_CLIP = 1e-6  # float32 probabilities reach 0 and 1


def residual_scale(prediction: np.ndarray, task: str) -> np.ndarray:
    """Return the unit of residuals: 1 for regression, sqrt(rate + 1) for counts, whose spread grows with the rate."""
    return np.sqrt(prediction + 1.0) if task == "counts" else np.ones_like(prediction)


def conformal_quantiles(target: np.ndarray, prediction: np.ndarray, task: str, *, level: float = LEVEL) -> list[float]:
    """Return, for each target, the half-width of the interval of a new sequence [1]_.

    Parameters
    ----------
    target, prediction
        Validation rows, (n, targets).
    task
        ``"regression"`` or ``"counts"``.
    level
        Share of new targets inside, when they are exchangeable with the validation rows.

    Returns
    -------
    The ceil((n + 1) level)-th smallest scaled residual; the largest where there are too few rows.
    """
    scaled = np.sort(np.abs(target - prediction) / residual_scale(prediction, task), axis=0)
    n = len(scaled)
    return [float(value) for value in scaled[min(n, int(np.ceil((n + 1) * level))) - 1]]


def around(prediction: np.ndarray, quantiles: list[float], task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds, of prediction's shape (n, targets), from `conformal_quantiles`."""
    half = np.asarray(quantiles) * residual_scale(prediction, task)
    lower = prediction - half
    return (np.maximum(lower, 0.0) if task == "counts" else lower), prediction + half


def of_another_network(members: np.ndarray, *, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds of the prediction of another network, trained the same way with another seed.

    Parameters
    ----------
    members
        Probabilities (n, members, targets) with at least two members.
    level
        Coverage; a t interval on the logit scale.

    Returns
    -------
    Lower and upper probability, (n, targets).
    """
    k = members.shape[1]
    scale = logit(np.clip(members.astype(np.float64), _CLIP, 1 - _CLIP))
    half = student.ppf((1 + level) / 2, k - 1) * scale.std(axis=1, ddof=1) * np.sqrt(1 + 1 / k)
    middle = scale.mean(axis=1)
    return expit(middle - half), expit(middle + half)
