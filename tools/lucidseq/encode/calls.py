"""Hard calls of dosages."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL


def hard_calls(dosage: np.ndarray, tolerance: float, where: str) -> np.ndarray:
    """Return calls of diploid genotypes: dosages within a tolerance of 0, 1 or 2, others missing.

    Parameters
    ----------
    dosage
        int8 calls (-1 missing), which are returned as they are, or float dosages (NaN missing), any shape.
    tolerance
        Largest distance of a dosage from a whole number.
    where
        File of the dosages, for the error message.

    Returns
    -------
    int8 of the same shape, -1 for missing.

    Raises
    ------
    DataError
        If a genotype has more than two copies.
    """
    if dosage.size and np.nanmax(dosage, initial=0) > 2:
        raise DataError("genotypes with more than 2 copies of the effect allele", "diploid genotypes",
                        "leave the contigs or samples with another ploidy out", where=where)  # fmt: skip
    if dosage.dtype == np.int8:
        return dosage
    nearest = np.rint(dosage)
    with np.errstate(invalid="ignore"):
        near = np.abs(dosage - nearest) <= tolerance
    return np.where(near, nearest, MISSING_CALL).astype(np.int8)
