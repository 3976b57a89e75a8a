"""Which individuals of a genotype store an analysis uses, and the covariates it projects out."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import GenotypeStore

SINGULAR = 1e-10  # what falls below this share of its variance when covariates are projected out carries nothing


def complete_individuals(store: GenotypeStore, trait: str | None, *, covariates: bool = True) -> np.ndarray:
    """Return a mask of the individuals with the trait (when one is named) and every covariate, shape (samples,).

    Raises
    ------
    DataError
        If there is no such trait, or nobody is left.
    """
    people = np.ones(len(store.samples), dtype=bool)
    if trait is not None:
        people &= ~np.isnan(store.trait(trait))
    if covariates:
        people &= ~np.isnan(store.covariates()).any(axis=0)
    if not people.any():
        raise DataError(
            "zero individuals have the trait and every covariate", "at least one", "check the tables' sample names", where=str(store.path)
        )
    return people


def design(covariates: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the intercept and the covariates, shape (samples, rank).

    Parameters
    ----------
    covariates
        Shape (covariates, samples), no missing values.
    """
    n = covariates.shape[1]
    columns = [np.ones(n)]
    for values in covariates:
        centred = values - values.mean()
        scale = np.sqrt(centred @ centred)
        if scale > SINGULAR * max(1.0, float(np.abs(values).max())):
            columns.append(centred / scale)
    left, sizes, _ = np.linalg.svd(np.column_stack(columns), full_matrices=False)
    basis: np.ndarray = left[:, sizes > SINGULAR * sizes[0]]
    return basis
