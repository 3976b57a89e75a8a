"""Writing the genotype store chunk by chunk, with memory that does not grow with the number of variants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.columns import ColumnSpools
from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK
from lucidseq.core.hdf5 import CHECKED
from lucidseq.core.schema import GENOTYPES
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.variants import variant_ids
from lucidseq.encode.genotypes.choices import HaploidCoding
from lucidseq.encode.genotypes.samples import Trait
from lucidseq.encode.readers.reader import VariantChunk, as_float

_COLUMNS = ("contig", "effect_allele", "other_allele", "id", "rsid", "start", "frequency")


@dataclass(frozen=True)
class StoreContents:
    """Contents of a store beside genotypes.

    Attributes
    ----------
    samples
        Sample names.
    hard_calls
        int8 calls rather than float32 dosages.
    build, ploidy, haploid
        Attributes of the store.
    sex
        uint8 of shape (samples,); not written when all are unknown.
    traits
        Phenotypes.
    covariate_names, covariates
        Covariates, float64 of shape (covariates, samples).
    """

    samples: list[str]
    hard_calls: bool
    build: str
    ploidy: int
    haploid: HaploidCoding
    sex: np.ndarray
    traits: list[Trait]
    covariate_names: list[str]
    covariates: np.ndarray


class GenotypeWriter(CloseOnExit):
    """Writer of a genotype store; use as a context manager, then call `finish`.

    Parameters
    ----------
    store
        The open HDF5 file.
    contents
        Its contents beside genotypes.
    scratch
        Folder for temporary files.
    """

    def __init__(self, store: h5py.File, contents: StoreContents, scratch: Path) -> None:
        self._store, self._contents = store, contents
        hard_calls, n = contents.hard_calls, len(contents.samples)
        self._dosage = store.create_dataset(
            "dosage",
            shape=(0, n),
            maxshape=(None, n),
            dtype="i1" if hard_calls else "f4",
            chunks=(CHUNK, min(CHUNK, n)),
            compression="gzip",
            compression_opts=1,
            shuffle=not hard_calls,
            **CHECKED,
        )
        write_array(store, "samples/id", np.array(contents.samples, dtype=object))
        if contents.sex.any():
            write_array(store, "samples/sex", contents.sex)
        self._columns = ColumnSpools(_COLUMNS, scratch)
        self._waiting: list[np.ndarray] = []
        self._waiting_rows = 0
        self.variants = 0

    def close(self) -> None:
        """Close the files."""
        self._columns.close()

    def add(self, chunk: VariantChunk, frequency: np.ndarray) -> None:
        """Append variants."""
        if not len(chunk):
            return
        ids = np.array(variant_ids(chunk.contig, chunk.start + 1, chunk.other_allele, chunk.effect_allele), dtype=object)
        columns = (
            chunk.contig,
            chunk.effect_allele,
            chunk.other_allele,
            ids,
            chunk.rsid,
            chunk.start.astype("<i8"),
            frequency.astype("<f8"),
        )
        self._columns.add(dict(zip(_COLUMNS, columns, strict=True)))
        self.variants += len(chunk)
        self._waiting.append(chunk.dosage if self._contents.hard_calls else as_float(chunk.dosage))
        self._waiting_rows += len(chunk)
        if self._waiting_rows >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        """Write whole chunks, one at a time."""
        waiting = np.concatenate(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        first = 0
        while len(waiting) - first >= CHUNK:
            _append(self._dosage, waiting[first : first + CHUNK])
            first += CHUNK
        self._waiting, self._waiting_rows = [waiting[first:].copy()], len(waiting) - first

    def finish(self) -> None:
        """Write the remaining rows, the variant columns, phenotypes and covariates."""
        if self._waiting_rows:
            _append(self._dosage, np.concatenate(self._waiting))
        self._columns.write(self._store, "variants")
        if self._contents.traits:
            write_array(self._store, "phenotypes/values", np.stack([trait.values for trait in self._contents.traits]))
        if len(self._contents.covariates):
            write_array(self._store, "covariates/values", self._contents.covariates)


def _append(dataset: h5py.Dataset, values: np.ndarray) -> None:
    first = len(dataset)
    dataset.resize(first + len(values), axis=0)
    dataset[first:] = values


@contextmanager
def create_genotypes(path: Path, contents: StoreContents) -> Iterator[GenotypeWriter]:
    """Create a genotype store and open its writer."""
    attributes = {
        "build": contents.build,
        "ploidy": contents.ploidy,
        "haploid": contents.haploid.value,
        "trait_names": [trait.name for trait in contents.traits],
        "trait_kinds": [trait.kind for trait in contents.traits],
        "covariate_names": contents.covariate_names,
    }
    with create_store(path, GENOTYPES, **attributes) as store, GenotypeWriter(store, contents, path.parent) as writer:
        yield writer


class OrderCheck:
    """Checks that variants are sorted, each contig in one piece, and finds duplicates."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._contig, self._start = "", -1
        self._here: set[tuple[str, str]] = set()

    def duplicates(self, chunk: VariantChunk, path: Path) -> np.ndarray:
        """Return a mask of variants (contig, position and alleles) seen before.

        Raises
        ------
        DataError
            If variants are not sorted.
        """
        twice = np.zeros(len(chunk), dtype=bool)
        rows = zip(chunk.contig, chunk.start.tolist(), chunk.other_allele, chunk.effect_allele, strict=True)
        for index, (contig, start, other, effect) in enumerate(rows):
            if contig != self._contig:
                self._done.add(self._contig)
                self._contig, self._start = contig, -1
            if contig in self._done or start < self._start:
                expected = "each contig in one piece, ascending positions"
                fix = "sort the file (bcftools sort, plink --make-bed); give each chromosome once"
                raise DataError("variants out of order", expected, fix, where=place(path, variant=f"{contig}:{start + 1}"))
            if start > self._start:
                self._start, self._here = start, set()
            twice[index] = (other, effect) in self._here
            self._here.add((other, effect))
        return twice
