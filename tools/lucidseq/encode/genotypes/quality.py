"""Quality control of variants: those that a chunk keeps, and why others are removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.genotypes.hwe import exact_mid_p

OUTSIDE, MISSING, FREQUENCY, MINOR_COUNT, HARDY_WEINBERG, DUPLICATE = (
    "outside the regions",
    "missing rate",
    "minor allele frequency",
    "minor allele count",
    "Hardy-Weinberg",
    "duplicate",
)
FILTERS = (MISSING, FREQUENCY, MINOR_COUNT, HARDY_WEINBERG)  # in this order


@dataclass(frozen=True)
class Filters:
    """Thresholds of variant quality control; each has a value that turns it off.

    Attributes
    ----------
    min_frequency
        Least minor-allele frequency among called genotypes; 0 is off (monomorphic variants are then kept).
    max_missing
        Largest share of missing genotypes; 1 is off.
    min_hwe_p
        Least mid-p value of the exact Hardy-Weinberg test; 0 is off.
    min_minor_count
        Least number of copies of the rarer allele; 0 is off.
    """

    min_frequency: float
    max_missing: float
    min_hwe_p: float
    min_minor_count: float = 0.0


@dataclass(frozen=True)
class Assessment:
    """Quality of the variants of a chunk.

    Attributes
    ----------
    keep
        Mask of shape (variants,).
    removed
        Number of variants by the first filter they failed.
    failed
        Index of that filter in `FILTERS`, -1 for kept variants, int8 of shape (variants,).
    frequency
        Effect-allele frequency among called genotypes (NaN where none is called), shape (variants,).
    missing
        Missing genotypes of each variant, int64 of shape (variants,).
    minor_count
        Copies of the rarer allele (NaN where none is called), shape (variants,).
    hwe_p
        Hardy-Weinberg mid-p values; NaN where it was not tested, shape (variants,).
    """

    keep: np.ndarray
    removed: dict[str, int]
    failed: np.ndarray
    frequency: np.ndarray
    missing: np.ndarray
    minor_count: np.ndarray
    hwe_p: np.ndarray


def assess(
    dosage: np.ndarray,
    filters: Filters,
    *,
    ploidy: int = 2,
    copies: np.ndarray | None = None,
    doubled: np.ndarray | None = None,
    tested: np.ndarray | None = None,
) -> Assessment:
    """Assess the variants of a chunk by missing rate, frequency, minor-allele count, then Hardy-Weinberg proportions.

    Parameters
    ----------
    dosage
        int8 with -1 for missing, or float32 with NaN, shape (variants, samples). Dosages are rounded to the nearest genotype
        for the Hardy-Weinberg test.
    filters
        Thresholds.
    ploidy
        Largest dosage; Hardy-Weinberg proportions are tested in diploids alone.
    copies
        Largest dosage of each sample, where they differ, shape (samples,).
    doubled
        Mask of the samples with one chromosome that the dosage counts as two: the minor-allele count takes it once.
    tested
        Mask of the samples for the Hardy-Weinberg test; None is all, an empty mask skips it.
    """
    samples = dosage.shape[1]
    genotypes, called, total = count_genotypes(dosage, ploidy)
    same = copies is None or bool((copies == ploidy).all())
    chromosomes = called * ploidy if same else _known(dosage) @ copies
    frequency = np.divide(total, chromosomes, out=np.full(len(dosage), np.nan), where=chromosomes > 0)
    minor = _minor_counts(dosage, total, chromosomes, doubled)
    failed = np.full(len(dosage), -1, dtype=np.int8)
    removed: dict[str, int] = {}

    def apply(name: str, fails: np.ndarray) -> None:
        fails = fails & (failed < 0)
        removed[name] = int(fails.sum())
        failed[fails] = FILTERS.index(name)

    if filters.max_missing < 1:
        apply(MISSING, (samples - called) > filters.max_missing * samples)
    if filters.min_frequency > 0:
        apply(FREQUENCY, ~(np.minimum(frequency, 1 - frequency) >= filters.min_frequency))
    if filters.min_minor_count > 0:
        apply(MINOR_COUNT, ~(minor >= filters.min_minor_count))
    p = np.full(len(dosage), np.nan)
    if filters.min_hwe_p > 0 and ploidy == 2 and (tested is None or tested.any()):
        remaining = np.flatnonzero(failed < 0)
        if tested is not None and not tested.all():
            genotypes[remaining] = count_genotypes(dosage[np.ix_(remaining, np.flatnonzero(tested))], 2)[0]
        p[remaining] = exact_mid_p(*genotypes[remaining].T)
        apply(HARDY_WEINBERG, p < filters.min_hwe_p)
    return Assessment(failed < 0, removed, failed, frequency, samples - called, minor, p)


def _minor_counts(dosage: np.ndarray, total: np.ndarray, chromosomes: np.ndarray, doubled: np.ndarray | None) -> np.ndarray:
    if doubled is not None and doubled.any():
        single = dosage[:, doubled]
        known = _known(single)
        total = total - np.where(known, single, 0).sum(axis=1, dtype=np.float64) / 2
        chromosomes = chromosomes - known.sum(axis=1)
    return np.where(chromosomes > 0, np.minimum(total, chromosomes - total), np.nan)


def count_genotypes(dosage: np.ndarray, ploidy: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count genotypes of variants.

    Returns
    -------
    (samples by genotype 0..ploidy, dosages rounded, int64 of shape (variants, ploidy + 1); called samples, shape (variants,); sum
    of dosages, float64 of shape (variants,))
    """
    whole = dosage if dosage.dtype == np.int8 else np.rint(dosage)
    genotypes = np.stack([np.count_nonzero(whole == copies, axis=1) for copies in range(ploidy + 1)], axis=1)
    if dosage.dtype == np.int8:
        return genotypes, genotypes.sum(axis=1), (genotypes @ np.arange(ploidy + 1)).astype(np.float64)
    called = _known(dosage).sum(axis=1)
    return genotypes, called, np.where(np.isnan(dosage), 0, dosage).sum(axis=1, dtype=np.float64)


def _known(dosage: np.ndarray) -> np.ndarray:
    known: np.ndarray = dosage != MISSING_CALL if dosage.dtype == np.int8 else ~np.isnan(dosage)
    return known
