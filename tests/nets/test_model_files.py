"""Model files of others: opened where Keras opens them safely, named where they are of another program; nothing in them is run."""

from __future__ import annotations

import base64
import json
import marshal
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import lucidseq as ls
import toy_models
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet
from lucidseq.core.errors import DataError
from lucidseq.nets import io
from lucidseq.nets.input_layout import with_sequence_input
from lucidseq.nets.predict import Predictor
from sequence_sets import write_sequences

CODES = np.random.default_rng(2).integers(0, 4, (4, toy_models.LENGTH)).astype(np.uint8)
X = alphabet.one_hot(CODES)


@pytest.mark.parametrize("name", ["conv_relu", "batch_norm", "two_outputs", "attention"])
def test_whole_model_in_h5__is_opened(name: str, tmp_path: Path) -> None:
    model = toy_models.ZOO[name]()
    model.save(tmp_path / "m.h5")
    (tmp_path / "m.h5").rename(tmp_path / "dataset_7.dat")  # as Galaxy names it
    loaded, facts = io.load_model(tmp_path / "dataset_7.dat")
    assert facts is None
    for found, expected in zip(*(keras.tree.flatten(network.predict_on_batch(X)) for network in (loaded, model)), strict=True):
        np.testing.assert_array_equal(found, expected)


def write_keras_2(path: Path, layers: list[dict[str, Any]], weights: dict[str, list[np.ndarray]]) -> Path:
    """Write a sequential model as Keras 2.15 wrote it: other names of options, no modules."""
    config = {"class_name": "Sequential", "config": {"name": "old", "layers": layers}}
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": "2.15.0", "backend": "tensorflow", "model_config": json.dumps(config)})
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [layer["config"]["name"].encode() for layer in layers]
        for layer in layers:
            name = layer["config"]["name"]
            arrays = weights.get(name, [])
            names = [f"{name}/w{number}:0" for number in range(len(arrays))]
            inside = group.create_group(name)
            inside.attrs["weight_names"] = [text.encode() for text in names]
            for text, array in zip(names, arrays, strict=True):
                inside[text] = array
    return path


INPUT = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 6, 4], "dtype": "float32", "sparse": False, "name": "in"}}
FLATTEN = {"class_name": "Flatten", "config": {"name": "flat", "trainable": True, "dtype": "float32", "data_format": "channels_last"}}
DENSE = {"class_name": "Dense", "config": {"name": "out", "trainable": True, "dtype": "float32", "units": 1, "activation": "sigmoid"}}


def test_file_of_keras_2__is_opened_and_explained(tmp_path: Path) -> None:
    kernel = np.random.default_rng(1).normal(size=(24, 1)).astype(np.float32)
    path = write_keras_2(tmp_path / "old.hdf5", [INPUT, FLATTEN, DENSE], {"out": [kernel, np.zeros(1, np.float32)]})
    model, _ = io.load_model(path)
    maps = ls.saliency(model, ["ACGTAC"], correct=False)
    np.testing.assert_allclose(maps.hypothetical[0], kernel.reshape(6, 4), atol=1e-6)


def test_lambda_of_keras_2__is_named_and_never_run(tmp_path: Path) -> None:
    code = compile(f"open({str(tmp_path / 'ran')!r}, 'w')", "x", "eval")
    function = [base64.b64encode(marshal.dumps(code)).decode(), None, None]
    layer = {"class_name": "Lambda", "config": {"name": "scale", "function": function, "function_type": "lambda"}}
    path = write_keras_2(tmp_path / "old.h5", [INPUT, layer, FLATTEN, DENSE], {})
    with pytest.raises(DataError, match="layer scale is a Lambda"):
        io.load_model(path)
    assert not (tmp_path / "ran").exists()


def test_custom_layers__are_all_named(tmp_path: Path) -> None:
    class Gate(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    class Router(Gate):
        pass

    inputs = keras.Input((6, 4))
    keras.Model(inputs, Router()(Gate()(inputs))).save(tmp_path / "m.keras")
    with pytest.raises(DataError, match="layers of its author, Gate, Router"):
        io.load_model(tmp_path / "m.keras")


def write_archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, pickle.dumps({"weight": 1}))


OTHERS = {
    "m.pt": lambda path: write_archive(path, "m/data.pkl", "m/data/0"),
    "m.ckpt": lambda path: path.write_bytes(pickle.dumps({"state_dict": {}})),
    "m.pth": lambda path: write_archive(path, "m/data.pkl", "m/constants.pkl", "m/code/x.py"),
    "m.safetensors": lambda path: path.write_bytes((2).to_bytes(8, "little") + b"{}" + bytes(8)),
    "m.tflite": lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(20)),
    "m.onnx": lambda path: path.write_bytes(b"\x08\x07\x12\x07pytorch" + bytes(20)),
    "saved_model.pb": lambda path: path.write_bytes(b"\x08\x01\x12\x02" + bytes(20)),
}
KINDS = ["PyTorch", "pickle", "PyTorch", "safetensors", "TensorFlow Lite", "ONNX", "SavedModel"]


@pytest.mark.parametrize(("name", "kind"), list(zip(OTHERS, KINDS, strict=True)))
def test_file_of_another_program__is_named_with_the_way_to_convert_it(name: str, kind: str, tmp_path: Path) -> None:
    OTHERS[name](tmp_path / name)
    with pytest.raises(DataError, match=kind) as caught:
        io.load_model(tmp_path / name)
    assert "bring-your-own-model.md" in caught.value.fix or name == "m.tflite"
    assert name in str(caught.value.where)


@pytest.mark.parametrize(
    ("case", "mention"),
    [("weights", "weights alone"), ("data", "holds data"), ("nan", "not finite"), ("link", "outside"), ("half", "usable")],
)
def test_h5_that_is_no_whole_model__is_refused(case: str, mention: str, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    if case == "weights":
        toy_models.ZOO["dense"]().save_weights(tmp_path / "m.weights.h5")
        (tmp_path / "m.weights.h5").rename(path)
    elif case == "data":
        write_sequences(path, CODES, None, np.zeros(4))
    else:
        inputs = keras.Input((6, 4))
        keras.Model(inputs, keras.layers.Dense(1, name="dense")(inputs)).save(path)
    if case == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif case in ("nan", "link"):
        with h5py.File(path, "r+") as file:
            if case == "link":
                file["model_weights/stolen"] = h5py.ExternalLink("/etc/passwd", "x")
            else:
                file["model_weights/dense/dense/kernel"][...] = np.nan
    with pytest.raises(DataError, match=mention):
        io.load_model(path)


def in_layout(shape: tuple[int | None, ...]) -> keras.Model:
    """A network whose input has another layout of (length, 4): a sum over weights of each base."""
    inputs = keras.Input(shape)
    order = keras.layers.Reshape((-1, 24))(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Flatten()(keras.layers.Dense(2, activation="sigmoid", name="head")(order)))


@pytest.mark.parametrize("shape", [(4, 6), (6, 4, 1), (1, 6, 4), (4, 6, 1), (1, 4, 6), (4, 1, 6), (6, 1, 4)])
def test_layouts__give_the_output_of_the_network_as_it_was_built(shape: tuple[int, ...], tmp_path: Path) -> None:
    model = in_layout(shape)
    x = alphabet.one_hot(CODES[:, :6])
    first = next(size for size in shape if size != 1)
    expected = model.predict_on_batch((x if first == 6 else x.transpose(0, 2, 1)).reshape(4, *shape))
    model.save(tmp_path / "m.keras")
    loaded, _ = io.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(Predictor(loaded, reverse_complement_average=False)(CODES[:, :6])[:, 0], expected, atol=1e-6)
    assert io.final_activation(loaded) == "sigmoid"
    maps = ls.deepshap(model, x, n_references=2)
    assert maps.completeness_error is not None and maps.completeness_error.max() < 1e-3


def test_layout__keeps_the_names_of_outputs_and_any_length() -> None:
    inputs = keras.Input((4, None))
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Conv1D(3, 3)(keras.layers.Permute((2, 1))(inputs)))
    model = keras.Model(inputs, [keras.layers.Dense(1, name="binding")(x), keras.layers.Dense(1, name="signal")(x)])
    explained = explain(model, None, output="signal")
    assert (explained.output, explained.name, explained.length) == (1, "signal", None)
    expected = model.predict_on_batch(X.transpose(0, 2, 1))[1]
    np.testing.assert_allclose(explained.model.predict_on_batch(X)[1], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(6, 5), (24,), (6, 4, 2)])
def test_input_that_is_no_sequence__is_refused(shape: tuple[int, ...]) -> None:
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))
    assert with_sequence_input(model) is model
    with pytest.raises(DataError, match="inputs of shape"):
        Predictor(model)


@pytest.mark.parametrize(("name", "axes"), [("channels_first", (0, 2, 1)), ("conv2d", (0, 1, 2))])
def test_layouts_of_others__are_scored(name: str, axes: tuple[int, ...], shared_data: Path) -> None:
    path = shared_data.parent / "trials" / "models" / f"{name}.keras"
    if not path.is_file():
        pytest.skip("no models of other projects beside the data")
    codes = np.random.default_rng(3).integers(0, 4, (3, 120)).astype(np.uint8)
    x = alphabet.one_hot(codes).transpose(axes)
    expected = keras.saving.load_model(path).predict_on_batch(x if name == "channels_first" else x[..., None])
    found = Predictor(io.load_model(path)[0], reverse_complement_average=False)(codes)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("name", "mention"), [("lambda", "Lambda"), ("subclassed", "layers of its author, Sub")])
def test_models_of_others_that_need_code__are_refused(name: str, mention: str, shared_data: Path) -> None:
    path = shared_data.parent / "trials" / "models" / f"{name}.keras"
    if not path.is_file():
        pytest.skip("no models of other projects beside the data")
    with pytest.raises(DataError, match=mention):
        io.load_model(path)
