"""The sequence dataset of `lucidseq encode sequences`: opening and checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import stores
from lucidseq.core.alphabet import N_CODE
from lucidseq.core.choices import SplitChoice
from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import SEQUENCES
from lucidseq.core.splits import SPLIT_NAMES

if TYPE_CHECKING:
    import h5py

TASKS = ("binary", "regression", "counts")
COLUMNS = ("contig", "start", "end", "strand", "id")
_TEXTS = ("contig", "strand", "id")


@dataclass(frozen=True)
class SequenceDataset:
    """An open sequence dataset.

    Attributes
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
        uint8 (n,): `Split`.
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

    def columns(self) -> dict[str, np.ndarray]:
        """Return contig, start, end, strand and id of every row, (n,) each."""
        return {name: stores.read_text(self.store[name]) if name in _TEXTS else self.store[name][()] for name in COLUMNS}

    def rows(self, split: SplitChoice) -> np.ndarray:
        """Return the indices of the rows of a split.

        Raises
        ------
        DataError
            If there are none.
        """
        in_all = split is SplitChoice.ALL
        chosen = np.arange(len(self.split)) if in_all else np.flatnonzero(self.split == SPLIT_NAMES.index(split.value))
        if not len(chosen):
            raise DataError(f"no {split.value} sequences", "at least one sequence", "choose another --split", where=str(self.path))
        return chosen

    def read_codes(self, rows: np.ndarray) -> np.ndarray:
        """Return the bases of rising rows, uint8 (len(rows), length).

        Raises
        ------
        DataError
            If a code is above 4; the row is named.
        """
        chosen: np.ndarray = self.codes[rows[0] : rows[-1] + 1][rows - rows[0]]
        if chosen.max() > N_CODE:
            row = int(rows[(chosen > N_CODE).any(axis=1).argmax()])
            raise DataError(f"a base coded {chosen.max()}", "codes 0-4 (ACGT and N)", "encode the sequences again", where=self._row(row))
        return chosen

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
            expected, fix = "labels, signal or counts to train on", "encode the sequences again with labels or a signal"
            raise DataError("a dataset without targets", expected, fix, where=str(self.path))
        values: np.ndarray = self.target[rows]
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
            received = f"target {self.target_names[column]} = {self.target[row, column]} ({int(wrong.any(axis=1).sum())} such rows)"
            raise DataError(received, expected, fix, where=self._row(row))

    def _row(self, row: int) -> str:
        name = stores.read_text(self.store["id"][row : row + 1])[0]
        return place(self.path, item=f"row {row + 1} (id {name})")


@contextmanager
def open_sequences(path: Path) -> Iterator[SequenceDataset]:
    """Open a dataset made by `lucidseq encode sequences`.

    Raises
    ------
    DataError
        If the file is not a sequence dataset, has no rows, codes of another type, or arrays of different lengths.
    """
    with stores.open_store(path, SEQUENCES) as store:
        names = stores.read_list(store, "target_names")
        codes, n = store["codes"], store["codes"].shape[0]
        if codes.ndim != 2 or n == 0 or codes.shape[1] == 0 or codes.dtype != np.uint8:
            received, expected = f"codes of shape {codes.shape} and type {codes.dtype}", "uint8 codes of at least one sequence"
            raise DataError(received, expected, "encode the sequences again", where=str(path))
        short = [key for key in (*COLUMNS, "split") if store[key].shape != (n,)]
        target = store["target"][()].astype(np.float32) if "target" in store else None
        if target is not None and target.shape != (n, len(names)):
            short.append("target")
        if short:
            received = f"arrays of other lengths than codes: {', '.join(short)}"
            raise DataError(received, f"{n} rows in each", "make the file again", where=str(path))
        task = str(store.attrs["task"])
        if task not in TASKS:
            raise DataError(f"task {task!r}", f"one of {', '.join(TASKS)}", "encode the sequences again", where=str(path))
        yield SequenceDataset(path, store, task, names, str(store.attrs["build"]), int(codes.shape[1]), store["split"][()], target)
