"""A genotype store as a source of genotypes: to combine shards, or to filter again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import CHUNK, open_genotypes
from lucidseq.core.schema import GENOTYPES
from lucidseq.core.stores import open_store, read_text
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding
from lucidseq.encode.genotypes.samples import Trait
from lucidseq.encode.readers.reader import GenotypeReader, Reading, VariantChunk, no_field, require_unique_samples

_HDF5 = b"\x89HDF\r\n\x1a\n"


class StoreReader(GenotypeReader):
    """Reader of a genotype store (see `reader.GenotypeReader`), with its traits and covariates.

    Attributes
    ----------
    build
        Its genome build.
    traits
        Its traits.
    covariate_names, covariates
        Its covariates, float64 of shape (covariates, samples).

    Raises
    ------
    DataError
        If it is damaged, or of another ploidy.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        with open_store(path, GENOTYPES) as store:
            _check_shapes(store, path)
            hard_calls = store["dosage"].dtype == np.int8
            ploidy = store.attrs.get("ploidy", 2)
            coding = str(store.attrs.get("haploid", HaploidCoding.TWO.value))
            sex = store["samples/sex"][()] if "samples/sex" in store else None
        if coding not in set(HaploidCoding):
            raise DataError(f"haploid calls coded {coding!r}", "0-2 or 0-1", "create the store again", where=str(path))
        self.haploid = HaploidCoding(coding)
        if ploidy != reading.ploidy:
            raise DataError(f"a store of ploidy {ploidy}", f"ploidy {reading.ploidy}", f"give --ploidy {ploidy}", where=str(path))
        if reading.field is GenotypeField.GP or (hard_calls and reading.field is GenotypeField.DOSAGE):
            raise no_field(reading.field.value, "of a store of calls" if hard_calls else "of a store of dosages", str(path))
        if not hard_calls and reading.field is GenotypeField.GT:
            raise no_field("GT", "of a store of dosages", str(path))
        with open_genotypes(path) as opened:
            samples = [str(name) for name in opened.samples]
            self.build = opened.build
            values = [opened.trait(name) for name in opened.trait_names]
            self.traits = [
                Trait(name, kind, column, f"{kind}, from the store")
                for name, kind, column in zip(opened.trait_names, opened.trait_kinds, values, strict=True)
            ]
            self.covariate_names, self.covariates = opened.covariate_names, opened.covariates()
        require_unique_samples(samples, path)
        super().__init__(path, samples, reading, hard_calls=hard_calls)
        if sex is not None:
            self.sex = sex.astype(np.uint8)

    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read contigs and positions alone."""
        with open_store(self.path, GENOTYPES) as store:
            for first in range(0, len(store["dosage"]), CHUNK):
                rows = slice(first, first + CHUNK)
                yield read_text(store["variants/contig"][rows]), store["variants/start"][rows]

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        with open_store(self.path, GENOTYPES) as store:
            variants = store["variants"]
            end = len(store["dosage"]) if last is None else last
            for start in range(first, end, CHUNK):
                rows = slice(start, min(start + CHUNK, end))
                contig, effect, other, rsid = (
                    read_text(variants[name][rows]) for name in ("contig", "effect_allele", "other_allele", "rsid")
                )
                dosage = store["dosage"][rows]
                if dosage.dtype == np.int8 and ((dosage < -1) | (dosage > self.reading.ploidy)).any():
                    raise DataError(
                        f"calls of {int(dosage.max())} copies",
                        f"-1 to {self.reading.ploidy}",
                        "create the store again",
                        where=str(self.path),
                    )
                yield VariantChunk(contig, variants["start"][rows], effect, other, rsid, dosage)


def is_store(path: Path) -> bool:
    """Say whether a file is HDF5."""
    with Path(path).open("rb") as handle:
        return handle.read(len(_HDF5)) == _HDF5


def _check_shapes(store: h5py.File, path: Path) -> None:
    """Check that arrays fit together before memory is taken for them."""
    dosage = store["dosage"]
    columns = [store[f"variants/{name}"] for name in ("contig", "start", "effect_allele", "other_allele", "rsid", "id")]
    right = dosage.ndim == 2 and dosage.dtype in (np.int8, np.float32)
    right = right and store["samples/id"].shape == dosage.shape[1:]
    right = right and all(column.shape == dosage.shape[:1] for column in columns)
    right = right and ("samples/sex" not in store or store["samples/sex"].shape == dosage.shape[1:])
    if not right:
        expected = "one row a variant and one column a sample"
        raise DataError("a genotype store whose arrays do not fit together", expected, "create the store again", where=str(path))
