"""Effect-allele frequencies among the samples of an association test."""

from __future__ import annotations

import numpy as np

from lucidseq.core.genotypes import GenotypeStore
from lucidseq.encode.genotypes.choices import HaploidCoding
from lucidseq.encode.genotypes.sex_chromosomes import DIPLOID, SexChromosomes


class EffectAlleleFrequencies:
    """Frequencies in selected samples, of the copies that the test counts: the X of a male is one copy where coded 0-1, two where 0-2.

    Parameters
    ----------
    store
        Genotypes.
    samples
        Mask of the samples, shape (samples,).
    """

    def __init__(self, store: GenotypeStore, samples: np.ndarray) -> None:
        self._rules = SexChromosomes(store.sex[samples], store.build, HaploidCoding(store.haploid), store.ploidy)
        self._kinds = self._rules.kinds(store.contig, store.start)
        self._ploidy = store.ploidy

    def __call__(self, dosage: np.ndarray, first: int) -> np.ndarray:
        """Return the frequencies of variants from row ``first`` on, shape (variants,); NaN where no genotype is known.

        Parameters
        ----------
        dosage
            Of those samples, float64 of shape (variants, samples), NaN for missing.
        first
            Row of the first variant in the store.
        """
        known = ~np.isnan(dosage)
        copies = known.sum(axis=1) * float(self._ploidy)
        kinds = self._kinds[first : first + len(dosage)]
        for kind in sorted(set(kinds.tolist()) - {DIPLOID}):
            rows = kinds == kind
            copies[rows] = known[rows] @ self._rules.copies(kind)
        total = np.where(known, dosage, 0.0).sum(axis=1)
        return np.divide(total, copies, out=np.full(len(dosage), np.nan), where=copies > 0)
