"""A zoo of small Keras models over sequences, for tests that must hold for any architecture.

``ZOO`` maps a name to a builder ``(length) -> keras.Model`` with input (batch, length, 4); weights are seeded, so that
a builder gives the same model every time. ``SHAP_ZOO`` are the names whose layers shap.DeepExplainer supports;
``PATH_PRODUCTS`` multiply two paths, on which the rescale rule is not complete without a further rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

LENGTH = 24
ACTIVATIONS = ("relu", "exponential", "elu", "selu", "softplus", "tanh", "sigmoid")


class _Layers:
    """Stock layers with seeds that follow from the order of their making."""

    def __init__(self) -> None:
        self._made = 0

    def _seed(self) -> Any:
        import keras

        self._made += 1
        return keras.initializers.GlorotNormal(seed=self._made)

    def conv(self, x: Any, filters: int = 6, kernel: int = 5, **options: Any) -> Any:
        import keras

        return keras.layers.Conv1D(filters, kernel, kernel_initializer=self._seed(), bias_initializer="ones", **options)(x)

    def dense(self, x: Any, units: int, **options: Any) -> Any:
        import keras

        return keras.layers.Dense(units, kernel_initializer=self._seed(), **options)(x)


def _model(body: Callable[[Any, _Layers], Any], length: int, name: str) -> keras.Model:
    import keras

    inputs = keras.Input((length, 4), name="sequence")
    return keras.Model(inputs, body(inputs, _Layers()), name=name)


def _dense(x: Any, layers: _Layers) -> Any:
    import keras

    return layers.dense(layers.dense(keras.layers.Flatten()(x), 8, activation="relu"), 1)


def _linear(x: Any, layers: _Layers) -> Any:
    import keras

    return layers.dense(keras.layers.Flatten()(x), 2)


def _convolution(activation: str) -> Callable[[Any, _Layers], Any]:
    def body(x: Any, layers: _Layers) -> Any:
        import keras

        return layers.dense(keras.layers.Flatten()(layers.conv(x, activation=activation)), 1, activation="sigmoid")

    return body


def _max_pool(x: Any, layers: _Layers) -> Any:
    import keras

    x = keras.layers.MaxPooling1D(3)(layers.conv(x, activation="relu"))
    return layers.dense(keras.layers.Flatten()(layers.conv(x, kernel=3, activation="relu")), 1)


def _average_pool(x: Any, layers: _Layers) -> Any:
    import keras

    x = keras.layers.AveragePooling1D(2)(layers.conv(x, activation="relu"))
    return layers.dense(keras.layers.GlobalAveragePooling1D()(x), 1)


def _global_max_pool(x: Any, layers: _Layers) -> Any:
    import keras

    return layers.dense(keras.layers.GlobalMaxPooling1D()(layers.conv(x, activation="relu")), 2, activation="sigmoid")


def _batch_norm(x: Any, layers: _Layers) -> Any:
    import keras

    norm = keras.layers.BatchNormalization()
    x = norm(layers.conv(x))
    steps = np.arange(x.shape[-1], dtype="float32")
    norm.set_weights([1.0 + 0.1 * steps, 0.1 * steps, 0.2 * steps, 0.5 + 0.3 * steps])
    x = keras.layers.Dropout(0.5, seed=1)(keras.layers.Activation("exponential")(x))
    return layers.dense(keras.layers.Flatten()(x), 1)


def _residual(x: Any, layers: _Layers) -> Any:
    import keras

    x = layers.conv(x, padding="same", activation="relu")
    x = keras.layers.Add()([x, layers.conv(x, padding="same", activation="relu")])
    return layers.dense(keras.layers.Flatten()(x), 1)


def _squeeze_excite(x: Any, layers: _Layers) -> Any:
    import keras

    x = layers.conv(x, activation="relu")
    gate = layers.dense(keras.layers.GlobalAveragePooling1D()(x), 6, activation="sigmoid")
    x = keras.layers.Multiply()([x, keras.layers.Reshape((1, 6))(gate)])
    return layers.dense(keras.layers.Flatten()(x), 1)


def _two_outputs(x: Any, layers: _Layers) -> Any:
    import keras

    x = keras.layers.Flatten()(layers.conv(x, activation="relu"))
    return [layers.dense(x, 1, activation="sigmoid", name="binding"), layers.dense(x, 1, name="signal")]


def _profile(x: Any, layers: _Layers) -> Any:
    x = layers.conv(layers.conv(x, padding="same", activation="relu"), padding="same", activation="relu")
    return layers.conv(x, filters=1, kernel=1, padding="same", name="profile")


def _activation_layer(name: str) -> Callable[[Any, _Layers], Any]:
    def body(x: Any, layers: _Layers) -> Any:
        import keras

        activation = {
            "gelu": lambda: keras.layers.Activation("gelu"),
            "silu": lambda: keras.layers.Activation("silu"),
            "leaky_relu": lambda: keras.layers.LeakyReLU(0.2),
        }[name]()
        return layers.dense(keras.layers.Flatten()(activation(layers.conv(x))), 1)

    return body


def _layer_norm(x: Any, layers: _Layers) -> Any:
    import keras

    x = keras.layers.LayerNormalization()(layers.conv(x, activation="relu"))
    return layers.dense(keras.layers.Flatten()(x), 1)


def _attention(x: Any, layers: _Layers) -> Any:
    import keras

    x = layers.conv(x, activation="relu")
    attended = keras.layers.MultiHeadAttention(2, 4, kernel_initializer=layers._seed(), seed=1)(x, x)
    return layers.dense(keras.layers.GlobalAveragePooling1D()(keras.layers.Add()([x, attended])), 1)


_BODIES: dict[str, Callable[[Any, _Layers], Any]] = {
    "linear": _linear,
    "dense": _dense,
    **{f"conv_{activation}": _convolution(activation) for activation in ACTIVATIONS},
    "max_pool": _max_pool,
    "average_pool": _average_pool,
    "global_max_pool": _global_max_pool,
    "batch_norm": _batch_norm,
    "residual": _residual,
    "squeeze_excite": _squeeze_excite,
    "two_outputs": _two_outputs,
    "profile": _profile,
    "gelu": _activation_layer("gelu"),
    "silu": _activation_layer("silu"),
    "leaky_relu": _activation_layer("leaky_relu"),
    "layer_norm": _layer_norm,
    "attention": _attention,
}


def _builder(name: str) -> Callable[..., keras.Model]:
    return lambda length=LENGTH: _model(_BODIES[name], length, name)


ZOO: dict[str, Callable[..., keras.Model]] = {name: _builder(name) for name in _BODIES}
PATH_PRODUCTS = ("squeeze_excite", "layer_norm", "attention")
SHAP_ZOO = tuple(
    name
    for name in ZOO
    if name not in {"two_outputs", "profile", "global_max_pool", "gelu", "silu", "leaky_relu", "layer_norm", "attention"}
)
SCALAR_ZOO = tuple(name for name in ZOO if name not in {"two_outputs", "profile"})
