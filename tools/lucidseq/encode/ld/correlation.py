"""Correlations between the variants of a locus, covariates projected out."""

from __future__ import annotations

import numpy as np

_PEOPLE = 4096  # individuals added at a time
_CONSTANT = 1e-10  # share of its variance a variant must keep when covariates are projected out


def correlation(dosage: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Pearson correlations of dosages.

    Missing dosages are set to the variant's mean. Sums run in float64 over blocks of individuals, so that memory holds the dosages
    as stored and one (variants, variants) matrix.

    Parameters
    ----------
    dosage
        int8 with -1 for missing or float32 with NaN, shape (variants, samples).
    basis
        Orthonormal columns to project out, intercept among them, shape (samples, rank): `association.design`.

    Returns
    -------
    (float32 of shape (kept, kept) with a unit diagonal; mask of the variants kept, those that vary)
    """
    called = ~np.isnan(dosage) if dosage.dtype != np.int8 else dosage >= 0
    number = np.maximum(called.sum(axis=1), 1)
    mean = np.where(called, dosage, 0).sum(axis=1, dtype=np.float64) / number
    variants, samples = dosage.shape
    products = np.zeros((variants, variants))
    shadow = np.zeros((variants, basis.shape[1]))
    for first in range(0, samples, _PEOPLE):
        people = slice(first, first + _PEOPLE)
        block = np.where(called[:, people], dosage[:, people].astype(np.float64) - mean[:, None], 0.0)
        products += block @ block.T
        shadow += block @ basis[people]
    total = np.diagonal(products).copy()
    products -= shadow @ shadow.T
    variance = np.diagonal(products)
    keep = (total > 0) & (variance > _CONSTANT * total)
    scale = np.sqrt(variance[keep])
    r = products[np.ix_(keep, keep)] / scale[:, None] / scale[None, :]
    r = np.clip((r + r.T) / 2, -1, 1)
    np.fill_diagonal(r, 1.0)
    return r.astype(np.float32), keep
