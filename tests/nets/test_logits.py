"""The final activation is taken off wherever it stands; a softmax head is explained by the log odds of a class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy.special import logit

import lucidseq as ls
from lucidseq.core.errors import DataError
from lucidseq.nets import io
from lucidseq.nets.predict import Predictor

LENGTH = 16


def body(seed: int = 1) -> tuple[Any, Any]:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((LENGTH, 4))
    return inputs, layers.Flatten()(layers.Conv1D(4, 5, activation="relu")(inputs))


def head(x: Any) -> Any:
    return layers.Dense(1, activation="sigmoid")(x)


ENDS: dict[str, Callable[[Any], Any]] = {
    "dense": head,
    "reshape": lambda x: layers.Reshape((1,))(head(x)),
    "dropout": lambda x: layers.Dropout(0.5)(head(x)),
    "concatenate": lambda x: layers.Concatenate()([head(x), head(x)]),
    "operation": lambda x: ops.sigmoid(layers.Dense(1)(x)),
    "squeezed and expanded": lambda x: ops.expand_dims(ops.squeeze(head(x), axis=-1), axis=-1),
    "nested": lambda x: keras.Sequential([keras.Input((x.shape[-1],)), layers.Dense(1), layers.Activation("sigmoid")])(x),
    "nested in nested": lambda x: keras.Sequential(
        [keras.Input((x.shape[-1],)), keras.Sequential([layers.Dense(1, activation="sigmoid")]), layers.Dropout(0.1)]
    )(x),
}


def one_hot(n: int = 6) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (n, LENGTH))]


@pytest.mark.parametrize("end", ENDS)
def test_sigmoid__is_taken_off_behind_what_keeps_values(end: str) -> None:
    inputs, features = body()
    model = keras.Model(inputs, ENDS[end](features))
    found = io.logits(model).predict_on_batch(one_hot())
    np.testing.assert_allclose(found, logit(model.predict_on_batch(one_hot()).astype(np.float64)), atol=1e-4)
    assert io.final_activation(model) == "sigmoid"


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_softmax__becomes_the_log_odds_of_each_class(classes: int) -> None:
    inputs, features = body()
    model = keras.Model(inputs, layers.Dense(classes, activation="softmax")(features))
    probability = model.predict_on_batch(one_hot()).astype(np.float64)
    np.testing.assert_allclose(io.logits(model).predict_on_batch(one_hot()), logit(probability), atol=1e-4)
    assert io.final_activation(model) == "softmax"


def test_softmax__of_which_some_classes_are_taken() -> None:
    """The slice is an operation with an argument of its own."""
    inputs, x = body()
    scores = layers.Dense(3)(x)
    model = keras.Model(inputs, ops.softmax(scores)[:, 1:])
    taken = io.logits(model)
    codes = np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, (5, LENGTH))]
    np.testing.assert_allclose(ops.convert_to_numpy(taken(codes)), logit(ops.convert_to_numpy(model(codes))), rtol=1e-4, atol=1e-4)


def test_softmax__of_a_class_whose_score_falls_while_its_odds_rise() -> None:
    """Scores 6k and 5k of one number k: the first class's log odds are k, its score before the softmax 6k; the second's are -k, not 5k."""
    inputs, features = body()
    k = layers.Dense(1)
    both = keras.Model(inputs, layers.Softmax()(layers.Concatenate()([6 * k(features), 5 * k(features)])))
    alone = keras.Model(inputs, k(features))
    texts = ["ACGTACGTACGTACGT", "TTTTGGGGCCCCAAAA"]
    expected = ls.deepshap(alone, texts, n_references=4).contributions
    for target, sign in ((0, 1), (1, -1)):
        maps = ls.deepshap(both, texts, target=target, n_references=4)
        assert maps.completeness_error.max() < 1e-3
        np.testing.assert_allclose(maps.contributions, sign * expected, atol=1e-4)


def test_weights_and_predictions_that_are_not_finite__are_refused(tmp_path: Path) -> None:
    inputs, features = body()
    model = keras.Model(inputs, layers.Dense(1, bias_initializer=keras.initializers.Constant(np.nan))(features))
    model.save(tmp_path / "nan.keras")
    with pytest.raises(DataError, match="not finite"):
        io.load_model(tmp_path / "nan.keras")
    with pytest.raises(DataError, match="not finite"):
        Predictor(model)(np.zeros((2, LENGTH), dtype=np.uint8))


@pytest.mark.parametrize("name", ["seq", "reshape_after", "concat_heads", "nested_seq", "nested_dropout", "ops_sigmoid"])
def test_models_of_others__explain_the_logit_as_the_plain_one_does(name: str, shared_data: Path) -> None:
    folder = shared_data.parent / "trials" / "models"
    if not folder.is_dir():
        pytest.skip("no models of other projects beside the data")
    base, model = (io.load_model(folder / f"{stem}.keras")[0] for stem in ("base", name))
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, (3, 120))]
    expected = io.logits(base).predict_on_batch(x)[:, :1]
    np.testing.assert_allclose(io.logits(model).predict_on_batch(x).reshape(3, -1)[:, :1], expected, atol=1e-4)


def test_softmax_of_others__explains_the_log_odds(shared_data: Path) -> None:
    folder = shared_data.parent / "trials" / "models"
    if not folder.is_dir():
        pytest.skip("no models of other projects beside the data")
    base, model = (io.load_model(folder / f"{stem}.keras")[0] for stem in ("base", "softmax"))
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, (3, 120))]
    k = io.logits(base).predict_on_batch(x)[:, 0]
    np.testing.assert_allclose(io.logits(model).predict_on_batch(x)[:, 0], k, atol=1e-3)
