"""The sequence dataset as training and prediction need it: checked, with its splits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import stores
from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import SEQUENCES

if TYPE_CHECKING:
    import h5py

TASKS = ("binary", "regression", "counts")
TRAIN, VALID, TEST = 0, 1, 2
SPLIT_NAMES = ("train", "valid", "test")


@dataclass(frozen=True)
class Dataset:
    """An open sequence dataset.

    Parameters
    ----------
    path
        Its file, for messages.
    store
        The open HDF5 file; codes are read from it in slices.
    task
        ``"binary"``, ``"regression"`` or ``"counts"``.
    target_names
        Names of the targets; empty when there are none.
    build
        Genome build.
    length
        Bases a sequence.
    split
        uint8 (n,): 0 train, 1 valid, 2 test.
    target
        float32 (n, targets), or None.
    """

    path: Path
    store: h5py.File
    task: str
    target_names: list[str]
    build: str
    length: int
    split: np.ndarray
    target: np.ndarray | None

    @property
    def codes(self) -> h5py.Dataset:
        """Bases, uint8 (n, length)."""
        return self.store["codes"]

    def ids(self) -> np.ndarray:
        """Return the names of the rows."""
        return stores.read_text(self.store["id"])

    def require_targets(self, rows: np.ndarray) -> np.ndarray:
        """Return the targets of some rows, checked against the task.

        Parameters
        ----------
        rows
            Indices.

        Raises
        ------
        DataError
            If there are no targets, or a value is missing or does not suit the task; the row is named.
        """
        if self.target is None:
            raise DataError(
                "a dataset without targets",
                "labels, signal or counts to train on",
                "encode the sequences again with labels or a signal",
                where=str(self.path),
            )
        values = self.target[rows]
        self._refuse(rows, ~np.isfinite(values), "a finite number", "remove the row, or give it a value")
        if self.task == "binary":
            self._refuse(rows, (values != 0) & (values != 1), "0 or 1 (the task is binary)", "correct the label")
        if self.task == "counts":
            self._refuse(rows, values < 0, "a count of 0 or more", "correct the count, or encode with task regression")
        return values

    def _refuse(self, rows: np.ndarray, wrong: np.ndarray, expected: str, fix: str) -> None:
        if wrong.any() and self.target is not None:
            at, column = (int(index) for index in np.argwhere(wrong)[0])
            row = int(rows[at])
            name = stores.read_text(self.store["id"][row : row + 1])[0]
            raise DataError(
                f"target {self.target_names[column]} = {self.target[row, column]} ({int(wrong.any(axis=1).sum())} rows such)",
                expected,
                fix,
                where=place(self.path, item=f"row {row + 1} (id {name})"),
            )


@contextmanager
def open_dataset(path: Path) -> Iterator[Dataset]:
    """Open a dataset made by `lucidseq encode sequences`.

    Raises
    ------
    DataError
        If the file is not a sequence dataset, has no rows, codes above 4, or arrays of different lengths.
    """
    with stores.open_store(path, SEQUENCES) as store:
        names = stores.read_list(store, "target_names")
        codes, n = store["codes"], store["codes"].shape[0]
        if codes.ndim != 2 or n == 0 or codes.shape[1] == 0:
            raise DataError(f"codes of shape {codes.shape}", "at least one sequence", "encode the sequences again", where=str(path))
        short = [key for key in ("contig", "start", "end", "strand", "id", "split", "target") if key in store and len(store[key]) != n]
        target = store["target"][()].astype(np.float32) if "target" in store else None
        if target is not None and target.shape[1:] != (len(names),):
            short.append("target")
        if short:
            raise DataError(
                f"arrays of other lengths than codes: {', '.join(short)}", f"{n} rows in each", "make the file again", where=str(path)
            )
        task = str(store.attrs["task"])
        if task not in TASKS:
            raise DataError(f"task {task!r}", f"one of {', '.join(TASKS)}", "encode the sequences again", where=str(path))
        yield Dataset(path, store, task, names, str(store.attrs["build"]), int(codes.shape[1]), store["split"][()], target)
