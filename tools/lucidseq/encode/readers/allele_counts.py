"""The order of genotypes in VCF's GP and in BGEN, and the copies of each allele in them."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

import numpy as np


@cache
def genotype_copies(ploidy: int, alleles: int) -> np.ndarray:
    """Return the copies of each allele in every genotype, int64 of shape (genotypes, alleles).

    Genotypes are in colexicographic order, as VCF 4.3 (section 1.6.2) and BGEN 1.2 have them.

    Examples
    --------
    >>> genotype_copies(2, 3)[:, 1].tolist()  # 00 01 11 02 12 22
    [0, 1, 2, 0, 1, 0]
    """
    genotypes = sorted(combinations_with_replacement(range(alleles), ploidy), key=lambda genotype: genotype[::-1])
    return np.array([[genotype.count(allele) for allele in range(alleles)] for genotype in genotypes])
