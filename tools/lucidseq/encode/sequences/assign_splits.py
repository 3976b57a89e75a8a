"""Assignment of sequences to training, validation and test sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.seeds import stream
from lucidseq.encode.regions import other_spelling

TRAIN, VALID, TEST = 0, 1, 2
NAMES = ("train", "valid", "test")


def by_contig(contig: np.ndarray, test: list[str], valid: list[str], path: Path) -> np.ndarray:
    """Return splits by contig, uint8 of shape (n,): test and validation contigs, train for the rest.

    Raises
    ------
    DataError
        If a contig has no sequence or is in both lists, or no training sequence remains.
    """
    known = set(contig)
    for name in [*test, *valid]:
        if name not in known:
            spelling = f"; the sequences have {other_spelling(name)}" if other_spelling(name) in known else ""
            shown = ", ".join(sorted(filter(None, known))[:5]) or "none"
            fix = "correct --test-contigs or --valid-contigs"
            raise DataError(f"contig {name}, without sequences{spelling}", f"contigs of the sequences ({shown})", fix, where=str(path))
    both = set(test) & set(valid)
    if both:
        fix = "remove it from one of them"
        raise DataError(f"{', '.join(sorted(both))} in both --test-contigs and --valid-contigs", "different contigs", fix, where=str(path))
    split = np.full(len(contig), TRAIN, dtype=np.uint8)
    split[np.isin(contig, test)] = TEST
    split[np.isin(contig, valid)] = VALID
    if not (split == TRAIN).any():
        raise DataError(
            "every sequence is on a test or validation contig", "at least one training sequence", "hold out fewer contigs", where=str(path)
        )
    return split


def draw_split(split: np.ndarray, identity: np.ndarray, share: float, to: int, seed: int) -> np.ndarray:
    """Move a random share of the training sequences to another split; equal sequences move together.

    Parameters
    ----------
    split
        Current splits, shape (n,).
    identity
        Equal numbers for equal sequences, shape (n,).
    share
        Share of the training sequences to move.
    to
        `VALID` or `TEST`.
    seed
        Seed of the draw.
    """
    result = split.copy()
    train = np.flatnonzero(split == TRAIN)
    groups = np.unique(identity[train])
    moved = stream(seed, "split", NAMES[to]).permutation(groups)[: round(share * len(groups))]
    result[train[np.isin(identity[train], moved)]] = to
    return result


def join(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the finest groups that contain those of both groupings, int64 of shape (n,).

    Examples
    --------
    >>> join(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(first)
    rows, labels = np.concatenate([np.arange(n), np.arange(n)]), np.concatenate([first, second + first.max(initial=-1) + 1])
    size = n + int(labels.max(initial=-1)) + 1
    links = coo_array((np.ones(2 * n, dtype=np.int8), (rows, n + labels)), shape=(size, size))
    joined: np.ndarray = connected_components(links, directed=False)[1][:n]
    _, numbers = np.unique(joined, return_inverse=True)
    return numbers.astype(np.int64)


def leaking(split: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return a mask of training rows whose group also has validation or test rows, and of validation rows whose group has test rows.

    Examples
    --------
    >>> leaking(np.array([0, 2, 1, 0, 1]), np.array([5, 5, 5, 6, 6])).tolist()
    [True, False, True, True, False]
    """
    tested, validated = (np.isin(groups, groups[split == part]) for part in (TEST, VALID))
    return ((split == TRAIN) & (tested | validated)) | ((split == VALID) & tested)
