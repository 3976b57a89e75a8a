"""Columns of stores that are written in parts, with memory that does not grow with their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import h5py
import numpy as np

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.hdf5 import CHECKED, column_rows
from lucidseq.core.stores import encode_text


class ColumnSpools(CloseOnExit):
    """Columns kept on disk until their length and widest text are known, as HDF5's fixed-length text needs it.

    Use as a context manager: its files are removed at the end.

    Parameters
    ----------
    names
        Names of the columns, in the order in which they are written.
    folder
        Folder for temporary files.
    """

    def __init__(self, names: Iterable[str], folder: Path) -> None:
        with ExitStack() as files:
            self._spools = {name: _Spool(files.enter_context(TemporaryFile(dir=folder))) for name in names}
            self._files = files.pop_all()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def add(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append rows: an array for each column; object arrays are text."""
        for name, spool in self._spools.items():
            spool.add(columns[name])

    def write(self, store: h5py.File, group: str) -> None:
        """Write every column into a group of a store; without rows, none."""
        for name, spool in self._spools.items():
            spool.write(store, f"{group}/{name}")


class _Spool:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._width, self._parts, self._rows = 1, 0, 0

    def add(self, values: np.ndarray) -> None:
        encoded = encode_text(values) if values.dtype == object else values
        self._width = max(self._width, encoded.dtype.itemsize)
        np.save(self._file, encoded, allow_pickle=False)
        self._parts += 1
        self._rows += len(encoded)

    def write(self, store: h5py.File, name: str) -> None:
        """Write the column in whole chunks, whatever the sizes of its parts, so that the file's bytes repeat."""
        column: h5py.Dataset | None = None
        waiting: list[np.ndarray] = []
        count = written = size = 0
        for part in self._read():
            waiting.append(part)
            count += len(part)
            if column is None:
                kind = np.dtype(f"S{self._width}") if part.dtype.kind == "S" else part.dtype
                size = column_rows(self._rows, kind.itemsize)
                column = store.create_dataset(name, (self._rows,), kind, chunks=(size,), compression="gzip", shuffle=True, **CHECKED)
            if count >= size:
                joined = np.concatenate(waiting)
                whole = count // size * size
                for first in range(0, whole, size):
                    column[written : written + size] = joined[first : first + size]
                    written += size
                waiting, count = [joined[whole:]], count - whole
        if column is not None and count:
            column[written:] = np.concatenate(waiting)

    def _read(self) -> Iterator[np.ndarray]:
        self._file.seek(0)
        for _ in range(self._parts):
            yield np.load(self._file, allow_pickle=False)
