from __future__ import annotations

import numpy as np
import pytest

import toy_models
from lucidseq.core import alphabet
from lucidseq.core.errors import DataError
from lucidseq.nets import architectures, io
from lucidseq.nets.predict import Predictor, predict
from support import under_jax

CODES = np.random.default_rng(3).integers(0, 5, (13, toy_models.LENGTH)).astype(np.uint8)


@pytest.mark.parametrize("name", under_jax(toy_models.SCALAR_ZOO, "residual"))
def test_predict__equals_the_bare_model(name):
    model = toy_models.ZOO[name]()
    bare = model.predict(alphabet.one_hot(CODES), verbose=0)
    np.testing.assert_allclose(predict(model, CODES, reverse_complement_average=False)[:, 0], bare, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", toy_models.SCALAR_ZOO)
def test_predict__does_not_depend_on_batch_size(name):
    model = toy_models.ZOO[name]()
    np.testing.assert_allclose(predict(model, CODES, batch_size=4), predict(model, CODES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", toy_models.SCALAR_ZOO)
def test_predict__averaged_over_strands_is_the_same_for_both(name):
    model = toy_models.ZOO[name]()
    forward, backward = predict(model, CODES), predict(model, alphabet.reverse_complement(CODES))
    np.testing.assert_array_equal(forward, backward)
    one_strand = predict(model, CODES, reverse_complement_average=False)
    assert not np.allclose(one_strand, forward)


def test_predict__joins_the_outputs_of_a_users_model():
    model = toy_models.ZOO["two_outputs"]()
    assert predict(model, CODES).shape == (13, 1, 2)


def test_predict__keeps_members_and_targets_of_an_ensemble_apart():
    design = architectures.Design("cnn-shallow", toy_models.LENGTH, 3, "binary", filters=4)
    model = io.ensemble([architectures.build(design, seed=i, name=f"member_{i}") for i in range(2)])
    found = predict(model, CODES)
    assert found.shape == (13, 2, 3) and found.dtype == np.float32
    logit = predict(model, CODES, output="logit", reverse_complement_average=False)
    single = predict(model, CODES, reverse_complement_average=False)
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), single, atol=1e-6)


def test_predict__of_no_sequences_is_empty():
    assert predict(toy_models.ZOO["linear"](), CODES[:0]).shape == (0, 1, 2)


def test_predict__refuses_sequences_of_another_length():
    with pytest.raises(DataError, match="23 bp"):
        predict(toy_models.ZOO["linear"](), CODES[:, :-1])


def test_predict__refuses_profiles():
    with pytest.raises(DataError, match="output of shape"):
        predict(toy_models.ZOO["profile"](), CODES)


def test_predictor__refuses_inputs_that_are_no_sequence():
    import keras

    with pytest.raises(DataError, match="inputs of shape"):
        Predictor(keras.Sequential([keras.Input((24, 5)), keras.layers.Flatten()]))
