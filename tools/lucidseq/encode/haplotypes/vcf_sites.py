"""Sites of VCF and BCF files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.encode.haplotypes.allele_columns import decode_alleles
from lucidseq.encode.haplotypes.sites import MULTIALLELIC, NO_ALTERNATE, NOT_SNP, PADDING, SITES, SiteChunk
from lucidseq.encode.readers.bcf_records import BcfRecord, BcfRecords
from lucidseq.encode.readers.reader import require_unique_samples
from lucidseq.encode.readers.vcf_lines import VcfText

_BASES = {"A", "C", "G", "T"}
_CONTIG = re.compile(rb"##contig=<ID=([^,>]+).*?[,]length=(\d+)")
_ANCESTRAL = re.compile(rb"(?:^|;)AA=([^;|]*)")


def kind(reference: str, alternate: str) -> str:
    """Return why a row is left out, or an empty text for a biallelic single-nucleotide variant.

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


def lengths_of(header: bytes) -> dict[str, int]:
    """Return the lengths of contigs that a VCF header declares."""
    return {name.decode(errors="replace"): int(length) for name, length in _CONTIG.findall(header)}


class VcfSiteReader:
    """Reader of VCF text (see `sites.SiteReader`)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._text = VcfText(self.path)
        self.samples = self._text.samples
        require_unique_samples(self.samples, self.path)
        self.lengths = lengths_of(self._text.header)
        self.knows_ancestral = b"##INFO=<ID=AA," in self._text.header
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
                yield self._decode(contig.decode(), list(group))

    def _decode(self, contig: str, rows: list[tuple[int, list[bytes]]]) -> SiteChunk:
        for number, fields in rows:
            if fields[8] != b"GT" and not fields[8].startswith(b"GT:"):
                raise DataError(
                    f"FORMAT {fields[8].decode(errors='replace')[:80]}",
                    "GT as the first field",
                    "give a file with genotype calls",
                    where=place(self.path, line=number),
                )
        alleles, phased, wrong = decode_alleles([fields[9] for _, fields in rows], len(self.samples))
        if wrong.any():
            number, fields = rows[int(np.argmax(wrong))]
            raise DataError(
                f"calls {fields[9][:60].decode(errors='replace')!r}",
                f"{len(self.samples)} calls of alleles 0, 1 or .",
                "correct the row",
                where=place(self.path, line=number),
            )
        found = [_ANCESTRAL.search(fields[7]) if self.knows_ancestral else None for _, fields in rows]
        ancestral = [match.group(1).decode(errors="replace") if match else "" for match in found]
        return SiteChunk(
            contig,
            np.array([int(fields[1]) - 1 for _, fields in rows], dtype=np.int64),
            np.array([fields[3].decode().upper() for _, fields in rows], dtype=object),
            np.array([fields[4].decode().upper() for _, fields in rows], dtype=object),
            np.array([base if base.upper() in _BASES else "" for base in ancestral], dtype=object),
            alleles,
            phased,
        )


class BcfSiteReader:
    """Reader of BCF (see `sites.SiteReader`)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._bcf = BcfRecords(self.path)
        header = self._bcf.header
        self.samples = header.samples
        require_unique_samples(self.samples, self.path)
        self.lengths = lengths_of(header.text.encode())
        self.knows_ancestral = "##INFO=<ID=AA," in header.text
        self.skipped: Counter[str] = Counter()

    def chunks(self) -> Iterator[SiteChunk]:
        """Read up to `sites.SITES` records of a contig at a time."""
        self.skipped.clear()
        rows: list[_Site] = []
        for number, record in enumerate(self._bcf.records(), start=1):
            reason = kind(record.alleles[0], ",".join(record.alleles[1:]))
            if reason:
                self.skipped[reason] += 1
                continue
            if rows and (rows[0].contig != record.contig or len(rows) == SITES):
                yield self._stack(rows)
                rows = []
            rows.append(self._site(record, number))
        if rows:
            yield self._stack(rows)

    def _site(self, record: BcfRecord, number: int) -> _Site:
        where = place(self.path, variant=f"{record.contig}:{record.start + 1}")
        names, found = self._bcf.fields(record, number, {"GT"})
        if "GT" not in found:
            raise DataError(f"FORMAT {':'.join(names)}", "calls (GT)", "give a file with genotype calls", where=where)
        ancestral = self._bcf.info_text(record, number, "AA").partition("|")[0] if self.knows_ancestral else ""
        return _Site(record.contig, record.start, record.alleles[0], record.alleles[1], ancestral, found["GT"], number)

    def _stack(self, rows: list[_Site]) -> SiteChunk:
        """Return records of one contig as a chunk; where their ploidies differ, calls are padded to the largest."""
        ploidy = max(row.coded.shape[1] for row in rows)
        alleles = np.full((len(rows), len(self.samples), ploidy), PADDING, dtype=np.int8)
        phased = np.ones(alleles.shape[:2], dtype=bool)
        forms = np.array([f"{row.coded.dtype}{row.coded.shape[1]}" for row in rows])
        for form in np.unique(forms):  # calls of one form are decoded together
            at = np.flatnonzero(forms == form)
            found, joined = self._calls([rows[index] for index in at])
            alleles[at, :, : found.shape[2]] = found
            phased[at] = (joined | (found == PADDING))[:, :, 1:].all(axis=2)
        return SiteChunk(
            rows[0].contig,
            np.array([row.position for row in rows], dtype=np.int64),
            np.array([row.reference.upper() for row in rows], dtype=object),
            np.array([row.alternate.upper() for row in rows], dtype=object),
            np.array([row.ancestral if row.ancestral.upper() in _BASES else "" for row in rows], dtype=object),
            alleles,
            phased,
        )

    def _calls(self, rows: list[_Site]) -> tuple[np.ndarray, np.ndarray]:
        """Decode calls of one form (see `BcfRecords.calls`), each with an axis of records before."""
        try:
            alleles, joined = self._bcf.calls(np.stack([row.coded for row in rows]), rows[0].number)
        except DataError:
            for row in rows:  # to name the one
                self._bcf.calls(row.coded, row.number)
            raise
        high = (alleles > 1).any(axis=(1, 2))
        if high.any():
            row = rows[int(np.argmax(high))]
            raise DataError(
                f"an allele {alleles[high].max()}",
                "calls of alleles 0, 1 or missing",
                "correct the record",
                where=place(self.path, variant=f"{row.contig}:{row.position + 1}"),
            )
        return alleles, joined


@dataclass(frozen=True)
class _Site:
    contig: str
    position: int
    reference: str
    alternate: str
    ancestral: str
    coded: np.ndarray
    number: int
