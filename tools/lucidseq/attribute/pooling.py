"""The rule for maxima, over windows or inputs: the part of the difference above the smaller output goes to the element that holds the larger."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from keras import layers, ops

from lucidseq.attribute.pairs import Pair, Tensor

NEAR = 1e-7  # |x - r| below which an element gets no share
_LOWEST = -3.0e38  # pads windows at the edges; never the maximum


def global_maximum(layer: Any, pair: Pair) -> Pair:
    """Apply the rule to GlobalMaxPooling1D or 2D (channels last): one window that holds everything."""
    rank = len(pair.reference.shape) - 2
    shape = (pair.reference.shape[0], 1, -1, pair.reference.shape[-1])
    routed = _route(ops.reshape(pair.repeated(), shape), ops.reshape(pair.reference, shape))[:, 0, :]
    if layer.keepdims:
        routed = ops.reshape(routed, (shape[0], *[1] * rank, shape[-1]))
    return Pair(layer(pair.sequence), routed)


def window_maximum(layer: Any, pair: Pair) -> Pair:
    """Apply the rule to MaxPooling1D or 2D (channels last)."""
    of_sequence = layer(pair.sequence)
    routed = _route(_windows(layer, pair.repeated(), _LOWEST), _windows(layer, pair.reference, _LOWEST))
    return Pair(of_sequence, ops.reshape(routed, (pair.reference.shape[0], *of_sequence.shape[1:])))


def extreme_of_inputs(layer: Any, pairs: list[Pair]) -> Pair:
    """Apply the rule to layers Maximum and Minimum of inputs of one shape: each element has a window across the inputs."""
    sign = 1.0 if isinstance(layer, layers.Maximum) else -1.0
    shape = pairs[0].reference.shape

    def windows(tensors: list[Tensor]) -> Tensor:
        return ops.stack([sign * ops.reshape(values, (shape[0], 1, -1)) for values in tensors], axis=2)

    routed = _route(windows([pair.repeated() for pair in pairs]), windows([pair.reference for pair in pairs]))
    return Pair(layer([pair.sequence for pair in pairs]), sign * ops.reshape(routed, shape))


def _route(sequence: Tensor, reference: Tensor) -> Tensor:
    """Return the maxima of the references' windows, with the multipliers of the rule as their gradient.

    Parameters
    ----------
    sequence, reference
        Windows of shape (rows, windows, elements, channels).

    Returns
    -------
    Shape (rows, windows, channels).
    """
    fixed = ops.stop_gradient(reference)
    difference = sequence - fixed
    near = ops.cast(ops.abs(difference) < NEAR, "float32")
    share = (1.0 - near) * (reference - fixed) / (difference + near)  # value 0, gradient 1 / (x - r)
    top_sequence, top_reference = ops.max(sequence, axis=2), ops.max(fixed, axis=2)
    top = ops.maximum(top_sequence, top_reference)
    chosen = _first_largest(sequence) * (top - top_reference)[:, :, None] + _first_largest(fixed) * (top_sequence - top)[:, :, None]
    return top_reference + ops.sum(share * chosen, axis=2)


def _first_largest(values: Tensor) -> Tensor:
    """Return 1 at the first largest element of each window (axis 2), 0 elsewhere: several times faster than argmax on a processor."""
    rank = np.arange(values.shape[2], 0, -1, dtype=np.float32)[:, None]  # of equal elements the first has the highest
    largest = ops.cast(ops.equal(values, ops.max(values, axis=2, keepdims=True)), "float32") * rank
    return ops.cast(ops.equal(largest, ops.max(largest, axis=2, keepdims=True)), "float32")


def _windows(layer: Any, values: Tensor, filler: float) -> Tensor:
    """Cut (rows, positions..., channels) into windows: (rows, windows, elements, channels)."""
    rank = len(values.shape) - 2
    size, stride = _tuple(layer.pool_size, rank), _tuple(layer.strides, rank)
    counts, pads = [], []
    for length, width, step in zip(values.shape[1:-1], size, stride, strict=True):
        if layer.padding == "same":
            count = -(-length // step)
            missing = max(0, (count - 1) * step + width - length)
            pads.append((missing // 2, missing - missing // 2))
        else:
            count = (length - width) // step + 1
            pads.append((0, 0))
        counts.append(count)
    if any(before or after for before, after in pads):
        values = ops.pad(values, [(0, 0), *pads, (0, 0)], constant_values=filler)
    rows, channels = values.shape[0], values.shape[-1]
    if size == stride:  # a view, without copies
        used = [count * width for count, width in zip(counts, size, strict=True)]
        if used != list(values.shape[1:-1]):  # a slice costs a copy in the backward pass
            values = values[(slice(None), *(slice(0, length) for length in used))]
        split = [number for pair in zip(counts, size, strict=True) for number in pair]
        values = ops.reshape(values, (rows, *split, channels))
        order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1]
        cut = values if rank == 1 else ops.transpose(values, order)
    else:
        offsets = itertools.product(*(range(width) for width in size))
        cut = ops.stack([_every(values, offset, stride, counts) for offset in offsets], axis=rank + 1)
    return ops.reshape(cut, (rows, math.prod(counts), math.prod(size), channels))


def _every(values: Tensor, offset: tuple[int, ...], stride: tuple[int, ...], counts: list[int]) -> Tensor:
    steps = zip(offset, stride, counts, strict=True)
    return values[(slice(None), *(slice(first, first + (count - 1) * step + 1, step) for first, step, count in steps))]


def _tuple(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)
