"""Exact test of Hardy-Weinberg proportions with the mid-p correction, many variants at once.

References
----------
Wigginton, Cutler & Abecasis (2005) Am J Hum Genet 76:887, the exact test; Graffelman & Moreno (2013) Stat Appl Genet Mol Biol
12:433, the mid-p value.
"""

from __future__ import annotations

import numpy as np

_ENTRIES = 1 << 22  # table entries held at a time
_FAR, _MARGIN = 8, 8  # standard deviations, and tables more for distributions of few tables
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
    first, width = _range(samples, rare, heterozygous)
    order = np.argsort(width, kind="stable")
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end - start + 1) * int(width[order[end]]) <= _ENTRIES:
            end += 1
        rows = order[start:end]
        p[rows] = _block(samples[rows], rare[rows], heterozygous[rows], first[rows], int(width[rows].max()), log_factorial)
        start = end
    return p


def _range(samples: np.ndarray, rare: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first number of rare homozygotes, and how many numbers from there on, that the p-value needs.

    Tables further than 8 standard deviations from the expected one add less than 1e-9 of the p-value of a table within 4; for others all are needed.
    """
    share = rare / np.maximum(2 * samples, 1)
    expected, deviation = samples * share**2, np.sqrt(samples) * share * (1 - share)
    reach = np.ceil(_FAR * deviation).astype(np.int64) + _MARGIN
    middle = np.rint(expected).astype(np.int64)
    last = rare // 2
    far = np.abs((rare - seen) // 2 - middle) > reach // 2
    low = np.where(far, 0, np.maximum(middle - reach, 0))
    high = np.where(far, last, np.minimum(middle + reach, last))
    return low, high - low + 1


def _block(samples: np.ndarray, rare: np.ndarray, seen: np.ndarray, first: np.ndarray, width: int, log_factorial: np.ndarray) -> np.ndarray:
    rare_homozygous = first[:, None] + np.arange(width)
    heterozygous = rare[:, None] - 2 * rare_homozygous
    possible = heterozygous >= 0
    heterozygous = np.maximum(heterozygous, 0)
    common = np.maximum(samples[:, None] - heterozygous - rare_homozygous, 0)
    log_p = heterozygous * np.log(2.0) - log_factorial[heterozygous] - log_factorial[rare_homozygous] - log_factorial[common]
    log_p = np.where(possible, log_p, -np.inf)
    probability = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    observed = np.take_along_axis(probability, ((rare - seen) // 2 - first)[:, None], axis=1)
    ties = np.abs(probability - observed) <= _TIE * observed
    less = (probability < observed) & ~ties
    result: np.ndarray = (probability * less).sum(axis=1) + (probability * ties).sum(axis=1) / 2
    return np.where(rare < 2, 1.0, result)
