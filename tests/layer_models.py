"""Models beside the zoo whose layers need care in attribution; the names in `LIKE_SHAP` are ones that shap explains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import toy_models

LENGTH = toy_models.LENGTH


def _build(body: Callable[[Any, Any], Any], name: str) -> Callable[[], Any]:
    return lambda: toy_models._model(body, LENGTH, name)


def _pool(**options: Any) -> Callable[[Any, Any], Any]:
    def body(x: Any, layers: Any) -> Any:
        import keras

        x = keras.layers.MaxPooling1D(**options)(layers.conv(x, activation="relu"))
        return layers.dense(keras.layers.Flatten()(layers.conv(x, kernel=3, activation="tanh")), 1)

    return body


def _two_dimensions(x: Any, layers: Any) -> Any:
    import keras

    x = keras.layers.Reshape((LENGTH, 4, 1))(x)
    x = keras.layers.Conv2D(5, (5, 4), padding="same", kernel_initializer=layers._seed(), activation="relu")(x)
    x = keras.layers.MaxPooling2D((3, 2))(x)
    return layers.dense(keras.layers.Flatten()(x), 1)


def _branches(x: Any, layers: Any) -> Any:
    import keras

    wide = keras.layers.GlobalAveragePooling1D()(layers.conv(x, kernel=9, activation="elu"))
    narrow = keras.layers.Flatten()(layers.conv(x, kernel=3, strides=2, activation="softplus"))
    return layers.dense(keras.layers.Concatenate()([wide, narrow]), 1)


def _dilated_residual(x: Any, layers: Any) -> Any:
    import keras

    x = layers.conv(x, padding="same", activation="relu")
    for rate in (2, 4):
        branch = layers.conv(keras.layers.Activation("relu")(x), padding="same", dilation_rate=rate)
        x = keras.layers.Add()([x, keras.layers.BatchNormalization()(branch)])
    return layers.dense(keras.layers.GlobalAveragePooling1D()(x), 1)


def _nested(x: Any, layers: Any) -> Any:
    import keras

    inner = toy_models.ZOO["max_pool"]()
    sequential = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3, activation="tanh", kernel_initializer=layers._seed())])
    return layers.dense(sequential(inner(x)), 1)


def _shared(x: Any, layers: Any) -> Any:
    import keras

    conv = keras.layers.Conv1D(6, 5, kernel_initializer=layers._seed(), activation="relu")
    forward, backward = conv(x), conv(keras.layers.Cropping1D((2, 0))(keras.layers.ZeroPadding1D((0, 2))(x)))
    return layers.dense(keras.layers.Flatten()(keras.layers.Concatenate()([forward, backward])), 1)


def _separable(x: Any, layers: Any) -> Any:
    import keras

    x = keras.layers.SeparableConv1D(6, 5, depthwise_initializer=layers._seed(), pointwise_initializer=layers._seed(), activation="relu")(x)
    x = keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(0.3), shared_axes=[1])(layers.conv(x))
    return layers.dense(keras.layers.Flatten()(x), 1)


def _operations(x: Any, layers: Any) -> Any:
    import keras
    from keras import ops

    x = layers.conv(x)
    x = ops.relu(x) * 2.0 - ops.tanh(x) / 3.0 + ops.square(0.3 * x)
    x = ops.mean(x, axis=1) * ops.sigmoid(x[:, 0, :])
    return layers.dense(keras.layers.Activation("softmax")(x), 1)


def _transformer(x: Any, layers: Any) -> Any:
    import keras

    x = layers.conv(x, activation="gelu", padding="same")
    normal = keras.layers.LayerNormalization()(x)
    x = keras.layers.Add()([x, keras.layers.MultiHeadAttention(2, 4, kernel_initializer=layers._seed(), seed=1)(normal, normal)])
    branch = layers.dense(layers.dense(keras.layers.LayerNormalization()(x), 12, activation="silu"), 6)
    return layers.dense(keras.layers.GlobalAveragePooling1D()(keras.layers.Add()([x, branch])), 1)


def _recurrent(x: Any, layers: Any) -> Any:
    import keras

    x = keras.layers.Bidirectional(keras.layers.LSTM(4, kernel_initializer=layers._seed(), recurrent_initializer=layers._seed()))(
        layers.conv(x, activation="relu", strides=3)
    )
    return layers.dense(x, 1)


_LIKE_SHAP: dict[str, Callable[[Any, Any], Any]] = {
    "pool_overlapping": _pool(pool_size=4, strides=2),
    "pool_same": _pool(pool_size=3, strides=3, padding="same"),
    "pool_wide": _pool(pool_size=6, strides=1, padding="same"),
    "two_dimensions": _two_dimensions,
    "branches": _branches,
    "nested": _nested,
    "shared": _shared,
}
_OURS: dict[str, Callable[[Any, Any], Any]] = {
    "dilated_residual": _dilated_residual,
    "separable": _separable,
    "operations": _operations,
    "transformer": _transformer,
    "recurrent": _recurrent,
}
MODELS: dict[str, Callable[[], Any]] = {name: _build(body, name) for name, body in {**_LIKE_SHAP, **_OURS}.items()}
LIKE_SHAP = tuple(_LIKE_SHAP)
