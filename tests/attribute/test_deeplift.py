"""Own DeepLIFT: equal to shap where shap works, complete on every layer, the same for any batch and strand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import layer_models
import toy_models
from lucidseq.attribute.deeplift import multiplier_function
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet
from support import under_jax

N, REFERENCES = 3, 4
MODELS = {**toy_models.ZOO, **layer_models.MODELS}
# shap 0.51 takes GlobalMaxPooling1D for an elementwise function and fails on shapes: see test_global_maximum
LIKE_SHAP = (*sorted({*toy_models.SHAP_ZOO} - {*toy_models.PATH_PRODUCTS}), *layer_models.LIKE_SHAP)


def inputs(length: int = toy_models.LENGTH, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.integers(0, 4, (N, length)).astype(np.uint8)
    references = generator.integers(0, 4, (N, REFERENCES, length)).astype(np.uint8)
    return alphabet.one_hot(x), alphabet.one_hot(references)


@pytest.fixture(scope="module")
def shap_values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("shap")
    x, references = inputs()
    np.savez(folder / "in.npz", x=x, references=references)
    script = Path(__file__).parent / "shap_oracle.py"
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(script.parent.parent)}
    command = [sys.executable, str(script), str(folder / "in.npz"), str(folder / "out.npz"), *LIKE_SHAP]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    with np.load(folder / "out.npz") as found:
        return dict(found)


@pytest.mark.parametrize("name", LIKE_SHAP)
def test_multipliers__equal_shap(name, shap_values):
    x, references = inputs()
    expected = shap_values[name]
    for target in range(expected.shape[-1]):
        explained = explain(MODELS[name](), None, target=str(target))
        multipliers = multiplier_function(explained)(x, references)[2]
        ours = (multipliers * (x[:, None] - references)).mean(axis=1)
        np.testing.assert_allclose(ours, expected[..., target], rtol=0, atol=1e-6)
        assert np.abs(ours).max() > 1e-3


@pytest.mark.parametrize("name", under_jax(MODELS, "transformer"))
def test_multipliers__share_out_the_whole_difference_of_every_pair(name):
    x, references = inputs()
    explained = explain(MODELS[name](), None)
    at_sequence, at_reference, multipliers = multiplier_function(explained)(x, references)
    wanted = at_sequence[:, None] - at_reference
    found = (multipliers.astype(np.float64) * (x[:, None] - references)).sum(axis=(2, 3))
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("name", MODELS)
def test_multipliers__come_with_the_networks_own_output(name):
    x, references = inputs()
    explained = explain(MODELS[name](), None)
    at_sequence, at_reference, _ = multiplier_function(explained)(x, references)
    bare = np.asarray(explained.select(explained.model(x)))
    np.testing.assert_allclose(at_sequence, bare, rtol=1e-5, atol=1e-6)
    flat = references.reshape(-1, *x.shape[1:])
    np.testing.assert_allclose(at_reference.ravel(), np.asarray(explained.select(explained.model(flat))), rtol=1e-5, atol=1e-6)


def test_global_maximum__is_the_maximum_of_one_wide_window():
    import keras

    x, references = inputs()
    model = MODELS["global_max_pool"]()
    window = keras.layers.Flatten()(keras.layers.MaxPooling1D(toy_models.LENGTH - 4)(model.layers[1].output))
    twin = keras.Model(model.inputs[0], model.layers[-1](window))
    ours, expected = (multiplier_function(explain(network, None))(x, references)[2] for network in (model, twin))
    np.testing.assert_allclose(ours, expected, atol=1e-7)
    assert np.abs(ours).max() > 1e-3
