"""Calibration of predicted probabilities: reliability curve and expected calibration error.

References
----------
.. [1] Guo C, Pleiss G, Sun Y, Weinberger KQ (2017). On calibration of modern neural networks. ICML, equation 3.
.. [2] Nixon J et al. (2019). Measuring calibration in deep learning. CVPR workshops (bins of equal numbers).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lucidseq.nets.metrics import Weighted, value

BINS = 15


class Reliability(NamedTuple):
    """Mean prediction, mean observation and sequences of each bin, (bins,) each."""

    predicted: np.ndarray
    observed: np.ndarray
    n: np.ndarray


def bins_of(prediction: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each prediction, int (n,): bins hold equal numbers as far as ties allow [2]_.

    Examples
    --------
    >>> bins_of(np.array([0.1, 0.1, 0.2, 0.9]), 2).tolist()
    [0, 0, 1, 1]
    """
    edges = np.unique(np.quantile(prediction, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    _, dense = np.unique(np.searchsorted(edges, prediction, side="left"), return_inverse=True)
    return dense


def reliability(target: np.ndarray, prediction: np.ndarray, bins: int = BINS) -> Reliability:
    """Return the reliability curve; works for rates and means as well as for probabilities."""
    which = bins_of(prediction, bins)
    n = np.bincount(which)
    return Reliability(np.bincount(which, prediction) / n, np.bincount(which, target) / n, n)


def ece(target: np.ndarray, prediction: np.ndarray, bins: int = BINS) -> Weighted:
    """Expected calibration error [1]_: mean over sequences of |mean prediction - share of positives| of their bin."""
    which = bins_of(prediction, bins)
    membership = np.zeros((len(which), which.max() + 1))
    membership[np.arange(len(which)), which] = prediction.astype(np.float64) - target

    def weighted(weights: np.ndarray) -> np.ndarray:
        return np.abs(weights @ membership).sum(axis=1) / weights.sum(axis=1)

    return weighted


def ece_if_calibrated(
    prediction: np.ndarray, *, samples: int, generator: np.random.Generator, quantile: float = 0.95, bins: int = BINS
) -> float:
    """Return a quantile of the ECE when each label is drawn with the predicted probability.

    Parameters
    ----------
    prediction
        Probabilities (n,).
    samples
        Label sets to draw.
    """
    n = len(prediction)
    drawn = [value(ece(generator.random(n) < prediction, prediction, bins), n) for _ in range(samples)]
    return float(np.quantile(drawn, quantile))
