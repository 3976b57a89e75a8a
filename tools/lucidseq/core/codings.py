"""Codings of genotypes as numbers for a model, with parameters from training samples alone.

References
----------
Vitezica et al. (2013) Genetics 195:1223 (dominance under Hardy-Weinberg proportions); Álvarez-Castro & Carlborg (2007) Genetics
176:1151 and Vitezica et al. (2017) Genetics 206:1297 (NOIA: orthogonal under any genotype frequencies).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lucidseq.core.errors import UsageError

if TYPE_CHECKING:
    import numpy as np


class Coding(StrEnum):
    """Coding of a genotype as numbers. p is the frequency of the effect allele, p0, p1, p2 those of the genotypes, among training samples."""

    ADDITIVE = "additive"  # g
    ADDITIVE_CENTRED = "additive-centred"  # g - 2p
    ADDITIVE_HWE = "additive-hwe"  # (g - 2p) / sqrt(2p(1 - p))
    ADDITIVE_EMPIRICAL = "additive-empirical"  # (g - mean) / standard deviation
    DOMINANCE_HWE = "dominance-hwe"  # -2p², 2p(1 - p), -2(1 - p)²
    DOMINANCE_NOIA = "dominance-noia"  # orthogonal to g under p0, p1, p2
    ONE_HOT = "one-hot"  # three channels; missing is none of them
    ONE_HOT_MISSING = "one-hot-missing"  # a fourth channel for missing

    @property
    def channels(self) -> int:
        """Numbers a genotype; 1 gives arrays without an axis of channels."""
        return {Coding.ONE_HOT: 3, Coding.ONE_HOT_MISSING: 4}.get(self, 1)


class Imputer(StrEnum):
    """Value of a missing genotype, in codings with one channel."""

    MEAN = "mean"  # the mean of the coding among training samples
    MODE = "mode"  # the coding of the most frequent genotype


@dataclass(frozen=True)
class Training:
    """Statistics of each variant among the training samples.

    Attributes
    ----------
    called
        Training samples with a genotype, int64 of shape (variants,).
    mean, sd
        Mean and standard deviation (divisor n) of their dosages, float64 of shape (variants,); 0 when none is called.
    mode
        Most frequent genotype, uint8 of shape (variants,).
    genotype_frequency
        p0, p1, p2, ..., float64 of shape (variants, `genotype_kinds`); zeros when none is called.
    ploidy
        Chromosome copies of a sample.
    """

    called: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    mode: np.ndarray
    genotype_frequency: np.ndarray
    ploidy: int = 2


def genotype_kinds(ploidy: int) -> int:
    """Return the number of genotypes that are counted: 0 to ploidy copies, and at least three."""
    return max(ploidy, 2) + 1


def coding_table(coding: Coding, imputer: Imputer, training: Training) -> np.ndarray:
    """Return the codes of 0, 1, 2 copies and of a missing genotype.

    Dosages of polyploids above 2 are extrapolated from 1 and 2 in the additive codings; the other codings are for diploids.

    Variants that do not vary among training samples become 0 in standardised and dominance codings: they have no scale.

    Returns
    -------
    float32 of shape (variants, 4), or (variants, 4, channels) for one-hot codings.

    Raises
    ------
    UsageError
        If the coding, or the mode, is for diploids and the samples are not.
    """
    import numpy as np

    polyploid = training.ploidy > 2 and imputer is Imputer.MODE
    if polyploid or (training.ploidy != 2 and not coding.value.startswith("additive")):
        raise UsageError(
            f"coding {coding}, imputer {imputer} and ploidy {training.ploidy}",
            "an additive coding and the mean, or diploids",
            "take an additive coding and the mean",
        )

    if coding.channels > 1:
        channels = np.eye(4, coding.channels, dtype=np.float32)
        return np.broadcast_to(channels, (len(training.mean), 4, coding.channels))
    values = _values(coding, training)
    if imputer is Imputer.MODE:
        missing = np.take_along_axis(values, training.mode[:, None].astype(np.int64), axis=1)[:, 0]
    elif coding is Coding.ADDITIVE:
        missing = training.mean
    elif coding is Coding.DOMINANCE_HWE:
        missing = (values * training.genotype_frequency).sum(axis=1)
    else:
        missing = np.zeros(len(values))  # the mean of these codings
    table: np.ndarray = np.column_stack([values, missing]).astype(np.float32)
    return table


def _values(coding: Coding, training: Training) -> np.ndarray:
    """Return the codes of 0, 1 and 2 copies, float64 of shape (variants, 3)."""
    import numpy as np

    copies, mean = np.arange(3.0)[None, :], training.mean[:, None]
    if coding is Coding.ADDITIVE:
        return np.broadcast_to(copies, (len(mean), 3))
    if coding is Coding.ADDITIVE_CENTRED:
        centred: np.ndarray = copies - mean
        return centred
    if coding in (Coding.ADDITIVE_HWE, Coding.ADDITIVE_EMPIRICAL):
        p = training.mean / training.ploidy
        scale = np.sqrt(training.ploidy * p * (1 - p)) if coding is Coding.ADDITIVE_HWE else training.sd
        return _divide(copies - mean, scale[:, None])
    if coding is Coding.DOMINANCE_HWE:
        p = training.mean / 2
        varies = ((p > 0) & (p < 1))[:, None]
        values: np.ndarray = np.column_stack([-2 * p**2, 2 * p * (1 - p), -2 * (1 - p) ** 2]) * varies
        return values
    p0, p1, p2 = training.genotype_frequency.T
    variance = p0 + p2 - (p2 - p0) ** 2  # of the dosage
    return _divide(np.column_stack([-2 * p1 * p2, 4 * p0 * p2, -2 * p0 * p1]), variance[:, None])


def _divide(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Divide; 0 where the scale is 0 up to rounding."""
    import numpy as np

    usable = scale > 1e-9
    quotient: np.ndarray = np.where(usable, values / np.where(usable, scale, 1), 0.0)
    return quotient
