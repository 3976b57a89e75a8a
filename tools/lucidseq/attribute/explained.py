"""The one number of a network's output that is explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from lucidseq.core.errors import DataError, UsageError
from lucidseq.nets import io
from lucidseq.nets.facts import Facts
from lucidseq.nets.input_layout import check_sequence_input, with_sequence_input

Tensor = Any


@dataclass(frozen=True)
class Explained:
    """A network up to its logits, and the number to explain.

    Attributes
    ----------
    model
        Network before its final activation.
    output, target
        Index of the output tensor and of the target (last axis) in it.
    reduce
        ``"sum"`` or ``"mean"`` over the positions of a profile.
    ensemble
        The output has an axis of members, which are averaged.
    name
        Name of the target.
    length
        Bases of an input; None when the model takes any length.
    activation
        The final activation that was taken off (``"linear"``: none).
    """

    model: keras.Model
    output: int
    target: int
    reduce: str
    ensemble: bool
    name: str
    length: int | None
    activation: str = "linear"

    def select(self, outputs: Any) -> Tensor:
        """Return the explained number of each row, shape (batch,), from what the model returns."""
        values = keras.tree.flatten(outputs)[self.output]
        if len(values.shape) == 1:
            return values
        values = values[..., self.target]
        if len(values.shape) == 1:
            return values
        return ops.mean(values, axis=1) if self.ensemble or self.reduce == "mean" else ops.sum(values, axis=1)


def explain(
    model: keras.Model, facts: Facts | None, *, target: str | None = None, output: str | None = None, reduce: str = "sum"
) -> Explained:
    """Choose what is explained.

    Parameters
    ----------
    model, facts
        From `io.load_model`.
    target
        Name or index of the target; default the first.
    output
        Name or index of the output, for models with several; default the first.
    reduce
        ``"sum"`` or ``"mean"`` over the positions of a profile.

    Raises
    ------
    DataError
        If the model is not one of sequences, or its layers cannot be walked.
    UsageError
        If there is no such output or target.
    """
    model = with_sequence_input(model)
    network = io.logits(model)
    check_sequence_input(network)
    number = _find("--output", output, _output_names(model), len(network.outputs))
    shape = network.outputs[number].shape
    if len(shape) > 3 or shape[-1] is None:
        raise DataError(
            f"a model output of shape {tuple(shape)}",
            "(batch, targets) or (batch, positions, targets)",
            "choose another --output, or end the model with such an output",
        )
    count = 1 if len(shape) == 1 else int(shape[-1])
    names = facts.target_names if facts is not None and len(facts.target_names) == count else []
    column = _find("--target", target, names, count)
    name = names[column] if names else _default_name(model, number, column, count)
    return Explained(
        network, number, column, reduce, io.is_ensemble(model), name, network.inputs[0].shape[1], io.final_activation(model, number)
    )


def _find(option: str, value: str | None, names: list[str], count: int) -> int:
    """Return the index that a name or a number stands for."""
    if value is None:
        return 0
    if value in names:
        return names.index(value)
    if value.isdigit() and int(value) < count:
        return int(value)
    known = f" ({', '.join(names)})" if names else ""
    raise UsageError(f"{option} {value}", f"a name{known} or a number from 0 to {count - 1}", f"correct {option}, or omit it")


def _output_names(model: keras.Model) -> list[str]:
    """Return the names of a model's outputs; a Sequential model has one output and no name for it."""
    return list(getattr(model, "output_names", ["output"]))


def _default_name(model: keras.Model, output: int, target: int, count: int) -> str:
    names = _output_names(model)
    several = len(names) > 1
    base = names[output] if several else "target"
    return base if several and count == 1 else f"{base}_{target}"
