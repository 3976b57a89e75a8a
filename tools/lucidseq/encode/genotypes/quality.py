"""Quality control of variants: which ones a chunk keeps, and why the others go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.genotypes.hwe import exact_mid_p

OUTSIDE, MISSING, FREQUENCY, HARDY_WEINBERG, DUPLICATE = (
    "outside the regions", "missing rate", "minor allele frequency", "Hardy-Weinberg", "duplicate",
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """Thresholds of variant quality control; each has a value that turns it off.

    Attributes
    ----------
    min_frequency
        Least minor-allele frequency among called genotypes; 0 is off (monomorphic variants then stay).
    max_missing
        Largest share of missing genotypes; 1 is off.
    min_hwe_p
        Least mid-p value of the exact Hardy-Weinberg test; 0 is off.
    """

    min_frequency: float
    max_missing: float
    min_hwe_p: float


@dataclass(frozen=True)
class Assessment:
    """Judgement of a chunk.

    Attributes
    ----------
    keep
        Mask of shape (variants,).
    removed
        Number of variants by the first filter they failed.
    frequency
        Effect-allele frequency among called genotypes (NaN where none is called), shape (variants,).
    missing
        Missing genotypes of each variant, shape (variants,).
    """

    keep: np.ndarray
    removed: dict[str, int]
    frequency: np.ndarray
    missing: np.ndarray


def assess(dosage: np.ndarray, filters: Filters) -> Assessment:
    """Judge the variants of a chunk by missing rate, then frequency, then Hardy-Weinberg proportions.

    Parameters
    ----------
    dosage
        int8 with -1 for missing, or float32 with NaN, shape (variants, samples). Dosages are rounded to the nearest genotype
        for the Hardy-Weinberg test.
    filters
        Thresholds.
    """
    samples = dosage.shape[1]
    called = ~np.isnan(dosage) if dosage.dtype != np.int8 else dosage != MISSING_CALL
    number = called.sum(axis=1)
    copies = np.where(called, dosage, 0).sum(axis=1, dtype=np.float64)
    frequency = np.divide(copies, 2 * number, out=np.full(len(dosage), np.nan), where=number > 0)
    keep = np.ones(len(dosage), dtype=bool)
    removed: dict[str, int] = {}

    def apply(name: str, fails: np.ndarray) -> None:
        removed[name] = int((keep & fails).sum())
        keep[fails] = False

    if filters.max_missing < 1:
        apply(MISSING, (samples - number) > filters.max_missing * samples)
    if filters.min_frequency > 0:
        minor = np.minimum(frequency, 1 - frequency)
        apply(FREQUENCY, ~(minor >= filters.min_frequency))
    if filters.min_hwe_p > 0:
        fails = np.zeros(len(dosage), dtype=bool)
        fails[keep] = hwe_p(dosage[keep]) < filters.min_hwe_p
        apply(HARDY_WEINBERG, fails)
    return Assessment(keep, removed, frequency, samples - number)


def hwe_p(dosage: np.ndarray) -> np.ndarray:
    """Return Hardy-Weinberg mid-p values of dosages (rounded to genotypes), shape (variants,)."""
    genotype = dosage if dosage.dtype == np.int8 else np.nan_to_num(np.rint(dosage), nan=MISSING_CALL)
    none, one, two = ((genotype == copies).sum(axis=1) for copies in range(3))
    return exact_mid_p(none, one, two)
