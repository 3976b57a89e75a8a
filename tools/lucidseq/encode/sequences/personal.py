"""Personal sequences: reference windows with the alleles of each haplotype of each sample."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError, place
from lucidseq.core.genome import Genome
from lucidseq.encode.genotypes.sample_names import SampleNames
from lucidseq.encode.haplotypes.choices import PhaseSets
from lucidseq.encode.haplotypes.phase_sets import FIX, heterozygous, phase_sets_of
from lucidseq.encode.readers.reader import require_unique_samples
from lucidseq.encode.readers.sample_files import read_sample_list
from lucidseq.encode.readers.vcf_lines import refuse_cut_off
from lucidseq.encode.regions import require_shared
from lucidseq.encode.sequences.sequence_rows import SequenceRows

if TYPE_CHECKING:
    import cyvcf2

OTHER_SET, MISSING, SYMBOLIC, OVERLAPPING, CROSSING = (
    "of another phase set than the window's middle, taken as reference",
    "missing allele, taken as reference",
    "symbolic allele",
    "overlaps the allele before",
    "crosses the window's start or middle",
)
_UNKNOWN, _ABSENT, _UNJOINED = -1, -2, -3  # alleles: not called; no such chromosome copy; on an unknown haplotype
_DELETED = "*"  # VCF: base deleted by an allele of a previous row
_USUAL_PLOIDY = 2  # of samples without calls in the file
_BASES = set("ACGTN")


@dataclass(frozen=True)
class Window:
    """A window of the genome, and whether it is read as the reverse complement."""

    contig: str
    start: int
    end: int
    backward: bool

    @property
    def middle(self) -> int:
        """First base of the second half in reading direction, as a position of the genome."""
        return self.start + (self.end - self.start + self.backward) // 2


@dataclass(frozen=True)
class Edit:
    """An allele to insert: bases [start, end) of the contig become ``bases``."""

    start: int
    end: int
    bases: np.ndarray


@dataclass(frozen=True)
class Site:
    """A variant: where it is, its alleles in capitals (0 is the reference), the allele of each haplotype, shape (samples, ploidy), and phase sets, (samples,)."""

    start: int
    alleles: list[str]
    calls: np.ndarray
    phase_set: np.ndarray


class PersonalGenomes(CloseOnExit):
    """Haplotypes of the samples of a bgzip VCF or a BCF. Use as a context manager.

    The index beside the file is read; without one it is created in a temporary folder.

    Attributes
    ----------
    samples
        Kept samples, in file order.
    inserted, skipped
        Alleles inserted into sequences, and skipped ones by reason, counted by `personal_rows`.
    several_sets
        Windows of samples with heterozygous calls of several phase sets, counted likewise.

    Raises
    ------
    DataError
        If the file is cut off, cannot be read or indexed, or a sample is not in it.
    """

    def __init__(self, path: Path, sample_list: Path | None, rule: PhaseSets = PhaseSets.REFUSE) -> None:
        import cyvcf2

        self.path, self.rule = path, rule
        self.several_sets = 0
        refuse_cut_off(path)
        self.skipped: Counter[str] = Counter()
        self.inserted = 0
        self._scratch = tempfile.TemporaryDirectory(prefix="lucidseq-csi-")
        try:
            self._file = cyvcf2.VCF(str(_indexed(path, Path(self._scratch.name))))
            self.samples, self._contigs = list(self._file.samples), set(self._file.seqnames)
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise DataError(f"a file that cannot be read as VCF ({error})", "VCF or BCF", "check the file", where=str(path)) from error
        if sample_list is not None:
            kept = read_sample_list(sample_list, SampleNames(self.samples))
            self.samples = [self.samples[index] for index in np.flatnonzero(kept)]
            self._file.set_samples(self.samples)
        require_unique_samples(self.samples, path)
        self._ploidies: dict[str, np.ndarray] = {}

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._scratch.cleanup()

    def sites(self, contig: str, start: int, end: int) -> list[Site]:
        """Return the variants of a region (0-based, half-open), by position.

        Raises
        ------
        DataError
            If the file is damaged, or a heterozygous call is not phased.
        """
        sites = (self._site(record) for record in self._records(contig, f"{contig}:{start + 1}-{end}"))
        return [site for site in sites if len(site.alleles) > 1]

    def _records(self, contig: str, region: str) -> Iterator[cyvcf2.Variant]:
        """Yield the rows of a region that lies on a contig."""
        if contig not in self._contigs:
            return
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="no intervals found")  # regions without variants are normal
                yield from self._file(region)
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise DataError(
                f"a file that is damaged near {region} ({error})", "a whole file", "copy or create it again", where=str(self.path)
            ) from error

    def copies(self, contig: str, sites: list[Site]) -> np.ndarray:
        """Return the number of haplotypes of each sample at sites of a contig, int64 of shape (samples,).

        Where calls do not show it, as without sites, it is that of the first row of the contig.

        Raises
        ------
        DataError
            If a sample's ploidy changes from site to site.
        """
        if not sites:
            return self._usual(contig)
        copies = np.stack([_copies(site.calls) for site in sites])
        most = copies.max(axis=0)
        changing = ((copies > 0) & (copies < most)).any(axis=0)
        if changing.any():
            received = f"calls of {self.samples[int(np.argmax(changing))]} with different numbers of alleles"
            fix = "remove windows at the edge of pseudo-autosomal regions (--blacklist)"
            raise DataError(received, "one ploidy in a window", fix, where=place(self.path, variant=f"{contig}:{sites[0].start + 1}"))
        return most if most.all() else np.where(most > 0, most, self._usual(contig))

    def _usual(self, contig: str) -> np.ndarray:
        if contig not in self._ploidies:
            first = next(self._records(contig, contig), None)
            copies = np.zeros(len(self.samples), dtype=np.int64) if first is None else _copies(self._site(first).calls)
            self._ploidies[contig] = np.where(copies > 0, copies, copies.max(initial=0) or _USUAL_PLOIDY)
        return self._ploidies[contig]

    def _site(self, record: cyvcf2.Variant) -> Site:
        where = place(self.path, variant=f"{record.CHROM}:{record.POS}")
        if "GT" not in record.FORMAT:
            raise DataError(f"FORMAT {':'.join(record.FORMAT)}", "calls (GT)", "give a file with genotype calls", where=where)
        calls = record.genotype.array()
        alleles, phased = calls[:, :-1], calls[:, -1] != 0
        if not ((alleles >= _ABSENT) & (alleles <= len(record.ALT))).all():
            raise DataError(
                f"an allele {alleles.max()} of {len(record.ALT)} in ALT", "numbers of the row's alleles", "correct the row", where=where
            )
        split = ~phased & (alleles.max(axis=1) != alleles.min(axis=1)) & (alleles.min(axis=1) >= 0)
        if split.any():
            received = f"an unphased heterozygous call of {self.samples[int(np.argmax(split))]}"
            raise DataError(received, "phased calls (0|1)", "phase the file first", where=where)
        bases = [allele.upper() for allele in (record.REF, *record.ALT)]
        return Site(record.start, bases, alleles, phase_sets_of(record, len(self.samples)))

    def break_phase_sets(self, contig: str, sites: list[Site], middle: int) -> list[Site]:
        """Return the sites of a window with alleles that the phase set at its middle does not join as on an unknown haplotype.

        Where a sample has heterozygous calls of several phase sets (PS), those of the set of the call nearest to the middle are kept.

        Raises
        ------
        DataError
            If there are such samples, and they are to be refused.
        """
        if not sites:
            return sites
        calls = heterozygous(np.stack([_padded(site.calls, max(other.calls.shape[1] for other in sites)) for site in sites]))
        sets = np.stack([site.phase_set for site in sites])
        nearest = np.where(calls, np.abs(np.array([site.start for site in sites]) - middle)[:, None], np.iinfo(np.int64).max).argmin(axis=0)
        unjoined = calls & (sets != sets[nearest, np.arange(sets.shape[1])])
        several = unjoined.any(axis=0)
        if not several.any():
            return sites
        if self.rule is PhaseSets.REFUSE:
            sample = int(np.argmax(several))
            where = place(self.path, variant=f"{contig}:{sites[int(np.argmax(unjoined[:, sample]))].start + 1}")
            received = f"heterozygous calls of several phase sets of {self.samples[sample]} in one window"
            raise DataError(received, "one phase set (PS) of a sample in a window", FIX, where=where)
        self.several_sets += int(several.sum())
        rows = zip(sites, unjoined, strict=True)
        return [replace(site, calls=np.where(mask[:, None] & (site.calls >= 0), _UNJOINED, site.calls)) for site, mask in rows]

    def require_contigs(self, contigs: list[str]) -> None:
        """Check that the file and the regions share a contig (see `regions.require_shared`)."""
        require_shared(contigs, self._contigs, self.path)


def _indexed(path: Path, folder: Path) -> Path:
    """Return a file with an index beside it: itself, or a link in the folder of a new index."""
    import pysam.bcftools

    if any(Path(f"{path}{suffix}").exists() for suffix in (".tbi", ".csi")):
        return path
    link = folder / path.name
    link.symlink_to(path.resolve())
    try:
        pysam.bcftools.index("--csi", "--output", f"{link}.csi", str(link))
    except pysam.utils.SamtoolsError as error:
        expected = "a sorted VCF compressed by bgzip, or BCF"
        fix = "sort it, and compress it with bgzip"
        raise DataError(f"a file that cannot be indexed ({str(error).strip()[:150]})", expected, fix, where=str(path)) from error
    return link


def _padded(calls: np.ndarray, ploidy: int) -> np.ndarray:
    """Return calls of shape (samples, ploidy), filled with absent alleles."""
    return np.pad(calls, ((0, 0), (0, ploidy - calls.shape[1])), constant_values=_ABSENT)


def _copies(calls: np.ndarray) -> np.ndarray:
    """Return the alleles of each sample's call, shape (samples,); 0 where it is a single ``.``."""
    present = (calls != _ABSENT).sum(axis=1)
    copies: np.ndarray = np.where((present > 1) | (calls[:, 0] >= 0), present, 0)
    return copies


def personal_rows(genome: Genome, rows: SequenceRows, genomes: PersonalGenomes) -> tuple[SequenceRows, np.ndarray]:
    """Return every window once for each haplotype of each sample, called ``window|sample|haplotype``.

    The middle base of the window stays in the middle: alleles before it shift bases to the left, those after it to the right, and the window is
    cut to its length. Common first bases of REF and ALT count as unchanged. The first of two overlapping alleles is inserted. Deletions are
    filled with reference bases from outside the window. A sample has as many haplotypes as its calls have alleles.

    Returns
    -------
    (the sequences; the row of each, int64)

    Raises
    ------
    DataError
        If a variant's REF is not the genome's base, or a sample's ploidy changes within a window.
    """
    parts = [_haplotypes(genome, rows, index, genomes) for index in range(len(rows))]
    return parts[0].append(*parts[1:]), np.repeat(np.arange(len(rows)), [len(part) for part in parts])


def _haplotypes(genome: Genome, rows: SequenceRows, index: int, genomes: PersonalGenomes) -> SequenceRows:
    contig, start, end = str(rows.contig[index]), int(rows.start[index]), int(rows.end[index])
    sites = genomes.sites(contig, max(start, 0), end)
    for site in sites:
        _check_reference(genome, contig, site, genomes.path)
    copies = genomes.copies(contig, sites)
    sample = np.repeat(np.arange(len(copies)), copies)
    copy = np.arange(len(sample)) - np.repeat(np.cumsum(copies) - copies, copies)
    window = Window(contig, start, end, backward=rows.strand[index] == "-")
    joined = genomes.break_phase_sets(contig, sites, window.middle)
    codes = _versions(genome, window, joined, _alleles(joined, sample, copy), genomes)
    if window.backward:
        codes = alphabet.reverse_complement(codes)
    names = [f"{rows.id[index]}|{genomes.samples[sample_index]}|{number + 1}" for sample_index, number in zip(sample, copy, strict=True)]
    return replace(rows.take(np.full(len(sample), index)), codes=codes, id=np.array(names, dtype=object))


def _alleles(sites: list[Site], sample: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Return the allele of each haplotype at each site, shape (haplotypes, sites)."""
    columns = [site.calls[sample, np.minimum(copy, site.calls.shape[1] - 1)] for site in sites]
    # A single dot has no second allele: unknown as the first
    columns = [np.where(column == _ABSENT, _UNKNOWN, column) for column in columns]
    return np.stack(columns, axis=1) if columns else np.zeros((len(sample), 0), dtype=np.int64)


def _versions(genome: Genome, window: Window, sites: list[Site], alleles: np.ndarray, genomes: PersonalGenomes) -> np.ndarray:
    """Return the window of each haplotype, uint8 of shape (haplotypes, length); equal haplotypes are computed once."""
    different, version, carriers = np.unique(alleles, axis=0, return_inverse=True, return_counts=True)
    versions = []
    for row, count in zip(different, carriers.tolist(), strict=True):
        skipped: Counter[str] = Counter()
        edits = _edits(sites, row, skipped)
        versions.append(apply_edits(genome, window, edits, skipped))
        genomes.inserted += count * (len(edits) - skipped[CROSSING])
        for reason, number in skipped.items():
            genomes.skipped[reason] += count * number
    return np.stack(versions)[version.ravel()]


def _check_reference(genome: Genome, contig: str, site: Site, path: Path) -> None:
    reference = site.alleles[0]
    bases = alphabet.decode(genome.fetch(contig, site.start, site.start + len(reference)))
    if any(one != other and "N" not in (one, other) for one, other in zip(reference, bases, strict=True)):
        received = f"REF {reference[:20]}, and {bases[:20]} in {genome.path.name}"
        fix = "use the FASTA of the VCF's build"
        raise DataError(received, "the genome's bases as REF", fix, where=place(path, variant=f"{contig}:{site.start + 1}"))


def _edits(sites: list[Site], alleles: np.ndarray, skipped: Counter[str]) -> list[Edit]:
    """Return the alleles of a haplotype that are not the reference, by position, without overlaps."""
    carried = []
    for site, allele in zip(sites, alleles.tolist(), strict=True):
        text = site.alleles[max(allele, 0)]
        if allele == _UNKNOWN:
            skipped[MISSING] += 1
        elif allele == _UNJOINED:
            skipped[OTHER_SET] += 1
        elif allele > 0 and not set(text + site.alleles[0]) <= _BASES | {_DELETED}:
            skipped[SYMBOLIC] += 1
        elif allele > 0 and text != _DELETED:
            carried.append(_trimmed(site.start, site.alleles[0], text))
    edits: list[Edit] = []
    for edit in sorted(carried, key=lambda edit: edit.start):
        last = edits[-1] if edits else None
        if last is not None and (edit.start < last.end or edit.start == edit.end == last.start == last.end):
            skipped[OVERLAPPING] += 1
        else:
            edits.append(edit)
    return edits


def _trimmed(start: int, reference: str, alternate: str) -> Edit:
    """Return an allele without common first bases, such as the anchor of an indel."""
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(reference, alternate, strict=False))))
    return Edit(start + shared, start + len(reference), alphabet.encode(alternate[shared:]))


def apply_edits(genome: Genome, window: Window, edits: list[Edit], skipped: Counter[str]) -> np.ndarray:
    """Return a window with alleles inserted, uint8 of shape (end - start,); its middle base stays in the middle."""
    contig, start, middle, end = window.contig, window.start, window.middle, window.end
    before: list[Edit] = []
    after: list[Edit] = []
    for edit in edits:
        if edit.start < start or edit.start < middle < edit.end:
            skipped[CROSSING] += 1
        elif edit.end < middle or (edit.end == middle and not (window.backward and edit.start == middle)):
            before.append(edit)
        else:  # also insertions between the halves of a window read backwards
            after.append(edit)
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
