"""Networks from annotations to log prior variance, and how annotations enter them."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from lucidseq.core import seeds
from lucidseq.prior.choices import PriorModel

_CLIP = 10.0  # standard deviations; a single wild value must not decide a variance


@dataclass(frozen=True)
class Encoding:
    """Standardisation of annotations, learned from the training blocks.

    Attributes
    ----------
    mean, sd
        Of shape (features,); ``sd`` is 1 where a feature does not vary.
    """

    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Encoding:
        """Learn from values of shape (rows, features); NaN is missing."""
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, values, 0).astype(np.float64)
        mean = filled.sum(axis=0) / count
        sd = np.sqrt(np.where(known, (filled - mean) ** 2, 0).sum(axis=0) / count)
        resolution = np.finfo(np.float32).eps * np.abs(filled).max(axis=0, initial=0)  # whatever the unit: SNPVAR is of the order of 1e-8
        return cls(mean, np.where(sd > resolution, sd, 1.0))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the input of the network, float32 of shape (rows, 2 x features): standardised values, 0 where missing; then 1 where missing."""
        missing = ~np.isfinite(values)
        scaled = np.clip((np.where(missing, self.mean, values) - self.mean) / self.sd, -_CLIP, _CLIP)
        return np.hstack([scaled, missing]).astype(np.float32)


def build(model: PriorModel, features: int, hidden: int, *, seed: int, start: tuple[float, float], name: str = "prior") -> keras.Model:
    """Return a network with two outputs: log prior variance at the median N, in units of z, and log residual scale (the same for all rows).

    Parameters
    ----------
    features
        Columns of the encoded annotations.
    start
        Both outputs before training: the constant fit.
    """
    inputs = keras.Input((features,), name="annotations")
    x = inputs
    if model is PriorModel.MLP:
        for layer in ("hidden_1", "hidden_2"):
            x = keras.layers.Dense(hidden, activation="gelu", kernel_initializer=_initial(seed, layer), name=layer)(x)
    kernel = _initial(seed, "log_variance", scale=0.1) if model is PriorModel.MLP else keras.initializers.Zeros()
    log_variance = keras.layers.Dense(1, kernel_initializer=kernel, name="log_variance")
    log_scale = keras.layers.Dense(1, kernel_initializer="zeros", name="log_residual_scale")
    outputs = keras.layers.Concatenate(name="outputs")([log_variance(x), log_scale(keras.layers.Rescaling(0.0, name="no_input")(inputs))])
    network = keras.Model(inputs, outputs, name=name)
    log_variance.bias.assign([start[0]])
    log_scale.bias.assign([start[1]])
    return network


def _initial(seed: int, layer: str, scale: float = 1.0) -> keras.Initializer:
    return keras.initializers.VarianceScaling(scale, "fan_avg", "uniform", seed=seeds.derive(seed, "weights", layer) % 2**31)
