"""A network up to before its final activation, wherever that stands: explanations and effects are on the scale of the logit.

A final activation is looked for behind everything that keeps values: reshaping, dropout, concatenation of heads, sub-models, and
the same as operations of `keras.ops`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from lucidseq.core.errors import DataError

ACTIVATIONS = ("sigmoid", "softmax", "softplus", "exponential", "log_softmax", "hard_sigmoid")
MOST_CLASSES = 64  # of a softmax whose log odds are spelled out; scores of more classes are centred
_KEEP_VALUES = (
    layers.Reshape,
    layers.Flatten,
    layers.Permute,
    layers.Identity,
    layers.Dropout,
    layers.AlphaDropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.SpatialDropout1D,
    layers.ActivityRegularization,
)
_KEEP_VALUES_OPERATIONS = {"Reshape", "Squeeze", "ExpandDims", "Transpose", "GetItem", "Identity", "Ravel", "Swapaxes", "Moveaxis"}
_OPERATIONS = {"Sigmoid": "sigmoid", "Softmax": "softmax", "Softplus": "softplus", "Exp": "exponential", "LogSoftmax": "log_softmax"}


def without_activation(tensor: Any) -> tuple[Any, str]:
    """Follow an output tensor back over its final activation.

    Returns
    -------
    The tensor before it (itself when there is none) and the activation's name (``"linear"``); of a softmax the log odds of each
    class, since a class's score before it can fall while its probability rises.
    """
    layer, node_index, tensor_index = tensor._keras_history
    node = layer._inbound_nodes[node_index]
    name = _activation_of(layer)
    if name is not None:
        before = node.input_tensors[0] if _is_activation(layer) else _linear_twin(layer, node)
        return (log_odds(before) if name in ("softmax", "log_softmax") else before), name
    if isinstance(layer, layers.Concatenate) or type(layer).__name__ == "Concatenate":
        return _concatenated(layer, node, tensor)
    if isinstance(layer, keras.Model) and getattr(layer, "outputs", None):
        return _of_sub_model(layer, node, tensor, tensor_index)
    if isinstance(layer, _KEEP_VALUES) or type(layer).__name__ in _KEEP_VALUES_OPERATIONS:
        before, name = without_activation(node.input_tensors[0])
        return (tensor, name) if before is node.input_tensors[0] else (_again(layer, node, before), name)
    return tensor, "linear"


def _again(layer: Any, node: Any, before: Any) -> Any:
    """Apply a layer or operation to another tensor, with the other arguments that it was given (as the key of a slice)."""
    own = node.input_tensors[0]
    args = [before if argument is own else argument for argument in node.arguments.args]
    return layer(*args, **{name: before if value is own else value for name, value in node.arguments.kwargs.items()})


def _activation_of(layer: Any) -> str | None:
    """Return the name of a layer's or operation's final activation, None when it has none of `ACTIVATIONS`."""
    if isinstance(layer, layers.Softmax):
        return "softmax"
    if not isinstance(layer, layers.Layer):
        return _OPERATIONS.get(type(layer).__name__)
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return name if name in ACTIVATIONS else None


def _is_activation(layer: Any) -> bool:
    """Whether a layer or operation is nothing but an activation."""
    return isinstance(layer, layers.Softmax | layers.Activation) or not isinstance(layer, layers.Layer)


def _linear_twin(layer: Any, node: Any) -> Any:
    """Return the output of a copy of a layer, with its weights and without its activation."""
    twin = type(layer).from_config({**layer.get_config(), "activation": "linear", "name": f"{layer.name}_linear"})
    output = twin(node.input_tensors[0])
    twin.set_weights(layer.get_weights())
    return output


def _concatenated(layer: Any, node: Any, tensor: Any) -> tuple[Any, str]:
    parts = [without_activation(part) for part in node.input_tensors]
    names = list(dict.fromkeys(name for _, name in parts))
    if all(new is old for (new, _), old in zip(parts, node.input_tensors, strict=True)):
        return tensor, names[0]
    return layer([part for part, _ in parts]), ", ".join(names)


def _of_sub_model(model: Any, node: Any, tensor: Any, index: int) -> tuple[Any, str]:
    before, name = without_activation(model.outputs[index])
    if before is model.outputs[index]:
        return tensor, name
    return keras.Model(model.inputs, before, name=f"{model.name}_logit_{index}")(node.input_tensors), name


def log_odds(scores: Any) -> Any:
    """Return the log odds of each class of a softmax from its scores (..., classes): score - log sum exp of the others.

    Of more than `MOST_CLASSES` classes the scores are centred instead.
    """
    classes = scores.shape[-1]
    if classes > MOST_CLASSES:
        return scores - ops.mean(scores, axis=-1, keepdims=True)
    columns = [scores[..., index : index + 1] for index in range(classes)]
    odds = []
    for index, own in enumerate(columns):
        others = columns[:index] + columns[index + 1 :]
        rest = others[0] if len(others) == 1 else ops.logsumexp(ops.concatenate(others, axis=-1), axis=-1, keepdims=True)
        odds.append(own - rest)
    return ops.concatenate(odds, axis=-1)


def logits(model: keras.Model) -> keras.Model:
    """Return a functional or sequential model up to before the final activation of each output, weights shared or copied.

    Raises
    ------
    DataError
        If the model is neither functional nor sequential.
    """
    return _rebuilt(model)[0]


def scales(model: keras.Model) -> list[str]:
    """Return the name of the final activation of each output, ``"linear"`` where there is none."""
    return _rebuilt(model)[1]


def _rebuilt(model: keras.Model) -> tuple[keras.Model, list[str]]:
    if not getattr(model, "outputs", None):
        raise DataError(
            f"model {model.name} is a subclassed keras.Model",
            "a functional or sequential model, whose layers can be walked",
            "rebuild it with keras.Model(inputs, outputs) and save it again",
        )
    found = [without_activation(tensor) for tensor in model.outputs]
    names = [name for _, name in found]
    if all(new is old for (new, _), old in zip(found, model.outputs, strict=True)):
        return model, names
    inputs = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    outputs = [tensor for tensor, _ in found]
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0], name=model.name), names
