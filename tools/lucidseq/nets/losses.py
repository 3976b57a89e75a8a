"""Losses on the linear output of a network (see `heads`), for training and, in NumPy, for validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

_MAX_LOG_RATE = 30.0  # exp stays finite in float32; a rate of 1e13 is above any count


def training_loss(task: str, class_weights: np.ndarray | None = None) -> Callable[[Any, Any], Any]:
    """Return ``loss(target, logit)`` for `keras.Model.compile`: mean over targets, one value a row.

    Parameters
    ----------
    task
        ``"binary"``: cross-entropy; ``"regression"``: squared error; ``"counts"``: Poisson negative log likelihood without
        the term that does not depend on the network.
    class_weights
        Shape (2, targets): weight of label 0 and of label 1, binary only.
    """
    if task == "binary":
        weights = None if class_weights is None else np.asarray(class_weights, dtype=np.float32)
        return lambda target, logit: ops.mean(_cross_entropy(target, logit, weights), axis=-1)
    if task == "regression":
        return lambda target, logit: ops.mean(ops.square(target - logit), axis=-1)
    return lambda target, logit: ops.mean(_poisson(target, logit), axis=-1)


def _cross_entropy(target: Any, logit: Any, weights: np.ndarray | None) -> Any:
    loss = ops.softplus(logit) - target * logit
    return loss if weights is None else loss * (weights[0] + (weights[1] - weights[0]) * target)


def _poisson(target: Any, logit: Any) -> Any:
    log_rate = ops.minimum(logit, _MAX_LOG_RATE)
    return ops.exp(log_rate) - target * log_rate


def mean_loss(target: np.ndarray, logit: np.ndarray, task: str, class_weights: np.ndarray | None = None) -> float:
    """Return `training_loss` averaged over rows and targets, in double precision.

    Parameters
    ----------
    target, logit
        Shape (n, targets).
    """
    target, logit = target.astype(np.float64), logit.astype(np.float64)
    if task == "binary":
        loss = np.logaddexp(0.0, logit) - target * logit
        if class_weights is not None:
            loss *= class_weights[0] + (class_weights[1] - class_weights[0]) * target
    elif task == "regression":
        loss = (target - logit) ** 2
    else:
        log_rate = np.minimum(logit, _MAX_LOG_RATE)
        loss = np.exp(log_rate) - target * log_rate
    return float(loss.mean())


def balanced_weights(target: np.ndarray) -> np.ndarray:
    """Return weights (2, targets) that give both labels of each target the same total weight and rows a mean weight of 1.

    Examples
    --------
    >>> balanced_weights(np.array([[1.0], [0.0], [0.0], [0.0]])).round(3).tolist()
    [[0.667], [2.0]]
    """
    share = target.mean(axis=0, dtype=np.float64)
    share = np.clip(share, 1.0 / len(target), 1.0 - 1.0 / len(target))
    return np.stack([0.5 / (1.0 - share), 0.5 / share])
