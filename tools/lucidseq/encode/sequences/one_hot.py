"""Published datasets of one-hot arrays in HDF5: X_train, Y_train, ..."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core.alphabet import N_CODE
from lucidseq.core.errors import DataError, place
from lucidseq.core.hdf5 import open_file
from lucidseq.core.stores import name_damaged_file
from lucidseq.encode.sequences.assign_splits import NAMES
from lucidseq.encode.sequences.sequence_rows import SequenceRows

_BLOCK = 1 << 14  # sequences decoded at a time
_BASES = 4


def read_one_hot(path: Path) -> tuple[SequenceRows, np.ndarray]:
    """Read arrays x_<split> and y_<split> (or X_, Y_) of train, valid (or val) and test.

    Sequences are of shape (n, 4, length) or (n, length, 4) in the order ACGT, with all zeros or all quarters for N; targets of shape (n,) or (n, targets).

    Returns
    -------
    (rows, called <split>_<number>; splits, uint8 of shape (n,))

    Raises
    ------
    DataError
        If arrays are missing or of another shape, or rows are not one-hot.
    """

    def refuse(why: str) -> DataError:
        return DataError(f"a file that cannot be read as HDF5 ({why})", "an HDF5 file", "check the file", where=str(path))

    parts: list[tuple[np.ndarray, np.ndarray, int]] = []
    with open_file(path, refuse) as store, name_damaged_file(path):
        if "schema" in store.attrs:
            fix = "give a file of another program"
            raise DataError(f"a file of lucidseq with schema {store.attrs['schema']}", "arrays x_train and y_train", fix, where=str(path))
        arrays = {str(name).lower().replace("_val", "_valid").replace("_validid", "_valid"): store[name] for name in store}
        for number, name in enumerate(NAMES):
            x, y = arrays.get(f"x_{name}"), arrays.get(f"y_{name}")
            if (x is None) != (y is None):
                raise DataError(f"one of x_{name} and y_{name}", "both", "add the other array", where=str(path))
            if x is not None and y is not None:
                parts.append((_codes(x, path), _targets(y, len(x), path), number))
    if not parts or len({codes.shape[1] for codes, *_ in parts}) > 1 or len({target.shape[1] for _, target, _ in parts}) > 1:
        expected = "x_ and y_ of train, valid and test"
        raise DataError("no arrays x_train and y_train of one length and width", expected, "rename the arrays", where=str(path))
    codes = np.concatenate([codes for codes, *_ in parts])
    split = np.concatenate([np.full(len(codes), number, dtype=np.uint8) for codes, _, number in parts])
    names = [f"{NAMES[number]}_{row}" for codes, _, number in parts for row in range(len(codes))]
    nowhere, zeros = np.full(len(codes), "", dtype=object), np.zeros(len(codes), dtype=np.int64)
    rows = SequenceRows(
        codes,
        nowhere,
        zeros,
        zeros + codes.shape[1],
        np.full(len(codes), ".", dtype=object),
        np.array(names, dtype=object),
        np.concatenate([target for _, target, _ in parts]),
        zeros,
    )
    return rows, split


def _codes(array: object, path: Path) -> np.ndarray:
    import h5py

    if not isinstance(array, h5py.Dataset) or array.ndim != 3 or _BASES not in array.shape[1:] or array.dtype.kind not in "fiub":
        expected = "numbers of shape (n, 4, length) or (n, length, 4)"
        raise DataError(f"an array {getattr(array, 'name', '?')} that is not one-hot", expected, "check the file", where=str(path))
    axis = 1 if array.shape[1] == _BASES else 2
    codes = np.empty((array.shape[0], array.shape[3 - axis]), dtype=np.uint8)
    for first in range(0, len(codes), _BLOCK):
        block = np.moveaxis(array[first : first + _BLOCK], axis, 2)
        total, largest = block.sum(axis=2), block.max(axis=2)
        known = (total == 1) & (largest == 1)
        unknown = (largest == block.min(axis=2)) & ((total == 0) | (total == 1))
        if not (known | unknown).all():
            row, base = np.argwhere(~(known | unknown))[0]
            where = place(path, item=f"{array.name}, row {first + row}")
            raise DataError(f"{block[row, base].tolist()} at base {base + 1}", "one 1 and three 0, or N", "check the array", where=where)
        codes[first : first + _BLOCK] = np.where(known, block.argmax(axis=2), N_CODE)
    return codes


def _targets(array: object, rows: int, path: Path) -> np.ndarray:
    import h5py

    if not isinstance(array, h5py.Dataset) or array.ndim not in (1, 2) or len(array) != rows or array.dtype.kind not in "fiub":
        received = f"targets {getattr(array, 'name', '?')} that are not one row per sequence"
        raise DataError(received, f"numbers of shape ({rows}, targets)", "check the file", where=str(path))
    values: np.ndarray = array[()].astype(np.float32).reshape(rows, -1)
    if not np.isfinite(values).all():
        raise DataError(f"a target of {array.name} that is not finite", "finite numbers", "remove the sequence", where=str(path))
    return values
