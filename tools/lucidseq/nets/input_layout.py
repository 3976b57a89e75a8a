"""Networks whose input is sequences in another layout, such as (4, length), as networks of (length, 4)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from lucidseq.core.errors import DataError
from lucidseq.core.log import get_logger
from lucidseq.nets.model_files import GUIDE

BASES = 4
_log = get_logger("lucidseq.nets")


def with_sequence_input(model: keras.Model) -> keras.Model:
    """Return a model of one-hot sequences (batch, length, 4); the model itself where it is one, or cannot be made one.

    Models of (4, length), and of either with further axes of size 1, are preceded by a layer that transposes or reshapes.
    """
    inputs = getattr(model, "inputs", None) or []
    shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
    sequence_axes = [axis for axis, size in enumerate(shape) if size != 1]
    sizes = [shape[axis] for axis in sequence_axes]
    if len(sizes) != 2 or BASES not in sizes or (len(shape) == 2 and sizes[1] == BASES):
        return model
    channels_first = sizes[1] != BASES
    length = sizes[1] if channels_first else sizes[0]
    sequence = keras.Input((length, BASES), name="sequence", dtype=inputs[0].dtype)
    x = layers.Permute((2, 1), name="bases_to_rows")(sequence) if channels_first else sequence
    if len(shape) > 2:
        x = layers.Reshape(tuple(-1 if size is None else size for size in shape), name="layout")(x)
    _log.info(f"the model's input is {shape}: one-hot sequences (length, 4) are brought to this layout")
    return keras.Model(sequence, _named_outputs(model, model(x)), name=model.name)


def check_sequence_input(model: keras.Model) -> None:
    """Check that a model has one input, of one-hot sequences.

    Raises
    ------
    DataError
        If not.
    """
    if len(model.inputs) != 1 or model.inputs[0].shape[2:] != (BASES,):
        shapes = ", ".join(str(tuple(tensor.shape[1:])) for tensor in model.inputs)
        expected = "one input of shape (length, 4), bases in the order ACGT"
        raise DataError(f"a model with inputs of shape {shapes}", expected, f"build a model of one-hot sequences ({GUIDE})")


def _named_outputs(model: keras.Model, outputs: Any) -> Any:
    """Give the outputs of a model that was called the names that they have in the model."""
    tensors = keras.tree.flatten(outputs)
    names = getattr(model, "output_names", ["output"])
    named = [layers.Identity(name=name)(tensor) for name, tensor in zip(names, tensors, strict=True)]
    return named if len(named) > 1 else named[0]
