"""Sequences and all their single mutants in one pass, of which each layer recomputes only what a mutation can change.

A tensor of the graph becomes a `Mutants`: its values for the sequences, and for every mutant those of a window of positions that
holds all that may differ. A convolution or a pooling over k positions is applied to that window and its neighbours alone; functions
of single positions to the window. Any other layer is given whole tensors, and so are all layers after it [1]_.

References
----------
.. [1] Nair S, Shrikumar A, Schreiber J, Kundaje A (2022). fastISM: performant in silico saturation mutagenesis for convolutional neural
   networks. Bioinformatics 38, 2397-2403.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from lucidseq.attribute.explained import Explained
from lucidseq.attribute.pairs import GraphValue, Tensor, find_values, replace_values, run
from lucidseq.attribute.rules import ELEMENTWISE_OPERATIONS

# By exact type: a class derived from one of these may do anything
_BY_POSITION = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.ELU,
    layers.Dense,
    layers.Identity,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.AlphaDropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.ActivityRegularization,
)
_NORMS = (layers.BatchNormalization, layers.LayerNormalization)
_OF_SEVERAL = (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)
_OPERATIONS_OF_SEVERAL = {"Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum"}
_CONVOLUTIONS = (layers.Conv1D, layers.SeparableConv1D, layers.DepthwiseConv1D)
_POOLS = (layers.MaxPooling1D, layers.AveragePooling1D)
OTHER_BASES = 3
_LOWEST = -3.0e38  # pads maxima at the edges
_WORTH = 0.75  # largest share of the positions that is recomputed; above it whole tensors are cheaper


@dataclass(frozen=True)
class Mutants(GraphValue):
    """One tensor of S sequences and of their mutants, M at each of P positions.

    Attributes
    ----------
    sequence
        Shape (S, length, channels).
    changed
        Shape (S, M, P, width, channels): the window of each mutant that may differ from the sequence.
    starts
        First position of that window for a mutation at each base of the input, int (bases,).
    positions
        Mutated bases, a tensor of shape (P,).
    """

    sequence: Tensor
    changed: Tensor
    starts: np.ndarray
    positions: Tensor

    @property
    def length(self) -> int:
        """Positions of the tensor."""
        return int(self.sequence.shape[1])

    @property
    def width(self) -> int:
        """Positions of a window."""
        return int(self.changed.shape[3])

    def window(self, starts: np.ndarray, width: int) -> Tensor:
        """Return other windows of the mutants, (S, M, P, width, channels), from starts (bases,) within the tensor."""
        s, m, p, _, channels = self.changed.shape
        at = ops.expand_dims(ops.take(_constant(starts), self.positions), 1) + _constant(np.arange(width))
        inside = at - ops.expand_dims(ops.take(_constant(self.starts), self.positions), 1)
        changed = ops.logical_and(inside >= 0, inside < self.width)
        index = ops.where(changed, self.length + inside + _constant(np.arange(p) * self.width)[:, None], at)
        # Every mutant m of a sequence has one table: the sequence, then the windows of all its positions
        same = ops.broadcast_to(self.sequence[:, None], (s, m, self.length, channels))
        table = ops.concatenate([same, ops.reshape(self.changed, (s, m, p * self.width, channels))], axis=2)
        return ops.reshape(ops.take(table, ops.reshape(index, (-1,)), axis=2), (s, m, p, width, channels))

    def whole(self) -> Tensor:
        """Return the sequences, then whole mutants, shape (S + S * M * P, length, channels)."""
        mutants = self.window(np.zeros_like(self.starts), self.length)
        return ops.concatenate([self.sequence, ops.reshape(mutants, (-1, *self.sequence.shape[1:]))], axis=0)


def _constant(values: np.ndarray) -> Tensor:
    return ops.convert_to_tensor(values, dtype="int32")


def mutant_function(explained: Explained) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function from sequences (S, length, 4) and positions (P,) to the explained output (S + S * 3 * P,).

    Mutant m has the base m + 1 letters after the sequence's own, A following T. The sequences come first, then the mutants in the
    order sequence, m, position. An unknown base stays unknown.
    """

    def outputs(x: Tensor, positions: Tensor) -> Tensor:
        own = ops.take(x, positions, axis=1)
        changed = ops.stack([ops.roll(own, shift + 1, axis=2) for shift in range(OTHER_BASES)], axis=1)
        inputs = Mutants(x, changed[:, :, :, None], np.arange(x.shape[1]), positions)
        results = run(explained.model, inputs, local_rule)
        whole = keras.tree.map_structure(lambda value: value.whole() if isinstance(value, Mutants) else value, results)
        return explained.select(whole)

    return outputs


def local_rule(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply a layer or operation to `Mutants` among its arguments, to windows where it allows it (see `pairs.run`)."""
    values = find_values((args, kwargs))
    result = None
    if type(layer) in _CONVOLUTIONS + _POOLS:
        result = _slide(layer, values[0])
    elif _works_by_position(layer, values, args):
        result = _by_position(layer, values, args, kwargs)
    if result is not None:
        return result
    filled_args, filled_kwargs = replace_values((args, kwargs), [value.whole() for value in values])
    return layer(*filled_args, **filled_kwargs)


def _works_by_position(layer: Any, values: list[Mutants], args: tuple[Any, ...]) -> bool:
    """Whether each position of the output follows from the same position of all inputs, which are all mutants of one shape."""
    tensors = [leaf for leaf in keras.tree.flatten(args) if hasattr(leaf, "shape")]
    if tensors or len({value.length for value in values}) > 1:
        return False
    if type(layer) in _NORMS:
        axes = keras.tree.flatten(layer.axis)
        return [int(axis) % 3 for axis in axes] == [2]
    if type(layer) is layers.PReLU:
        return tuple(layer.shared_axes or ()) == (1,)
    if type(layer) is layers.Concatenate:
        return int(layer.axis) % 3 == 2
    if type(layer) in _BY_POSITION + _OF_SEVERAL:
        return True
    name = type(layer).__name__
    is_operation = not isinstance(layer, layers.Layer)
    return is_operation and (name in ELEMENTWISE_OPERATIONS or name in _OPERATIONS_OF_SEVERAL)


def _by_position(layer: Any, values: list[Mutants], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mutants | None:
    """Apply a function of single positions to windows that cover those of every input; None where they cover most positions."""
    first = np.min([value.starts for value in values], axis=0)
    width = int((np.max([value.starts + value.width for value in values], axis=0) - first).max())
    if width > _WORTH * values[0].length:
        return None
    first = np.minimum(first, values[0].length - width)

    def apply(tensors: list[Tensor]) -> Tensor:
        filled_args, filled_kwargs = replace_values((args, kwargs), tensors)
        return layer(*filled_args, **filled_kwargs)

    windows = [value.changed if value.width == width else value.window(first, width) for value in values]
    lead = values[0].changed.shape[:3]
    changed = apply([ops.reshape(window, (-1, *window.shape[3:])) for window in windows])
    return Mutants(
        apply([value.sequence for value in values]), ops.reshape(changed, (*lead, *changed.shape[1:])), first, values[0].positions
    )


def _slide(layer: Any, value: Mutants) -> Mutants | None:
    """Apply a convolution or pooling to the windows it needs; None where they cover most positions, or it cannot be cut."""
    is_pool = type(layer) in _POOLS
    size = (layer.pool_size if is_pool else layer.kernel_size)[0]
    reach = (size - 1) * (1 if is_pool else layer.dilation_rate[0])  # positions after the first that an output reads
    step = layer.strides[0]
    if layer.data_format != "channels_last" or (type(layer) is layers.AveragePooling1D and layer.padding == "same"):
        return None
    count, before, after = _padding(layer.padding, value.length, reach, step)
    width = (value.width - 1 + reach) // step + 1
    needed = (width - 1) * step + reach + 1
    if needed > _WORTH * value.length or width > count:
        return None
    starts = value.starts + before
    first = np.clip(-((reach - starts) // step), 0, count - width)
    filler = _LOWEST if type(layer) is layers.MaxPooling1D else 0.0
    padded = ops.pad(value.sequence, [(0, 0), (before, after), (0, 0)], constant_values=filler) if before or after else value.sequence
    windows = replace(value, sequence=padded, starts=starts).window(first * step, needed)
    with _without_padding(layer):
        changed = layer(ops.reshape(windows, (-1, *windows.shape[3:])))
    return Mutants(layer(value.sequence), ops.reshape(changed, (*windows.shape[:3], *changed.shape[1:])), first, value.positions)


def _padding(padding: str, length: int, reach: int, step: int) -> tuple[int, int, int]:
    """Return the number of outputs, and the positions added before and after."""
    if padding == "valid":
        return (length - reach - 1) // step + 1, 0, 0
    count = -(-length // step)
    if padding == "causal":
        return count, reach, 0
    missing = max(0, (count - 1) * step + reach + 1 - length)
    return count, missing // 2, missing - missing // 2


@contextmanager
def _without_padding(layer: Any) -> Any:
    """Let a layer add no positions at the edges for the time of a call."""
    padding = layer.padding
    layer.padding = "valid"
    try:
        yield
    finally:
        layer.padding = padding
