"""Preranked gene-set enrichment analysis, with permutations of the genes.

References
----------
Subramanian et al. 2005, PNAS 102:15545.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CHUNK_VALUES = 4_000_000


@dataclass(frozen=True)
class GseaResult:
    """Enrichment at the top of the ranking.

    Attributes
    ----------
    score
        Largest positive deviation of the running sum.
    normalised_score
        score over its mean in permutations.
    p_value
        (1 + permutations with a score as high) / (1 + permutations).
    leading
        Indices of the set's genes at or before the peak, by rank.
    """

    score: float
    normalised_score: float
    p_value: float
    leading: np.ndarray


class PrerankedGsea:
    """The ranking, with one null distribution per set size.

    Parameters
    ----------
    z
        Ranking statistic of every gene, of shape (genes,); ties keep their order.
    permutations
        Random sets of each size.
    rng_of_size
        Returns the random stream of a set size, so that results do not depend on which sets are tested.
    """

    def __init__(self, z: np.ndarray, permutations: int, rng_of_size: Callable[[int], np.random.Generator]) -> None:
        self._order = np.argsort(-z, kind="stable")
        self._rank = np.empty(len(z), dtype=np.int64)
        self._rank[self._order] = np.arange(len(z))
        self._weight = np.abs(z[self._order])
        self._permutations, self._rng_of_size = permutations, rng_of_size
        self._null: dict[int, np.ndarray] = {}

    def test(self, members: np.ndarray) -> GseaResult:
        """Test one set, given as gene indices."""
        ranks = np.sort(self._rank[members])
        scores = self._running(ranks[None])[0]
        peak = int(scores.argmax())
        score = float(scores[peak])
        null = self._null_scores(len(members))
        p = (1 + int((null >= score - 1e-12).sum())) / (1 + len(null))
        return GseaResult(score, score / float(null.mean()), p, self._order[ranks[: peak + 1]])

    def _running(self, ranks: np.ndarray) -> np.ndarray:
        """Return the running sum just after each hit, of ranks' shape (sets, size); ranks are sorted."""
        size = ranks.shape[1]
        weight = self._weight[ranks]
        total = weight.sum(axis=1, keepdims=True)
        weight = np.where(total > 0, weight, 1.0)
        hits = weight.cumsum(axis=1) / weight.sum(axis=1, keepdims=True)
        misses = (ranks - np.arange(size)) / max(len(self._weight) - size, 1)
        sums: np.ndarray = hits - misses
        return sums

    def _null_scores(self, size: int) -> np.ndarray:
        if size not in self._null:
            rng = self._rng_of_size(size)
            genes = len(self._weight)
            chunk = max(1, CHUNK_VALUES // genes)
            parts = []
            for first in range(0, self._permutations, chunk):
                draws = rng.random((min(chunk, self._permutations - first), genes))
                ranks = np.sort(np.argpartition(draws, size - 1, axis=1)[:, :size], axis=1)
                parts.append(self._running(ranks).max(axis=1))
            self._null[size] = np.concatenate(parts)
        return self._null[size]
