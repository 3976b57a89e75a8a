"""Principal components of genotypes: loadings from the fitted samples, all others projected.

References
----------
Patterson, Price & Reich (2006) Population structure and eigenanalysis. PLoS Genet 2:e190 (the standardised relationship matrix).
Halko, Martinsson & Tropp (2011) Finding structure with randomness. SIAM Rev 53:217; Musco & Musco (2015) Randomized block Krylov
methods, NeurIPS (the subspace). Lee, Zou & Wright (2010) Ann Stat 38:3605 (projected scores shrink).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import linalg

EXACT_SAMPLES = 5000  # more than these: randomised
_OVERSAMPLE, _POWERS = 10, 5
_HELD_OUT = 10  # every tenth sample is held out to measure shrinkage

# Yields float64 chunks of shape (variants, samples), standardised, 0 for missing; the same ones each time. With float32 the number of
# threads changes the sixth decimal of a score.
Blocks = Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Components:
    """Leading eigenvectors of K = Z'Z / variants.

    Attributes
    ----------
    vectors
        float64 of shape (samples, k), orthonormal; the largest entry of each is positive.
    values
        Eigenvalues, descending, shape (k,).
    total
        Sum of all eigenvalues.
    variants
        Number of variants.
    shrinkage
        Spread of projected relative to fitted samples, by component; NaN where not measured.
    """

    vectors: np.ndarray
    values: np.ndarray
    total: float
    variants: int
    shrinkage: np.ndarray


def fit_exact(blocks: Blocks, samples: int, k: int) -> Components:
    """Return components by the eigendecomposition of the samples' matrix: time samples² variants + samples³."""
    relationship, variants = np.zeros((samples, samples)), 0
    for block in blocks():
        relationship += block.T @ block
        variants += len(block)
    relationship /= variants
    vectors, values = _leading(relationship, k)
    total = float(np.trace(relationship))
    return Components(vectors, values, total, variants, _held_out_spread(relationship, vectors))


def fit_randomised(blocks: Blocks, samples: int, k: int, random: np.random.Generator) -> Components:
    """Return components from a random block Krylov subspace: passes over the variants, memory samples x (k + 10) x 6.

    The subspace is spanned by K G, K² G, ... for a random G; the components are those of K within it (Rayleigh-Ritz).
    """
    width = min(k + _OVERSAMPLE, samples)
    start = random.standard_normal((samples, width))
    basis: list[np.ndarray] = []
    for _ in range(_POWERS):
        product = np.zeros_like(start)
        for block in blocks():
            product += block.T @ (block @ start)
        start = linalg.qr(product, mode="economic")[0]
        basis.append(start)
    space = linalg.qr(np.hstack(basis), mode="economic")[0]
    inner, total, variants = np.zeros((space.shape[1], space.shape[1])), 0.0, 0
    for block in blocks():
        shadow = block @ space
        inner += shadow.T @ shadow
        total += float(np.einsum("ij,ij->", block, block, dtype=np.float64))
        variants += len(block)
    rotation, values = _leading(inner / variants, k)
    vectors = _fixed_signs(space @ rotation)
    return Components(vectors, values, total / variants, variants, np.full(len(values), np.nan))


def project(
    standardised: Iterator[tuple[np.ndarray, np.ndarray]], components: Components, windows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Project samples on components.

    Parameters
    ----------
    standardised
        Chunks of the same variants: those of the fitted samples, and of all samples.
    components
        Of the fitted samples.
    windows
        Number of the window that each variant is in, int from 0, shape (variants,).

    Returns
    -------
    (scores, float64 of shape (all samples, k), on the scale of ``vectors``; sums of the squared loadings in each window, which sum to 1,
    shape (windows, k))
    """
    scores: np.ndarray | None = None
    squares, at = np.zeros((windows.max(initial=0) + 1, components.vectors.shape[1])), 0
    scale = components.vectors / np.maximum(components.values, np.finfo(float).tiny) / components.variants
    for fitted, every in standardised:
        loadings = fitted @ scale
        part = every.T @ loadings
        scores = part if scores is None else scores + part
        chunk_windows = windows[at : at + len(fitted)]
        np.add.at(squares, chunk_windows, (loadings**2) * components.values * components.variants)
        at += len(fitted)
    if scores is None:
        raise ValueError("no variants to project on")
    return scores, squares


def _leading(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    last = len(matrix) - 1
    values, vectors = linalg.eigh(matrix, subset_by_index=[last - k + 1, last])
    return _fixed_signs(vectors[:, ::-1]), np.maximum(values[::-1], 0.0)


def _fixed_signs(vectors: np.ndarray) -> np.ndarray:
    largest = np.abs(vectors).argmax(axis=0)
    fixed: np.ndarray = vectors * np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    return fixed


def _held_out_spread(relationship: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the spread of projected samples as a share of their spread when fitted.

    Every tenth sample is held out and projected on the components of the others; the value is the slope of these scores
    on the full fit's, both scaled to the fitted samples' unit variance.
    """
    k = vectors.shape[1]
    held_out = np.arange(len(relationship)) % _HELD_OUT == _HELD_OUT - 1
    if held_out.sum() < 5 or (~held_out).sum() <= k:
        return np.full(k, np.nan)
    inner, values = _leading(relationship[np.ix_(~held_out, ~held_out)], k)
    projected = relationship[np.ix_(held_out, ~held_out)] @ inner / np.maximum(values, np.finfo(float).tiny)
    left, _, right = linalg.svd(inner.T @ vectors[~held_out])  # components of almost equal eigenvalues rotate
    projected = projected @ (left @ right) * np.sqrt((~held_out).sum())
    fitted = vectors[held_out] * np.sqrt(len(vectors))
    spread: np.ndarray = np.abs((projected * fitted).sum(axis=0)) / (fitted**2).sum(axis=0)
    return spread
