"""One pass over the sites, which are filtered, polarised and written, with counts of each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.log import Progress
from lucidseq.encode.haplotypes import filters, polarity, sites
from lucidseq.encode.haplotypes.accessibility import Accessibility
from lucidseq.encode.haplotypes.choices import Calls, PhaseSets, Polarization
from lucidseq.encode.haplotypes.haplotype_store import HaplotypeWriter
from lucidseq.encode.haplotypes.phase_sets import PhaseBreaks
from lucidseq.encode.haplotypes.site_windows import SiteWindows
from lucidseq.encode.haplotypes.sites import SiteChunk, SiteReader
from lucidseq.encode.haplotypes.unique_positions import SAME_POSITION, UniquePositions

_OUTSIDE, _CLOSED = "outside the windows", "not accessible"
STEPS = (
    sites.NO_ALTERNATE,
    sites.MULTIALLELIC,
    sites.NOT_SNP,
    SAME_POSITION,
    _OUTSIDE,
    _CLOSED,
    polarity.UNKNOWN,
    filters.TOO_MISSING,
    filters.TOO_RARE,
)


@dataclass(frozen=True)
class SitePlan:
    """How sites become rows of the matrices."""

    columns: np.ndarray  # of the kept samples
    samples: list[str]
    windows: dict[str, SiteWindows]
    accessibility: Accessibility
    calls: Calls
    polarization: Polarization
    ancestral: polarity.AncestralGenome | None
    confident: bool
    max_missing: float
    min_minor_count: int
    phase_sets: PhaseSets


@dataclass
class SitePass:
    """One pass over the files: sites are filtered and written, with counts of each step."""

    plan: SitePlan
    writer: HaplotypeWriter
    removed: Counter[str] = field(default_factory=Counter)
    contigs: list[str] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    ploidy: int = 0
    read: int = 0
    breaks: PhaseBreaks = field(init=False)
    _last: int = -1

    def __post_init__(self) -> None:
        self.breaks = PhaseBreaks(self.plan.samples)

    def run(self, readers: list[SiteReader]) -> None:
        """Read every file once."""
        with Progress("sites") as progress:
            for reader in readers:
                unique = UniquePositions()
                for chunk in reader.chunks():
                    self.read += len(chunk)
                    self._check_order(chunk, reader)
                    for part in unique.take(chunk):
                        self._add(part, reader)
                    progress.step(len(chunk))
                for part in unique.rest():
                    self._add(part, reader)
                self.removed[SAME_POSITION] += unique.removed
                reader.skipped.pop("", None)
                self.removed.update(reader.skipped)
                self.read += sum(reader.skipped.values())

    def _add(self, chunk: SiteChunk, reader: SiteReader) -> None:
        plan = self.plan
        sets = None if chunk.phase_set is None else chunk.phase_set[:, plan.columns]
        chunk = replace(chunk, alleles=chunk.alleles[:, plan.columns], phased=chunk.phased[:, plan.columns], phase_set=sets)
        windows = plan.windows.get(chunk.contig)
        chunk = self._remove(chunk, _OUTSIDE, ~windows.contain(chunk.position) if windows else np.ones(len(chunk), dtype=bool))
        chunk = self._remove(chunk, _CLOSED, ~plan.accessibility.contain(chunk.contig, chunk.position))
        if windows is None or not len(chunk):
            return
        chunk = self._remove(chunk, filters.TOO_MISSING, sites.uncalled(chunk.alleles))
        if not len(chunk):
            return
        chunk = self._of_one_ploidy(chunk, reader)
        if plan.calls is Calls.HAPLOTYPES:
            filters.refuse_unphased(chunk, plan.samples, str(reader.path))
        chunk = self._polarized(chunk)
        fails = filters.failed_filters(chunk.alleles, max_missing=plan.max_missing, min_minor_count=plan.min_minor_count)
        removed = np.zeros(len(chunk), dtype=bool)
        for name, mask in fails.items():
            self.removed[name] += int((mask & ~removed).sum())
            removed |= mask
        self._write(chunk.take(~removed), windows)

    def _write(self, chunk: SiteChunk, windows: SiteWindows) -> None:
        if self.plan.calls is Calls.HAPLOTYPES:
            self.breaks.add(chunk)
        matrix = filters.as_columns(chunk.alleles, dosages=self.plan.calls is Calls.DOSAGES)
        windows.add(chunk.position, np.count_nonzero(matrix == sites.MISSING, axis=1), matrix.shape[1])
        self.offsets.setdefault(chunk.contig, self.writer.sites)
        if len(chunk):
            self.writer.add(matrix, self.contigs.index(chunk.contig), chunk.position, chunk.alternate, chunk.reference)

    def _remove(self, chunk: SiteChunk, reason: str, rows: np.ndarray) -> SiteChunk:
        """Count and remove sites of a mask."""
        self.removed[reason] += int(rows.sum())
        return chunk.take(~rows) if rows.any() else chunk

    def _check_order(self, chunk: SiteChunk, reader: SiteReader) -> None:
        """Refuse positions out of order, and a contig in several pieces."""
        new = not self.contigs or chunk.contig != self.contigs[-1]
        before = np.concatenate([[-1 if new else self._last], chunk.position[:-1]])
        back = chunk.position < before
        if (new and chunk.contig in self.contigs) or back.any():
            fix = "sort the file (bcftools sort); give each contig once"
            where = place(reader.path, variant=f"{chunk.contig}:{chunk.position[int(np.argmax(back))] + 1}")
            raise DataError("sites out of order", "each contig in one piece, ascending positions", fix, where=where)
        if new:
            self.contigs.append(chunk.contig)
        self._last = int(chunk.position[-1])

    def _of_one_ploidy(self, chunk: SiteChunk, reader: SiteReader) -> SiteChunk:
        alleles = sites.one_ploidy(chunk.alleles, f"{reader.path}, contig {chunk.contig}")
        ploidy = alleles.shape[2]
        if self.ploidy not in (0, ploidy):
            expected = "one ploidy for all contigs"
            fix = "encode sex chromosomes and organelles separately"
            raise DataError(f"calls of {ploidy} alleles on {chunk.contig}, of {self.ploidy} before", expected, fix, where=str(reader.path))
        self.ploidy = ploidy
        return replace(chunk, alleles=alleles)

    def _polarized(self, chunk: SiteChunk) -> SiteChunk:
        plan = self.plan
        if plan.polarization is Polarization.MINOR:
            return polarity.to_minor(chunk)
        if plan.polarization is Polarization.REFERENCE:
            return chunk
        if plan.ancestral is not None:
            chunk = replace(chunk, ancestral=plan.ancestral.alleles(chunk.contig, chunk.position))
        chunk, known = polarity.to_ancestral(chunk, confident=plan.confident)
        return self._remove(chunk, polarity.UNKNOWN, ~known)
