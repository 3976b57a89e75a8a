from __future__ import annotations

import io as memory
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import toy_models
from lucidseq.core import alphabet
from lucidseq.core.errors import DataError
from lucidseq.nets import architectures, io
from lucidseq.nets.facts import Facts, facts_from_json
from support import under_jax

FACTS = Facts("binary", ["a", "b"], 60, members=2, build="GRCh38")
SIGMOID_HEADS = [f"conv_{name}" for name in toy_models.ACTIVATIONS] + ["global_max_pool"]


def _inputs(length: int = toy_models.LENGTH) -> np.ndarray:
    return alphabet.one_hot(np.random.default_rng(2).integers(0, 4, (4, length)).astype(np.uint8))


def _outputs(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(array) for array in keras.tree.flatten(model.predict_on_batch(x))]


def _ensemble(task: str = "binary") -> keras.Model:
    keras.backend.clear_session()
    design = architectures.Design("cnn-deep", 60, 2, task, filters=4)
    return io.ensemble([architectures.build(design, seed=i, name=f"member_{i}") for i in range(2)])


@pytest.mark.parametrize("name", under_jax(sorted(toy_models.ZOO), "two_outputs"))
def test_load_model__gives_back_any_model_and_its_facts(name, tmp_path):
    model, x = toy_models.ZOO[name](), _inputs()
    io.save_model(model, tmp_path / "m.keras", FACTS)
    loaded, facts = io.load_model(tmp_path / "m.keras")
    assert facts == FACTS
    for found, expected in zip(_outputs(loaded, x), _outputs(model, x), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_load_model__reads_a_plain_keras_file_without_facts(tmp_path):
    toy_models.ZOO["dense"]().save(tmp_path / "plain.keras")
    model, facts = io.load_model(tmp_path / "plain.keras")
    assert facts is None and model.output_shape == (None, 1)


def test_save_model__is_opened_by_plain_keras(tmp_path):
    model = _ensemble()
    io.save_model(model, tmp_path / "m.keras", FACTS)
    plain = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(plain.predict_on_batch(_inputs(60)), model.predict_on_batch(_inputs(60)))


def test_save_model__writes_equal_bytes_for_equal_models(tmp_path):
    for name in ("a", "b"):
        io.save_model(_ensemble(), tmp_path / f"{name}.keras", FACTS)
    loaded, facts = io.load_model(tmp_path / "a.keras")
    io.save_model(loaded, tmp_path / "c.keras", facts)
    first, second, again = ((tmp_path / f"{name}.keras").read_bytes() for name in "abc")
    assert first == second == again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keras", "b.keras", "c.keras"]


def test_save_model__keeps_no_date(tmp_path):
    io.save_model(_ensemble(), tmp_path / "m.keras", FACTS)
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())
        assert b"date" not in archive.read("metadata.json")


def test_ensemble__stacks_its_members():
    model, x = _ensemble(), _inputs(60)
    stacked = np.stack([member.predict_on_batch(x) for member in io.members(model)], axis=1)
    assert model.output_shape == (None, 2, 2)
    np.testing.assert_array_equal(model.predict_on_batch(x), stacked)
    assert not np.allclose(stacked[:, 0], stacked[:, 1])


def test_ensemble__of_one_keeps_the_member_axis():
    model = io.ensemble(io.members(_ensemble())[:1])
    assert model.output_shape == (None, 1, 2) and len(io.members(model)) == 1


def test_members__of_a_users_model_is_the_model():
    model = toy_models.ZOO["dense"]()
    assert io.members(model) == [model]


@pytest.mark.parametrize("name", SIGMOID_HEADS)
def test_logits__undo_the_final_sigmoid(name):
    model, x = toy_models.ZOO[name](), _inputs()
    np.testing.assert_allclose(1 / (1 + np.exp(-_outputs(io.logits(model), x)[0])), _outputs(model, x)[0], atol=1e-6)


@pytest.mark.parametrize("name", ["linear", "dense", "profile", "gelu"])
def test_logits__leave_a_linear_end_alone(name):
    model = toy_models.ZOO[name]()
    assert io.logits(model) is model


def test_logits__treat_each_output_apart():
    model, x = toy_models.ZOO["two_outputs"](), _inputs()
    binding, signal = _outputs(io.logits(model), x)
    np.testing.assert_allclose(1 / (1 + np.exp(-binding)), _outputs(model, x)[0], atol=1e-6)
    np.testing.assert_allclose(signal, _outputs(model, x)[1], atol=1e-6)


@pytest.mark.parametrize(("task", "link"), [("binary", lambda z: 1 / (1 + np.exp(-z))), ("counts", np.exp), ("regression", lambda z: z)])
def test_logits__of_an_ensemble_follow_the_task(task, link):
    model, x = _ensemble(task), _inputs(60)
    logit = io.logits(model).predict_on_batch(x)
    assert logit.shape == (4, 2, 2)
    np.testing.assert_allclose(link(logit), model.predict_on_batch(x), rtol=1e-5)


def test_logits__of_a_sequential_model_with_its_own_activation_layer():
    model = keras.Sequential([keras.Input((24, 4)), keras.layers.Flatten(), keras.layers.Dense(1), keras.layers.Activation("sigmoid")])
    np.testing.assert_allclose(1 / (1 + np.exp(-_outputs(io.logits(model), _inputs())[0])), _outputs(model, _inputs())[0], atol=1e-6)


def test_logits__refuse_a_subclassed_model():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(DataError, match="subclassed"):
        io.logits(Own())


def test_load_model__never_runs_a_lambda_layer(tmp_path):
    model = keras.Sequential([keras.Input((24, 4)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "evil.keras")
    with pytest.raises(DataError, match="cannot be loaded"):
        io.load_model(tmp_path / "evil.keras")


def test_load_model__goes_by_content_not_by_name(tmp_path):
    io.save_model(_ensemble(), tmp_path / "m.keras", FACTS)
    (tmp_path / "m.keras").rename(tmp_path / "dataset_12.dat")
    assert io.load_model(tmp_path / "dataset_12.dat")[1] == FACTS


@pytest.mark.parametrize("damage", ["text", "truncated", "half", "facts"])
def test_load_model__refuses_what_is_no_model(damage, tmp_path):
    path = tmp_path / "m.keras"
    io.save_model(_ensemble(), path, FACTS)
    whole = path.read_bytes()
    if damage == "text":
        path.write_text("not a model\n")
    elif damage == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        dropped = "config.json" if damage == "half" else "lucidseq.json"
        _rewrite(path, {dropped: None if damage == "half" else b'{"schema": "other"}'})
    with pytest.raises(DataError, match="not a usable"):
        io.load_model(path)


def test_load_model__refuses_weights_that_point_outside(tmp_path):
    path, secret = tmp_path / "m.keras", tmp_path / "secret.h5"
    io.save_model(_ensemble(), path, FACTS)
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones(3)
    with zipfile.ZipFile(path) as archive:
        weights = memory.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "r+") as file:
        file["stolen"] = h5py.ExternalLink(str(secret), "x")
    _rewrite(path, {"model.weights.h5": weights.getvalue()})
    with pytest.raises(DataError, match="outside"):
        io.load_model(path)


def test_load_model__refuses_weights_that_would_fill_the_memory(tmp_path):
    path, bomb = tmp_path / "m.keras", memory.BytesIO()
    io.save_model(_ensemble(), path, FACTS)
    with h5py.File(bomb, "w") as file:
        file.create_dataset("huge", shape=(1 << 40,), dtype="f4", chunks=(1 << 20,), compression="gzip")
    _rewrite(path, {"model.weights.h5": bomb.getvalue()})
    with pytest.raises(DataError, match="size"):
        io.load_model(path)


def _rewrite(path: Path, changes: dict[str, bytes | None]) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)


def test_facts__refuse_unknown_fields():
    with pytest.raises(ValueError, match="surprise"):
        facts_from_json(FACTS.to_json().replace('"build"', '"surprise"'))
