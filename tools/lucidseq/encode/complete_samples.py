"""Samples of a genotype store that an analysis uses."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import GenotypeStore


def complete_samples(store: GenotypeStore, trait: str | None, *, covariates: bool = True) -> np.ndarray:
    """Return a mask of the samples with the trait (if named) and every covariate, shape (samples,).

    Raises
    ------
    DataError
        If there is no such trait or no complete sample.
    """
    samples = np.ones(len(store.samples), dtype=bool)
    if trait is not None:
        samples &= ~np.isnan(store.trait(trait))
    if covariates:
        samples &= ~np.isnan(store.covariates()).any(axis=0)
    if not samples.any():
        raise DataError(
            "no sample has the trait and every covariate", "at least one", "check the sample names of the tables", where=str(store.path)
        )
    return samples
