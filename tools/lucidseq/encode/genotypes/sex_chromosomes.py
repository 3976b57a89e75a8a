"""Sex chromosomes and mitochondria: where samples have one copy, and how calls are read.

References
----------
Pseudo-autosomal regions: Genome Reference Consortium, GRCh37 and GRCh38 assembly reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.genotypes.choices import HaploidCoding
from lucidseq.encode.readers.reader import FEMALE, MALE, VariantChunk

DIPLOID, X, Y, MITOCHONDRIA = range(4)
_NAMES = {"X": X, "Y": Y, "MT": MITOCHONDRIA, "M": MITOCHONDRIA}
_NUMBERS = {"23": X, "24": Y, "26": MITOCHONDRIA}  # PLINK's codes, human alone
PLINK_NUMBERS = frozenset({*_NUMBERS, "25"})  # 25 is what X and Y share
# 0-based starts and ends of the regions that X and Y share, of which all samples have two copies
_GRCH37 = {X: ((60_000, 2_699_520), (154_931_043, 155_260_560)), Y: ((10_000, 2_649_520), (59_034_049, 59_363_566))}
_GRCH38 = {X: ((10_000, 2_781_479), (155_701_382, 156_030_895)), Y: ((10_000, 2_781_479), (56_887_902, 57_217_415))}
_BUILDS = {"grch37": _GRCH37, "hg19": _GRCH37, "b37": _GRCH37, "grch38": _GRCH38, "hg38": _GRCH38, "b38": _GRCH38}


def known_build(build: str) -> bool:
    """Return whether the pseudo-autosomal regions of a build are known."""
    return build.lower() in _BUILDS


def chromosome_kind(contig: str, *, human: bool) -> int:
    """Return `X`, `Y`, `MITOCHONDRIA` or `DIPLOID`; PLINK's numbers 23, 24 and 26 count only where the build is human.

    Examples
    --------
    >>> chromosome_kind("chrX", human=False), chromosome_kind("23", human=False), chromosome_kind("23", human=True)
    (1, 0, 1)
    """
    name = contig.removeprefix("chr")
    return _NAMES.get(name, _NUMBERS.get(name, DIPLOID) if human else DIPLOID)


def maybe_haploid(contig: str) -> bool:
    """Return whether calls on a contig can be haploid in a diploid species."""
    return chromosome_kind(contig, human=True) != DIPLOID


def unclear_numbers(contigs: Iterable[str], build: str) -> list[str]:
    """Return the contigs that may be PLINK's codes of human sex chromosomes, where no build is given.

    Examples
    --------
    >>> unclear_numbers(["1", "22", "23"], "unknown"), unclear_numbers(["1", "23"], "GRCh38"), unclear_numbers(["23", "29"], "unknown")
    (['23'], [], [])
    """
    names = {str(contig).removeprefix("chr") for contig in contigs}
    others = any(name in ("X", "Y") or (name.isdigit() and int(name) > max(map(int, PLINK_NUMBERS))) for name in names)
    return [] if others or build != "unknown" else sorted(names & PLINK_NUMBERS)


@dataclass
class HaploidCounts:
    """Calls set to missing (heterozygous with one copy, or of females on Y), and haploid calls elsewhere, doubled."""

    heterozygous: int = 0
    females_on_y: int = 0
    elsewhere: int = 0


@dataclass(frozen=True)
class SexChromosomes:
    """Rules of one run.

    Attributes
    ----------
    sex
        uint8 of shape (samples,): `reader.MALE`, `FEMALE` or unknown.
    build
        Name of the genome build.
    coding
        Copies that a haploid call counts.
    ploidy
        Rules apply to diploids alone.
    """

    sex: np.ndarray
    build: str
    coding: HaploidCoding
    ploidy: int = 2

    def kinds(self, contigs: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the kind of chromosome of each position, int8; pseudo-autosomal positions are diploid."""
        kind_of_row = np.zeros(len(starts), dtype=np.int8)
        if self.ploidy != 2:
            return kind_of_row
        shared = _BUILDS.get(self.build.lower(), {})
        for contig in set(contigs):
            kind = chromosome_kind(contig, human=bool(shared))
            if kind != DIPLOID:
                rows = contigs == contig
                inside = np.zeros(len(starts), dtype=bool)
                for first, last in shared.get(kind, ()):
                    inside |= (starts >= first) & (starts < last)
                kind_of_row[rows & ~inside] = kind
        return kind_of_row

    def haploid(self, kind: int) -> np.ndarray:
        """Return a mask of the samples with one copy (or none: females on Y)."""
        if kind == X:
            return self.sex == MALE
        return np.full(len(self.sex), kind != DIPLOID)

    def eligible(self, kind: int) -> np.ndarray:
        """Return a mask of the samples that have this chromosome."""
        return self.sex != FEMALE if kind == Y else np.ones(len(self.sex), dtype=bool)

    def copies(self, kind: int) -> np.ndarray:
        """Return the largest dosage of each sample, int64 of shape (samples,)."""
        has_one = self.haploid(kind) & (self.coding is HaploidCoding.ONE)
        return np.where(has_one, 1, self.ploidy)

    def doubled(self, kind: int) -> np.ndarray:
        """Return a mask of the samples whose one copy is counted as two."""
        return self.haploid(kind) & (self.coding is HaploidCoding.TWO)

    def code(self, chunk: VariantChunk, kind: int, written: HaploidCoding, counts: HaploidCounts) -> np.ndarray:
        """Return the dosages of variants of one kind as stored.

        Heterozygous hard calls of samples with one copy and calls of females on Y become missing; both are counted. A dosage of one
        is no such call: whether a value was called is a property of each genotype (`VariantChunk.called`), not of the file.

        Parameters
        ----------
        chunk
            Variants of one kind.
        kind
            The kind.
        written
            How haploid calls are coded in the chunk.
        counts
            Updated.
        """
        dosage = chunk.dosage
        if kind == DIPLOID:
            return dosage
        haploid = self.haploid(kind)
        dosage = dosage.copy()
        missing = MISSING_CALL if dosage.dtype == np.int8 else np.nan
        absent = ~self.eligible(kind)
        called = ~np.isnan(dosage) if dosage.dtype != np.int8 else dosage != MISSING_CALL
        counts.females_on_y += int(called[:, absent].sum())
        dosage[:, absent] = missing
        if written is HaploidCoding.ONE:
            dosage[:, haploid] = np.where(called[:, haploid], 2 * dosage[:, haploid], missing)
        twofold = (dosage == 1) & haploid & chunk.hard_calls()
        counts.heterozygous += int(twofold.sum())
        dosage[twofold] = missing
        if self.coding is HaploidCoding.ONE:
            haploid_dosage = dosage[:, haploid]
            dosage[:, haploid] = (
                np.where(haploid_dosage == missing, haploid_dosage, haploid_dosage // 2) if dosage.dtype == np.int8 else haploid_dosage / 2
            )
        return dosage
