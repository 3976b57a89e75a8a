"""Protocol of the readers of sites, for all formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from lucidseq.core.errors import DataError

MISSING, PADDING = -1, -2  # alleles: not called; no such chromosome copy
NO_PHASE_SET = -1
NOT_SNP, MULTIALLELIC, NO_ALTERNATE = "not a single-nucleotide variant", "multi-allelic", "no alternate allele"
SITES = 4096  # of one chunk


@dataclass(frozen=True)
class SiteChunk:
    """Sites of one contig, in file order.

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
    phase_set
        Within which phase set (PS) it has, int64 of shape (sites, samples), `NO_PHASE_SET` where none is named; None in files without them.
    """

    contig: str
    position: np.ndarray
    reference: np.ndarray
    alternate: np.ndarray
    ancestral: np.ndarray
    alleles: np.ndarray
    phased: np.ndarray
    phase_set: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: np.ndarray) -> SiteChunk:
        """Return the sites of a mask or of indices."""
        columns = {item.name: column[rows] for item in fields(self)[1:] if (column := getattr(self, item.name)) is not None}
        return replace(self, **columns)


class SiteReader(Protocol):
    """A file of sites, read in chunks; memory does not grow with their number.

    Attributes
    ----------
    path
        The file.
    samples
        Sample names in file order.
    lengths
        Lengths (bp) of the contigs in the header.
    knows_ancestral
        Whether it has ancestral alleles.
    skipped
        Rows skipped, by reason, counted by `chunks`.
    """

    path: Path
    samples: list[str]
    lengths: dict[str, int]
    knows_ancestral: bool
    skipped: Counter[str]

    def chunks(self) -> Iterator[SiteChunk]:
        """Read the file once from its beginning."""
        ...


def uncalled(alleles: np.ndarray) -> np.ndarray:
    """Return a mask of the sites at which every call is a single ``.`` of unknown ploidy, shape (sites,)."""
    known = alleles[:, :, 0] != MISSING
    if alleles.shape[2] > 1:
        known |= alleles[:, :, 1] != PADDING
    nothing: np.ndarray = ~known.any(axis=1)
    return nothing


def one_ploidy(alleles: np.ndarray, where: str) -> np.ndarray:
    """Return alleles of the ploidy that all samples share; a single ``.`` is a missing call of any ploidy.

    Parameters
    ----------
    alleles
        Shape (sites, samples, longest call); no site is `uncalled`.
    where
        File and contig, for the message.

    Returns
    -------
    int8 of shape (sites, samples, ploidy), without `PADDING`.

    Raises
    ------
    DataError
        If samples differ, as on the sex chromosomes.

    Examples
    --------
    >>> one_ploidy(np.array([[[0, 1], [MISSING, PADDING]]], dtype=np.int8), "x.vcf").tolist()
    [[[0, 1], [-1, -1]]]
    """
    padded = alleles == PADDING
    if not padded.any():
        return alleles
    sizes = (~padded).sum(axis=2)
    missing = (sizes == 1) & (alleles[:, :, 0] == MISSING)
    ploidies = np.unique(sizes[~missing])
    if len(ploidies) > 1:
        fix = "encode sex chromosomes separately, females or males alone (--samples)"
        raise DataError(f"calls of {ploidies[0]} and of {ploidies[-1]} alleles", "one ploidy for all samples and sites", fix, where=where)
    return np.where(padded, np.int8(MISSING), alleles)[:, :, : int(ploidies[0])]
