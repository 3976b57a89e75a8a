"""Rules that distribute a layer's difference from reference over its inputs, chosen by the kind of layer.

- Linear layers are applied unchanged.
- Elementwise functions have the rescale rule [1]_: the multiplier is (f(x) - f(r)) / (x - r), and the derivative at r where
  x and r are closer than 1e-6.
- A maximum over a window gives the part of the difference above the smaller output to the element that holds the larger one [2]_.
- Any other layer is given gradients integrated along the straight path from its reference input to its input [3]_, for this
  layer alone: exact for products of two inputs, as good as the quadrature for normalisation, attention or recurrent layers.

Each rule distributes the layer's whole difference, up to rounding and the error of the quadrature.

References
----------
.. [1] Shrikumar A, Greenside P, Kundaje A (2017). Learning important features through propagating activation differences. ICML, 3145-3153.
.. [2] Lundberg SM, Lee S-I (2017). A unified approach to interpreting model predictions. NeurIPS 30 (DeepExplainer).
.. [3] Sundararajan M, Taly A, Yan Q (2017). Axiomatic attribution for deep networks. ICML, 3319-3328.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from lucidseq.attribute import pooling
from lucidseq.attribute.pairs import Pair, Rule, Tensor, find_values, join, references_of, replace_values, sequences_of
from lucidseq.core.errors import UsageError

NEAR = 1e-6  # |x - r| below which a quotient is taken as a derivative
SMOOTH_NODES = 32  # quadrature nodes for layers that are neither linear nor elementwise
PRODUCT_NODES = 2  # exact for products of up to four inputs


def _names(text: str) -> set[str]:
    return set(text.split())


def _layers(text: str) -> tuple[type, ...]:
    return tuple(getattr(layers, name) for name in text.split())


_KERNELS = _layers(
    "Dense EinsumDense Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose SeparableConv1D SeparableConv2D "
    "DepthwiseConv1D DepthwiseConv2D"
)
_LINEAR = _layers(
    "InputLayer Identity Reshape Flatten Permute RepeatVector ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D UpSampling1D "
    "UpSampling2D Add Subtract Average Concatenate AveragePooling1D AveragePooling2D GlobalAveragePooling1D GlobalAveragePooling2D "
    "BatchNormalization Normalization Rescaling Dropout AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D "
    "SpatialDropout2D ActivityRegularization"
)
_ELEMENTWISE = (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)
_WINDOWS = (layers.MaxPooling1D, layers.MaxPooling2D)
_GLOBAL_MAXIMA = (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D)
_EXTREMES = (layers.Maximum, layers.Minimum)
_PRODUCTS = (layers.Multiply, layers.Dot)
# keras.ops used in a model's graph, by class name; operations not named here are integrated, which suits linear ones too
_LINEAR_OPERATIONS = _names(
    "Add Subtract Negative Reshape Transpose Squeeze ExpandDims Concatenate Stack GetItem Mean Sum Flip Cast Pad Roll Repeat Tile "
    "Moveaxis Swapaxes Ravel Identity AveragePool"
)
ELEMENTWISE_OPERATIONS = _names(
    "Relu Relu6 Sigmoid HardSigmoid Softplus Softsign Silu HardSilu Elu Selu Gelu LeakyRelu Celu Tanh HardTanh LogSigmoid Exp "
    "Expm1 Log1p Square Sqrt Absolute Erf Sin Cos"
)
_PRODUCT_OPERATIONS = {"Multiply", "Matmul", "Einsum", "Dot", "Tensordot"}
_ACROSS_ELEMENTS = {"softmax", "log_softmax", "sparsemax", "glu"}  # activations that are not elementwise


def rescale_rule(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, integrate: Callable[..., Any] | None = None) -> Any:
    """Apply the rule of one layer or operation (see `pairs.run`).

    Parameters
    ----------
    layer, args, kwargs
        Layer and its arguments, with at least one pair.
    integrate
        Function called in place of `integrated`, such as an observer.
    """
    integrate = integrate or integrated
    if isinstance(layer, _KERNELS):
        with _without_activation(layer) as activation:
            before = _linear(layer, args, kwargs)
        return _activation(activation, before, integrate)
    if isinstance(layer, layers.Activation):
        return _activation(layer.activation, find_values((args, kwargs))[0], integrate)
    if isinstance(layer, _ELEMENTWISE):
        return elementwise(layer, *args)
    if isinstance(layer, _EXTREMES):
        return pooling.extreme_of_inputs(layer, find_values((args, kwargs)))
    if isinstance(layer, _WINDOWS) and layer.data_format == "channels_last":
        return pooling.window_maximum(layer, *args)
    if isinstance(layer, _GLOBAL_MAXIMA) and layer.data_format == "channels_last":
        return pooling.global_maximum(layer, *args)
    name = type(layer).__name__
    is_operation = not isinstance(layer, layers.Layer)
    if isinstance(layer, _LINEAR) or (is_operation and name in _LINEAR_OPERATIONS):
        return _linear(layer, args, kwargs)
    pairs = find_values((args, kwargs))
    if is_operation and name in ELEMENTWISE_OPERATIONS and len(pairs) == 1:
        return elementwise(lambda value: call_with(layer, args, kwargs, [value]), pairs[0])
    product = isinstance(layer, _PRODUCTS) or name in _PRODUCT_OPERATIONS
    return integrate(layer, args, kwargs, nodes=PRODUCT_NODES if product else SMOOTH_NODES)


def with_rules(additional: Mapping[type, str | Rule]) -> Rule:
    """Return the rule of every layer, with user-defined layers first.

    Parameters
    ----------
    additional
        Layer class to its rule: ``"linear"`` (applied unchanged), ``"elementwise"`` (rescale), ``"integrated"`` (any other), or a
        function as in `pairs.run`.

    Raises
    ------
    UsageError
        If a name is none of these.
    """
    unknown = [rule for rule in additional.values() if isinstance(rule, str) and rule not in _NAMED]
    if unknown:
        raise UsageError(f"a rule named {unknown[0]!r}", f"one of {', '.join(_NAMED)}, or a function", "correct the additional rules")
    chosen = {kind: _NAMED[rule] if isinstance(rule, str) else rule for kind, rule in additional.items()}

    def rule(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        own = next((chosen[kind] for kind in type(layer).__mro__ if kind in chosen), rescale_rule)
        return own(layer, args, kwargs)

    return rule


@contextmanager
def _without_activation(layer: Any) -> Iterator[Callable[[Tensor], Tensor]]:
    """Make a layer linear for the time of a call; yield its activation."""
    activation = layer.activation
    layer.activation = keras.activations.linear
    try:
        yield activation
    finally:
        layer.activation = activation


def _linear(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return join(layer(*sequences_of(args), **sequences_of(kwargs)), layer(*references_of(args), **references_of(kwargs)))


def _activation(function: Callable[[Tensor], Tensor], pair: Pair, integrate: Callable[..., Any]) -> Any:
    if function is keras.activations.linear:
        return pair
    if getattr(function, "__name__", "") in _ACROSS_ELEMENTS:
        return integrate(function, (pair,), {}, nodes=SMOOTH_NODES)
    return elementwise(function, pair)


def elementwise(function: Callable[[Tensor], Tensor], pair: Pair) -> Pair:
    """Apply the rescale rule to a function of single elements.

    Parameters
    ----------
    function
        Elementwise and differentiable almost everywhere.
    pair
        Its input.
    """
    reference = pair.reference
    of_sequence, of_reference = function(pair.sequence), function(reference)
    value = ops.stop_gradient(of_reference)
    fixed = ops.stop_gradient(reference)
    difference = pair.repeated() - fixed
    # Masks as factors: a choice by ops.where costs several times a product, forward and backward
    near = ops.cast(ops.abs(difference) < NEAR, "float32")
    slope = (1.0 - near) * (Pair(of_sequence, value).repeated() - value) / (difference + near)
    return Pair(of_sequence, value + near * (of_reference - value) + slope * (reference - fixed))


def integrated(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, nodes: int) -> Any:
    """Distribute a layer's difference by gradients integrated along the straight path between its inputs.

    Parameters
    ----------
    layer
        Any differentiable function whose outputs have the rows of its inputs.
    args, kwargs
        Its arguments, with at least one pair.
    nodes
        Points of the Gauss-Legendre quadrature.
    """
    pairs = find_values((args, kwargs))
    fixed = [ops.stop_gradient(pair.reference) for pair in pairs]
    values = call_with(layer, args, kwargs, fixed)
    along = call_with(layer, args, kwargs, _path(pairs, fixed, nodes))
    weights = np.polynomial.legendre.leggauss(nodes)[1].astype(np.float32) / 2

    def combine(value: Tensor, points: Tensor) -> Tensor:
        rows = ops.reshape(points, (nodes, value.shape[0], *points.shape[1:]))
        shaped = ops.convert_to_tensor(weights.reshape(nodes, *[1] * (len(rows.shape) - 1)))
        mean = ops.sum(rows * shaped, axis=0)
        return ops.stop_gradient(value) + mean - ops.stop_gradient(mean)

    at_references = keras.tree.map_structure(combine, values, along)
    return join(call_with(layer, args, kwargs, [pair.sequence for pair in pairs]), at_references)


def _path(pairs: list[Pair], fixed: list[Tensor], nodes: int) -> list[Tensor]:
    """Return, for each pair, its points on the path one after another along the first axis; all have gradient 1 at the reference."""
    fractions = (np.polynomial.legendre.leggauss(nodes)[0] + 1) / 2
    paths = []
    for pair, start in zip(pairs, fixed, strict=True):
        step, moving = pair.repeated() - start, pair.reference - start
        paths.append(ops.concatenate([start + float(fraction) * step + moving for fraction in fractions], axis=0))
    return paths


def call_with(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], values: list[Tensor]) -> Any:
    """Call a layer with values in place of its pairs."""
    filled_args, filled_kwargs = replace_values((args, kwargs), values)
    return layer(*filled_args, **filled_kwargs)


_NAMED: dict[str, Rule] = {
    "linear": _linear,
    "elementwise": lambda layer, args, kwargs: elementwise(
        lambda value: call_with(layer, args, kwargs, [value]), find_values((args, kwargs))[0]
    ),
    "integrated": lambda layer, args, kwargs: integrated(layer, args, kwargs, nodes=SMOOTH_NODES),
}
