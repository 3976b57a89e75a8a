"""Metrics of predictions with row weights, so that a bootstrap is one array operation.

A metric takes targets and predictions, both (n,), and returns a function of weights (b, n), how often each row was drawn in
each of b resamples, to (b,) values. Sorting is done once, not once a resample.

References
----------
.. [1] Hanley JA, McNeil BJ (1982). The meaning and use of the area under a ROC curve. Radiology 143, 29-36.
.. [2] Davis J, Goadrich M (2006). The relationship between precision-recall and ROC curves. ICML.
.. [3] Efron B, Tibshirani RJ (1993). An introduction to the bootstrap. Chapman & Hall, chapter 13 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Weighted = Callable[[np.ndarray], np.ndarray]
_CELLS = 4_000_000  # weights held at once


class Estimate(NamedTuple):
    """A figure with its interval."""

    value: float
    lower: float
    upper: float


def _tied_groups(prediction: np.ndarray, *, falling: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorting order and the start of each group of equal predictions in it."""
    order = np.argsort(-prediction if falling else prediction, kind="stable")
    ranked = prediction[order]
    return order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; NaN where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator > 0)


def auroc(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties counting half [1]_."""
    order, starts = _tied_groups(prediction, falling=False)
    positive = target[order] > 0.5

    def weighted(weights: np.ndarray) -> np.ndarray:
        sorted_weights = weights[:, order]
        positives = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        negatives = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
        below = np.cumsum(negatives, axis=1) - 0.5 * negatives
        total = positives.sum(axis=1) * negatives.sum(axis=1)
        return _ratio((positives * below).sum(axis=1), total)

    return weighted


def auprc(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Average precision: precision summed over steps of recall, without interpolation [2]_."""
    order, starts = _tied_groups(prediction, falling=True)
    positive = target[order] > 0.5

    def weighted(weights: np.ndarray) -> np.ndarray:
        sorted_weights = weights[:, order]
        positives = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        called = np.cumsum(np.add.reduceat(sorted_weights, starts, axis=1), axis=1)
        precision = np.divide(np.cumsum(positives, axis=1), called, out=np.zeros(called.shape), where=called > 0)
        return _ratio((precision * positives).sum(axis=1), positives.sum(axis=1))

    return weighted


def pearson(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Pearson correlation."""
    x, y = (values.astype(np.float64) - values.mean(dtype=np.float64) for values in (target, prediction))
    products = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)

    def weighted(weights: np.ndarray) -> np.ndarray:
        n, sx, sy, sxx, syy, sxy = (weights @ products).T
        return _correlation(n, sx, sy, sxx, syy, sxy)

    return weighted


def _correlation(n: np.ndarray, sx: np.ndarray, sy: np.ndarray, sxx: np.ndarray, syy: np.ndarray, sxy: np.ndarray) -> np.ndarray:
    """Pearson correlation from weighted sums; NaN where either variable is constant."""
    variance_x, variance_y = sxx - sx**2 / n, syy - sy**2 / n
    constant = (variance_x <= 1e-12 * sxx) | (variance_y <= 1e-12 * syy)
    correlation = _ratio(sxy - sx * sy / n, np.sqrt(np.maximum(variance_x * variance_y, 0.0)))
    return np.where(constant, np.nan, np.clip(correlation, -1.0, 1.0))


def spearman(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Spearman correlation; ranks, ties averaged, are computed again in each resample."""
    sides = [_tied_groups(values, falling=False) for values in (target, prediction)]

    def ranks(weights: np.ndarray, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
        group = np.add.reduceat(weights[:, order], starts, axis=1)
        middle = np.cumsum(group, axis=1) - 0.5 * group
        mean_ranks = np.empty(weights.shape)
        mean_ranks[:, order] = np.repeat(middle, np.diff(np.r_[starts, len(order)]), axis=1)
        return mean_ranks

    def weighted(weights: np.ndarray) -> np.ndarray:
        n = weights.sum(axis=1, dtype=np.float64)
        x, y = (ranks(weights, *side) - 0.5 * n[:, None] for side in sides)
        sums = [(weights * values).sum(axis=1) for values in (x, y, x * x, y * y, x * y)]
        return _correlation(n, *sums)

    return weighted


def mean_of(values: np.ndarray) -> Weighted:
    """Mean of values (n,)."""
    return lambda weights: (weights @ values) / weights.sum(axis=1)


def mse(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Mean squared error."""
    return mean_of((target.astype(np.float64) - prediction) ** 2)


def poisson_deviance(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Mean Poisson deviance, 2 (y log(y / rate) - y + rate)."""
    y, rate = target.astype(np.float64), np.maximum(prediction.astype(np.float64), 1e-12)
    log_ratio = np.log(np.where(y > 0, y, 1.0) / rate)
    return mean_of(2.0 * (np.where(y > 0, y * log_ratio, 0.0) - y + rate))


def brier(target: np.ndarray, prediction: np.ndarray) -> Weighted:
    """Brier score, the mean squared error of probabilities."""
    return mse(target, prediction)


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Weighted]] = {
    "auroc": auroc,
    "auprc": auprc,
    "pearson": pearson,
    "spearman": spearman,
    "mse": mse,
    "poisson_deviance": poisson_deviance,
    "brier": brier,
}
OF_TASK = {
    "binary": ("auroc", "auprc", "brier"),
    "regression": ("pearson", "spearman", "mse"),
    "counts": ("pearson", "spearman", "poisson_deviance"),
}


def value(weighted: Weighted, n: int) -> float:
    """Return a metric on the n rows as they are.

    Examples
    --------
    >>> value(auroc(np.array([0.0, 1, 0, 1]), np.array([0.1, 0.4, 0.3, 0.9])), 4)
    1.0
    """
    return float(weighted(np.ones((1, n)))[0])


def resample(n: int, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Draw bootstrap weights (samples, n): how often each of n rows is drawn in n draws with replacement."""
    drawn = generator.integers(0, n, (samples, n)) + n * np.arange(samples)[:, None]
    return np.bincount(drawn.ravel(), minlength=samples * n).reshape(samples, n).astype(np.float64)


def estimate(weighted: Weighted, n: int, *, samples: int, generator: np.random.Generator, level: float = 0.95) -> Estimate:
    """Return a metric with its percentile bootstrap interval [3]_.

    Parameters
    ----------
    weighted
        From one of `METRICS`.
    n
        Rows.
    samples
        Resamples; those without both labels (or without variation) are skipped.
    generator
        Random generator.
    level
        Nominal coverage.
    """
    step = max(1, _CELLS // n)
    parts = [weighted(resample(n, min(step, samples - done), generator)) for done in range(0, samples, step)]
    drawn = np.concatenate(parts)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Estimate(value(weighted, n), float("nan"), float("nan"))
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value(weighted, n), float(lower), float(upper))
