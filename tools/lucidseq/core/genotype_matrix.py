"""The genotype matrix: genotypes by sample, for training. Rows are read in random order and coded in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.codings import Coding, Imputer, Training, coding_table, genotype_kinds
from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL, read_trait
from lucidseq.core.schema import GENOTYPE_MATRIX
from lucidseq.core.splits import Split, Splits
from lucidseq.core.stores import open_store, read_list, read_text

_PER_BYTE = 4
_CODES = np.array([0, 1, 2, MISSING_CALL], dtype=np.int8)  # copies of the effect allele by the two-bit code
_VARIANTS = 1 << 13  # coded at once: their table fits the processor's cache


_TEXTS = ("contig", "effect_allele", "other_allele", "id", "rsid")
_FITTED = {"called": "i", "mean": "f", "sd": "f", "mode": "u", "genotype_frequency": "f"}


class Layout(StrEnum):
    """Storage of a genotype in a genotype matrix."""

    BITS2 = "bits2"
    FLOAT16 = "float16"
    FLOAT32 = "float32"


def _table() -> np.ndarray:
    pairs = np.arange(1 << 16, dtype=np.uint32)[:, None] >> (2 * np.arange(8, dtype=np.uint32))
    return np.ascontiguousarray(_CODES[pairs & 3]).view(np.uint64).ravel()


_EIGHT = _table()  # eight int8 genotypes, as one word, by their two bytes


def pack(calls: np.ndarray) -> np.ndarray:
    """Pack calls by sample, two bits each.

    Parameters
    ----------
    calls
        int8 of shape (variants, samples): 0, 1, 2, or -1 for missing.

    Returns
    -------
    uint8 of shape (samples, ceil(variants / 4)), the first variant in the lowest bits; bits past the last variant are 0.

    Examples
    --------
    >>> pack(np.array([[1], [2], [-1], [0], [1]], dtype=np.int8)).tolist()
    [[57, 1]]
    """
    codes = calls.view(np.uint8) & 3
    if len(codes) % _PER_BYTE:
        codes = np.pad(codes, ((0, -len(codes) % _PER_BYTE), (0, 0)))
    packed = codes[0::4] | codes[1::4] << 2 | codes[2::4] << 4 | codes[3::4] << 6
    return np.ascontiguousarray(packed.T)


def unpack(packed: np.ndarray, variants: int) -> np.ndarray:
    """Undo `pack`: int8 of shape (samples, variants), -1 for missing; one table look-up gives eight genotypes.

    Examples
    --------
    >>> unpack(np.array([[57, 1]], dtype=np.uint8), 5).tolist()
    [[1, 2, -1, 0, 1]]
    """
    if packed.shape[1] % 2:
        packed = np.pad(packed, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(packed).view("<u2")
    calls: np.ndarray = _EIGHT[words].view(np.int8)
    return calls[:, :variants]


class RowSums:
    """Checksums of rows that are added in parts.

    The sum of a row is that of its 64-bit words (zeros past its end), each multiplied by its own odd number, modulo 2^64. Any
    change of a single word changes it; other changes are missed with a probability of about 2^-64.

    Parameters
    ----------
    rows
        Number of rows.
    """

    def __init__(self, rows: int) -> None:
        self.values = np.zeros(rows, dtype=np.uint64)
        self._at = 0

    def add(self, piece: np.ndarray) -> None:
        """Add the next part of every row, shape (rows, width): a multiple of eight bytes, except for the last part."""
        data = np.ascontiguousarray(piece).view(np.uint8)
        if data.shape[1] % 8:
            data = np.pad(data, ((0, 0), (0, -data.shape[1] % 8)))
        words = data.view(np.uint64)
        self.values += np.einsum("ij,j->i", words, _odd(self._at, self._at + words.shape[1]))
        self._at += words.shape[1]


def _odd(first: int, last: int) -> np.ndarray:
    """Return odd numbers first..last-1 of a fixed sequence (SplitMix64 of the index)."""
    mixed = np.arange(first + 1, last + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    odd: np.ndarray = (mixed ^ (mixed >> np.uint64(31))) | np.uint64(1)
    return odd


class GenotypeMatrix:
    """An open genotype matrix.

    Attributes
    ----------
    samples
        Sample names, object array of shape (samples,).
    layout
        `Layout` of the genotypes.
    splits
        Train, valid and test samples, their groups and folds.
    training
        Statistics of each variant among the training samples, for imputer and codings.
    training_digest
        SHA-256 of the sorted names of these samples (`splits.digest`), to check which samples the parameters were fitted on.
    contig, start, variant_id, effect_allele
        One value a variant.
    """

    def __init__(self, store: h5py.File, path: Path) -> None:
        self.path, self._store = path, store
        self.layout = _checked_layout(store, path)
        self.build = str(store.attrs["build"])
        self.samples = read_text(store["samples/id"])
        self.start = store["variants/start"][()]
        self.contig, self.variant_id = read_text(store["variants/contig"]), read_text(store["variants/id"])
        self.effect_allele = read_text(store["variants/effect_allele"])
        self.splits = Splits(store["splits/split"][()], read_text(store["splits/group"]), store["splits/fold"][()])
        arrays = {name: store[f"training/{name}"][()] for name in _FITTED}
        self.training = Training(**arrays, ploidy=int(store.attrs["ploidy"]))
        self.training_digest = str(store.attrs["training_digest"])
        self.trait_names, self.trait_kinds = read_list(store, "trait_names"), read_list(store, "trait_kinds")
        self.covariate_names = read_list(store, "covariate_names")
        self._check_values()
        self._rows = _on_disk(store["genotypes"], path)
        self._sums = store["genotype_sums"][()] if "genotype_sums" in store else None
        self._tables: dict[tuple[Coding, Imputer], np.ndarray] = {}

    @property
    def variants(self) -> int:
        """Number of variants."""
        return len(self.start)

    def _check_values(self) -> None:
        """Refuse impossible values, which would only appear much later, as a loss that is not a number."""
        fitted = self.training
        numbers = (fitted.mean, fitted.sd, fitted.genotype_frequency)
        bad = not all(np.isfinite(values).all() for values in numbers) or fitted.ploidy < 1
        bad = bad or any((np.abs(values) > fitted.ploidy + 1e-6).any() for values in numbers)
        bad = bad or bool((fitted.mean < 0).any() or (fitted.sd < 0).any() or (fitted.mode >= genotype_kinds(fitted.ploidy)).any())
        if bad or (self.splits.split > max(Split)).any():
            received = "impossible values among the splits or the fitted parameters"
            raise DataError(received, "a file of `lucidseq encode matrix`", "make the file again", where=str(self.path))

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Return samples as int8 calls of shape (samples, variants), -1 for missing.

        Raises
        ------
        DataError
            If the matrix holds dosages.
        """
        if self.layout is not Layout.BITS2:
            fix = "read dosages, or make the matrix with --layout bits2"
            raise DataError("a genotype matrix of dosages", "hard calls", fix, where=str(self.path))
        return unpack(self._read(indices), self.variants)

    def dosages(self, indices: np.ndarray) -> np.ndarray:
        """Return samples as float32 dosages of shape (samples, variants), NaN for missing."""
        if self.layout is not Layout.BITS2:
            return self._read(indices).astype(np.float32)
        calls = self.rows(indices)
        return np.where(calls == MISSING_CALL, np.float32(np.nan), calls.astype(np.float32))

    def batch(self, indices: np.ndarray, coding: Coding = Coding.ADDITIVE_HWE, imputer: Imputer = Imputer.MEAN) -> np.ndarray:
        """Return samples as input of a network, coded with the parameters of the training samples.

        A dosage between two whole numbers is coded by interpolation (exact for the additive codings).

        Parameters
        ----------
        indices
            Samples, int of shape (n,).
        coding, imputer
            See `Coding` and `Imputer`; one-hot codings impute nothing.

        Returns
        -------
        float32 of shape (n, variants), or (n, variants, channels) for one-hot codings, without missing values.
        """
        key = (coding, imputer)
        if key not in self._tables:
            self._tables[key] = np.ascontiguousarray(coding_table(coding, imputer, self.training))
        table = self._tables[key]
        coded = np.empty((len(indices), self.variants, *table.shape[2:]), dtype=np.float32)
        genotypes = self.rows(indices) if self.layout is Layout.BITS2 else self._read(indices)
        for first in range(0, self.variants, _VARIANTS):
            part = slice(first, first + _VARIANTS)
            coded[:, part] = code(genotypes[:, part], table[part])
        return coded

    def trait(self, name: str) -> np.ndarray:
        """Return a trait, float64 of shape (samples,), NaN where missing.

        Raises
        ------
        DataError
            If there is no such trait.
        """
        return read_trait(self._store, self.trait_names, name, self.path)

    def covariates(self) -> np.ndarray:
        """Return covariates, float64 of shape (samples, covariates), NaN where missing."""
        if not self.covariate_names:
            return np.empty((len(self.samples), 0))
        values: np.ndarray = self._store["covariates/values"][()].T
        return values

    def _read(self, indices: np.ndarray) -> np.ndarray:
        if isinstance(self._rows, np.ndarray):
            values: np.ndarray = self._rows[indices]
        else:
            order, back = np.unique(indices, return_inverse=True)  # HDF5 takes rising indices
            values = self._rows[order][back.reshape(-1)]
        if self._sums is not None:
            sums = RowSums(len(values))
            sums.add(values)
            bad = sums.values != self._sums[indices]
            if bad.any():
                raise DataError(
                    f"damaged genotypes of sample {self.samples[indices][bad][0]}",
                    "rows as they were written",
                    "copy or make the file again",
                    where=str(self.path),
                )
        return values


def code(genotypes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Look genotypes up in a table of codings.

    Parameters
    ----------
    genotypes
        int8 calls (-1 missing) or float dosages (NaN missing) of shape (samples, variants).
    table
        Codes of 0, 1, 2 and missing, float32 of shape (variants, 4) or (variants, 4, channels).

    Returns
    -------
    float32 of shape (samples, variants) or (samples, variants, channels).
    """
    base = 4 * np.arange(genotypes.shape[1])
    flat = table.reshape(-1, *table.shape[2:])
    if genotypes.dtype == np.int8:
        codes: np.ndarray = flat.take((genotypes & 3) + base, axis=0)
        return codes
    missing = np.isnan(genotypes)
    dosage = np.where(missing, 0, genotypes).astype(np.float32)
    floor = np.clip(np.floor(dosage), 0, 1)
    share = dosage - floor
    below = base + floor.astype(np.int64)
    share = share[..., None] if table.ndim > 2 else share
    coded: np.ndarray = (1 - share) * flat[below] + share * flat[below + 1]
    coded[missing] = np.broadcast_to(table[:, 3], (len(genotypes), *table[:, 3].shape))[missing]
    return coded


def _on_disk(genotypes: h5py.Dataset, path: Path) -> np.ndarray | h5py.Dataset:
    """Return the rows as mapped memory (reading a random row then reads its bytes alone), or the dataset if it is chunked."""
    offset = genotypes.id.get_offset()
    if offset is None or genotypes.file.userblock_size:
        return genotypes
    try:
        return np.memmap(path, dtype=genotypes.dtype, mode="r", offset=offset, shape=genotypes.shape)
    except ValueError as error:
        raise DataError(f"genotypes that end too early ({error})", "a whole file", "copy or make it again", where=str(path)) from error


def _checked_layout(store: h5py.File, path: Path) -> Layout:
    """Return the layout after checking that every array has the kind and shape that follow from the samples and variants."""
    layout, ploidy, digest = (store.attrs[name] for name in ("layout", "ploidy", "training_digest"))
    samples, variants = store["samples/id"].shape, store["variants/start"].shape
    expected: dict[str, tuple[str, tuple[int, ...]]] = {f"variants/{name}": ("S", variants) for name in _TEXTS}
    expected |= {"variants/start": ("i", variants), "samples/id": ("S", samples), "splits/group": ("S", samples)}
    expected |= {"splits/split": ("u", samples), "splits/fold": ("i", samples)}
    kinds = genotype_kinds(int(ploidy)) if isinstance(ploidy, int | np.integer) else 0
    expected |= {f"training/{name}": (kind, variants) for name, kind in _FITTED.items()}
    expected["training/genotype_frequency"] = ("f", (*variants, kinds))
    if "genotype_sums" in store:
        expected["genotype_sums"] = ("u", samples)
    for group, names in (("phenotypes", "trait_names"), ("covariates", "covariate_names")):
        if f"{group}/values" in store:
            expected[f"{group}/values"] = ("f", (len(read_list(store, names)), *samples))
    bad = [name for name, (kind, shape) in expected.items() if store[name].dtype.kind != kind or store[name].shape != shape]
    bad += ["ploidy"] if not isinstance(ploidy, int | np.integer) else []
    bad += [name for name, value in (("layout", layout), ("training_digest", digest)) if not isinstance(value, str)]
    known = layout in list(Layout) if isinstance(layout, str) else False
    if known and len(samples) == len(variants) == 1:
        width = -(-variants[0] // _PER_BYTE) if layout == Layout.BITS2 else variants[0]
        genotypes = store["genotypes"]
        fits = genotypes.dtype == ("uint8" if layout == Layout.BITS2 else layout) and genotypes.shape == (*samples, width)
        bad += [] if fits else ["genotypes"]
    if bad or not known or len(samples) != 1 or len(variants) != 1:
        received, fix = f"{', '.join(bad) or 'arrays'} of another kind or shape (layout {layout})", "make the file again"
        raise DataError(received, "arrays that fit the samples and variants", fix, where=str(path))
    return Layout(layout)


@contextmanager
def open_matrix(path: Path) -> Iterator[GenotypeMatrix]:
    """Open a genotype matrix for reading (errors as `stores.open_store`)."""
    with open_store(path, GENOTYPE_MATRIX) as store:
        yield GenotypeMatrix(store, Path(path))
