"""Output of a network: the link between its linear output (the logit) and the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

TASKS = ("binary", "regression", "counts")
_LINKS = {"binary": "sigmoid", "regression": "linear", "counts": "exponential"}


@dataclass(frozen=True)
class Scaling:
    """Affine scale of regression targets during training: trained value = (target - mean) / sd, of shape (targets,) each."""

    mean: np.ndarray
    sd: np.ndarray


def attach(features: Any, *, task: str, targets: int, initial: keras.Initializer) -> Any:
    """Add layer ``logit`` (dense, float32) and layer ``prediction`` (the link of the task); return the prediction tensor.

    Parameters
    ----------
    features
        Tensor (batch, features).
    task
        One of `TASKS`: sigmoid, identity, or exponential (Poisson rate on the log scale).
    targets
        Outputs.
    initial
        Initial values of the dense layer.
    """
    logit = keras.layers.Dense(targets, name="logit", dtype="float32", kernel_initializer=initial)(features)
    return keras.layers.Activation(_LINKS[task], name="prediction", dtype="float32")(logit)


def link(logit: np.ndarray, task: str) -> np.ndarray:
    """Return predictions of linear outputs, in NumPy.

    Examples
    --------
    >>> link(np.zeros(1), "binary").tolist()
    [0.5]
    """
    if task == "binary":
        return 0.5 * (1.0 + np.tanh(0.5 * logit))
    return np.exp(logit) if task == "counts" else logit


def initial_bias(target: np.ndarray, task: str) -> np.ndarray:
    """Return the bias of ``logit`` that predicts each target's mean, the initial value of training.

    Parameters
    ----------
    target
        Shape (n, targets), on the scale of training.
    """
    mean = target.mean(axis=0, dtype=np.float64)
    if task == "binary":
        mean = np.clip(mean, 1e-3, 1 - 1e-3)
        return np.log(mean / (1 - mean))
    return np.log(np.maximum(mean, 1e-3)) if task == "counts" else mean


def scaling(target: np.ndarray) -> Scaling:
    """Return mean and standard deviation of regression targets (n, targets); a constant target keeps sd 1."""
    sd = target.std(axis=0, dtype=np.float64)
    return Scaling(target.mean(axis=0, dtype=np.float64), np.where(sd > 0, sd, 1.0))


def unscale(network: keras.Model, scale: Scaling) -> None:
    """Fold a target scale into the last layer, so that the network predicts in the units of the target."""
    layer = network.get_layer("logit")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale.sd, bias * scale.sd + scale.mean])
