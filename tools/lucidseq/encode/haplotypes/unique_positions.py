"""Sites that share their position with no other.

One row of several at a position does not tell the alleles of those who carry another row's: ``bcftools norm -m-`` writes a carrier of the
second alternate allele as 0 in the row of the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lucidseq.encode.haplotypes.sites import SiteChunk

SAME_POSITION = "position of several sites"


class UniquePositions:
    """Passes lone sites on, in order; a chunk's last site waits until the next chunk has shown that it is one.

    Attributes
    ----------
    removed
        Sites left out so far.
    """

    def __init__(self) -> None:
        self.removed = 0
        self._pending: SiteChunk | None = None
        self._pending_is_shared = False  # whether the one that waits has met another at its position

    def take(self, chunk: SiteChunk) -> Iterator[SiteChunk]:
        """Yield the lone sites that are known by now; positions of a contig never fall, and no chunk is empty."""
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
        """Yield the site that still waits, if it is lone."""
        pending, self._pending = self._pending, None
        self.removed += int(pending is not None and self._pending_is_shared)
        if pending is not None and not self._pending_is_shared:
            yield pending
