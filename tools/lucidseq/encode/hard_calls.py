"""Hard calls of dosages."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL


def hard_calls(dosage: np.ndarray, tolerance: float, where: str, *, ploidy: int = 2) -> np.ndarray:
    """Return calls: dosages within a tolerance of 0, 1, ... copies, others missing.

    Parameters
    ----------
    dosage
        int8 calls (-1 missing), returned unchanged, or float dosages (NaN missing), any shape.
    tolerance
        Largest distance of a dosage from a whole number.
    where
        File of the dosages, for the error message.
    ploidy
        Largest number of copies.

    Returns
    -------
    int8 of the same shape, -1 for missing.

    Raises
    ------
    DataError
        If a genotype has more copies.
    """
    refuse_more_copies(dosage, ploidy, where)
    if dosage.dtype == np.int8:
        return dosage
    nearest = np.rint(dosage)
    with np.errstate(invalid="ignore"):
        near = np.abs(dosage - nearest) <= tolerance
    return np.where(near, nearest, MISSING_CALL).astype(np.int8)


def refuse_more_copies(dosage: np.ndarray, ploidy: int, where: str) -> None:
    """Refuse dosages above the ploidy.

    Raises
    ------
    DataError
        If there is one.
    """
    if dosage.size and np.nanmax(dosage, initial=0) > ploidy:
        fix = "encode the genotypes with their ploidy"
        raise DataError(f"genotypes with more than {ploidy} copies of the effect allele", f"0 to {ploidy} copies", fix, where=where)
