from __future__ import annotations

import keras
import numpy as np
import pytest

from lucidseq.core import alphabet
from lucidseq.nets import architectures, heads, losses
from support import under_jax


@pytest.mark.parametrize("architecture", ["cnn-shallow", "cnn-deep"])
@pytest.mark.parametrize("length", [60, 100, 200, 1000])
def test_build__takes_the_usual_lengths(architecture, length):
    model = architectures.build(architectures.Design(architecture, length, 2, "binary"))
    assert model.output_shape == (None, 2)
    assert model.get_layer("conv_1").kernel_size == (19,)
    assert model.count_params() < 300_000


@pytest.mark.parametrize("activation", ["exponential", "relu"])
def test_build__puts_the_chosen_activation_first(activation):
    model = architectures.build(architectures.Design("cnn-deep", 100, 1, "binary", first_activation=activation))
    found = [layer.activation.__name__ for layer in model.layers if layer.name.startswith("activation_")]
    assert found == [activation, "relu", "relu", "relu"]


def test_build__shallow_pools_over_whole_motifs():
    model = architectures.build(architectures.Design("cnn-shallow", 200, 1, "binary"))
    assert model.get_layer("pool_1").pool_size == (50,)


def test_build__follows_its_seed():
    design = architectures.Design("cnn-deep", 60, 1, "binary", filters=4)
    first, again, other = (architectures.build(design, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_build__without_dropout_has_no_dropout_layers():
    model = architectures.build(architectures.Design("cnn-deep", 60, 1, "binary", dropout_scale=0.0))
    assert not [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]


@pytest.mark.parametrize("task", under_jax(heads.TASKS, "counts"))
def test_training_loss__equals_its_numpy_twin_and_keras(task):
    generator = np.random.default_rng(7)
    logit = generator.normal(size=(50, 3)).astype(np.float32)
    target = {
        "binary": generator.random((50, 3)) < 0.4,
        "regression": generator.normal(size=(50, 3)),
        "counts": generator.poisson(2.0, (50, 3)),
    }[task].astype(np.float32)
    ours = float(np.mean(keras.ops.convert_to_numpy(losses.training_loss(task)(target, logit))))
    keras_loss = {
        "binary": keras.losses.BinaryCrossentropy(),
        "regression": keras.losses.MeanSquaredError(),
        "counts": keras.losses.Poisson(),
    }[task](target, heads.link(logit, task))
    assert ours == pytest.approx(losses.mean_loss(target, logit, task), rel=1e-5)
    assert ours == pytest.approx(float(keras_loss), rel=1e-4)


def test_training_loss__weighs_labels():
    generator = np.random.default_rng(8)
    logit, target = (generator.normal(size=(40, 2)).astype(np.float32), (generator.random((40, 2)) < 0.2).astype(np.float32))
    weights = losses.balanced_weights(target)
    ours = float(np.mean(keras.ops.convert_to_numpy(losses.training_loss("binary", weights)(target, logit))))
    plain = np.logaddexp(0, logit) - target * logit
    assert ours == pytest.approx(float((plain * np.where(target > 0, weights[1], weights[0])).mean()), rel=1e-5)
    assert ours == pytest.approx(losses.mean_loss(target, logit, "binary", weights), rel=1e-5)


def test_balanced_weights__give_both_labels_half():
    target = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    weights = losses.balanced_weights(target)
    np.testing.assert_allclose((weights[1] * target).sum(axis=0), [2.0, 2.0])
    np.testing.assert_allclose((weights[0] * (1 - target)).sum(axis=0), [2.0, 2.0])


@pytest.mark.parametrize("task", heads.TASKS)
def test_initial_bias__predicts_the_mean(task):
    target = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(heads.link(heads.initial_bias(target, task), task), [0.25, 0.75])


def test_unscale__gives_the_targets_own_units():
    target = np.random.default_rng(9).normal(50.0, 7.0, (30, 2))
    scale = heads.scaling(target)
    model = architectures.build(architectures.Design("cnn-shallow", 60, 2, "regression", filters=4))
    x = alphabet.one_hot(np.random.default_rng(10).integers(0, 4, (5, 60)).astype(np.uint8))
    before = model.predict_on_batch(x)
    heads.unscale(model, scale)
    np.testing.assert_allclose(model.predict_on_batch(x), before * scale.sd + scale.mean, rtol=1e-5)


def test_scaling__of_a_constant_target_divides_by_one():
    assert heads.scaling(np.full((4, 1), 3.0)).sd.tolist() == [1.0]
