"""Accessible positions of the genome."""

from __future__ import annotations

import numpy as np

from lucidseq.encode.regions import Regions


class Accessibility:
    """Positions that could be called: those of ``accessible`` (None: all) that are not in ``mask`` (None: nothing)."""

    def __init__(self, accessible: Regions | None, mask: Regions | None) -> None:
        self.known = accessible is not None or mask is not None
        self._open = accessible if accessible is None or mask is None else accessible.subtract(mask)
        self._mask = mask if accessible is None else None

    def contain(self, contig: str, position: np.ndarray) -> np.ndarray:
        """Return a mask of 0-based positions that could be called, shape (positions,)."""
        names = np.full(len(position), contig, dtype=object)
        if self._open is not None:
            return self._open.contain(names, position)
        return np.ones(len(position), dtype=bool) if self._mask is None else ~self._mask.contain(names, position)

    def bases(self, contig: str, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the callable bases of windows, int64 of shape (windows,)."""
        if self._open is not None:
            return self._open.covered(contig, start, end)
        return end - start - (0 if self._mask is None else self._mask.covered(contig, start, end))
