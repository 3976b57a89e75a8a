from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toy_models
from lucidseq.core import alphabet
from lucidseq.core.errors import UsageError
from lucidseq.nets import backend
from support import under_jax

MARKED = 12  # tests with the marker jax


def _inputs(n: int = 6) -> np.ndarray:
    return alphabet.one_hot(np.random.default_rng(1).integers(0, 4, (n, toy_models.LENGTH)).astype(np.uint8))


@pytest.mark.jax
def test_input_gradient__is_the_weights_of_a_linear_model():
    model = toy_models.ZOO["linear"]()
    values, gradient = backend.input_gradient(model, _inputs(), lambda y: y[:, 1])
    kernel = model.layers[-1].get_weights()[0][:, 1].reshape(toy_models.LENGTH, 4)
    np.testing.assert_allclose(gradient, np.broadcast_to(kernel, gradient.shape), atol=1e-6)
    np.testing.assert_allclose(values, (_inputs() * kernel).sum(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "conv_tanh",
        "conv_softplus",
        "average_pool",
        "batch_norm",
        "squeeze_excite",
        "gelu",
        pytest.param("attention", marks=pytest.mark.jax),
    ],
)
def test_input_gradient__equals_finite_differences(name):
    model, x, step = toy_models.ZOO[name](), _inputs(2), 1e-2
    _, gradient = backend.input_gradient(model, x, lambda y: y[:, 0])
    cells = [(position, base) for position in (0, 7, toy_models.LENGTH - 1) for base in range(4)]
    for position, base in cells:
        up, down = x.copy(), x.copy()
        up[:, position, base] += step
        down[:, position, base] -= step
        slope = (np.asarray(model(up))[:, 0] - np.asarray(model(down))[:, 0]) / (2 * step)
        np.testing.assert_allclose(gradient[:, position, base], slope, rtol=2e-2, atol=1e-3 * np.abs(gradient).max())


@pytest.mark.parametrize("name", under_jax(toy_models.SCALAR_ZOO, "batch_norm"))
def test_gradient_function__does_not_depend_on_the_batch(name):
    compiled = backend.gradient_function(toy_models.ZOO[name](), lambda y: y[:, 0])
    x = _inputs(5)
    together = compiled(x)[1]
    apart = np.concatenate([compiled(row[None])[1] for row in x])
    np.testing.assert_allclose(apart, together, rtol=1e-4, atol=1e-5 * np.abs(together).max())


def test_input_gradient__takes_any_function_and_ignored_inputs():
    values, gradient = backend.input_gradient(lambda x: x[:, 0, 0] ** 2, 3.0 * _inputs(2))
    assert values.shape == (2,)
    np.testing.assert_allclose(gradient[:, 0, 0], 6.0 * _inputs(2)[:, 0, 0])
    assert not gradient[:, 1:].any()


def test_prepare__names_backends_it_knows(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    with pytest.raises(UsageError, match="abacus"):
        backend.prepare()


def test_device_name__is_cpu_where_there_is_no_gpu():
    if backend.has_gpu():
        pytest.skip("this machine has a GPU")
    assert backend.device_name() == "cpu"


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="already under JAX")
def test_marked_tests__hold_under_jax_as_well():
    """Gradients, DeepLIFT's rules, predictions, files, and losses: a test or two of each, in one process."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "jax"]
    command += [f"tests/{folder}" for folder in ("nets", "attribute", "prior")]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:]
    assert f"{MARKED} passed" in result.stdout, result.stdout[-4000:]
