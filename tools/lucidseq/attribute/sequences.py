"""Sequences to explain: read from a dataset, chosen by split and number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.attribute.choices import Select, Split
from lucidseq.core import seeds as streams
from lucidseq.core import stores
from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import SEQUENCES

_SPLITS = {Split.TRAIN: 0, Split.VALID: 1, Split.TEST: 2}
COLUMNS = ("contig", "start", "end", "strand", "id")


@dataclass(frozen=True)
class Sequences:
    """Rows of a dataset.

    Attributes
    ----------
    codes
        uint8 (n, length).
    columns
        contig, start, end, strand and id, each of shape (n,).
    contig_lengths
        Contig to the end of its last window in the whole dataset; windows without coordinates left out.
    build
        Genome build.
    """

    codes: np.ndarray
    columns: dict[str, np.ndarray]
    contig_lengths: dict[str, int]
    build: str

    @property
    def ids(self) -> list[str]:
        """Names of the rows."""
        return [str(name) for name in self.columns["id"]]

    def take(self, rows: np.ndarray) -> Sequences:
        """Return some of the rows."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Sequences(self.codes[rows], columns, self.contig_lengths, self.build)


def read_sequences(path: Path, split: Split) -> Sequences:
    """Read the rows of one split.

    Raises
    ------
    DataError
        If the file is not a sequence dataset, its arrays do not fit together, or the split has no rows.
    """
    with stores.open_store(path, SEQUENCES) as store:
        codes = store["codes"]
        if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] == 0:
            raise DataError(
                f"codes of shape {codes.shape} and type {codes.dtype}",
                "uint8 codes of shape (sequences, length)",
                "encode the sequences again",
                where=str(path),
            )
        short = [name for name in (*COLUMNS, "split") if store[name].shape != (len(codes),)]
        if short:
            raise DataError(
                f"arrays of other lengths than codes: {', '.join(short)}",
                f"{len(codes)} rows in each",
                "make the file again",
                where=str(path),
            )
        text = {name: stores.read_text(store[name]) for name in ("contig", "strand", "id")}
        columns = {name: text[name] if name in text else store[name][()] for name in COLUMNS}
        labels = store["split"][()]
        rows = np.arange(len(labels)) if split is Split.ALL else np.flatnonzero(labels == _SPLITS[split])
        if not len(rows):
            raise DataError(f"no {split.value} sequences", "at least one sequence to explain", "choose another --split", where=str(path))
        chosen = codes[rows[0] : rows[-1] + 1][rows - rows[0]]
        if chosen.max() > 4:
            row = int(rows[(chosen > 4).any(axis=1).argmax()])
            raise DataError(
                f"a base coded {chosen.max()}",
                "codes 0-4 (ACGT and N)",
                "encode the sequences again",
                where=place(path, item=f"row {row + 1} (id {columns['id'][row]})"),
            )
        build = str(store.attrs["build"])
    return Sequences(chosen, {name: values[rows] for name, values in columns.items()}, _contig_lengths(columns), build)


def _contig_lengths(columns: dict[str, np.ndarray]) -> dict[str, int]:
    named = columns["contig"] != ""
    found: dict[str, int] = {}
    for contig in sorted(set(columns["contig"][named])):
        found[contig] = int(columns["end"][columns["contig"] == contig].max())
    return found


def choose(sequences: Sequences, count: int, how: Select, *, seed: int, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the rows to explain, in file order.

    Parameters
    ----------
    sequences
        All rows of the split.
    count
        At most so many; 0 for all.
    how
        ``random`` depends on the seed and the rows' ids alone; ``highest`` takes ties in file order.
    seed
        Seed of the random sample.
    predict
        Codes (n, length) to the explained output (n,); called for ``highest``.
    """
    n = len(sequences.codes)
    if count in (0, n) or count > n:
        return np.arange(n)
    if how is Select.FIRST:
        return np.arange(count)
    if how is Select.HIGHEST:
        rank = np.argsort(-predict(sequences.codes), kind="stable")
    else:
        rank = np.argsort([streams.derive(seed, "select", name) for name in sequences.ids], kind="stable")
    return np.sort(rank[:count])
