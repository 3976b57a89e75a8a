"""Split of the samples: their groups and sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.seeds import stream
from lucidseq.core.splits import Split, Splits
from lucidseq.encode.structure.assign_groups import assign_groups
from lucidseq.encode.structure.groups import components


@dataclass(frozen=True)
class SetSizes:
    """Shares of the sets, number of folds and seed."""

    valid: float
    test: float
    folds: int
    seed: int


def assign_sets(groups: np.ndarray, names: np.ndarray, strata: np.ndarray, sizes: SetSizes) -> Splits:
    """Assign groups to train, valid and test, and to folds, if any.

    Parameters
    ----------
    groups
        Group of each sample, int, shape (samples,).
    names
        Name of each sample's group for the table.
    strata
        Stratum of each sample, int, shape (samples,).
    sizes
        Sizes of the sets.
    """
    shares = np.zeros(len(Split))
    shares[Split.VALID], shares[Split.TEST] = sizes.valid, sizes.test
    shares[Split.TRAIN] = 1 - sizes.valid - sizes.test
    split = assign_groups(groups, shares, strata, stream(sizes.seed, "splits"))
    fold = np.zeros(len(groups), dtype=np.int64)
    if sizes.folds:
        fold = 1 + assign_groups(groups, np.full(sizes.folds, 1 / sizes.folds), strata, stream(sizes.seed, "folds"))
    return Splits(split.astype(np.uint8), names, fold)


def with_duplicates(groups: np.ndarray, first: np.ndarray, second: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Assign every set of duplicates to the group of its first member.

    Parameters
    ----------
    groups
        Group of each sample, int, shape (samples,).
    first, second
        Pairs of duplicates.
    same
        Set of identical genotypes of each sample, shape (samples,).
    """
    samples = len(groups)
    _, leader = np.unique(same, return_index=True)
    sets = components(samples, np.concatenate([first, np.arange(samples)]), np.concatenate([second, leader[same]]))
    _, leader = np.unique(sets, return_index=True)
    moved: np.ndarray = groups[leader[sets]]
    return moved
