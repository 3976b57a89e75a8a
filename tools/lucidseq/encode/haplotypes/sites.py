"""What every reader of sites offers, whatever the format behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from lucidseq.core.errors import DataError

MISSING, PADDING = -1, -2  # of alleles: not called; no such chromosome
NOT_SNP, MULTIALLELIC, NO_ALTERNATE = "not a single-nucleotide variant", "multi-allelic", "no alternate allele"
SITES = 4096  # of one chunk


@dataclass(frozen=True)
class SiteChunk:
    """Some sites of one contig, in file order.

    Attributes
    ----------
    contig
        Its name.
    position
        0-based, int64 of shape (sites,).
    reference, alternate
        Alleles 0 and 1, one letter each, object arrays of shape (sites,).
    ancestral
        Ancestral allele; empty where unknown, lower-case where uncertain.
    alleles
        0, 1, `MISSING` or `PADDING`, int8 of shape (sites, samples, ploidy).
    phased
        Whether the order of a sample's alleles has a meaning, shape (sites, samples).
    """

    contig: str
    position: np.ndarray
    reference: np.ndarray
    alternate: np.ndarray
    ancestral: np.ndarray
    alleles: np.ndarray
    phased: np.ndarray

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: np.ndarray) -> SiteChunk:
        """Return the sites of a mask or of indices."""
        return SiteChunk(
            self.contig, self.position[rows], self.reference[rows], self.alternate[rows], self.ancestral[rows],
            self.alleles[rows], self.phased[rows],
        )  # fmt: skip


class SiteReader(Protocol):
    """A file of sites, read in chunks; memory does not grow with their number.

    Attributes
    ----------
    path
        The file.
    samples
        Sample names in file order.
    lengths
        Lengths (bp) of the contigs that the file's header tells.
    knows_ancestral
        Whether it carries ancestral alleles.
    skipped
        Rows left out by reason, counted while `chunks` runs.
    """

    path: Path
    samples: list[str]
    lengths: dict[str, int]
    knows_ancestral: bool
    skipped: Counter[str]

    def chunks(self) -> Iterator[SiteChunk]:
        """Read the file once from its beginning."""
        ...


def one_ploidy(alleles: np.ndarray, where: str) -> int:
    """Return the ploidy that all samples of some sites share.

    Raises
    ------
    DataError
        If samples differ, as on the sex chromosomes.
    """
    padded = alleles == PADDING
    if not padded.any():
        return alleles.shape[2]
    found = np.unique((~padded).sum(axis=2))
    if len(found) > 1:
        raise DataError(f"calls of {found[0]} and of {found[-1]} alleles", "one ploidy for all samples and sites",
                        "encode sex chromosomes apart, females or males alone (--samples)", where=where)  # fmt: skip
    return int(found[0])
