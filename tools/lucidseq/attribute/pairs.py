"""Run a Keras model on sequences and their references at once, with a rule for each layer.

A tensor of the graph becomes a `Pair`: its values for B sequences, and for the B x R references (reference j of sequence i is row
``i * R + j``). Gradients flow through the references alone: a rule returns, for the references, a tensor whose value is the layer's
output and whose gradient is the layer's multiplier. So one ordinary backward pass gives the multipliers of the whole network,
on any backend, and a sequence passes forward once however many references it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

Tensor = Any  # a tensor of whichever backend runs
Rule = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]  # (layer or operation, arguments with pairs) -> pairs


class GraphValue:
    """What stands for one tensor while a model's graph is run under a rule."""


@dataclass(frozen=True)
class Pair(GraphValue):
    """One tensor of the graph.

    Attributes
    ----------
    sequence
        Shape (B, ...), without gradient.
    reference
        Shape (B * R, ...), through which the gradient flows.
    """

    sequence: Tensor
    reference: Tensor

    def repeated(self) -> Tensor:
        """Return the sequences' values once for each of their references, shape (B * R, ...)."""
        times = self.reference.shape[0] // self.sequence.shape[0]
        if times == 1:
            return self.sequence
        n, *rest = self.sequence.shape  # broadcasting is several times quicker to compile than ops.repeat
        return ops.reshape(ops.broadcast_to(self.sequence[:, None], (n, times, *rest)), (n * times, *rest))


def find_values(structure: Any) -> list[Any]:
    """Return the pairs (or other `GraphValue`) in nested arguments, in order."""
    return [leaf for leaf in keras.tree.flatten(structure) if isinstance(leaf, GraphValue)]


def replace_values(structure: Any, values: list[Tensor]) -> Any:
    """Return nested arguments with the pairs replaced by values, in order."""
    rest = iter(values)
    return keras.tree.map_structure(lambda leaf: next(rest) if isinstance(leaf, GraphValue) else leaf, structure)


def sequences_of(structure: Any) -> Any:
    """Return nested arguments with each pair replaced by its sequences' values."""
    return replace_values(structure, [pair.sequence for pair in find_values(structure)])


def references_of(structure: Any) -> Any:
    """Return nested arguments with each pair replaced by its references' values."""
    return replace_values(structure, [pair.reference for pair in find_values(structure)])


def join(for_sequences: Any, for_references: Any) -> Any:
    """Return nested pairs of two equal structures."""
    return keras.tree.map_structure(Pair, for_sequences, for_references)


def run(model: keras.Model, inputs: Any, rule: Rule) -> Any:
    """Run a functional or sequential model, sub-models included, layer by layer under a rule.

    Parameters
    ----------
    model
        Model whose layers can be walked.
    inputs
        Pair, or nested pairs (or other `GraphValue`), for the model's inputs.
    rule
        Called for every layer and operation with at least one of them among its arguments.

    Returns
    -------
    Pairs in the structure of the model's outputs.
    """

    def operation(layer: Any) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if not find_values((args, kwargs)):
                return layer(*args, **kwargs)  # a constant of the graph
            if is_graph(layer):
                return run(layer, args[0], rule)
            return rule(layer, args, kwargs)

        return call

    # Keras walks its own graph here with operations of our choice, as it does for keras.models.clone_model
    graph = model._functional if isinstance(model, keras.Sequential) else model
    outputs = graph._run_through_graph(keras.tree.flatten(inputs), operation_fn=operation)
    return outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs


def is_graph(layer: Any) -> bool:
    """Return whether a layer is itself a functional or sequential model."""
    return isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None)))
