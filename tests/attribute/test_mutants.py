"""In silico mutagenesis recomputes windows alone, and gives what whole mutants give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import layer_models
import toy_models
from lucidseq.attribute import methods
from lucidseq.attribute.explained import explain
from lucidseq.attribute.mutants import Mutants, local_rule
from lucidseq.attribute.pairs import run
from lucidseq.core import alphabet
from support import under_jax

LENGTH = toy_models.LENGTH
LONG = 50
RNG = np.random.default_rng(3)


def sequences(length: int, n: int = 3) -> np.ndarray:
    codes = RNG.integers(0, 4, (n, length)).astype(np.uint8)
    codes[0, [0, length // 2]] = alphabet.N_CODE
    return alphabet.one_hot(codes)


def expected_changes(explained: Any, x: np.ndarray) -> np.ndarray:
    """The output of every whole mutant less that of its sequence."""
    n, length, _ = x.shape
    mutants = np.repeat(x, 4 * length, axis=0).reshape(n, length, 4, length, 4)
    for place in range(length):
        mutants[:, place, :, place] = np.eye(4)
    outputs = np.asarray(explained.select(explained.model(np.concatenate([mutants.reshape(-1, length, 4), x]))))
    changes = outputs[:-n].reshape(n, length, 4) - outputs[-n:, None, None]
    return np.where(x > 0, 0.0, changes)


@pytest.mark.parametrize("name", under_jax([*toy_models.ZOO, *layer_models.MODELS], "max_pool"))
@pytest.mark.parametrize("batch_size", [32, 400])
def test_any_network__gives_what_whole_mutants_give(name: str, batch_size: int) -> None:
    """A step of 32 mutants has part of the positions of one sequence; one of 400 has several sequences."""
    explained = explain((toy_models.ZOO | layer_models.MODELS)[name](), None)
    x = sequences(LENGTH, 7)
    maps = methods.in_silico_mutagenesis(explained, batch_size=batch_size)(x, None)
    expected = expected_changes(explained, x)
    np.testing.assert_allclose(maps.hypothetical, expected, atol=2e-6 * max(1, np.abs(expected).max()))


def chain(*parts: Any) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        keras.utils.set_random_seed(4)
        inputs = x = keras.Input((LONG, 4))
        for part in parts:
            x = part(x)
        return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))

    return build


def residual(x: Any) -> Any:
    return layers.Add()([x, layers.Conv1D(5, 3, dilation_rate=2, padding="same", activation="relu")(x)])


def own_operations(x: Any) -> Any:
    return ops.relu(x) * 2.0 - ops.tanh(x)


LOCAL: dict[str, tuple[Callable[[], keras.Model], list[int]]] = {
    "valid": (chain(layers.Conv1D(5, 4), layers.MaxPooling1D(3)), [4, 2]),
    "same": (chain(layers.Conv1D(5, 7, padding="same"), layers.MaxPooling1D(4, padding="same")), [7, 3]),
    "causal": (chain(layers.Conv1D(5, 4, padding="causal", activation="relu"), layers.BatchNormalization()), [4, 4]),
    "steps": (chain(layers.Conv1D(5, 7, strides=3, padding="same"), layers.Conv1D(5, 3, padding="same")), [3, 5]),
    "pools": (chain(layers.Conv1D(5, 3), layers.AveragePooling1D(4, 2), layers.MaxPooling1D(3, 2)), [3, 3, 3]),
    "separable": (chain(layers.SeparableConv1D(5, 3, padding="same"), layers.DepthwiseConv1D(3)), [3, 5]),
    "residual": (chain(layers.Conv1D(5, 3, padding="same"), residual), [3, 7, 7]),
    "operations": (chain(layers.Conv1D(5, 3), own_operations), [3, 3, 3, 3, 3]),
    "norm": (chain(layers.Conv1D(5, 3), layers.LayerNormalization(), layers.PReLU(shared_axes=[1]), layers.Dropout(0.5)), [3, 3, 3, 3]),
    "nested": (chain(layers.Conv1D(5, 3), keras.Sequential([keras.Input((None, 5)), layers.Conv1D(5, 5)])), [3, 7]),
}


@pytest.mark.parametrize("name", LOCAL)
def test_windows__are_as_narrow_as_the_layers_allow_and_right_up_to_the_edges(name: str) -> None:
    build, widths = LOCAL[name]
    explained = explain(build(), None)
    x = sequences(LONG)
    maps = methods.in_silico_mutagenesis(explained, batch_size=3 * LONG)(x, None)
    expected = expected_changes(explained, x)
    np.testing.assert_allclose(maps.hypothetical, expected, atol=2e-6 * max(1, np.abs(expected).max()))
    seen: list[int] = []

    def observed(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = local_rule(layer, args, kwargs)
        if isinstance(result, Mutants) and not isinstance(layer, layers.InputLayer):
            seen.append(result.width)
        return result

    positions = ops.convert_to_tensor(np.arange(LONG), dtype="int32")
    changed = ops.convert_to_tensor(np.zeros((3, 3, LONG, 1, 4), np.float32))
    run(explained.model, Mutants(ops.convert_to_tensor(x), changed, np.arange(LONG), positions), observed)
    assert seen == widths


class Reversed(layers.Conv1D):
    """A class derived from a convolution that does something else."""

    def call(self, inputs: Any) -> Any:
        return super().call(ops.flip(inputs, axis=1))


@pytest.mark.parametrize(
    "part", [Reversed(5, 3), layers.PReLU(), layers.AveragePooling1D(3, padding="same"), layers.BatchNormalization(axis=1)]
)
def test_layers_that_windows_do_not_suit__are_given_whole_mutants(part: Any) -> None:
    explained = explain(chain(layers.Conv1D(5, 3), part, layers.Conv1D(5, 3))(), None)
    x = sequences(LONG)
    maps = methods.in_silico_mutagenesis(explained, batch_size=64)(x, None)
    np.testing.assert_allclose(maps.hypothetical, expected_changes(explained, x), atol=1e-5)


def test_padding_of_a_layer__is_as_before() -> None:
    model = LOCAL["same"][0]()
    methods.in_silico_mutagenesis(explain(model, None), batch_size=64)(sequences(LONG), None)
    assert [layer.padding for layer in model.layers if hasattr(layer, "padding")] == ["same", "same"]
