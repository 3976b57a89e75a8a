"""Sites that share their position with no other.

One row of several at a position does not tell the alleles of those who carry another row's: ``bcftools norm -m-`` writes a carrier of the
second alternate allele as 0 in the row of the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lucidseq.encode.haplotypes.sites import SiteChunk

SAME_POSITION = "position of several sites"


class LoneSites:
    """Passes lone sites on, in order; a chunk's last site waits until the next chunk has shown that it is one.

    Attributes
    ----------
    removed
        Sites left out so far.
    """

    def __init__(self) -> None:
        self.removed = 0
        self._last: SiteChunk | None = None
        self._shared = False  # whether the one that waits has met another at its position

    def take(self, chunk: SiteChunk) -> Iterator[SiteChunk]:
        """Yield the lone sites that are known by now; positions of a contig never fall, and no chunk is empty."""
        position = chunk.position
        again = np.zeros(len(chunk) + 1, dtype=bool)
        again[1:-1] = position[1:] == position[:-1]
        last = self._last
        if last is not None and last.contig == chunk.contig and last.position[0] == position[0]:
            again[0] = self._shared = True
        yield from self.rest()
        shared = again[:-1] | again[1:]
        self._last, self._shared = chunk.take(np.array([len(chunk) - 1])), bool(shared[-1])
        self.removed += int(shared[:-1].sum())
        lone = ~shared
        lone[-1] = False
        if lone.any():
            yield chunk.take(lone)

    def rest(self) -> Iterator[SiteChunk]:
        """Yield the site that still waits, if it is lone."""
        last, self._last = self._last, None
        self.removed += int(last is not None and self._shared)
        if last is not None and not self._shared:
            yield last
