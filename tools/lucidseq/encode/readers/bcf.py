"""BCF 2 by htslib (cyvcf2), in a child process because htslib ends the program at some damaged records.

Calls are taken as BCF codes them (``format("GT", int)``: twice the allele plus two, plus one where it is phased), which is cheaper
than cyvcf2's own list of alleles. Diploid calls of biallelic records are decoded many records at once, all else goes the way of VCF's
irregular rows (`vcf_records.py`).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import place
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.core.guarded import Space
from lucidseq.core.tables import is_gzip
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.readers.library import LibraryReader, Names, Rows
from lucidseq.encode.readers.reader import NO_FIELD, Reading, as_float, require_unique_samples
from lucidseq.encode.readers.sample_fields import AlleleDosage, SampleFields, allele_dosage, coded_alleles, field_to_read, has_field
from lucidseq.encode.readers.vcf_lines import open_bytes, parse_header, refuse_cut_off
from lucidseq.encode.readers.vcf_records import record_fields

if TYPE_CHECKING:
    import cyvcf2

_MAGIC, _HEAD = b"BCF", 9  # bytes before the header: magic, version and size
_TOGETHER = 1 << 15  # genotypes decoded at once: what stays in the second-level cache
_BOTH_REF, _BOTH_ALT, _BEYOND = np.uint16(0x0202), np.uint16(0x0202), 0xFCFC  # of the codes of a call's two alleles, a byte each
_NO_ALLELE = (".", "")


class BcfReader(LibraryReader):
    """Reader of a BCF file (see `reader.GenotypeReader`); ALT is the effect allele."""

    def __init__(self, path: Path, reading: Reading) -> None:
        header, samples = read_header(path)
        require_unique_samples(samples, path)
        self.field = field_to_read(reading.field, header.decode(errors="replace"))
        super().__init__(path, samples, reading, hard_calls=self.field is GenotypeField.GT)

    def _read_places(self) -> Iterator[tuple[str, int]]:
        return ((record.CHROM, record.start) for record in open_records(self.path))

    def _read(self, space: Space, first: int, last: int | None) -> Iterator[Rows]:
        sizes = self.sizes()
        most = next(sizes)
        chunk, names, coded = _Chunk.start(self, space, most)
        together = max(1, _TOGETHER // len(self.samples))
        plain = self.hard_calls and self.reading.ploidy == 2
        for record in islice(open_records(self.path), first, last):
            alternates = record.ALT
            if plain and len(alternates) == 1 and alternates[0] not in _NO_ALLELE:
                calls = record.format("GT", int)
                if calls is not None and calls.shape[1] == 2:
                    if len(names) >= most:
                        yield chunk.finish()
                        most = next(sizes)
                        chunk, names, coded = _Chunk.start(self, space, most)
                    coded.append(calls)
                    names.append((record.CHROM, record.start, alternates[0], record.REF, record.ID or "."))
                    if len(coded) == together:
                        chunk.decode()
                    continue
            if self.reading.drop_incomplete and not has_field(record.FORMAT, self.reading.field, self.field):
                self.skipped[NO_FIELD] += 1
                continue
            kept = self.keep_alleles(sum(allele not in _NO_ALLELE for allele in alternates))
            if len(names) + len(kept) > most:
                yield chunk.finish()
                most = max(next(sizes), len(kept))
                chunk, names, coded = _Chunk.start(self, space, most)
            if kept:
                chunk.add(record, alternates, kept)
        yield chunk.finish()

    def dosage(self, fields: SampleFields, allele: int, where: str) -> AlleleDosage:
        """Return the copies of an allele as stored in chunks."""
        strict = self.reading.field is not GenotypeField.AUTO
        values = allele_dosage(fields, self.field, allele, self.reading.ploidy, strict=strict, where=where)
        return values if self.hard_calls else values._replace(copies=as_float(values.copies))


class _Chunk:
    """Variants of one piece: their names, and their dosages, in shared memory.

    Attributes
    ----------
    names
        Names of all rows.
    coded
        Diploid calls of the last rows, whose records are biallelic; they are decoded together.
    """

    def __init__(self, reader: BcfReader, space: Space, rows: int) -> None:
        self._reader = reader
        self._dosage = space((rows, len(reader.samples)), reader.dtype)
        self._doubled: list[int] = []
        self._called: dict[int, np.ndarray] = {}  # by row, of contigs that may be haploid
        self.names: list[Names] = []
        self.coded: list[np.ndarray] = []

    @classmethod
    def start(cls, reader: BcfReader, space: Space, rows: int) -> tuple[_Chunk, list[Names], list[np.ndarray]]:
        """Return an empty piece, and its lists."""
        chunk = cls(reader, space, rows)
        return chunk, chunk.names, chunk.coded

    def add(self, record: cyvcf2.Variant, alternates: list[str], kept: range) -> None:
        """Add a record's variants one by one."""
        self.decode()
        reader, contig, start = self._reader, record.CHROM, record.start
        where = place(reader.path, variant=f"{contig}:{start + 1}")
        fields = record_fields(record, reader.field, haploid=maybe_haploid(contig), where=where)
        for allele in kept:
            row, values = len(self._doubled), reader.dosage(fields, allele, where)
            self._dosage[row] = values.copies
            if fields.maybe_haploid:
                self._called[row] = values.called
            self._doubled.append(fields.doubled(reader.reading.ploidy))
            self.names.append((contig, start, alternates[allele - 1], record.REF, record.ID or "."))

    def decode(self) -> None:
        """Decode the calls that wait."""
        if not self.coded:
            return
        first, reader = len(self._doubled), self._reader
        dosage = self._dosage[first : first + len(self.coded)]
        self._doubled += [0] * len(self.coded)
        for row in diploid_calls(self.coded, dosage):
            contig, start = self.names[first + row][:2]
            where = place(reader.path, variant=f"{contig}:{start + 1}")
            fields = SampleFields(1, ["GT"], coded_alleles(self.coded[row], where), None, maybe_haploid(contig))
            dosage[row] = reader.dosage(fields, 1, where).copies
            self._doubled[first + row] = fields.doubled(reader.reading.ploidy)
        self.coded.clear()

    def finish(self) -> Rows:
        """Return the piece."""
        self.decode()
        dosage = self._dosage[: len(self.names)]
        called = None
        if self._called and not self._reader.hard_calls:
            called = np.zeros(dosage.shape, dtype=bool)
            for row, calls in self._called.items():
                called[row] = calls
        return self.names, dosage, self._doubled, called


def diploid_calls(coded: list[np.ndarray], dosage: np.ndarray) -> list[int]:
    """Decode calls of biallelic records.

    Parameters
    ----------
    coded
        int32 of shape (samples, 2) a record, as BCF codes alleles: 2 or 3 is REF, 4 or 5 ALT, 0 or 1 missing.
    dosage
        Gets the copies of ALT, int8 of shape (records, samples), -1 where an allele is missing.

    Returns
    -------
    Other records, by number; their dosages are undefined.

    Examples
    --------
    >>> dosage = np.empty((2, 2), dtype=np.int8)
    >>> diploid_calls([np.array([[2, 5], [4, 0]], dtype=np.int32), np.array([[2, 2], [4, 6]], dtype=np.int32)], dosage), dosage[0].tolist()
    ([1], [1, -1])
    """
    small = np.concatenate(coded, dtype=np.uint8, casting="unsafe")  # BCF's own missing becomes 0, the end of a short call 1
    codes = small.view("<u2").reshape(dosage.shape)
    called = codes - _BOTH_REF  # 0 or 1 for REF, 2 or 3 for ALT in each byte
    np.bitwise_count(called & _BOTH_ALT, out=dosage.view(np.uint8))
    if not np.bitwise_or.reduce(called, axis=None) & _BEYOND:
        return []
    first, second = codes & 0xFF, codes >> 8
    dosage[(first < 2) | (second < 2)] = MISSING_CALL
    third = (first > 5) | (second > 5)
    doubtful = (third | (second == 1)).any(axis=1)
    return [row for row in np.flatnonzero(doubtful).tolist() if third[row].any() or coded[row].min() < 0]


def open_records(path: Path) -> cyvcf2.VCF:
    """Open a BCF file by htslib; in a child process alone."""
    import cyvcf2

    return cyvcf2.VCF(str(path))


def read_header(path: Path) -> tuple[bytes, list[str]]:
    """Return the header of a BCF file, which is text as VCF has it, and its samples.

    Raises
    ------
    DataError
        If the file is cut off, or its header is not VCF's.
    """
    import cyvcf2  # noqa: F401 - before child processes, so that none of them has to

    refuse_cut_off(path)
    with open_bytes(path) as handle:
        handle.read(_HEAD)
        header, _, samples = parse_header(handle, path)
    return header, samples


def is_bcf(path: Path) -> bool:
    """Return whether a file is BCF (compressed or not)."""
    if is_gzip(path):
        try:
            with gzip.open(path) as handle:
                return handle.read(len(_MAGIC)) == _MAGIC
        except (OSError, EOFError):
            return False
    with Path(path).open("rb") as handle:
        return handle.read(len(_MAGIC)) == _MAGIC
