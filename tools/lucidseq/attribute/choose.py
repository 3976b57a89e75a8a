"""Sequences to explain: read from a dataset, chosen by split and number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.attribute.choices import Select
from lucidseq.core import seeds as streams
from lucidseq.core.choices import SplitChoice
from lucidseq.core.sequence_dataset import open_sequences


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
        Contig to the end of its last window in the whole dataset; windows without coordinates are skipped.
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


def read_sequences(path: Path, split: SplitChoice) -> Sequences:
    """Read the rows of one split.

    Raises
    ------
    DataError
        If the file is not a sequence dataset, its arrays do not fit together, or the split has no rows.
    """
    with open_sequences(path) as dataset:
        rows, columns = dataset.rows(split), dataset.columns()
        codes = dataset.read_codes(rows)
        return Sequences(codes, {name: values[rows] for name, values in columns.items()}, _contig_lengths(columns), dataset.build)


def _contig_lengths(columns: dict[str, np.ndarray]) -> dict[str, int]:
    contigs = columns["contig"]
    return {contig: int(columns["end"][contigs == contig].max()) for contig in sorted(set(contigs[contigs != ""]))}


def choose(sequences: Sequences, count: int, how: Select, *, seed: int, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the rows to explain, in file order.

    Parameters
    ----------
    sequences
        All rows of the split.
    count
        Largest number of rows; 0 for all.
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
