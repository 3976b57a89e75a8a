"""Curves of a binary classifier: ROC and precision-recall, thinned for drawing."""

from __future__ import annotations

import numpy as np

MAX_POINTS = 500


def _counts(target: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return true and false positives as the threshold falls over the distinct predictions, from none on."""
    order = np.argsort(-prediction, kind="stable")
    last = np.r_[prediction[order][1:] != prediction[order][:-1], True]
    positive = target[order] > 0.5
    return np.r_[0, np.cumsum(positive)[last]], np.r_[0, np.cumsum(~positive)[last]]


def _thin(n: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).round().astype(int))


def roc(target: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return false and true positive rates, from (0, 0) to (1, 1).

    Examples
    --------
    >>> x, y = roc(np.array([0.0, 1, 1]), np.array([0.1, 0.9, 0.8]))
    >>> x.tolist(), y.tolist()
    ([0.0, 0.0, 0.0, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    true, false = _counts(target, prediction)
    kept = _thin(len(true))
    return false[kept] / false[-1], true[kept] / true[-1]


def precision_recall(target: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return recall and precision; where nothing is called yet, precision is that of the first call."""
    true, false = _counts(target, prediction)
    called = true + false
    precision = np.r_[0.0, true[1:] / called[1:]]
    precision[0] = precision[1]
    kept = _thin(len(true))
    return true[kept] / true[-1], precision[kept]
