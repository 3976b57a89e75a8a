"""Maps: exact on linear networks, related as the equations say, the same for either strand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import toy_models
from lucidseq.attribute import methods
from lucidseq.attribute.diagnose import weakest_layer
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, UsageError
from lucidseq.nets import architectures, io
from lucidseq.nets.facts import Facts
from support import under_jax

LENGTH = toy_models.LENGTH
GENERATOR = np.random.default_rng(9)
X = alphabet.one_hot(GENERATOR.integers(0, 4, (4, LENGTH)).astype(np.uint8))
REFERENCES = alphabet.one_hot(GENERATOR.integers(0, 4, (4, 3, LENGTH)).astype(np.uint8))


def explainers(explained):
    return {
        "saliency": methods.saliency(explained, correct=True),
        "deepshap": methods.deepshap(explained),
        "integrated-gradients": methods.integrated_gradients(explained, steps=4, correct=True),
        "ism": methods.in_silico_mutagenesis(explained, batch_size=32),
    }


def test_maps__of_a_linear_network_are_its_weights():
    model = toy_models.ZOO["linear"]()
    weights = model.layers[-1].get_weights()[0][:, 1].reshape(LENGTH, 4)
    found = {name: explainer(X, REFERENCES) for name, explainer in explainers(explain(model, None, target="1")).items()}
    centred = weights - weights.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found["saliency"].hypothetical, np.broadcast_to(centred, X.shape), atol=1e-6)
    expected = (weights - (weights * REFERENCES).sum(axis=3, keepdims=True)).mean(axis=1)
    for name in ("deepshap", "integrated-gradients"):
        np.testing.assert_allclose(found[name].hypothetical, expected, atol=1e-5)
    wild = (weights * X).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(found["ism"].hypothetical, weights - wild, atol=1e-5)
    np.testing.assert_allclose(found["ism"].contributions, (centred * X).sum(axis=2), atol=1e-5)


@pytest.mark.parametrize("name", toy_models.ZOO)
def test_hypothetical_scores__hold_the_contributions_at_the_bases_that_are_there(name):
    explained = explain(toy_models.ZOO[name](), None)
    for method in ("saliency", "deepshap"):
        found = explainers(explained)[method](X, REFERENCES)
        np.testing.assert_allclose((found.hypothetical * X).sum(axis=2), found.contributions, atol=1e-5)


@pytest.mark.parametrize("name", under_jax(["conv_tanh", "gelu", "layer_norm", "attention"], "layer_norm"))
def test_integrated_gradients__approach_completeness_with_more_steps(name):
    explained = explain(toy_models.ZOO[name](), None)
    errors = [
        methods.integrated_gradients(explained, steps=steps, correct=False)(X, REFERENCES).completeness_error().max() for steps in (2, 64)
    ]
    assert errors[1] < 1e-2 and errors[1] < errors[0]


@pytest.mark.parametrize("method", ["saliency", "deepshap", "integrated-gradients", "ism"])
def test_both_strands__give_the_same_map_turned_around(method):
    explainer = methods.both_strands(explainers(explain(toy_models.ZOO["max_pool"](), None))[method])
    here = explainer(X, REFERENCES)
    there = explainer(X[:, ::-1, ::-1].copy(), REFERENCES[..., ::-1, ::-1].copy())
    np.testing.assert_allclose(here.hypothetical, there.hypothetical[:, ::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(here.prediction, there.prediction, atol=1e-6)
    assert here.strand_agreement is not None and (np.abs(here.strand_agreement) <= 1 + 1e-5).all()


def test_explain__of_an_ensemble_is_the_mean_of_its_members():
    design = architectures.Design("cnn-shallow", LENGTH, 2, "binary", filters=4)
    networks = [architectures.build(design, seed=seed, name=f"member_{seed}") for seed in range(2)]
    facts = Facts("binary", ["one", "two"], LENGTH, members=2)
    whole = methods.deepshap(explain(io.ensemble(networks), facts, target="two"))(X, REFERENCES)
    parts = [methods.deepshap(explain(network, None, target="1"))(X, REFERENCES) for network in networks]
    np.testing.assert_allclose(whole.hypothetical, np.mean([part.hypothetical for part in parts], axis=0), atol=1e-6)
    np.testing.assert_allclose(whole.prediction, np.mean([part.prediction for part in parts], axis=0), atol=1e-6)


def test_explain__takes_outputs_targets_and_profiles_of_a_users_model():
    two = toy_models.ZOO["two_outputs"]()
    by_name, by_number = explain(two, None, output="signal"), explain(two, None, output="1")
    assert by_name.output == by_number.output == 1 and by_name.name == "signal"
    np.testing.assert_allclose(methods.predictor(by_name, 4)(X.argmax(axis=2).astype(np.uint8)), np.asarray(two(X)[1])[:, 0], rtol=1e-5)
    profile = toy_models.ZOO["profile"]()
    total, mean = (methods.deepshap(explain(profile, None, reduce=how))(X, REFERENCES) for how in ("sum", "mean"))
    np.testing.assert_allclose(total.prediction, np.asarray(profile(X)).sum(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(total.hypothetical, LENGTH * mean.hypothetical, atol=1e-5)


@pytest.mark.parametrize(("target", "output"), [("9", None), ("ctcf", None), (None, "9")])
def test_explain__refuses_what_the_model_does_not_have(target, output):
    with pytest.raises(UsageError, match=target or output):
        explain(toy_models.ZOO["linear"](), None, target=target, output=output)


def test_explain__refuses_a_model_of_two_inputs():
    inputs = [keras.Input((LENGTH, 4)), keras.Input((3,))]
    joined = keras.layers.Concatenate()([keras.layers.Flatten()(inputs[0]), inputs[1]])
    with pytest.raises(DataError, match="inputs of shape"):
        explain(keras.Model(inputs, keras.layers.Dense(1)(joined)), None)


def test_weakest_layer__names_the_layer_that_steps():
    inputs = keras.Input((LENGTH, 4))
    steps = keras.ops.sign(keras.layers.Conv1D(3, 5, kernel_initializer=keras.initializers.GlorotNormal(seed=1))(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.LayerNormalization()(steps))))
    found = weakest_layer(explain(model, None), X[:2], REFERENCES[:2])
    assert found is not None and "Sign" in found[0] and found[1] > 0.1
    smooth = weakest_layer(explain(toy_models.ZOO["attention"](), None), X[:2], REFERENCES[:2])
    assert smooth is not None and smooth[1] < 1e-2
    assert weakest_layer(explain(toy_models.ZOO["max_pool"](), None), X[:2], REFERENCES[:2]) is None
