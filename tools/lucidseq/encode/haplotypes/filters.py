"""Filters of sites, and the columns of the matrices."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.encode.haplotypes.sites import MISSING, SiteChunk

TOO_MISSING, TOO_RARE = "missing calls", "copies of the rarer allele"


def refuse_unphased(chunk: SiteChunk, samples: list[str], path: str) -> None:
    """Check that every heterozygous call is phased.

    Raises
    ------
    DataError
        Naming the first that is not.
    """
    if chunk.phased.all():
        return
    unphased = ~chunk.phased & (chunk.alleles == 0).any(axis=2) & (chunk.alleles == 1).any(axis=2)
    if unphased.any():
        site, sample = np.argwhere(unphased)[0]
        received = f"an unphased heterozygous call of {samples[sample]}"
        fix = "phase the file first, or use --calls dosages"
        raise DataError(received, "phased calls (0|1)", fix, where=place(path, variant=f"{chunk.contig}:{chunk.position[site] + 1}"))


def failed_filters(alleles: np.ndarray, *, max_missing: float, min_minor_count: int) -> dict[str, np.ndarray]:
    """Return, for each filter by name, the mask of sites that fail it.

    Parameters
    ----------
    alleles
        int8 of shape (sites, samples, ploidy), missing -1.
    max_missing
        Largest share of missing alleles.
    min_minor_count
        Least copies of the rarer allele.
    """
    flat = as_columns(alleles, dosages=False)
    missing = np.count_nonzero(flat == MISSING, axis=1)
    counted = np.count_nonzero(flat == 1, axis=1)
    rarer = np.minimum(counted, flat.shape[1] - missing - counted)
    return {TOO_MISSING: missing > max_missing * flat.shape[1], TOO_RARE: rarer < min_minor_count}


def as_columns(alleles: np.ndarray, *, dosages: bool) -> np.ndarray:
    """Return one column a haplotype (samples' haplotypes side by side), or with ``dosages`` one a sample: int8, missing -1.

    Examples
    --------
    >>> alleles = np.array([[[0, 1], [1, -1]]], dtype=np.int8)
    >>> as_columns(alleles, dosages=False).tolist(), as_columns(alleles, dosages=True).tolist()
    ([[0, 1, 1, -1]], [[1, -1]])
    """
    if not dosages:
        return alleles.reshape(len(alleles), alleles.shape[1] * alleles.shape[2])
    return np.where((alleles == MISSING).any(axis=2), MISSING, alleles.sum(axis=2)).astype(np.int8)
