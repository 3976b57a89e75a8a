"""Sequences of individuals: the reference window with the alleles of each of their haplotypes."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError, place
from lucidseq.core.genome import Genome
from lucidseq.encode.genotypes.reader import require_unique_samples
from lucidseq.encode.genotypes.sample_files import read_sample_list
from lucidseq.encode.regions import other_spelling
from lucidseq.encode.sequences.rows import SequenceRows

if TYPE_CHECKING:
    import cyvcf2

MISSING, SYMBOLIC, OVERLAPPING, CROSSING = (
    "missing allele, taken as reference", "symbolic allele", "overlaps the allele before", "crosses the window's start or middle",
)  # fmt: skip
_UNKNOWN = -1


@dataclass(frozen=True)
class Edit:
    """An allele to put in: bases [start, end) of the contig become ``bases``."""

    start: int
    end: int
    bases: np.ndarray


@dataclass(frozen=True)
class Site:
    """A variant: where it is, its alleles (0 is the reference), and the allele of each haplotype, shape (samples, ploidy)."""

    start: int
    alleles: list[str]
    calls: np.ndarray


class PersonalGenomes:
    """Haplotypes of the samples of a bgzip VCF or a BCF. Use as a context manager.

    The index beside the file is read; without one it is made in a temporary folder.

    Raises
    ------
    DataError
        If the file cannot be read or indexed, or a sample is not in it.
    """

    def __init__(self, path: Path, wanted: Path | None) -> None:
        import cyvcf2

        self.path = path
        self.skipped: Counter[str] = Counter()
        self._scratch = tempfile.TemporaryDirectory(prefix="lucidseq-csi-")
        try:
            self._file = cyvcf2.VCF(str(_indexed(path, Path(self._scratch.name))))
            self.samples, self._contigs = list(self._file.samples), set(self._file.seqnames)
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise DataError(f"a file that cannot be read as VCF ({error})", "VCF or BCF", "check the file",
                            where=str(path)) from error  # fmt: skip
        if wanted is not None:
            self.samples = [self.samples[index] for index in np.flatnonzero(read_sample_list(wanted, self.samples))]
            self._file.set_samples(self.samples)
        require_unique_samples(self.samples, path)

    def __enter__(self) -> PersonalGenomes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._scratch.cleanup()

    def sites(self, contig: str, start: int, end: int) -> list[Site]:
        """Return the variants of a region (0-based, half-open), by position.

        Raises
        ------
        DataError
            If the file is damaged, or a heterozygous call is not phased.
        """
        if contig not in self._contigs:
            return []
        found = []
        try:
            for record in self._file(f"{contig}:{start + 1}-{end}"):
                if any(not set(allele.upper()) <= set("ACGTN") for allele in [record.REF, *record.ALT]):
                    self.skipped[SYMBOLIC] += 1
                elif record.ALT:
                    found.append(Site(record.start, [record.REF, *record.ALT], self._calls(record)))
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise DataError(f"a file that is damaged near {contig}:{start + 1}-{end} ({error})", "a whole file", "copy or make it again",
                            where=str(self.path)) from error  # fmt: skip
        return found

    def _calls(self, record: cyvcf2.Variant) -> np.ndarray:
        calls = record.genotype.array()
        alleles, phased = calls[:, :-1], calls[:, -1] != 0
        split = ~phased & (alleles.max(axis=1) != alleles.min(axis=1)) & (alleles.min(axis=1) >= 0)
        if split.any():
            raise DataError(f"an unphased heterozygous call of {self.samples[int(np.argmax(split))]}", "phased calls (0|1)", "phase the file first",
                            where=place(self.path, variant=f"{record.CHROM}:{record.POS}"))  # fmt: skip
        return alleles

    def require_contigs(self, contigs: list[str]) -> None:
        """Check that the file and the regions share a contig.

        Raises
        ------
        DataError
            With a hint when only the spelling differs.
        """
        if self._contigs.isdisjoint(contigs):
            hint = f"; it has {other_spelling(contigs[0])}" if other_spelling(contigs[0]) in self._contigs else ""
            raise DataError(f"no variants on {contigs[0]}{hint}", "contigs of the regions", "use a VCF of the same build and contig names",
                            where=str(self.path))  # fmt: skip


def _indexed(path: Path, folder: Path) -> Path:
    """Return a file with an index beside it: itself, or a link in a folder where the index is made."""
    import pysam.bcftools

    if any(Path(f"{path}{suffix}").exists() for suffix in (".tbi", ".csi")):
        return path
    link = folder / path.name
    link.symlink_to(path.resolve())
    try:
        pysam.bcftools.index("--csi", "--output", f"{link}.csi", str(link))
    except pysam.utils.SamtoolsError as error:
        raise DataError(f"a file that cannot be indexed ({str(error).strip()[:150]})", "a sorted VCF compressed by bgzip, or BCF",
                        "sort it, and compress it with bgzip", where=str(path)) from error  # fmt: skip
    return link


def personal_rows(genome: Genome, rows: SequenceRows, people: PersonalGenomes) -> tuple[SequenceRows, np.ndarray]:
    """Return every window once for each haplotype of each sample, called ``window|sample|haplotype``.

    The middle base of the window stays in the middle: alleles before it move what lies further out to the left, those after it to the right, and the window is
    cut at its length. The first of two overlapping alleles counts. What a deletion brings in from beyond the window is the reference.

    Returns
    -------
    (the sequences; the row that each is a version of, int64)

    Raises
    ------
    DataError
        If a variant's REF is not the genome's base.
    """
    parts = [_haplotypes(genome, rows, index, people) for index in range(len(rows))]
    result = parts[0]
    for part in parts[1:]:
        result = result.append(part)
    return result, np.repeat(np.arange(len(rows)), [len(part) for part in parts])


def _haplotypes(genome: Genome, rows: SequenceRows, index: int, people: PersonalGenomes) -> SequenceRows:
    contig, start, end = str(rows.contig[index]), int(rows.start[index]), int(rows.end[index])
    sites = people.sites(contig, max(start, 0), end)
    for site in sites:
        _check_reference(genome, contig, site, people.path)
    ploidy = max((site.calls.shape[1] for site in sites), default=2)
    codes, names = [], []
    for sample, name in enumerate(people.samples):
        for copy in range(ploidy):
            codes.append(
                apply_edits(genome, contig, start, end, _edits(sites, sample, copy, people.skipped), people.skipped)
            )
            names.append(f"{rows.id[index]}|{name}|{copy + 1}")
    count = len(names)
    found = np.stack(codes)
    if rows.strand[index] == "-":
        found = alphabet.reverse_complement(found)
    contigs, starts, ends, strands = (
        np.repeat(column[index : index + 1], count) for column in (rows.contig, rows.start, rows.end, rows.strand)
    )
    targets = np.repeat(rows.target[index : index + 1], count, axis=0)
    return SequenceRows(found, contigs, starts, ends, strands, np.array(names, dtype=object), targets)


def _check_reference(genome: Genome, contig: str, site: Site, path: Path) -> None:
    reference = site.alleles[0].upper()
    found = alphabet.decode(genome.fetch(contig, site.start, site.start + len(reference)))
    if any(one != other and "N" not in (one, other) for one, other in zip(reference, found, strict=True)):
        raise DataError(f"REF {reference[:20]}, and {found[:20]} in {genome.path.name}", "the genome's bases as REF", "use the FASTA of the VCF's build",
                        where=place(path, variant=f"{contig}:{site.start + 1}"))  # fmt: skip


def _edits(sites: list[Site], sample: int, copy: int, skipped: Counter[str]) -> Iterator[Edit]:
    """Yield the alleles of a haplotype that are not the reference, by position, without overlaps."""
    reach = -1
    for site in sites:
        allele = int(site.calls[sample, copy]) if copy < site.calls.shape[1] else 0
        if allele == _UNKNOWN:
            skipped[MISSING] += 1
        if allele <= 0:
            continue
        if site.start < reach:
            skipped[OVERLAPPING] += 1
            continue
        reach = site.start + len(site.alleles[0])
        yield Edit(site.start, reach, alphabet.encode(site.alleles[allele].upper()))


def apply_edits(
    genome: Genome, contig: str, start: int, end: int, edits: Iterator[Edit], skipped: Counter[str]
) -> np.ndarray:
    """Return a window with alleles put in, uint8 of shape (end - start,); its middle base stays in the middle."""
    middle = start + (end - start) // 2
    before: list[Edit] = []
    after: list[Edit] = []
    for edit in edits:
        if edit.start < start or edit.start < middle < edit.end:
            skipped[CROSSING] += 1
        else:
            (before if edit.end <= middle else after).append(edit)
    deleted = [sum(max(0, edit.end - edit.start - len(edit.bases)) for edit in side) for side in (before, after)]
    left = _edited(genome.fetch(contig, start - deleted[0], middle), start - deleted[0], before)
    right = _edited(genome.fetch(contig, middle, end + deleted[1]), middle, after)
    return np.concatenate([left[len(left) - (middle - start) :], right[: end - middle]])


def _edited(codes: np.ndarray, first: int, edits: list[Edit]) -> np.ndarray:
    pieces, at = [], 0
    for edit in edits:
        pieces += [codes[at : edit.start - first], edit.bases]
        at = edit.end - first
    return np.concatenate([*pieces, codes[at:]])
