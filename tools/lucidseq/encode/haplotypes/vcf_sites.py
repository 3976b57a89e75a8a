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

from lucidseq.core.errors import DataError, place
from lucidseq.encode.genotypes.reader import require_unique_samples
from lucidseq.encode.haplotypes.calls import decode_alleles
from lucidseq.encode.haplotypes.sites import MULTIALLELIC, NO_ALTERNATE, NOT_SNP, PADDING, SITES, SiteChunk
from lucidseq.encode.vcf_lines import VcfText, refuse_cut_off

if TYPE_CHECKING:
    import cyvcf2

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
                raise DataError(f"FORMAT {fields[8].decode(errors='replace')[:80]}", "GT as the first field",
                                "give a file with genotype calls", where=place(self.path, line=number))  # fmt: skip
        alleles, phased, wrong = decode_alleles([fields[9] for _, fields in rows], len(self.samples))
        if wrong.any():
            number, fields = rows[int(np.argmax(wrong))]
            raise DataError(f"calls {fields[9][:60].decode(errors='replace')!r}", f"{len(self.samples)} calls of alleles 0, 1 or .",
                            "correct the row", where=place(self.path, line=number))  # fmt: skip
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
    """Reader of BCF through htslib (see `sites.SiteReader`)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        refuse_cut_off(self.path)
        records = self._open()
        self.samples, header = list(records.samples), records.raw_header.encode()
        records.close()
        require_unique_samples(self.samples, self.path)
        self.lengths = lengths_of(header)
        self.knows_ancestral = b"##INFO=<ID=AA," in header
        self.skipped: Counter[str] = Counter()

    def _open(self) -> cyvcf2.VCF:
        import cyvcf2

        try:
            return cyvcf2.VCF(str(self.path))
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"a BCF file that cannot be read ({error})", "a whole BCF file", "copy or make it again",
                         where=str(self.path))  # fmt: skip

    def chunks(self) -> Iterator[SiteChunk]:
        """Read up to `sites.SITES` records of a contig at a time."""
        self.skipped.clear()
        rows: list[_Record] = []
        records = self._open()
        try:
            for record in records:
                reason = kind(record.REF, ",".join(record.ALT))
                self.skipped[reason] += bool(reason)
                if reason:
                    continue
                if rows and (rows[0].contig != record.CHROM or len(rows) == SITES):
                    yield _stack(rows)
                    rows = []
                rows.append(self._record(record))
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error
        finally:
            records.close()
        if rows:
            yield _stack(rows)

    def _record(self, record: cyvcf2.Variant) -> _Record:
        if "GT" not in record.FORMAT:
            raise DataError(f"FORMAT {':'.join(record.FORMAT)}", "calls (GT)", "give a file with genotype calls",
                            where=place(self.path, variant=f"{record.CHROM}:{record.POS}"))  # fmt: skip
        calls = record.genotype.array()
        ancestral = str(record.INFO.get("AA") or "").partition("|")[0] if self.knows_ancestral else ""
        return _Record(
            record.CHROM, record.start, record.REF, record.ALT[0], ancestral, calls[:, :-1], calls[:, -1] != 0
        )


@dataclass(frozen=True)
class _Record:
    contig: str
    position: int
    reference: str
    alternate: str
    ancestral: str
    alleles: np.ndarray
    phased: np.ndarray


def _stack(rows: list[_Record]) -> SiteChunk:
    """Return records of one contig as a chunk; where their ploidies differ, calls are padded to the largest."""
    ploidy = max(row.alleles.shape[1] for row in rows)
    alleles = np.full((len(rows), len(rows[0].alleles), ploidy), PADDING, dtype=np.int8)
    for index, row in enumerate(rows):
        alleles[index, :, : row.alleles.shape[1]] = row.alleles
    return SiteChunk(
        rows[0].contig,
        np.array([row.position for row in rows], dtype=np.int64),
        np.array([row.reference.upper() for row in rows], dtype=object),
        np.array([row.alternate.upper() for row in rows], dtype=object),
        np.array([row.ancestral if row.ancestral.upper() in _BASES else "" for row in rows], dtype=object),
        alleles,
        np.stack([row.phased for row in rows]),
    )
