"""Exact test of Hardy-Weinberg proportions with the mid-p correction, many variants at once.

References
----------
Wigginton, Cutler & Abecasis (2005) Am J Hum Genet 76:887, the exact test; Graffelman & Moreno (2013) Stat Appl Genet Mol Biol
12:433, the mid-p value.
"""

from __future__ import annotations

import numpy as np

_ENTRIES = 1 << 22  # table entries held at a time
_TIE = 1e-9  # probabilities this close (relative) count as equal


def exact_mid_p(homozygous_1: np.ndarray, heterozygous: np.ndarray, homozygous_2: np.ndarray) -> np.ndarray:
    """Return mid-p values: half the probability of the table seen (and its ties) plus that of all less likely ones.

    Parameters
    ----------
    homozygous_1, heterozygous, homozygous_2
        Genotype counts, int of shape (variants,).

    Returns
    -------
    float64 of shape (variants,); 1 where there is a single possible table.
    """
    samples = homozygous_1 + heterozygous + homozygous_2
    rare = 2 * np.minimum(homozygous_1, homozygous_2) + heterozygous
    p = np.empty(len(samples))
    if not len(samples):
        return p
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(samples.max()) + 1)))])
    order = np.argsort(rare, kind="stable")
    first = 0
    while first < len(order):
        last = first + 1
        while last < len(order) and (last - first + 1) * (int(rare[order[last]]) // 2 + 1) <= _ENTRIES:
            last += 1
        rows = order[first:last]
        p[rows] = _block(samples[rows], rare[rows], heterozygous[rows], int(rare[rows].max()) // 2 + 1, log_factorial)
        first = last
    return p


def _block(samples: np.ndarray, rare: np.ndarray, seen: np.ndarray, width: int, log_factorial: np.ndarray) -> np.ndarray:
    rare_homozygous = np.arange(width)[None, :]
    heterozygous = rare[:, None] - 2 * rare_homozygous
    possible = heterozygous >= 0
    heterozygous = np.maximum(heterozygous, 0)
    common = np.maximum(samples[:, None] - heterozygous - rare_homozygous, 0)
    log_p = heterozygous * np.log(2.0) - log_factorial[heterozygous] - log_factorial[rare_homozygous] - log_factorial[common]
    log_p = np.where(possible, log_p, -np.inf)
    probability = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    observed = np.take_along_axis(probability, ((rare - seen) // 2)[:, None], axis=1)
    ties = np.abs(probability - observed) <= _TIE * observed
    less = (probability < observed) & ~ties
    result: np.ndarray = (probability * less).sum(axis=1) + (probability * ties).sum(axis=1) / 2
    return np.where(possible.sum(axis=1) == 1, 1.0, result)
