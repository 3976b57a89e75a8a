"""Assign groups of samples to sets of the requested sizes."""

from __future__ import annotations

import numpy as np

STRATA = 5


def assign_groups(groups: np.ndarray, shares: np.ndarray, strata: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Assign groups to sets, the largest group first, each to the set that lacks most.

    Groups of equal size are assigned in random order. What a set lacks is counted in samples and, with several strata, in samples of the
    group's strata. No set stays empty while there are groups for it.

    Parameters
    ----------
    groups
        Group of each sample, int of shape (samples,).
    shares
        Requested shares of the sets, which sum to 1; a set with share 0 stays empty.
    strata
        Stratum of each sample, int from 0, shape (samples,).
    random
        Random order of equal groups.

    Returns
    -------
    Set of each sample, int64 of shape (samples,).
    """
    _, group = np.unique(groups, return_inverse=True)
    group = group.reshape(-1)
    counts = np.zeros((group.max() + 1, strata.max() + 1))
    np.add.at(counts, (group, strata), 1)
    size = counts.sum(axis=1)
    order = random.permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    lacking = np.outer(shares, counts.sum(axis=0))  # (sets, strata)
    several = counts.shape[1] if counts.shape[1] > 1 else 0
    chosen = np.zeros(len(size), dtype=np.int64)
    empty = set(np.flatnonzero(shares > 0).tolist())
    for number, current in enumerate(order):
        need = lacking.sum(axis=1) + several * (lacking @ (counts[current] / size[current]))
        need[shares <= 0] = -np.inf
        if len(order) - number <= len(empty):
            need[[at for at in range(len(shares)) if at not in empty]] = -np.inf
        best = int(need.argmax())
        chosen[current] = best
        lacking[best] -= counts[current]
        empty.discard(best)
    return chosen[group]


def strata_of(values: np.ndarray | None, *, samples: int, binary: bool, few: int) -> np.ndarray:
    """Return strata of a trait: its classes when binary, its quintiles below ``few`` samples; missing values are one more.

    Parameters
    ----------
    values
        Trait, float64 of shape (samples,), NaN where missing; None for no trait.
    samples
        Number of samples.
    binary
        Whether the values are 0 and 1.
    few
        Quantitative traits are stratified below this number of samples.
    """
    if values is None or not (binary or samples < few):
        return np.zeros(samples, dtype=np.int64)
    known = ~np.isnan(values)
    strata = np.full(samples, STRATA, dtype=np.int64)
    if binary:
        strata[known] = values[known].astype(np.int64)
    else:
        ranks = np.argsort(np.argsort(values[known], kind="stable"), kind="stable")
        strata[known] = ranks * STRATA // max(int(known.sum()), 1)
    _, dense = np.unique(strata, return_inverse=True)
    return dense.reshape(-1)
