"""Model files: a standard ``.keras`` archive that also holds ``lucidseq.json``, the same bytes for the same model.

An ensemble of K networks is one functional model: one input ``sequence`` (length, 4), K sub-models ``member_0`` ...
``member_<K-1>``, and one output of shape (batch, members, targets). Each member ends with a dense layer ``logit`` and an
activation ``prediction``. Stock Keras layers only: plain Keras opens the file without this package.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import keras

from lucidseq.core.errors import DataError
from lucidseq.nets import logits as strip
from lucidseq.nets import model_files
from lucidseq.nets.facts import Facts
from lucidseq.nets.input_layout import with_sequence_input
from lucidseq.nets.model_files import CONFIG_NAME, FACTS_NAME, METADATA_NAME

ENSEMBLE_OUTPUT = "members"
_SHARED = "shared_object_id"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def ensemble(networks: list[keras.Model], *, name: str = "ensemble") -> keras.Model:
    """Join networks named ``member_<i>`` (each (batch, length, 4) -> (batch, targets)) to one model.

    Returns
    -------
    Model from (batch, length, 4) to (batch, members, targets).
    """
    inputs = keras.Input(networks[0].input_shape[1:], name="sequence")
    targets = networks[0].output_shape[-1]
    rows = [
        keras.layers.Reshape((1, targets), name=f"row_{index}", dtype="float32")(network(inputs)) for index, network in enumerate(networks)
    ]
    if len(rows) == 1:
        outputs = keras.layers.Activation("linear", name=ENSEMBLE_OUTPUT, dtype="float32")(rows[0])
    else:
        outputs = keras.layers.Concatenate(axis=1, name=ENSEMBLE_OUTPUT, dtype="float32")(rows)
    return keras.Model(inputs, outputs, name=name)


def is_ensemble(model: keras.Model) -> bool:
    """Return whether a model was made by `ensemble`."""
    return bool(model.layers) and model.layers[-1].name == ENSEMBLE_OUTPUT and bool(_sub_models(model))


def members(model: keras.Model) -> list[keras.Model]:
    """Return the networks of an ensemble; any other model is its own single member."""
    return _sub_models(model) if is_ensemble(model) else [model]


def _sub_models(model: keras.Model) -> list[keras.Model]:
    return [layer for layer in model.layers if isinstance(layer, keras.Model) and layer.name.startswith("member_")]


def logits(model: keras.Model) -> keras.Model:
    """Return the model up to before its final activation (of each member and each output), weights shared or copied.

    A final sigmoid, softmax, softplus or exponential is removed, whether it is a separate layer or part of the last layer;
    a linear output is unchanged.

    Parameters
    ----------
    model
        An ensemble of lucidseq, or any functional or sequential model.

    Returns
    -------
    Model with the same inputs; output (batch, members, targets) for an ensemble, the shapes of the model otherwise.

    Raises
    ------
    DataError
        If the model is neither functional nor sequential.
    """
    if is_ensemble(model):
        return ensemble([logits(member) for member in members(model)], name="ensemble_logits")
    return strip.logits(model)


def final_activation(model: keras.Model, output: int = 0) -> str:
    """Return the name of the activation that `logits` takes off an output, ``"linear"`` where there is none."""
    if is_ensemble(model):
        return final_activation(members(model)[0])
    return strip.scales(model)[output]


def save_model(model: keras.Model, path: Path, facts: Facts) -> None:
    """Write a model with its facts; equal models give equal bytes.

    Parameters
    ----------
    model
        Any Keras model, such as one of `ensemble`.
    path
        Ends in ``.keras``.
    facts
        Contents of ``lucidseq.json``.
    """
    path = Path(path)
    plain = path.with_name(f"{path.stem}.plain.keras")
    try:
        model.save(plain)
        with zipfile.ZipFile(plain) as archive:
            files = {entry: archive.read(entry) for entry in archive.namelist() if not entry.endswith("/")}
    finally:
        plain.unlink(missing_ok=True)
    metadata = json.loads(files[METADATA_NAME])
    metadata.pop("date_saved", None)
    files[METADATA_NAME] = json.dumps(metadata, sort_keys=True).encode()
    files[CONFIG_NAME] = json.dumps(_renumber(json.loads(files[CONFIG_NAME]), {})).encode()
    files[FACTS_NAME] = facts.to_json().encode("utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        for entry in sorted(files):
            archive.writestr(zipfile.ZipInfo(entry, _ZIP_TIME), files[entry], zipfile.ZIP_DEFLATED, 6)


def _renumber(value: Any, seen: dict[int, int]) -> Any:
    """Replace Keras' ids of shared objects, which are memory addresses, by their order of appearance.

    Ids of precision policies are removed: they have no state, and whether they are shared depends on the model's history.
    """
    if isinstance(value, list):
        return [_renumber(item, seen) for item in value]
    if not isinstance(value, dict):
        return value
    policy = str(value.get("class_name")).endswith("DTypePolicy")
    return {
        key: seen.setdefault(item, len(seen)) if key == _SHARED else _renumber(item, seen)
        for key, item in value.items()
        if not (policy and key == _SHARED)
    }


def load_model(path: Path) -> tuple[keras.Model, Facts | None]:
    """Read a ``.keras`` file, or a whole model in ``.h5`` of earlier versions, never running code from it (safe mode).

    Returns
    -------
    The model, with input (length, 4) wherever its input is sequences in another layout, and its facts; None for a plain Keras file.

    Raises
    ------
    DataError
        If it is of another program, is damaged or oversized, holds a Lambda or unknown custom layer, or weights that point
        outside the file.
    """
    path = Path(path)
    file = model_files.inspect(path)
    try:
        return with_sequence_input(_load(path, file.suffix)), file.facts
    except _LOADING_ERRORS as error:
        custom = file.custom_classes()
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        of_own = f"layers of its author, {', '.join(custom)}: their Python code is not in the file"
        raise DataError(
            f"a Keras file that cannot be loaded ({of_own if custom else reason})",
            "a model of stock Keras layers, without Lambda layers",
            f"build the network of stock layers with this version of Keras, copy the weights and save it ({model_files.GUIDE})",
            where=str(path),
        ) from error


_LOADING_ERRORS = (ValueError, TypeError, KeyError, OSError, AttributeError, ImportError, RuntimeError, zipfile.BadZipFile, zlib.error)


def _load(path: Path, suffix: str) -> keras.Model:
    """Load a checked file; Nextflow and Galaxy may stage it under another name, and Keras goes by the suffix."""
    if path.suffix == suffix:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"model{suffix}"
        link.symlink_to(path.resolve())
        return keras.saving.load_model(link, compile=False, safe_mode=True)
