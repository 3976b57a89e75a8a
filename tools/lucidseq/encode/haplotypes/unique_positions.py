"""Sites whose position no other site shares.

One of several rows at a position does not give the alleles of another row's carriers: ``bcftools norm -m-`` writes a carrier of the
second alternate allele as 0 in the row of the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lucidseq.encode.haplotypes.sites import SiteChunk

SAME_POSITION = "position of several sites"


class UniquePositions:
    """Yields sites of unique position, in order; the last site of a chunk is held until the next chunk is read.

    Attributes
    ----------
    removed
        Sites removed so far.
    """

    def __init__(self) -> None:
        self.removed = 0
        self._pending: SiteChunk | None = None
        self._pending_is_shared = False  # whether another site has the position of the pending one

    def take(self, chunk: SiteChunk) -> Iterator[SiteChunk]:
        """Yield the sites known to be unique; positions of a contig ascend, and no chunk is empty."""
        position = chunk.position
        repeated = np.zeros(len(chunk) + 1, dtype=bool)
        repeated[1:-1] = position[1:] == position[:-1]
        pending = self._pending
        if pending is not None and pending.contig == chunk.contig and pending.position[0] == position[0]:
            repeated[0] = self._pending_is_shared = True
        yield from self.rest()
        shared = repeated[:-1] | repeated[1:]
        self._pending, self._pending_is_shared = chunk.take(np.array([len(chunk) - 1])), bool(shared[-1])
        self.removed += int(shared[:-1].sum())
        unique = ~shared
        unique[-1] = False
        if unique.any():
            yield chunk.take(unique)

    def rest(self) -> Iterator[SiteChunk]:
        """Yield the pending site, if it is unique."""
        pending, self._pending = self._pending, None
        self.removed += int(pending is not None and self._pending_is_shared)
        if pending is not None and not self._pending_is_shared:
            yield pending
