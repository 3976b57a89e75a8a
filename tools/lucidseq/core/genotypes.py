"""The genotype store: dosages of the effect allele, variant-major, read in slices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.schema import GENOTYPES
from lucidseq.core.stores import open_store, read_list, read_text

MISSING_CALL = -1
CHUNK = 1024  # variants x samples of one compressed chunk
_NAMES = 1 << 16  # names of contigs read at a time
_EVERY = slice(None)


class GenotypeStore:
    """An open genotype store.

    Attributes
    ----------
    ploidy
        Chromosome copies of a sample: dosages range from 0 to this number.
    haploid
        Coding of X and Y in males and of mitochondria in all samples: ``0-2`` or ``0-1``.
    samples
        Sample names, object array of shape (samples,).
    contig, start, variant_id, rsid, effect_allele, other_allele, frequency
        One value a variant, in file order (sorted by contig as first seen, then position).
    trait_names, covariate_names
        Names of the traits and covariates in the store.
    """

    def __init__(self, store: h5py.File, path: Path) -> None:
        self.path = path
        self._store = store
        self.build = str(store.attrs["build"])
        self.ploidy = int(store.attrs.get("ploidy", 2))
        self.haploid = str(store.attrs.get("haploid", "0-2"))
        self.samples = read_text(store["samples/id"])
        self.contig = _contigs(store["variants/contig"])
        self.start = store["variants/start"][()]
        self.trait_names, self.trait_kinds = read_list(store, "trait_names"), read_list(store, "trait_kinds")
        self.covariate_names = read_list(store, "covariate_names")

    @cached_property  # the texts of ten million variants are gigabytes: read on first use
    def variant_id(self) -> np.ndarray:
        """Names of the variants (contig:position:other:effect)."""
        return read_text(self._store["variants/id"])

    def names(self, first: int, last: int) -> np.ndarray:
        """Return `variant_id` of variants first..last-1, read from the file."""
        return read_text(self._store["variants/id"][first:last])

    def columns(self, first: int, last: int) -> dict[str, np.ndarray]:
        """Return contig, start, rsid, effect_allele, other_allele and frequency of variants first..last-1; texts are read from the file."""
        texts = {name: read_text(self._store[f"variants/{name}"][first:last]) for name in ("rsid", "effect_allele", "other_allele")}
        frequency = self._store["variants/frequency"][first:last]
        return {"contig": self.contig[first:last], "start": self.start[first:last], **texts, "frequency": frequency}

    @cached_property
    def sex(self) -> np.ndarray:
        """Sex of each sample as PLINK codes it (1 male, 2 female, 0 unknown), uint8 of shape (samples,)."""
        if "samples/sex" not in self._store:
            return np.zeros(len(self.samples), dtype=np.uint8)
        values: np.ndarray = self._store["samples/sex"][()]
        return values

    @cached_property
    def frequency(self) -> np.ndarray:
        """Effect-allele frequency of each variant."""
        values: np.ndarray = self._store["variants/frequency"][()]
        return values

    @cached_property
    def rsid(self) -> np.ndarray:
        """Identifiers in the source."""
        return read_text(self._store["variants/rsid"])

    @cached_property
    def effect_allele(self) -> np.ndarray:
        """The counted allele of each variant."""
        return read_text(self._store["variants/effect_allele"])

    @cached_property
    def other_allele(self) -> np.ndarray:
        """The other allele of each variant."""
        return read_text(self._store["variants/other_allele"])

    @property
    def hard_calls(self) -> bool:
        """Whether the store holds int8 calls (missing -1) rather than float32 dosages (missing NaN)."""
        return bool(self._store["dosage"].dtype == np.int8)

    def dosage(self, first: int, last: int, samples: slice = _EVERY) -> np.ndarray:
        """Return dosages of variants first..last-1 as stored, of shape (last - first, samples), or of a slice of the samples."""
        values: np.ndarray = self._store["dosage"][first:last, samples]
        return values

    def dosage_float(self, first: int, last: int) -> np.ndarray:
        """Return the same as float64 with NaN for missing."""
        values = self.dosage(first, last)
        if values.dtype == np.int8:
            return np.where(values == MISSING_CALL, np.nan, values)
        return values.astype(np.float64)

    def region(self, contig: str, start: int, end: int) -> tuple[int, int]:
        """Return the first and one past the last variant of a region (0-based, half-open)."""
        rows = np.flatnonzero(self.contig == contig)
        if not len(rows):
            return 0, 0
        first, last = int(rows[0]), int(rows[-1]) + 1
        left, right = np.searchsorted(self.start[first:last], [start, end])
        return first + int(left), first + int(right)

    def trait(self, name: str) -> np.ndarray:
        """Return a trait, float64 of shape (samples,), NaN where missing.

        Raises
        ------
        DataError
            If there is no such trait.
        """
        return read_trait(self._store, self.trait_names, name, self.path)

    def trait_kind(self, name: str) -> str:
        """Return ``quantitative`` or ``binary`` (0/1 values)."""
        return self.trait_kinds[self.trait_names.index(name)]

    def covariates(self) -> np.ndarray:
        """Return covariates, float64 of shape (covariates, samples); (0, samples) when there are none."""
        if not self.covariate_names:
            return np.empty((0, len(self.samples)))
        values: np.ndarray = self._store["covariates/values"][()]
        return values


def _contigs(names: h5py.Dataset) -> np.ndarray:
    """Read names of contigs, as an object array in which the variants of a contig share one text."""
    contigs, known = np.empty(len(names), dtype=object), dict[str, str]()
    for first in range(0, len(names), _NAMES):
        part, at = np.unique(names[first : first + _NAMES], return_inverse=True)
        texts = [known.setdefault(text, text) for text in read_text(part)]
        contigs[first : first + _NAMES] = np.array(texts, dtype=object)[at.reshape(-1)]
    return contigs


def read_trait(store: h5py.File, names: list[str], name: str, path: Path) -> np.ndarray:
    """Return a trait of a store, float64 of shape (samples,), NaN where missing.

    Raises
    ------
    DataError
        If there is no such trait.
    """
    if name not in names:
        raise DataError(
            f"trait {name}",
            f"one of {', '.join(names) or 'no traits: none were encoded'}",
            "correct --trait, or encode the phenotypes with the genotypes",
            where=str(path),
        )
    values: np.ndarray = store["phenotypes/values"][names.index(name)]
    return values


@contextmanager
def open_genotypes(path: Path) -> Iterator[GenotypeStore]:
    """Open a genotype store for reading (errors as `stores.open_store`)."""
    with open_store(path, GENOTYPES) as store:
        yield GenotypeStore(store, Path(path))
