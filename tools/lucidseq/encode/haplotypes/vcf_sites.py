"""Sites of VCF and BCF files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import guarded
from lucidseq.core.errors import DataError, place
from lucidseq.core.variants import ContigNames
from lucidseq.encode.haplotypes.allele_columns import decode_alleles
from lucidseq.encode.haplotypes.phase_sets import parse_phase_sets, phase_sets_of
from lucidseq.encode.haplotypes.sites import MULTIALLELIC, NO_ALTERNATE, NOT_SNP, PADDING, SITES, SiteChunk
from lucidseq.encode.readers.bcf import open_records, read_header
from lucidseq.encode.readers.library import join_columns, library_errors, split_columns
from lucidseq.encode.readers.reader import require_unique_samples
from lucidseq.encode.readers.sample_fields import coded_alleles
from lucidseq.encode.readers.vcf_lines import VcfText
from lucidseq.encode.readers.vcf_records import raw_calls

if TYPE_CHECKING:
    import cyvcf2

_MOST_CALLS = 1 << 24  # of one chunk of BCF
_SITE_BYTES = 3  # of a sample's diploid call and its phase
_LARGEST_CODE = 5  # allele 1, phased, as BCF codes it
_BASES = {"A", "C", "G", "T"}
_CONTIG = re.compile(rb"##contig=<ID=([^,>]+).*?[,]length=(\d+)")
_PHASE_SET = b"##FORMAT=<ID=PS,"
_ANCESTRAL = re.compile(rb"(?:^|;)AA=([^;|]*)")


def kind(reference: str, alternate: str) -> str:
    """Return why a row is skipped; empty for a biallelic single-nucleotide variant.

    Examples
    --------
    >>> kind("A", "G"), kind("A", "G,T"), kind("AT", "A"), kind("A", ".")
    ('', 'multi-allelic', 'not a single-nucleotide variant', 'no alternate allele')
    """
    if alternate in (".", ""):
        return NO_ALTERNATE
    if "," in alternate:
        return MULTIALLELIC
    return "" if reference.upper() in _BASES and alternate.upper() in _BASES else NOT_SNP


def lengths_of(header: bytes, names: ContigNames) -> dict[str, int]:
    """Return the lengths of contigs that a VCF header declares."""
    return {names(name.decode(errors="replace")): int(length) for name, length in _CONTIG.findall(header)}


class VcfSiteReader:
    """Reader of VCF text (see `sites.SiteReader`)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._text = VcfText(self.path)
        self.samples = self._text.samples
        require_unique_samples(self.samples, self.path)
        self.contig_names = ContigNames()
        self.lengths = lengths_of(self._text.header, self.contig_names)
        self.knows_ancestral = b"##INFO=<ID=AA," in self._text.header
        self._phase_sets = _PHASE_SET in self._text.header
        self.skipped: Counter[str] = Counter()

    def chunks(self) -> Iterator[SiteChunk]:
        """Read about `vcf_lines.BLOCK_BYTES` of text at a time."""
        self.skipped.clear()
        for lines in self._text.blocks():
            rows = []
            for number, line in lines:
                fields = self._text.fields(line, number)
                reason = kind(fields[3].decode(errors="replace"), fields[4].decode(errors="replace"))
                if reason:
                    self.skipped[reason] += 1
                else:
                    rows.append((number, fields))
            for contig, group in groupby(rows, key=lambda row: row[1][0]):
                yield self._decode(self.contig_names(contig.decode()), list(group))

    def _decode(self, contig: str, rows: list[tuple[int, list[bytes]]]) -> SiteChunk:
        for number, fields in rows:
            if fields[8] != b"GT" and not fields[8].startswith(b"GT:"):
                received = f"FORMAT {fields[8].decode(errors='replace')[:80]}"
                raise DataError(received, "GT as the first field", "give a file with genotype calls", where=place(self.path, line=number))
        alleles, phased, wrong = decode_alleles([fields[9] for _, fields in rows], len(self.samples))
        if wrong.any():
            number, fields = rows[int(np.argmax(wrong))]
            received = f"calls {fields[9][:60].decode(errors='replace')!r}"
            expected = f"{len(self.samples)} calls of alleles 0, 1 or ."
            raise DataError(received, expected, "correct the row", where=place(self.path, line=number))
        fields_aa = [_ANCESTRAL.search(fields[7]) if self.knows_ancestral else None for _, fields in rows]
        ancestral = [match.group(1).decode(errors="replace") if match else "" for match in fields_aa]
        return SiteChunk(
            contig,
            np.array([int(fields[1]) - 1 for _, fields in rows], dtype=np.int64),
            np.array([fields[3].decode().upper() for _, fields in rows], dtype=object),
            np.array([fields[4].decode().upper() for _, fields in rows], dtype=object),
            np.array([base if base.upper() in _BASES else "" for base in ancestral], dtype=object),
            alleles,
            phased,
            self._sets_of(rows),
        )

    def _sets_of(self, rows: list[tuple[int, list[bytes]]]) -> np.ndarray | None:
        """Return the phase sets of rows, int64 of shape (rows, samples); None where the header declares none."""
        if not self._phase_sets:
            return None
        return np.array(
            [parse_phase_sets(fields[9], fields[8], place(self.path, line=number)) for number, fields in rows], dtype=np.int64
        ).reshape(len(rows), len(self.samples))


class BcfSiteReader:
    """Reader of BCF (see `sites.SiteReader`)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        header, self.samples = read_header(self.path)
        require_unique_samples(self.samples, self.path)
        self.contig_names = ContigNames()
        self.lengths = lengths_of(header, self.contig_names)
        self.knows_ancestral = b"##INFO=<ID=AA," in header
        self._phase_sets = _PHASE_SET in header
        self.skipped: Counter[str] = Counter()

    def chunks(self) -> Iterator[SiteChunk]:
        """Read up to `sites.SITES` records of a contig at a time."""
        self.skipped.clear()
        room = self._most_sites() * len(self.samples) * _SITE_BYTES
        for contig, text, repeated, position, alleles, phased, sets, skipped in guarded.stream(self.path, self._pieces, piece_bytes=room):
            self.skipped = Counter(skipped)
            if len(position):
                reference, alternate, ancestral = split_columns(text, repeated, len(position))
                yield SiteChunk(self.contig_names(contig), position, reference, alternate, ancestral, alleles, phased, sets)

    def _most_sites(self) -> int:
        return max(1, min(SITES, _MOST_CALLS // len(self.samples)))

    def _pieces(self, space: guarded.Space) -> Iterator[guarded.Piece]:
        """Read in the child process."""
        rows: list[_Site] = []
        most = self._most_sites()
        with library_errors(self.path):
            for record in open_records(self.path):
                reference, alternates = record.REF, record.ALT
                reason = kind(reference, ",".join(alternates))
                if reason:
                    self.skipped[reason] += 1
                    continue
                contig = record.CHROM
                if rows and (rows[0].contig != contig or len(rows) == most):
                    yield self._stack(rows, space)
                    rows = []
                coded = raw_calls(record)
                if coded is None or record.start < 0:
                    where = place(self.path, variant=f"{contig}:{record.start + 1}")
                    raise DataError(f"FORMAT {':'.join(record.FORMAT)}", "calls (GT)", "give a file with genotype calls", where=where)
                ancestral = str(record.INFO.get("AA") or "").partition("|")[0] if self.knows_ancestral else ""
                rows.append(_Site(contig, record.start, reference.upper(), alternates[0].upper(), ancestral, coded, self._sets_of(record)))
            yield self._stack(rows, space)

    def _stack(self, rows: list[_Site], space: guarded.Space) -> guarded.Piece:
        """Return records of one contig as arrays; where their ploidies differ, calls are padded to the largest."""
        samples, ploidy = len(self.samples), max((row.coded.shape[1] for row in rows), default=1)
        alleles = space((len(rows), samples, ploidy), np.int8)
        phased = space((len(rows), samples), np.bool_)
        widths = np.array([row.coded.shape[1] for row in rows], dtype=np.int64)
        for width in np.unique(widths).tolist():  # calls of one width are decoded together
            at = np.flatnonzero(widths == width)
            alleles[at, :, width:] = PADDING
            alleles[at, :, :width], phased[at] = self._calls([rows[index] for index in at])
        position = np.array([row.position for row in rows], dtype=np.int64)
        ancestral = tuple(row.ancestral if row.ancestral.upper() in _BASES else "" for row in rows)
        text = join_columns(tuple(row.reference for row in rows), tuple(row.alternate for row in rows), ancestral)
        sets = np.array([row.phase_set for row in rows], dtype=np.int64).reshape(len(rows), samples) if self._phase_sets else None
        return rows[0].contig if rows else "", *text, position, alleles, phased, sets, dict(self.skipped)

    def _sets_of(self, record: cyvcf2.Variant) -> np.ndarray | None:
        """Return the phase set of each sample, int64 of shape (samples,); None where the header declares none."""
        return phase_sets_of(record, len(self.samples)) if self._phase_sets else None

    def _calls(self, rows: list[_Site]) -> tuple[np.ndarray, np.ndarray]:
        """Return alleles, int8 of shape (rows, samples, width), and whether calls are phased, of rows of one width."""
        small = np.concatenate([row.coded for row in rows], dtype=np.uint8, casting="unsafe")
        small = small.reshape(len(rows), len(self.samples), -1)
        if small.max(initial=0) <= _LARGEST_CODE and not (small[:, :, 1:] == 1).any():  # no third allele, no end of a shorter call
            phased: np.ndarray = np.asarray((small[:, :, 1:] & 1).view(bool).all(axis=2))
            return (small >> 1).view(np.int8) - np.int8(1), phased
        decoded = []
        for row in rows:
            where = place(self.path, variant=f"{row.contig}:{row.position + 1}")
            alleles = coded_alleles(row.coded, where)
            if (alleles > 1).any():
                raise DataError(f"an allele {alleles.max()}", "calls of alleles 0, 1 or missing", "correct the record", where=where)
            decoded.append(alleles)
        alleles = np.stack(decoded)
        joined = np.stack([row.coded for row in rows]) & 1
        phased = np.asarray((joined.astype(bool) | (alleles == PADDING))[:, :, 1:].all(axis=2))
        return alleles.astype(np.int8), phased


@dataclass(frozen=True, slots=True)
class _Site:
    contig: str
    position: int
    reference: str
    alternate: str
    ancestral: str
    coded: np.ndarray
    phase_set: np.ndarray | None
