"""What the training samples say of each variant, for imputer and codings."""

from __future__ import annotations

import numpy as np

from lucidseq.core.codings import Training
from lucidseq.core.genotypes import MISSING_CALL


def fit(dosage: np.ndarray) -> Training:
    """Count genotypes.

    A dosage between two whole numbers counts partly as either genotype, in proportion: the mean is then p1 + 2 p2 for calls and dosages.

    Parameters
    ----------
    dosage
        int8 (-1 missing) or float (NaN missing) of the training samples, shape (variants, samples).
    """
    if dosage.dtype == np.int8:
        counts = np.stack([(dosage == copies).sum(axis=1) for copies in range(3)], axis=1).astype(np.float64)
        called = (dosage != MISSING_CALL).sum(axis=1)
        squares = counts @ np.array([0.0, 1.0, 4.0])
    else:
        present = ~np.isnan(dosage)
        values = np.where(present, dosage, 0).astype(np.float64)
        called = present.sum(axis=1)
        none = np.where(present, np.maximum(1 - values, 0), 0).sum(axis=1)
        two = np.maximum(values - 1, 0).sum(axis=1)
        counts = np.stack([none, called - none - two, two], axis=1)
        squares = (values**2).sum(axis=1)
    number = np.maximum(called, 1)
    frequency = counts / number[:, None]
    mean = frequency[:, 1] + 2 * frequency[:, 2]
    sd = np.sqrt(np.maximum(squares / number - mean**2, 0))
    return Training(called.astype(np.int64), mean, sd, counts.argmax(axis=1).astype(np.uint8), frequency)
