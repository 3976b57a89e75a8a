"""What a model file is, by its content and before Keras sees it: refuse what runs code, points outside, or is of another program."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.nets.facts import Facts, facts_from_json

FACTS_NAME, METADATA_NAME, CONFIG_NAME, WEIGHTS_NAME = ("lucidseq.json", "metadata.json", "config.json", "model.weights.h5")
EXPECTED = "a whole Keras model: .keras, or .h5 of earlier versions"
GUIDE = "docs/guides/bring-your-own-model.md"
_MAX_TEXT_BYTES, _MAX_WEIGHT_BYTES = 64 << 20, 16 << 30
_COPY_WEIGHTS = f"build the same network in Keras, copy the weights and save it, as {GUIDE} shows"
# h5py has RuntimeError for damaged structures, zipfile NotImplementedError for versions of the future
_DAMAGED = (zipfile.BadZipFile, zlib.error, ValueError, OSError, KeyError, RuntimeError, EOFError, MemoryError)
_HDF5, _ZIP, _PICKLES = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", tuple(bytes([0x80, protocol]) for protocol in range(2, 6))


@dataclass(frozen=True)
class ModelFile:
    """A checked model file.

    Attributes
    ----------
    suffix
        ``".keras"`` or ``".h5"``: Keras goes by the name, this by the content.
    config
        Layers and their options, as Keras wrote them.
    facts
        Facts of a file of lucidseq, None for a plain Keras file.
    """

    suffix: str
    config: dict[str, Any]
    facts: Facts | None

    def custom_classes(self) -> list[str]:
        """Return the names of classes and functions that are not of Keras."""
        found = [
            item["registered_name"] or item["class_name"]
            for item in _dicts(self.config)
            if "class_name" in item and not str(item.get("module", "keras")).startswith(("keras", "builtins"))
        ]
        return list(dict.fromkeys(map(str, found)))


def inspect(path: Path) -> ModelFile:
    """Check a model file and read its layers and facts; nothing in it is run.

    Raises
    ------
    DataError
        If it is of another program, damaged or oversized, or holds a Lambda layer, weights that point outside the file, or weights
        that are not finite.
    """
    _refuse_other_programs(path)
    try:
        with path.open("rb") as handle:
            is_hdf5 = handle.read(8) == _HDF5
        model = _inspect_hdf5(path) if is_hdf5 else _inspect_archive(path)
    except _DAMAGED as error:
        fix = "give the file that `lucidseq train fit` or model.save('name.keras') wrote"
        raise DataError(f"not a usable .keras file ({error})", EXPECTED, fix, where=str(path)) from error
    for item in _dicts(model.config):
        if _is_code(item):
            raise DataError(
                f"a Keras file that cannot be loaded: layer {_name(item)} is a Lambda, Python code inside the file, which is never run",
                "a model of stock Keras layers",
                f"replace the Lambda by a layer or an operation of keras.ops, and save the model again ({GUIDE})",
                where=str(path),
            )
    return model


def _refuse_other_programs(path: Path) -> None:
    """Refuse files of other programs by name, with the way to convert them.

    Raises
    ------
    DataError
        If the file is one.
    """
    with path.open("rb") as handle:
        head = handle.read(16)
    names = _archive_names(path) if head.startswith(_ZIP) else []
    pytorch = "a PyTorch file: its pickles can run code and are never loaded"
    length, size = int.from_bytes(head[:8], "little"), path.stat().st_size
    if any(name.endswith("data.pkl") for name in names):
        kind, fix = pytorch, _COPY_WEIGHTS
    elif head.startswith(_PICKLES):
        kind, fix = pytorch.replace("a PyTorch file", "a pickle, such as an old PyTorch file"), _COPY_WEIGHTS
    elif head[8:9] == b"{" and length < size:
        kind, fix = "a safetensors file, which has weights and no layers", _COPY_WEIGHTS
    elif head[4:8] == b"TFL3":
        kind, fix = "a TensorFlow Lite file, which is for prediction alone", "give the Keras model that it was made from"
    elif path.suffix == ".onnx":
        kind, fix = "an ONNX file", _COPY_WEIGHTS
    elif path.suffix == ".pb":
        kind, fix = (
            "part of a TensorFlow SavedModel",
            f"open the folder with the TensorFlow that wrote it, and save a .keras file ({GUIDE})",
        )
    else:
        return
    raise DataError(kind, EXPECTED, fix, where=str(path))


def _archive_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except _DAMAGED:
        return []  # `inspect` reports it


def _inspect_archive(path: Path) -> ModelFile:
    with zipfile.ZipFile(path) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        absent = {CONFIG_NAME, WEIGHTS_NAME} - set(sizes)
        if absent:
            raise ValueError(f"no {', '.join(sorted(absent))} inside")
        if any(size > _MAX_TEXT_BYTES for entry, size in sizes.items() if entry != WEIGHTS_NAME):
            raise ValueError("an entry of unlikely size")
        if sizes[WEIGHTS_NAME] > _MAX_WEIGHT_BYTES:
            raise ValueError("weights of unlikely size")
        with h5py.File(io.BytesIO(archive.read(WEIGHTS_NAME)), "r") as weights:
            _check_weights(weights)
        facts = facts_from_json(archive.read(FACTS_NAME).decode("utf-8")) if FACTS_NAME in sizes else None
        return ModelFile(".keras", _config(archive.read(CONFIG_NAME)), facts)


def _inspect_hdf5(path: Path) -> ModelFile:
    with h5py.File(path, "r") as file:
        if "schema" in file.attrs:
            raise ValueError(f"it is a {file.attrs['schema']} file, which holds data")
        if "model_config" not in file.attrs:
            raise ValueError(
                "an HDF5 file of weights alone: build the network, load them with model.load_weights, and save the whole model"
            )
        _check_weights(file)
        return ModelFile(".h5", _config(file.attrs["model_config"]), None)


def _config(text: str | bytes) -> dict[str, Any]:
    config = json.loads(text)
    if not isinstance(config, dict):
        raise ValueError("layers that are no JSON object")
    return config


def _check_weights(file: h5py.File) -> None:
    """Refuse weights that declare more memory than the limit, link to other files, or are not finite."""
    total = 0
    arrays: list[h5py.Dataset] = []

    def visit(group: h5py.Group) -> None:
        nonlocal total
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"weights {name} point outside the file")
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item)
            elif item.external or item.is_virtual:
                raise ValueError(f"weights {name} point outside the file")
            else:
                total += item.nbytes
                arrays.append(item)

    visit(file)
    if total > _MAX_WEIGHT_BYTES:
        raise ValueError("weights of unlikely size")
    broken = [item.name for item in arrays if item.dtype.kind == "f" and not np.isfinite(item[()]).all()]
    if broken:
        raise ValueError(f"weights {broken[0]} that are not finite numbers: the training broke down")


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object inside a value."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _dicts(item)


def _is_code(item: dict[str, Any]) -> bool:
    """Whether an object of the configuration holds compiled Python, as Keras 3 or Keras 2 write it."""
    function = item.get("function")
    return isinstance(function, list) or (isinstance(function, dict) and function.get("class_name") == "__lambda__")


def _name(item: dict[str, Any]) -> str:
    return str(item.get("name", "without a name"))
