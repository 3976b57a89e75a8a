"""LD pruning: a set of variants without correlated neighbours.

References
----------
The greedy rule is PLINK's --indep-pairwise (Chang et al. 2015, GigaScience 4:7): of two correlated variants the one with the lower
minor-allele frequency is removed.
"""

from __future__ import annotations

import numpy as np

WINDOW, R2 = 1_000_000, 0.2


class Pruner:
    """Prunes variants chunk by chunk, in order; the result does not depend on the chunks.

    Variants are taken in order. One that has r² of at least the limit with a kept variant within the window before it is removed, unless
    it is commoner than all of these: then they are removed.

    Parameters
    ----------
    window
        Largest distance (bp) at which two variants are compared.
    r2
        Least squared correlation of two variants of which one is removed.
    """

    def __init__(self, window: int = WINDOW, r2: float = R2) -> None:
        self.window, self.r2 = window, r2
        self._contig = ""
        self._row, self._start = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self._common, self._unit = np.empty(0), np.empty((0, 0))
        self._kept: list[np.ndarray] = []

    def add(self, contig: str, rows: np.ndarray, start: np.ndarray, common: np.ndarray, unit: np.ndarray) -> None:
        """Take variants of one contig.

        Parameters
        ----------
        contig
            Its name.
        rows, start
            Numbers of the variants, ascending, and their positions (bp); shape (variants,).
        common
            Minor-allele frequencies.
        unit
            Shape (variants, samples): centred dosages divided by their norm.
        """
        if contig != self._contig or not len(self._row):
            self._release(np.ones(len(self._row), dtype=bool))
            self._contig, self._unit = contig, unit[:0]
        old = len(self._row)
        self._row, self._start = np.concatenate([self._row, rows]), np.concatenate([self._start, start])
        self._common, self._unit = np.concatenate([self._common, common]), np.concatenate([self._unit, unit])
        linked = (unit @ self._unit.T) ** 2 >= self.r2
        linked &= start[:, None] - self._start[None, :] <= self.window
        alive = np.ones(len(self._row), dtype=bool)
        alive[old:] = False
        for number in range(len(rows)):
            at = old + number
            rivals = np.flatnonzero(linked[number, :at] & alive[:at])
            alive[at] = not len(rivals) or self._common[at] > self._common[rivals].max()
            if alive[at]:
                alive[rivals] = False
        self._select(alive)
        self._release(self._start < self._start[-1] - self.window if len(self._start) else alive[:0])

    def _select(self, mask: np.ndarray) -> None:
        self._row, self._start = self._row[mask], self._start[mask]
        self._common, self._unit = self._common[mask], self._unit[mask]

    def _release(self, done: np.ndarray) -> None:
        """Move variants out of the window that no later variant can remove."""
        self._kept.append(self._row[done])
        self._select(~done)

    def kept(self) -> np.ndarray:
        """Return the numbers of the kept variants, ascending."""
        return np.concatenate([*self._kept, self._row])
