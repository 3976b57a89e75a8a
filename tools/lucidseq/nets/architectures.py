"""Convolutional networks for regulatory sequences of about 100 to 1,000 bp.

Both begin with 19 bp filters, batch normalisation and, by default, the exponential activation, which makes first-layer
filters and attributions easier to interpret [1]_. ``cnn-shallow`` pools so widely after the first layer that a
filter must hold a whole motif; ``cnn-deep`` pools in small steps and assembles motifs over layers.

References
----------
.. [1] Koo PK, Ploenzke M (2021). Improving representations of genomic sequence motifs in convolutional networks with
   exponential activations. Nature Machine Intelligence 3, 258-266.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from lucidseq.core import seeds
from lucidseq.core.errors import UsageError
from lucidseq.nets import heads

FIRST_KERNEL = 19
SHORTEST = {"cnn-deep": 32, "cnn-shallow": 8}  # shortest input (bp) with an output after pooling


@dataclass(frozen=True)
class Design:
    """Sizes of a network.

    Parameters
    ----------
    architecture
        ``"cnn-shallow"`` or ``"cnn-deep"``.
    length, targets
        Bases of the input; outputs.
    task
        One of `heads.TASKS`.
    first_activation
        ``"exponential"`` or ``"relu"``; later layers use ReLU.
    filters
        First-layer filters; later layers are multiples of it.
    dropout_scale
        Factor on the dropout rates, which rise with depth from 0.1 to 0.5.
    """

    architecture: str
    length: int
    targets: int
    task: str
    first_activation: str = "exponential"
    filters: int = 32
    dropout_scale: float = 1.0


class _Stack:
    """Adds blocks of layers with fixed names and seeded initial values and dropout."""

    def __init__(self, design: Design, seed: int) -> None:
        self.design, self.seed = design, seed

    def convolution(self, x: Any, block: int, filters: int, kernel: int, *, activation: str, dropout: float, pool: int) -> Any:
        x = keras.layers.Conv1D(
            filters, kernel, padding="same", use_bias=False, name=f"conv_{block}", kernel_initializer=self.initial(f"conv_{block}")
        )(x)
        x = keras.layers.BatchNormalization(name=f"norm_{block}", momentum=0.9)(x)
        x = keras.layers.Activation(activation, name=f"activation_{block}")(x)
        if pool > 1:
            x = keras.layers.MaxPooling1D(pool, name=f"pool_{block}")(x)
        return self._dropout(x, dropout, f"dropout_{block}")

    def dense(self, x: Any, units: int, *, dropout: float) -> Any:
        x = keras.layers.Dense(units, use_bias=False, name="dense", kernel_initializer=self.initial("dense"))(x)
        x = keras.layers.BatchNormalization(name="norm_dense", momentum=0.9)(x)
        x = keras.layers.Activation("relu", name="activation_dense")(x)
        return self._dropout(x, dropout, "dropout_dense")

    def _dropout(self, x: Any, rate: float, name: str) -> Any:
        rate = min(0.9, rate * self.design.dropout_scale)
        return keras.layers.Dropout(rate, seed=seeds.derive(self.seed, name) % 2**31, name=name)(x) if rate > 0 else x

    def initial(self, name: str) -> keras.Initializer:
        return keras.initializers.GlorotUniform(seed=seeds.derive(self.seed, "weights", name) % 2**31)


def build(design: Design, *, seed: int = 0, name: str = "member_0") -> keras.Model:
    """Build one network, (batch, length, 4) -> (batch, targets).

    Parameters
    ----------
    design
        Sizes.
    seed
        Seed of initial weights and dropout.
    name
        Name of the model, ``member_<i>`` in an ensemble.

    Raises
    ------
    UsageError
        If the sequences are too short for the architecture's pooling.
    """
    if design.length < SHORTEST[design.architecture]:
        raise UsageError(
            f"--architecture {design.architecture} on sequences of {design.length} bp",
            f"at least {SHORTEST[design.architecture]} bp",
            "choose --architecture cnn-shallow, or encode longer windows",
        )
    inputs = keras.Input((design.length, 4), name="sequence")
    stack = _Stack(design, seed)
    features = _shallow(stack, inputs) if design.architecture == "cnn-shallow" else _deep(stack, inputs)
    prediction = heads.attach(features, task=design.task, targets=design.targets, initial=stack.initial("logit"))
    return keras.Model(inputs, prediction, name=name)


def _shallow(stack: _Stack, x: Any) -> Any:
    design = stack.design
    wide = max(2, min(50, design.length // 4))  # 50 at 200 bp: four windows, each wider than a motif
    x = stack.convolution(x, 1, design.filters, FIRST_KERNEL, activation=design.first_activation, dropout=0.1, pool=wide)
    x = stack.convolution(x, 2, 2 * design.filters, 3, activation="relu", dropout=0.2, pool=2)
    return stack.dense(keras.layers.Flatten(name="flatten")(x), 4 * design.filters, dropout=0.5)


def _deep(stack: _Stack, x: Any) -> Any:
    design = stack.design
    last = max(2, min(8, design.length // 64))  # keeps the dense layer small for long inputs
    x = stack.convolution(x, 1, design.filters, FIRST_KERNEL, activation=design.first_activation, dropout=0.1, pool=4)
    x = stack.convolution(x, 2, 3 * design.filters // 2, 7, activation="relu", dropout=0.2, pool=4)
    x = stack.convolution(x, 3, 2 * design.filters, 5, activation="relu", dropout=0.3, pool=last)
    return stack.dense(keras.layers.Flatten(name="flatten")(x), 4 * design.filters, dropout=0.5)
