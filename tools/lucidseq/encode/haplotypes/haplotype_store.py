"""Writing the store of haplotypes chunk by chunk, with memory that does not grow with the number of sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.hdf5 import CHECKED
from lucidseq.core.schema import HAPLOTYPES
from lucidseq.core.stores import create_store, write_array

_ROWS = 1 << 14  # rows of a chunk of the sites' columns
_CHUNK_BYTES = 1 << 20
_SITE_COLUMNS = (("contig", "i4"), ("position", "i8"), ("counted_allele", "S1"), ("other_allele", "S1"))


class HaplotypeWriter:
    """Writer of an open store: `add` sites, then `finish`."""

    def __init__(self, store: h5py.File) -> None:
        self._store = store
        self._columns: list[h5py.Dataset] = []
        self.sites = 0

    def _create(self, columns: int) -> None:
        rows = max(1, min(4096, _CHUNK_BYTES // columns))
        self._columns = [self._column("alleles", "i1", (rows, columns))]
        self._columns += [self._column(f"sites/{name}", kind, (_ROWS,)) for name, kind in _SITE_COLUMNS]

    def _column(self, name: str, kind: str, chunks: tuple[int, ...]) -> h5py.Dataset:
        rest = chunks[1:]
        return self._store.create_dataset(
            name, (0, *rest), kind, maxshape=(None, *rest), chunks=chunks, compression="gzip", compression_opts=4, **CHECKED
        )

    def add(self, alleles: np.ndarray, contig: int, position: np.ndarray, counted: np.ndarray, other: np.ndarray) -> None:
        """Append sites of one contig: alleles int8 of shape (sites, columns), the rest of shape (sites,)."""
        if not self._columns:
            self._create(alleles.shape[1])
        values = (alleles, np.full(len(position), contig), position, counted.astype("S1"), other.astype("S1"))
        for dataset, rows in zip(self._columns, values, strict=True):
            dataset.resize(self.sites + len(position), axis=0)
            dataset[self.sites :] = rows
        self.sites += len(position)

    def finish(self, arrays: dict[str, np.ndarray], *, ploidy: int) -> None:
        """Write the final arrays, by name, and the ploidy."""
        for name, values in arrays.items():
            write_array(self._store, name, values)
        self._store.attrs["ploidy"] = ploidy


@contextmanager
def create_haplotypes(path: Path, *, build: str, calls: str, polarization: str) -> Iterator[HaplotypeWriter]:
    """Create a store and open its writer."""
    with create_store(path, HAPLOTYPES, build=build, calls=calls, polarization=polarization, ploidy=0) as store:
        yield HaplotypeWriter(store)
