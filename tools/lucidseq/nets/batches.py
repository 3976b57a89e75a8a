"""Batches of sequences for a network: one-hot, in a seeded order, on either strand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from lucidseq.core import alphabet, seeds

if TYPE_CHECKING:
    import h5py

IN_MEMORY_BYTES = 1 << 30
RUN_ROWS = 4096  # rows that stay together when a large file is shuffled: about one read


class CodeRows:
    """Rows of a code matrix, held in memory when small and read from the file in slices otherwise.

    Parameters
    ----------
    codes
        uint8 (n, length), an array or an HDF5 dataset.
    rows
        Indices of the rows to use, rising.
    in_memory_bytes
        Size up to which the rows are loaded at once.
    """

    def __init__(self, codes: np.ndarray | h5py.Dataset, rows: np.ndarray, *, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._codes, self._rows = codes, np.asarray(rows)
        self._chunk = max(1, (getattr(codes, "chunks", None) or (RUN_ROWS,))[0])
        self.in_memory = isinstance(codes, np.ndarray) or len(self._rows) * codes.shape[1] <= in_memory_bytes
        self._loaded = self._read(self._rows) if self.in_memory else None

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Return codes (len(positions), length) of the chosen rows, in the order given."""
        return self._read(self._rows[positions]) if self._loaded is None else self._loaded[positions]

    def _read(self, rows: np.ndarray) -> np.ndarray:
        if isinstance(self._codes, np.ndarray):
            return self._codes[rows]
        codes = np.empty((len(rows), self._codes.shape[1]), dtype=np.uint8)
        order = np.argsort(rows, kind="stable")
        chunk_of = rows[order] // self._chunk
        starts = np.flatnonzero(np.diff(chunk_of, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
            first = int(chunk_of[start]) * self._chunk
            block = self._codes[first : first + self._chunk]
            codes[order[start:end]] = block[rows[order[start:end]] - first]
        return codes


def shuffled(n: int, generator: np.random.Generator, *, run: int = 1, window: int | None = None) -> np.ndarray:
    """Return a random order of n rows.

    Parameters
    ----------
    n
        Rows.
    generator
        Random generator.
    run, window
        With ``run`` above 1, runs of consecutive rows are permuted, then rows within each window: a shuffle that a file on
        disk can follow with one pass.

    Examples
    --------
    >>> sorted(shuffled(10, np.random.default_rng(1), run=2, window=4).tolist()) == list(range(10))
    True
    """
    if run == 1:
        return generator.permutation(n)
    starts = generator.permutation(np.arange(0, n, run))
    order = np.concatenate([np.arange(start, min(start + run, n)) for start in starts])
    size = window or n
    for first in range(0, n, size):
        order[first : first + size] = generator.permutation(order[first : first + size])
    return order


class Batches(keras.utils.PyDataset):
    """One epoch of training batches: (one-hot float32 (batch, length, 4), targets).

    Parameters
    ----------
    rows
        Sequences.
    targets
        float32 (n, targets).
    batch_size
        Rows a step; the last rows of an epoch that do not fill a batch are skipped (batch normalisation needs whole batches),
        unless there is only one batch.
    seed, epoch
        Together they determine order and strands, so that an epoch can be repeated after an interruption.
    reverse_complement
        Replace a random half of the sequences by their reverse complement.
    """

    def __init__(
        self, rows: CodeRows, targets: np.ndarray, *, batch_size: int, seed: int, epoch: int, reverse_complement: bool = True
    ) -> None:
        super().__init__(workers=0)
        self._rows, self._targets = rows, targets
        self._batch, self._both = batch_size, reverse_complement
        self._seed, self._epoch = seed, epoch
        self._window = None if rows.in_memory else max(1, 16 * RUN_ROWS // batch_size)  # batches read at once
        generator = seeds.stream(seed, "order", epoch)
        window_rows = None if self._window is None else self._window * batch_size
        self._order = shuffled(len(rows), generator, run=1 if rows.in_memory else RUN_ROWS, window=window_rows)
        self._cache: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return max(1, len(self._rows) // self._batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        positions = self._order[index * self._batch : (index + 1) * self._batch]
        codes = self._codes(index, positions)
        if self._both:
            flip = seeds.stream(self._seed, "strand", self._epoch, index).random(len(codes)) < 0.5
            codes = np.where(flip[:, None], alphabet.reverse_complement(codes), codes)
        return alphabet.one_hot(codes), self._targets[positions]

    def _codes(self, index: int, positions: np.ndarray) -> np.ndarray:
        if self._window is None:
            return self._rows.take(positions)
        which, offset = divmod(index, self._window)
        size = self._window * self._batch
        if self._cache is None or self._cache[0] != which:
            self._cache = which, self._rows.take(self._order[which * size : (which + 1) * size])
        return self._cache[1][offset * self._batch : (offset + 1) * self._batch]


def filled(rows: np.ndarray, size: int) -> np.ndarray:
    """Return rows with rows of zeros after them, ``size`` in all, so that a compiled network always has the same shape.

    Examples
    --------
    >>> filled(np.ones((1, 2)), 2).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    missing = size - len(rows)
    return np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)]) if missing else rows
