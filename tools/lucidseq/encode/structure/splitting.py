"""The split of the samples: what keeps them together, and the sets they go to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.seeds import stream
from lucidseq.core.splits import Split, Splits
from lucidseq.encode.structure.filling import fill
from lucidseq.encode.structure.groups import components


@dataclass(frozen=True)
class Wanted:
    """Sizes of the sets."""

    valid: float
    test: float
    folds: int
    seed: int


def deal(groups: np.ndarray, names: np.ndarray, strata: np.ndarray, wanted: Wanted) -> Splits:
    """Deal groups to train, valid and test, and, when wanted, to folds.

    Parameters
    ----------
    groups
        Group of each sample, int, shape (samples,).
    names
        Name of each sample's group for the table.
    strata
        Stratum of each sample, int, shape (samples,).
    wanted
        Sizes of the sets.
    """
    shares = np.zeros(len(Split))
    shares[Split.VALID], shares[Split.TEST] = wanted.valid, wanted.test
    shares[Split.TRAIN] = 1 - wanted.valid - wanted.test
    split = fill(groups, shares, strata, stream(wanted.seed, "splits"))
    fold = np.zeros(len(groups), dtype=np.int64)
    if wanted.folds:
        fold = 1 + fill(groups, np.full(wanted.folds, 1 / wanted.folds), strata, stream(wanted.seed, "folds"))
    return Splits(split.astype(np.uint8), names, fold)


def with_duplicates(groups: np.ndarray, first: np.ndarray, second: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Bring every set of duplicates into the group of its first member.

    Parameters
    ----------
    groups
        Group of each sample, int, shape (samples,).
    first, second
        Pairs of duplicates.
    same
        Set of identical genotypes that each sample is in, shape (samples,).
    """
    samples = len(groups)
    _, leader = np.unique(same, return_index=True)
    sets = components(samples, np.concatenate([first, np.arange(samples)]), np.concatenate([second, leader[same]]))
    _, leader = np.unique(sets, return_index=True)
    moved: np.ndarray = groups[leader[sets]]
    return moved
