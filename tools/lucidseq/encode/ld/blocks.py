"""Approximately independent blocks of a contig: cuts crossed by the least LD, by dynamic programming."""

from __future__ import annotations

from collections import deque

import numpy as np

WORTH = 0.1  # a cut is made where the LD across it is below this share of the median over the contig


def crossing(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the LD that crosses each possible cut: sums of adjusted r squared over pairs across it.

    Parameters
    ----------
    before, after
        Sums of each variant with those before and after it, shape (variants,): `band_sums`.

    Returns
    -------
    Shape (variants + 1,): entry b is the cut between variants b - 1 and b; the first and the last are 0.
    """
    # A pair (i, j) crosses the cuts i + 1 .. j: it enters with i's `after` and leaves with j's `before`
    crossed = np.concatenate([[0.0], np.cumsum(after - before)])
    crossed[-1] = 0.0
    return crossed


def find_blocks(crossed: np.ndarray, smallest: int, largest: int, *, worth: float = WORTH) -> np.ndarray:
    """Return the cuts that make sum(crossing LD - reward) smallest, with block sizes within bounds.

    The reward of a cut is ``worth`` times the median crossing LD: cuts are made where LD nearly vanishes, and where the largest size
    requires one, at the least LD. The optimum is exact; of equal optima the leftmost cuts are returned.

    Parameters
    ----------
    crossed
        LD across each cut, shape (variants + 1,): `crossing`.
    smallest, largest
        Variants in a block, with largest >= 2 smallest; a contig with fewer than ``smallest`` is one block.

    Returns
    -------
    Cuts, ascending, 0 and the number of variants among them.

    References
    ----------
    The aim is that of Berisa and Pickrell 2016 (Bioinformatics 32:283); the search is exact as in Prive 2022 (Bioinformatics 38:255).
    """
    variants = len(crossed) - 1
    if variants < 2 * smallest:
        return np.array([0, variants])
    cost = crossed - worth * max(float(np.median(crossed[1:-1])), 0.0)
    cost[variants] = 0.0
    best, origin = np.full(variants + 1, np.inf), np.zeros(variants + 1, dtype=np.int32)
    best[0] = 0.0
    reach: deque[int] = deque()  # starts of the last block that may still be best, their costs ascending
    for cut in range(smallest, variants + 1):
        entering = cut - smallest
        if np.isfinite(best[entering]):
            while reach and best[reach[-1]] > best[entering]:
                reach.pop()
            reach.append(entering)
        while reach and reach[0] < cut - largest:
            reach.popleft()
        if reach:
            origin[cut] = reach[0]
            best[cut] = best[origin[cut]] + cost[cut]
    cuts = [variants]
    while cuts[-1] > 0:
        cuts.append(int(origin[cuts[-1]]))
    return np.array(cuts[::-1])
