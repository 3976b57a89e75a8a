"""Writing the genotype store chunk by chunk, with memory that does not grow with the number of variants."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK
from lucidseq.core.schema import GENOTYPES
from lucidseq.core.stores import create_store, encode_text, write_array
from lucidseq.core.variants import variant_ids
from lucidseq.encode.genotypes.people import Trait
from lucidseq.encode.genotypes.reader import VariantChunk, as_float

_TEXTS = ("contig", "effect_allele", "other_allele", "id", "rsid")
_ROWS = 1 << 14  # rows of a chunk of the variants' columns


class _Spool:
    """A column of text kept on disk until its widest value is known, as HDF5's fixed-length text needs it."""

    def __init__(self, folder: str) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `close`)
        self.width, self._parts = 1, 0

    def add(self, values: np.ndarray) -> None:
        encoded = encode_text(values)
        self.width = max(self.width, encoded.dtype.itemsize)
        np.save(self._file, encoded)
        self._parts += 1

    def __iter__(self) -> Iterator[np.ndarray]:
        self._file.seek(0)
        return (np.load(self._file) for _ in range(self._parts))

    def close(self) -> None:
        self._file.close()


class GenotypeWriter:
    """Writer of a genotype store; use as a context manager, then call `finish`.

    Parameters
    ----------
    store
        The open HDF5 file.
    samples
        Sample names.
    hard_calls
        Store int8 calls rather than float32 dosages.
    scratch
        Folder for temporary files.
    """

    def __init__(self, store: h5py.File, samples: list[str], *, hard_calls: bool, scratch: Path) -> None:
        self._store, self._hard_calls = store, hard_calls
        dtype, n = ("i1" if hard_calls else "f4"), len(samples)
        self._dosage = store.create_dataset(
            "dosage", shape=(0, n), maxshape=(None, n), dtype=dtype, chunks=(CHUNK, min(CHUNK, n)),
            compression="gzip", compression_opts=1, shuffle=not hard_calls,
        )  # fmt: skip
        write_array(store, "samples/id", np.array(samples, dtype=object))
        self._numbers = {
            name: store.create_dataset(
                f"variants/{name}", shape=(0,), maxshape=(None,), dtype=kind, chunks=(_ROWS,), compression="gzip"
            )
            for name, kind in (("start", "i8"), ("frequency", "f8"))
        }
        self._spools = {name: _Spool(str(scratch)) for name in _TEXTS}
        self._waiting: list[np.ndarray] = []
        self._waiting_rows = 0
        self.variants = 0

    def __enter__(self) -> GenotypeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for spool in self._spools.values():
            spool.close()

    def add(self, chunk: VariantChunk, frequency: np.ndarray) -> None:
        """Append variants."""
        if not len(chunk):
            return
        ids = variant_ids(chunk.contig, chunk.start + 1, chunk.other_allele, chunk.effect_allele)
        columns = (chunk.contig, chunk.effect_allele, chunk.other_allele, np.array(ids, dtype=object), chunk.rsid)
        for name, values in zip(_TEXTS, columns, strict=True):
            self._spools[name].add(values)
        for name, numbers in (("start", chunk.start), ("frequency", frequency)):
            _append(self._numbers[name], numbers)
        self.variants += len(chunk)
        self._waiting.append(chunk.dosage if self._hard_calls else as_float(chunk.dosage))
        self._waiting_rows += len(chunk)
        if self._waiting_rows >= CHUNK:
            self._flush(self._waiting_rows // CHUNK * CHUNK)

    def _flush(self, rows: int) -> None:
        waiting = np.concatenate(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        _append(self._dosage, waiting[:rows])
        self._waiting, self._waiting_rows = [waiting[rows:].copy()], len(waiting) - rows

    def finish(self, traits: list[Trait], covariates: np.ndarray) -> None:
        """Write what is left, the columns of text, phenotypes and covariates (each of shape (columns, samples))."""
        if self._waiting_rows:
            self._flush(self._waiting_rows)
        for name, spool in self._spools.items():
            column = self._store.create_dataset(
                f"variants/{name}", shape=(self.variants,), dtype=f"S{spool.width}", chunks=(min(_ROWS, max(1, self.variants)),),
                compression="gzip", shuffle=True,
            )  # fmt: skip
            first = 0
            for part in spool:
                column[first : first + len(part)] = part
                first += len(part)
        if traits:
            write_array(self._store, "phenotypes/values", np.stack([trait.values for trait in traits]))
        if len(covariates):
            write_array(self._store, "covariates/values", covariates)


def _append(dataset: h5py.Dataset, values: np.ndarray) -> None:
    first = len(dataset)
    dataset.resize(first + len(values), axis=0)
    dataset[first:] = values


@contextmanager
def create_genotypes(
    path: Path, samples: list[str], *, hard_calls: bool, build: str, traits: list[Trait], covariate_names: list[str]
) -> Iterator[GenotypeWriter]:
    """Create a genotype store and open its writer."""
    attributes = {
        "build": build,
        "trait_names": [trait.name for trait in traits],
        "trait_kinds": [trait.kind for trait in traits],
        "covariate_names": covariate_names,
    }
    with (
        create_store(path, GENOTYPES, **attributes) as store,
        GenotypeWriter(store, samples, hard_calls=hard_calls, scratch=path.parent) as writer,
    ):
        yield writer


class OrderCheck:
    """Checks that variants come sorted: a contig in one piece, positions that do not fall; finds duplicates on the way."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._contig, self._start = "", -1
        self._here: set[tuple[str, str]] = set()

    def duplicates(self, chunk: VariantChunk, path: Path) -> np.ndarray:
        """Return a mask of variants (contig, position and alleles) seen before.

        Raises
        ------
        DataError
            If the order is broken.
        """
        twice = np.zeros(len(chunk), dtype=bool)
        rows = zip(chunk.contig, chunk.start.tolist(), chunk.other_allele, chunk.effect_allele, strict=True)
        for index, (contig, start, other, effect) in enumerate(rows):
            if contig != self._contig:
                self._done.add(self._contig)
                self._contig, self._start = contig, -1
            if contig in self._done or start < self._start:
                raise DataError(
                    "variants out of order", "each contig in one piece, positions rising",
                    "sort the file (bcftools sort, plink --make-bed); give one file a chromosome once",
                    where=place(path, variant=f"{contig}:{start + 1}"),
                )  # fmt: skip
            if start > self._start:
                self._start, self._here = start, set()
            twice[index] = (other, effect) in self._here
            self._here.add((other, effect))
        return twice
