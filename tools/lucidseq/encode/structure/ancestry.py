"""Principal components of a panel: pruning, fit on some samples, projection of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.core.log import get_logger
from lucidseq.core.seeds import stream
from lucidseq.encode.structure import pca
from lucidseq.encode.structure.autosomal_panel import AutosomalPanel
from lucidseq.encode.structure.pruning import Pruner

_log = get_logger("lucidseq.encode")
_PRUNING_SAMPLES = 2000  # the standard error of r² of 0.2 is below 0.02
_REGION = 5_000_000
_PIECE = 1 << 23  # genotypes of a piece: 64 MB


@dataclass(frozen=True)
class Ancestry:
    """Principal components of the samples.

    Attributes
    ----------
    scores
        float64 of shape (samples, k); unit variance around 0 among the fitted samples.
    fitted
        Mask of the samples behind the loadings, shape (samples,).
    components
        Eigenvalues and the rest of the fit.
    concentration
        Largest share of the squared loadings of each component in one window of 5 Mb, shape (k,).
    spread
        Share of the pruned variants in the window with most of them.
    """

    scores: np.ndarray
    fitted: np.ndarray
    components: pca.Components
    concentration: np.ndarray
    spread: float


def place_samples(panel: AutosomalPanel, fitted: np.ndarray, k: int, min_frequency: float, seed: int) -> Ancestry:
    """Prune the variants, fit components on some samples and project all.

    Parameters
    ----------
    panel
        The variants; frequencies, pruning and loadings come from ``fitted`` alone.
    fitted
        Mask of samples, shape (samples,).
    k
        Largest number of components; fewer with few samples or variants.
    min_frequency
        Least minor-allele frequency among the fitted samples.
    seed
        Seed of the randomised method (above 5,000 fitted samples).

    Raises
    ------
    DataError
        If fewer than two samples or variants remain.
    """
    kept, frequency = prune(panel, fitted, min_frequency)
    samples = int(fitted.sum())
    k = min(k, samples - 1, len(kept) - 1)
    if k < 1:
        received = f"{samples} unrelated training samples and {len(kept)} variants for principal components"
        fix = "give more samples or variants, or a lower --min-frequency"
        raise DataError(received, "at least 2 of both", fix, where=str(panel.store.path))
    rows = np.zeros(len(panel.rows), dtype=bool)
    rows[kept] = True
    chosen, variants, regions = panel.only(rows), len(kept), _regions(panel, kept)
    del kept

    def blocks() -> Iterator[np.ndarray]:
        return (standardise(values[:, fitted], frequency[at]) for at, values in pieces(chosen))

    def both() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for at, values in pieces(chosen):
            every = standardise(values, frequency[at])
            yield every[:, fitted], every

    exact = samples <= pca.EXACT_SAMPLES
    how = "every eigenvector" if exact else "a random subspace"
    _log.info(f"{k} principal components of {variants} pruned variants and {samples} samples, from {how}")
    components = pca.fit_exact(blocks, samples, k) if exact else pca.fit_randomised(blocks, samples, k, stream(seed, "components"))
    scores, share = pca.project(both(), components, regions)
    scores[fitted] = components.vectors
    concentration = share.max(axis=0) / np.maximum(share.sum(axis=0), np.finfo(float).tiny)
    spread = float(np.bincount(regions).max() / variants)
    return Ancestry(scores * np.sqrt(samples), fitted, components, concentration, spread)


def pieces(panel: AutosomalPanel) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the panel's (rows, dosages) in pieces small enough for float64."""
    size = max(1, _PIECE // panel.samples)
    for at, values in panel.dosages():
        for first in range(0, len(at), size):
            yield at[first : first + size], values[first : first + size]


def standardise(dosage: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return (g - 2p) / sqrt(2p(1 - p)) as float64, 0 for missing.

    Parameters
    ----------
    dosage
        int8 (-1 missing) or float (NaN missing), shape (variants, samples).
    frequency
        p, shape (variants,), none of them 0 or 1.
    """
    missing = dosage == MISSING_CALL if dosage.dtype == np.int8 else np.isnan(dosage)
    values = dosage.astype(np.float64)
    values -= (2 * frequency)[:, None]
    values *= (1 / np.sqrt(2 * frequency * (1 - frequency)))[:, None]
    values[missing] = 0
    return values


def prune(panel: AutosomalPanel, fitted: np.ndarray, min_frequency: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of common variants in low LD, and the frequency of every variant of the store among the fitted samples."""
    members = np.flatnonzero(fitted)
    thinned = np.unique(np.linspace(0, len(members) - 1, min(len(members), _PRUNING_SAMPLES)).astype(np.int64))
    frequency, pruner = np.full(len(panel.rows), np.nan), Pruner()
    for at, values in panel.dosages():
        values = values[:, members]
        frequency[at] = allele_frequency(values)
        common = np.minimum(frequency[at], 1 - frequency[at])
        rows = np.flatnonzero(np.nan_to_num(common) >= max(min_frequency, np.finfo(float).tiny))
        unit = standardise(values[rows][:, thinned], frequency[at[rows]])
        unit -= unit.mean(axis=1, keepdims=True)
        length = np.sqrt((unit**2).sum(axis=1))
        rows, unit, length = rows[length > 0], unit[length > 0], length[length > 0]
        unit /= length[:, None]
        contigs = panel.store.contig[at[rows]]
        edges = np.flatnonzero(contigs[1:] != contigs[:-1]) + 1
        for part in np.split(np.arange(len(rows)), edges):
            if len(part):
                part_rows = at[rows[part]]
                pruner.add(str(contigs[part[0]]), part_rows, panel.store.start[part_rows], common[rows[part]], unit[part])
    return pruner.kept(), frequency


def allele_frequency(dosage: np.ndarray) -> np.ndarray:
    """Return the effect-allele frequency of each variant, NaN where nothing is called; dosage of shape (variants, samples)."""
    present = dosage != MISSING_CALL if dosage.dtype == np.int8 else ~np.isnan(dosage)
    total = np.where(present, dosage, 0).sum(axis=1, dtype=np.float64)
    number = present.sum(axis=1)
    return np.where(number > 0, total / (2 * np.maximum(number, 1)), np.nan)


def _regions(panel: AutosomalPanel, rows: np.ndarray) -> np.ndarray:
    """Return the number of the 5 Mb window of each variant, in the order of the store, int32."""
    window = (panel.store.start[rows] // _REGION).astype(np.int32)
    contig = panel.store.contig[rows]
    new = window[1:] != window[:-1]
    new |= contig[1:] != contig[:-1]
    return np.concatenate([[0], np.cumsum(new, dtype=np.int32)]).astype(np.int32)
