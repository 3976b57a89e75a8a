"""Which allele is counted: the derived, the alternate or the rarer one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError
from lucidseq.encode.haplotypes.sites import MISSING, SiteChunk

UNKNOWN = "ancestral allele unknown or neither of the two"


def flip(alleles: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return alleles with 0 and 1 exchanged in the given rows; missing and padding stay.

    Parameters
    ----------
    alleles
        int8 of shape (sites, ...).
    rows
        Mask of shape (sites,).
    """
    flipped = np.where(alleles >= 0, 1 - alleles, alleles)
    shape = (-1,) + (1,) * (alleles.ndim - 1)
    return np.where(rows.reshape(shape), flipped, alleles).astype(np.int8)


def swap(chunk: SiteChunk, rows: np.ndarray) -> SiteChunk:
    """Return a chunk whose alleles 0 and 1 are exchanged in the given rows."""
    reference, alternate = np.where(rows, chunk.alternate, chunk.reference), np.where(rows, chunk.reference, chunk.alternate)
    return replace(chunk, reference=reference, alternate=alternate, alleles=flip(chunk.alleles, rows))


def to_ancestral(chunk: SiteChunk, *, confident: bool) -> tuple[SiteChunk, np.ndarray]:
    """Make allele 0 the ancestral one.

    Returns
    -------
    (the chunk; mask of the sites whose ancestral allele is one of the two, in capitals if ``confident``)
    """
    base = np.array([allele.upper() for allele in chunk.ancestral], dtype=object)
    known = (base == chunk.reference) | (base == chunk.alternate)
    if confident:
        known &= chunk.ancestral == base
    return swap(chunk, known & (base == chunk.alternate)), known


def to_minor(chunk: SiteChunk) -> SiteChunk:
    """Make allele 1 the rarer one; of equally common alleles, the alternate one stays."""
    called = chunk.alleles != MISSING
    counted = (chunk.alleles == 1).sum(axis=(1, 2))
    total = (called & (chunk.alleles >= 0)).sum(axis=(1, 2))
    return swap(chunk, 2 * counted > total)


class AncestralGenome(CloseOnExit):
    """A FASTA file of ancestral alleles; lower-case letters are uncertain, all but ACGT unknown. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        from lucidseq.core.genome import Genome

        self.path = Path(path)
        self._genome = Genome(path)

    def close(self) -> None:
        """Close the files."""
        self._genome.close()

    def alleles(self, contig: str, position: np.ndarray) -> np.ndarray:
        """Return the letters at positions of a contig, object array of shape (positions,), empty where unknown.

        Parameters
        ----------
        contig
            A contig of the file.
        position
            0-based, ascending.

        Raises
        ------
        DataError
            If the contig is unknown or a position is beyond its end.
        """
        self._genome.require(contig, where=str(self.path))
        length = self._genome.lengths[contig]
        if len(position) and position[-1] >= length:
            expected = f"sites within its {length} ancestral bases"
            fix = "use the ancestral sequence of the same build"
            raise DataError(f"a site at {contig}:{position[-1] + 1}", expected, fix, where=str(self.path))
        start = int(position[0])
        letters = np.frombuffer(self._genome.letters(contig, start, int(position[-1]) + 1), dtype="S1")[position - start]
        return np.array([letter if letter in "ACGTacgt" else "" for letter in letters.astype(str)], dtype=object)
