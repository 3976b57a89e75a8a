"""Quality of samples: missing genotypes, heterozygosity and inbreeding coefficients, and sexes inferred from X.

References
----------
Purcell et al. (2007) Am J Hum Genet 81:559 (the inbreeding coefficient from observed and expected homozygotes, and the check of
sexes by it).
"""

from __future__ import annotations

import numpy as np

from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.readers.reader import FEMALE, MALE, UNKNOWN

MISSING_RATE, HETEROZYGOSITY, NOT_LISTED = "missing rate", "heterozygosity", "not in the list of samples"
_ROWS = 255  # counts of a byte
MALE_F, FEMALE_F, LEAST_X_VARIANTS = 0.8, 0.2, 50  # PLINK's bounds of the inbreeding coefficient on X


def column_counts(mask: np.ndarray) -> np.ndarray:
    """Return how many rows of a mask are true in each column, int64; bytes are added while they cannot overflow."""
    counts = np.zeros(mask.shape[1], dtype=np.int64)
    for first in range(0, len(mask), _ROWS):
        counts += np.add.reduce(mask[first : first + _ROWS].view(np.uint8), axis=0, dtype=np.uint8)
    return counts


class Heterozygosity:
    """Observed heterozygotes of every sample, and those expected in Hardy-Weinberg proportions.

    Frequencies are those of the samples in ``among``, a mask of shape (samples,).

    Attributes
    ----------
    heterozygous, called
        Numbers of genotypes, int64 of shape (samples,).
    expected
        Heterozygotes expected among the called, float64 of shape (samples,).
    variants
        Variants that vary.
    """

    def __init__(self, among: np.ndarray) -> None:
        samples = len(among)
        self._among = slice(None) if among.all() else among
        self.heterozygous = np.zeros(samples, dtype=np.int64)
        self.called = np.zeros(samples, dtype=np.int64)
        self.expected = np.zeros(samples)
        self.variants = 0

    def add(self, dosage: np.ndarray, missing: np.ndarray) -> None:
        """Count diploid genotypes.

        Parameters
        ----------
        dosage
            int8 or float32 (rounded here), shape (variants, samples).
        missing
            Mask of the same shape.
        """
        whole = dosage if dosage.dtype == np.int8 else np.rint(dosage)
        is_heterozygous = whole == 1
        fitted = self._among
        number = np.count_nonzero(~missing[:, fitted], axis=1)
        copies = np.count_nonzero(is_heterozygous[:, fitted], axis=1) + 2 * np.count_nonzero(whole[:, fitted] == 2, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            p = copies / (2 * number)
            share = np.where(number > 0, 2 * p * (1 - p) * (2 * number / (2 * number - 1)), 0.0)
        self.heterozygous += column_counts(is_heterozygous)
        rows, columns = np.nonzero(missing)
        self.called += len(dosage) - np.bincount(columns, minlength=dosage.shape[1])
        self.expected += share.sum() - np.bincount(columns, weights=share[rows], minlength=dosage.shape[1])
        self.variants += int((share > 0).sum())

    @property
    def rate(self) -> np.ndarray:
        """Share of heterozygotes among called genotypes; NaN without any."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.called > 0, self.heterozygous / self.called, np.nan)

    @property
    def inbreeding(self) -> np.ndarray:
        """Inbreeding coefficient F = 1 - observed / expected heterozygotes; NaN where none are expected."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.expected > 0, 1 - self.heterozygous / self.expected, np.nan)


class SampleStatistics:
    """Statistics of the samples from one pass over the files.

    Attributes
    ----------
    missing, read
        Missing genotypes, and all genotypes, int64 of shape (samples,).
    autosomes, x
        Heterozygosity on autosomes and on X, with the frequencies of the kept samples (mask of shape (samples,)).
    """

    def __init__(self, keep: np.ndarray) -> None:
        samples = len(keep)
        self.missing = np.zeros(samples, dtype=np.int64)
        self.read = np.zeros(samples, dtype=np.int64)
        self.autosomes, self.x = Heterozygosity(keep), Heterozygosity(keep)

    def add_missing(self, missing: np.ndarray, eligible: np.ndarray) -> None:
        """Count missing genotypes (mask of shape (variants, samples)) of the samples that have the chromosome."""
        self.missing += np.where(eligible, column_counts(missing), 0)
        self.read += np.where(eligible, len(missing), 0)

    @property
    def missing_rate(self) -> np.ndarray:
        """Share of missing genotypes, shape (samples,)."""
        return self.missing / np.maximum(self.read, 1)

    def inferred_sex(self) -> np.ndarray:
        """Return the sex inferred from the inbreeding coefficient on X, uint8; unknown between the bounds."""
        f = self.x.inbreeding
        if self.x.variants < LEAST_X_VARIANTS:
            return np.zeros(len(f), dtype=np.uint8)
        return np.where(f > MALE_F, MALE, np.where(f < FEMALE_F, FEMALE, UNKNOWN)).astype(np.uint8)


def outliers(values: np.ndarray, deviations: float, among: np.ndarray) -> np.ndarray:
    """Return a mask of values further from the mean than so many standard deviations (both over ``among``); NaN is none."""
    known = values[among & ~np.isnan(values)]
    if len(known) < 2:
        return np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        far: np.ndarray = np.abs(values - known.mean()) > deviations * known.std(ddof=1)
    return far


def missing_mask(dosage: np.ndarray) -> np.ndarray:
    """Return a mask of missing genotypes."""
    missing: np.ndarray = dosage == MISSING_CALL if dosage.dtype == np.int8 else np.isnan(dosage)
    return missing
