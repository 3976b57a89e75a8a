"""Statistics of each variant in the training samples, for imputer and codings."""

from __future__ import annotations

import numpy as np

from lucidseq.core.codings import Training, genotype_kinds
from lucidseq.core.genotypes import MISSING_CALL


def fit(dosage: np.ndarray, ploidy: int = 2) -> Training:
    """Count genotypes.

    A dosage between two whole numbers counts partly as either genotype, in proportion: the mean is then p1 + 2 p2 + ... for calls
    and dosages.

    Parameters
    ----------
    dosage
        int8 (-1 missing) or float (NaN missing) of the training samples, shape (variants, samples).
    ploidy
        Largest dosage.
    """
    copies = range(genotype_kinds(ploidy))
    if dosage.dtype == np.int8:
        counts = np.stack([(dosage == number).sum(axis=1) for number in copies], axis=1).astype(np.float64)
        called = (dosage != MISSING_CALL).sum(axis=1)
        squares = counts @ np.array([float(number**2) for number in copies])
    else:
        present = ~np.isnan(dosage)
        values = np.where(present, dosage, 0).astype(np.float64)
        called = present.sum(axis=1)
        none = np.where(present, np.maximum(1 - values, 0), 0).sum(axis=1)
        several = [np.maximum(1 - np.abs(values - number), 0).sum(axis=1) for number in copies[2:]]
        counts = np.stack([none, called - none - sum(several), *several], axis=1)
        squares = (values**2).sum(axis=1)
    divisor = np.maximum(called, 1)
    frequency = counts / divisor[:, None]
    mean = sum(number * frequency[:, number] for number in copies)
    sd = np.sqrt(np.maximum(squares / divisor - mean**2, 0))
    return Training(called.astype(np.int64), mean, sd, counts.argmax(axis=1).astype(np.uint8), frequency, ploidy)
