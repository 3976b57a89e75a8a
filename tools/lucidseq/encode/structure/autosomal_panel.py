"""Autosomal variants of a genotype store, read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lucidseq.core.genotypes import CHUNK, MISSING_CALL, GenotypeStore
from lucidseq.encode.genotypes.sex_chromosomes import PLINK_NUMBERS, known_build
from lucidseq.encode.hard_calls import hard_calls

NOT_AUTOSOMES = frozenset({"X", "Y", "XY", "PAR1", "PAR2", "Z", "W", "M", "MT"})
_MULTIPLIERS = 2  # 64-bit words of a fingerprint


class AutosomalPanel:
    """Autosomal variants of a genotype store.

    Parameters
    ----------
    store
        The open store.
    rows
        Mask of the variants to use, shape (variants of the store,).
    tolerance
        Largest distance of a dosage from a whole number for a hard call.
    """

    def __init__(self, store: GenotypeStore, rows: np.ndarray, tolerance: float) -> None:
        self.store, self.rows, self.tolerance = store, rows, tolerance
        self.variants, self.samples = int(rows.sum()), len(store.samples)

    def dosages(self, samples: slice = slice(None)) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows in the store, dosages of shape (variants, samples), 0 to 2 for any ploidy) chunk by chunk."""
        for first in range(0, len(self.rows), CHUNK):
            rows = np.flatnonzero(self.rows[first : first + CHUNK])
            if len(rows):
                values = self.store.dosage(first, min(first + CHUNK, len(self.rows)), samples)
                yield (first + rows, diploid_scale(values if len(rows) == len(values) else values[rows], self.store.ploidy))

    def calls(self, samples: slice = slice(None)) -> Iterator[np.ndarray]:
        """Yield int8 calls of shape (variants, samples), -1 for missing, chunk by chunk.

        Haploids count as homozygotes; of polyploids 1 stands for every genotype with both alleles.
        """
        ploidy = self.store.ploidy
        for _, values in self.dosages(samples):
            if ploidy <= 2:
                yield hard_calls(values, self.tolerance, str(self.store.path))
                continue
            calls = hard_calls(values * (ploidy / 2), self.tolerance, str(self.store.path), ploidy=ploidy)
            yield np.where(calls < 1, calls, np.where(calls == ploidy, 2, 1)).astype(np.int8)

    def only(self, rows: np.ndarray) -> AutosomalPanel:
        """Return a panel of other variants."""
        return AutosomalPanel(self.store, rows, self.tolerance)


def diploid_scale(dosage: np.ndarray, ploidy: int) -> np.ndarray:
    """Return dosages of 0 to ``ploidy`` copies as 0 to 2: int8 (-1 missing) up to diploids, float32 (NaN missing) beyond.

    Examples
    --------
    >>> diploid_scale(np.array([0, 1, -1], dtype=np.int8), 1).tolist()
    [0, 2, -1]
    >>> diploid_scale(np.array([0, 3, -1], dtype=np.int8), 4).tolist()
    [0.0, 1.5, nan]
    """
    if ploidy == 2:
        return dosage
    if dosage.dtype == np.int8 and ploidy == 1:
        return np.where(dosage == MISSING_CALL, MISSING_CALL, 2 * dosage).astype(np.int8)
    values = np.where(dosage == MISSING_CALL, np.nan, dosage) if dosage.dtype == np.int8 else dosage
    return (values * (2 / ploidy)).astype(np.float32)


def autosomal(contigs: np.ndarray, build: str) -> np.ndarray:
    """Return a mask of variants that are not on contigs called X, Y, Z, W or M (with or without chr), or 23 to 26 of a human build."""
    others = NOT_AUTOSOMES | PLINK_NUMBERS if known_build(build) else NOT_AUTOSOMES
    mask = np.ones(len(contigs), dtype=bool)
    for name in {name for name in set(contigs) if str(name).removeprefix("chr").upper() in others}:
        mask &= contigs != name
    return mask


@dataclass(frozen=True)
class Survey:
    """Statistics from one pass over the calls.

    Attributes
    ----------
    called, het
        Variants called in each sample, and heterozygous; int64 of shape (samples,).
    expected_het
        Heterozygotes that Hardy-Weinberg proportions would give, over the variants called in the sample.
    fingerprint
        uint64 of shape (samples, 2): equal for equal genotypes.
    """

    called: np.ndarray
    het: np.ndarray
    expected_het: np.ndarray
    fingerprint: np.ndarray

    @property
    def inbreeding(self) -> np.ndarray:
        """F of each sample: 1 - observed / expected heterozygotes; NaN where none are expected."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.expected_het > 0, 1 - self.het / self.expected_het, np.nan)


def survey(panel: AutosomalPanel) -> Survey:
    """Read the calls once.

    A fingerprint is a multilinear hash of the calls modulo 2^64 (random odd multipliers, two of them): samples with different
    genotypes share both words with a probability below 1e-20.
    """
    called, het = (np.zeros(panel.samples, dtype=np.int64) for _ in range(2))
    expected = np.zeros(panel.samples)
    prints = np.zeros((panel.samples, _MULTIPLIERS), dtype=np.uint64)
    rng = np.random.default_rng(2010)  # fixed seed of the hash
    for calls in panel.calls():
        present = calls != MISSING_CALL
        number = present.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            frequency = np.where(present, calls, 0).sum(axis=1) / (2 * number)
            # Nei's correction for the number of calls, unbiased for few samples
            each = np.where(number > 0, 2 * frequency * (1 - frequency) * 2 * number / np.maximum(2 * number - 1, 1), 0)
        called += present.sum(axis=0)
        het += (calls == 1).sum(axis=0)
        expected += each @ present
        padded = np.zeros((panel.samples, -(-len(calls) // 8) * 8), dtype=np.int8)
        padded[:, : len(calls)] = calls.T
        words = padded.view(np.uint64)
        factors = rng.integers(0, 1 << 63, (_MULTIPLIERS, words.shape[1]), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        for column, factor in enumerate(factors):
            prints[:, column] += ((words ^ (words >> np.uint64(32))) * factor).sum(axis=1, dtype=np.uint64)
    return Survey(called, het, expected, prints)


def identical(fingerprint: np.ndarray) -> np.ndarray:
    """Return the number of the set of equal fingerprints of each sample, int64 of shape (samples,)."""
    _, sets = np.unique(fingerprint, axis=0, return_inverse=True)
    return sets.reshape(-1).astype(np.int64)
