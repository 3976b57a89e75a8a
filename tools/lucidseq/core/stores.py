"""Read and write HDF5 stores with a declared schema: checked on opening, without links to other files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lucidseq
from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import Store

if TYPE_CHECKING:
    import h5py
    import numpy as np

_HDF5_ERRORS = ("Unable to ", "Can't ", "Object visitation failed", "Link iteration failed", "Insufficient precision", "Unspecified error")


@contextmanager
def create_store(path: Path, schema: Store, **attributes: Any) -> Iterator[h5py.File]:
    """Open a new store for writing, with its schema and attributes (lists as JSON) set; bytes repeat between runs.

    Raises
    ------
    ValueError
        If an attribute of the schema is missing: a bug in the caller.
    """
    from lucidseq.core.hdf5 import TEXT_SUM, create_file, text_sum

    absent = [name for name in schema.attributes if name not in attributes]
    if absent:
        raise ValueError(f"{schema.name} lacks the attributes {absent}")
    with create_file(path) as store:
        store.attrs["schema"] = schema.name
        store.attrs["schema_version"] = schema.version
        store.attrs["tool_version"] = lucidseq.__version__
        for name, value in sorted(attributes.items()):
            store.attrs[name] = json.dumps(list(value)) if isinstance(value, list | tuple) else value
        store.attrs[TEXT_SUM] = text_sum(store)
        yield store


def write_array(store: h5py.Group, name: str, values: np.ndarray) -> None:
    """Write an array in chunks along its first axis, compressed; text (str or object) becomes fixed-length UTF-8 bytes."""
    import numpy as np

    values = encode_text(values) if values.dtype.kind in "OUT" else np.ascontiguousarray(values)
    if values.size == 0:
        store.create_dataset(name, data=values)
        return
    create_array(store, name, values.shape, values.dtype)[...] = values


def create_array(store: h5py.Group, name: str, shape: tuple[int, ...], dtype: Any) -> h5py.Dataset:
    """Create an array to be written in slices along its first axis, in compressed chunks of at most 256 kB (or one row)."""
    import numpy as np

    from lucidseq.core.hdf5 import CHECKED, CHUNK_BYTES

    if 0 in shape:
        return store.create_dataset(name, shape, dtype)
    row_bytes = max(1, int(np.prod(shape[1:])) * np.dtype(dtype).itemsize)
    rows = int(min(shape[0], max(1, CHUNK_BYTES // row_bytes)))
    return store.create_dataset(
        name, shape, dtype, chunks=(rows, *shape[1:]), compression="gzip", compression_opts=4, shuffle=True, **CHECKED
    )


def encode_text(values: Sequence[str] | np.ndarray) -> np.ndarray:
    """Return text as fixed-length bytes (UTF-8), which HDF5 stores without a heap."""
    import numpy as np

    encoded = [str(value).encode("utf-8") for value in values]
    return np.array(encoded, dtype=f"S{max(1, max(map(len, encoded), default=1))}")


def read_text(dataset: h5py.Dataset | np.ndarray) -> np.ndarray:
    """Return a text array as an object array of str."""
    import numpy as np

    return np.array([value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in dataset[()]], dtype=object)


def read_list(store: h5py.Group, attribute: str) -> list[str]:
    """Return a list attribute (kept as JSON).

    Raises
    ------
    DataError
        If it is not a list.
    """
    text = store.attrs[attribute]
    try:
        items = json.loads(text)
    except (TypeError, ValueError):
        items = None
    if not isinstance(items, list):
        where = str(store.file.filename)
        raise DataError(f"attribute {attribute} = {str(text)[:80]!r}", "a list in JSON", "make the file again", where=where)
    return [str(item) for item in items]


@contextmanager
def open_store(path: Path, schema: Store) -> Iterator[h5py.File]:
    """Open a store for reading after checking it against its schema.

    Raises
    ------
    DataError
        If it is not HDF5, has another schema or version, lacks an array, or holds a link to another file.
    """
    from lucidseq.core.hdf5 import check_texts, open_file

    def refuse(reason: str) -> DataError:
        fix = "give the .h5 file that a lucidseq command wrote"
        return DataError(f"not a readable HDF5 file ({reason})", f"a {schema.name} file", fix, where=str(path))

    with open_file(path, refuse) as store, name_damaged_file(path):
        name, version = store.attrs.get("schema"), store.attrs.get("schema_version")
        if (str(name), str(version)) != (schema.name, str(schema.version)):
            received, expected = f"an HDF5 file with schema {name} version {version}", f"schema {schema.name} version {schema.version}"
            raise DataError(received, expected, "give the right file, or make it again with this version", where=str(path))
        check_texts(store, path)
        _refuse_links(store, path)
        absent = [array.path for array in schema.arrays if array.required and array.path not in store]
        absent += [name for name in schema.attributes if name not in store.attrs]
        if absent:
            expected = f"every array and attribute of {schema.name}"
            raise DataError(f"{', '.join(absent)} missing", expected, "make the file again", where=place(path))
        yield store


@contextmanager
def name_damaged_file(path: Path) -> Iterator[None]:
    """Turn errors of h5py on damaged structures (OSError, KeyError, RuntimeError) into an error that names the file."""
    try:
        yield
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        text = str(error.args[0]) if error.args else ""
        if not text.startswith(_HDF5_ERRORS) or " write " in text or "No space left" in text:
            raise  # not of HDF5, or of an output that is being written
        raise DataError(f"an HDF5 file that is damaged ({text})", "a whole file", "copy or make it again", where=str(path)) from error


def _refuse_links(group: h5py.Group, path: Path) -> None:
    """Refuse external and soft links and external storage: an input must not cause another file to be read."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        item = group[name] if isinstance(link, h5py.HardLink) else None
        if item is None or (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
            raise DataError(f"{name} points outside the file", "an HDF5 file without links", "make the file again", where=str(path))
        if isinstance(item, h5py.Group):
            _refuse_links(item, path)
