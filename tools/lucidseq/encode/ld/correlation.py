"""Correlations between the variants of a locus, covariates projected out: one float32 product, no matrix of float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg.blas import ssyrk

SAMPLES = 4096  # samples added at a time
_CONSTANT = 1e-10  # share of its variance a variant must keep when covariates are projected out
_TILE = 512  # rows and columns of the matrix mirrored at a time, so that both stay in the cache


class Dosages(Protocol):
    """Dosages read by slices of samples: an array, or the variants of a locus in a genotype store."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(variants, samples)."""
        ...

    def __getitem__(self, key: tuple[slice, slice], /) -> np.ndarray:
        """Return ``[:, first:last]``: int8 with -1 for missing or float32 with NaN."""
        ...


@dataclass(frozen=True)
class Moments:
    """Moments of each variant, for standardising.

    Attributes
    ----------
    mean
        Of the called dosages, shape (variants,).
    shadow
        Products of the centred dosages with the basis, shape (variants, rank).
    scale
        1 / length of the centred dosages after projection; 0 where nothing remains.
    """

    mean: np.ndarray
    shadow: np.ndarray
    scale: np.ndarray

    @property
    def varies(self) -> np.ndarray:
        """Mask of the variants that vary."""
        mask: np.ndarray = self.scale > 0
        return mask


def is_missing(dosage: np.ndarray) -> np.ndarray:
    """Return a mask of missing dosages (int8: negative; float: NaN)."""
    mask: np.ndarray = dosage < 0 if dosage.dtype == np.int8 else np.isnan(dosage)
    return mask


def moments(dosage: Dosages, basis: np.ndarray) -> Moments:
    """Return means and scales, in float64 over blocks of samples.

    Parameters
    ----------
    dosage
        Shape (variants, samples).
    basis
        Orthonormal columns to project out, intercept among them, shape (samples, rank): `core.covariates.design`.
    """
    variants, samples = dosage.shape
    number, total, square = np.zeros(variants), np.zeros(variants), np.zeros(variants)
    products, weights = np.zeros((variants, basis.shape[1])), basis.sum(axis=0)
    plain = basis.shape[1] == 1  # the intercept alone: centred dosages are orthogonal to it already
    missing_basis = np.zeros_like(products)  # of the basis where the dosage is missing
    for first in range(0, samples, SAMPLES):
        block = dosage[:, first : first + SAMPLES]
        missing = is_missing(block)
        number += block.shape[1]
        values = block.astype(np.float32)
        if missing.any():
            number -= missing.sum(axis=1)
            values[missing] = 0
            if not plain:
                missing_basis += missing @ basis[first : first + SAMPLES]
        # Products of one block in float32 where they are exact (whole dosages below 2^24), in float64 otherwise
        exact = values if block.dtype == np.int8 else values.astype(np.float64)
        total += exact.sum(axis=1, dtype=np.float64)
        square += np.einsum("ij,ij->i", exact, exact)
        if not plain:
            products += values.astype(np.float64) @ basis[first : first + SAMPLES]
    mean = total / np.maximum(number, 1)
    spread = square - number * mean * mean
    shadow = np.zeros((variants, 0)) if plain else products - mean[:, None] * (weights - missing_basis)
    remaining = spread - np.square(shadow).sum(axis=1)
    # The difference of two large sums has no precision below their last digits
    keep = (spread > _CONSTANT * square) & (remaining > _CONSTANT * spread)
    return Moments(mean, shadow, np.where(keep, 1 / np.sqrt(np.where(keep, remaining, 1.0)), 0.0))


def standardise(block: np.ndarray, scales: Moments, basis: np.ndarray) -> np.ndarray:
    """Return dosages centred, projected and scaled to length 1 over all samples, float32 of the same shape.

    Parameters
    ----------
    block
        Dosages of a block of samples, shape (variants, samples); missing ones count as the mean.
    basis
        Their rows of the basis, shape (samples, rank).
    """
    missing = is_missing(block)
    if scales.shadow.shape[1]:
        values = block - scales.mean[:, None]
        values[missing] = 0
        values -= scales.shadow @ basis.T
        values *= scales.scale[:, None]
        return values.astype(np.float32)
    result: np.ndarray = np.subtract(block, scales.mean[:, None].astype(np.float32), dtype=np.float32)
    result *= scales.scale[:, None].astype(np.float32)
    if missing.any():
        result[missing] = 0
    return result


def correlation(dosage: Dosages, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Pearson correlations of dosages.

    Missing dosages are set to the variant's mean. Memory holds one float32 matrix of (variants, variants) and a block of samples.

    Parameters
    ----------
    dosage
        Shape (variants, samples), read twice in blocks of samples.
    basis
        Orthonormal columns to project out, intercept among them, shape (samples, rank): `core.covariates.design`.

    Returns
    -------
    (float32 of shape (kept, kept) with a unit diagonal; mask of the variants kept, those that vary)
    """
    all_moments = moments(dosage, basis)
    keep = all_moments.varies
    kept_moments = Moments(all_moments.mean[keep], all_moments.shadow[keep], all_moments.scale[keep])
    size = int(keep.sum())
    products = np.zeros((size, size), dtype=np.float32, order="F")
    for first in range(0, dosage.shape[1], SAMPLES):
        block = dosage[:, first : first + SAMPLES]
        rows = standardise(block if keep.all() else block[keep], kept_moments, basis[first : first + SAMPLES])
        if size:  # rows.T is Fortran-ordered as it stands: nothing is copied
            products = ssyrk(1.0, rows.T, beta=1.0, c=products, trans=1, lower=0, overwrite_c=1)
    return mirror(products.T), keep


def mirror(r: np.ndarray) -> np.ndarray:
    """Make a matrix symmetric in place from its lower triangle, within [-1, 1], with a unit diagonal; return it."""
    for first in range(0, len(r), _TILE):
        rows = slice(first, first + _TILE)
        for column in range(0, first + 1, _TILE):
            tile = r[rows, column : column + _TILE]
            np.clip(tile, -1, 1, out=tile)
            if column == first:
                tile[...] = np.tril(tile) + np.tril(tile, -1).T
            else:
                r[column : column + _TILE, rows] = tile.T
    np.fill_diagonal(r, 1.0)
    return r
