"""Posterior inclusion probabilities and credible sets of a SuSiE fit.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273, sections 3.2.2 and 3.2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lucidseq.core import seeds

SAMPLE_ABOVE = 500  # variants; the purity of a larger set is taken over this many of them


@dataclass(frozen=True)
class CredibleSet:
    """One credible set.

    Attributes
    ----------
    effect
        Index of the single effect, from 0.
    variants
        Indices of its variants by descending probability, shape (size,).
    coverage
        Probability that the set contains the causal variant of the effect.
    purity_min, purity_mean, purity_median
        Absolute correlations between its variants; 1 for a set of one.
    log_bayes_factor
        Of the effect.
    """

    effect: int
    variants: np.ndarray
    coverage: float
    purity_min: float
    purity_mean: float
    purity_median: float
    log_bayes_factor: float


def inclusion_probabilities(alpha: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Return the probability that at least one active effect falls on each variant, shape (p,).

    Parameters
    ----------
    alpha
        Shape (L, p).
    active
        Which effects have a prior variance above 0, shape (L,), bool.
    """
    pip: np.ndarray = 1 - np.prod(1 - alpha[active], axis=0)
    return pip


def find_credible_sets(
    alpha: np.ndarray,
    active: np.ndarray,
    lbf: np.ndarray,
    correlation: Callable[[np.ndarray], np.ndarray],
    *,
    coverage: float = 0.95,
    min_purity: float = 0.5,
    seed: int = 1,
) -> tuple[tuple[CredibleSet, ...], int]:
    """Find the credible sets of a fit.

    Parameters
    ----------
    alpha
        Shape (L, p).
    active
        Effects to use, shape (L,), bool.
    lbf
        Log Bayes factor of each effect, shape (L,).
    correlation
        Returns the correlations between the variants of given indices.
    coverage
        Least probability of a set. An effect whose null exceeds 1 - coverage has no set.
    min_purity
        Least absolute correlation inside a set.
    seed
        Seed of the sampling in sets of more than `SAMPLE_ABOVE` variants.

    Returns
    -------
    The sets by descending purity (then by effect), and the number of impure ones. Of equal sets the first is kept.
    """
    sets: list[CredibleSet] = []
    seen: set[frozenset[int]] = set()
    impure = 0
    for effect in np.flatnonzero(active):
        order = np.argsort(-alpha[effect], kind="stable")
        cumulative = np.cumsum(alpha[effect, order])
        if cumulative[-1] < coverage:
            continue
        size = int(np.searchsorted(cumulative, coverage)) + 1
        members = order[:size]
        if frozenset(members.tolist()) in seen:
            continue
        seen.add(frozenset(members.tolist()))
        low, mean, median = purity(members, correlation, seed=seed, effect=int(effect))
        if low < min_purity:
            impure += 1
            continue
        sets.append(CredibleSet(int(effect), members, float(cumulative[size - 1]), low, mean, median, float(lbf[effect])))
    return tuple(sorted(sets, key=lambda credible_set: (-credible_set.purity_min, credible_set.effect))), impure


def purity(members: np.ndarray, correlation: Callable[[np.ndarray], np.ndarray], *, seed: int, effect: int) -> tuple[float, float, float]:
    """Return the smallest, mean and median absolute correlation between the members of a set."""
    if len(members) == 1:
        return 1.0, 1.0, 1.0
    if len(members) > SAMPLE_ABOVE:
        members = seeds.stream(seed, "purity", effect).choice(members, SAMPLE_ABOVE, replace=False)
    matrix = np.abs(correlation(np.sort(members)))
    values = matrix[np.triu_indices(len(matrix), 1)]
    return float(values.min()), float(values.mean()), float(np.median(values))
