"""Genotypes of VCF text (plain, gzip or bgzip), decoded block by block."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import is_gzip
from lucidseq.encode.genotypes.calls import KEYS, field_to_read
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import (
    GenotypeReader,
    Reading,
    VariantChunk,
    as_float,
    make_chunk,
    no_field,
    require_unique_samples,
)  # fmt: skip
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.genotypes.vcf_records import decode_lines
from lucidseq.encode.genotypes.vcf_text import Decoded, decode_calls, decode_ploidy, decode_subfields

BLOCK_BYTES = 1 << 22
_FIXED = 9  # columns before the first sample
_MOST_DIGIT_ALLELES = 9  # alleles that calls name with one digit
# The empty block that ends every whole bgzip file
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def _one_allele(allele: int) -> bytes:
    """Return a table for bytes.translate that names this allele 1 and every other 0."""
    digits = bytes(ord("1" if digit == allele else "0") for digit in range(10))
    return bytes(range(256)).replace(b"0123456789", digits)


_ONE_ALLELE = [_one_allele(allele) for allele in range(_MOST_DIGIT_ALLELES + 1)]


@dataclass(frozen=True)
class _Row:
    """An ALT allele of a line: the line's number in the file, its bytes and parts, and which allele of how many it is."""

    number: int
    line: bytes
    fields: list[bytes]
    allele: int
    alternates: int

    @property
    def format(self) -> bytes:
        return self.fields[8]

    @property
    def calls(self) -> bytes:
        """The samples' columns; where there are several ALT alleles, 1 is this one and 0 all others."""
        if self.alternates == 1:
            return self.fields[9]
        return self.fields[9].translate(_ONE_ALLELE[self.allele])

    def names(self) -> tuple[str, int, str, str, str]:
        contig, position, rsid, other, effect = (field.decode() for field in self.fields[:5])
        return contig, int(position) - 1, effect.split(",")[self.allele - 1], other, rsid


class VcfReader(GenotypeReader):
    """Reader of a VCF file (see `reader.GenotypeReader`); ALT is the effect allele.

    With ``--field auto`` DS is read when the header declares it (GT in rows without it), else GT.

    Raises
    ------
    DataError
        If the header is not VCF's, there are no samples, or the file is cut off.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = Path(path)
        refuse_cut_off(self.path)
        with self._open() as handle:
            self.header, self._header_lines, samples = self._read_header(handle)
        self._field = field_to_read(reading.field, has_dosage=b"ID=DS," in self.header)
        super().__init__(path, samples, reading, hard_calls=self._field is GenotypeField.GT)

    def _open(self) -> IO[bytes]:
        return cast(IO[bytes], gzip.open(self.path) if is_gzip(self.path) else self.path.open("rb"))

    def _read_header(self, handle: IO[bytes]) -> tuple[bytes, int, list[str]]:
        lines: list[bytes] = []
        for line in handle:
            if not line.startswith(b"#"):
                break
            lines.append(line.rstrip(b"\r\n"))
            if line.startswith(b"#CHROM"):
                fields = lines[-1].decode("utf-8").split("\t")
                samples = fields[_FIXED:]
                require_unique_samples(samples, self.path)
                return b"\n".join(lines) + b"\n", len(lines), samples
        raise DataError("no #CHROM line", "a VCF file, BCF file or PLINK 1 .bed (or its prefix)", "check the file",
                        where=place(self.path, line=len(lines) + 1))  # fmt: skip

    def _blocks(self) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
        """Read about `BLOCK_BYTES` of text at a time: the number of rows before, and numbered lines."""
        number, before = self._header_lines, 0
        with self._open() as handle:
            for _ in range(self._header_lines):
                handle.readline()
            rest = b""
            while block := handle.read(BLOCK_BYTES):
                text, _, rest = (rest + block).rpartition(b"\n")
                lines = text.split(b"\n") if text else []
                rows = self._numbered(lines, number)
                yield before, rows
                number, before = number + len(lines), before + len(rows)
            if rest:
                yield before, self._numbered([rest], number)

    @staticmethod
    def _numbered(lines: list[bytes], before: int) -> list[tuple[int, bytes]]:
        plain = (line[:-1] if line.endswith(b"\r") else line for line in lines)
        return [(number, line) for number, line in enumerate(plain, start=before + 1) if line]

    def positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the first columns alone."""
        for _, lines in self._blocks():
            rows = [self._fields(line, number, 2) for number, line in lines]
            if rows:
                contigs = np.array([fields[0].decode() for fields in rows], dtype=object)
                yield contigs, np.array([int(fields[1]) - 1 for fields in rows])

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        for before, lines in self._blocks():
            if last is not None and before >= last:
                return
            end = None if last is None else last - before
            rows = [row for number, line in lines[max(0, first - before) : end] for row in self._parse(line, number)]
            if rows:
                yield make_chunk([row.names() for row in rows], self._dosages(rows))

    def _fields(self, line: bytes, number: int, count: int) -> list[bytes]:
        fields = line.split(b"\t", count)
        where = place(self.path, line=number)
        if len(fields) <= count:
            raise DataError(f"{len(fields)} columns", f"{_FIXED + len(self.samples)} columns separated by tabs",
                            "the row is cut off or not VCF: make the file again", where=where)  # fmt: skip
        if not fields[1].isdigit() or not 0 < len(fields[1]) < 11 or not int(fields[1]):
            raise DataError(f"POS {fields[1].decode(errors='replace')[:40]!r}", "a position from 1", "correct the row",
                            where=where)  # fmt: skip
        return fields

    def _parse(self, line: bytes, number: int) -> list[_Row]:
        """Return the variants of a line; rows that are left out are counted."""
        fields = self._fields(line, number, _FIXED)
        alternates = 0 if fields[4] in (b".", b"") else fields[4].count(b",") + 1
        return [_Row(number, line, fields, allele, alternates) for allele in self.keep_alleles(alternates)]

    def _dosages(self, rows: list[_Row]) -> np.ndarray:
        dosage = np.empty((len(rows), len(self.samples)), dtype=np.int8 if self.hard_calls else np.float32)
        by_format: dict[bytes, list[int]] = {}
        left: list[int] = []
        for index, row in enumerate(rows):
            if self._regular(row):
                by_format.setdefault(row.format, []).append(index)
            else:
                left.append(index)
        for form, indices in by_format.items():
            decoded = self._decode_format(form, [rows[index] for index in indices])
            dosage[indices] = decoded.dosage if self.hard_calls else as_float(decoded.dosage)
            left += [index for index, wrong in zip(indices, decoded.irregular, strict=True) if wrong]
        if left:
            self._decode_irregular(rows, sorted(left), dosage)
        return dosage

    def _regular(self, row: _Row) -> bool:
        """Say whether a row is worth trying here: neither probabilities, nor dosages of several alleles or of haploids."""
        if self.hard_calls:
            return row.alternates <= _MOST_DIGIT_ALLELES
        names = row.format.split(b":")
        if KEYS[self._field].encode() not in names:
            return row.alternates <= _MOST_DIGIT_ALLELES
        haploid = self.reading.ploidy == 2 and b"GT" in names and maybe_haploid(row.fields[0].decode())
        return self._field is GenotypeField.DOSAGE and row.alternates == 1 and not haploid

    def _decode_format(self, form: bytes, rows: list[_Row]) -> Decoded:
        """Decode rows with the same FORMAT as far as they are regular."""
        names, samples, ploidy = form.split(b":"), len(self.samples), self.reading.ploidy
        key = KEYS[self._field].encode()
        wanted = key if key in names else b"GT"
        strict = self.reading.field is not GenotypeField.AUTO
        if wanted not in names or (strict and wanted != key):
            expected = key.decode() if strict or self.hard_calls else "DS or GT"
            raise no_field(expected, form.decode(errors="replace")[:80], place(self.path, line=rows[0].number))
        if wanted == b"DS":
            columns = [row.fields[9] for row in rows]
            decoded = decode_subfields(columns, samples, len(names), dosages=names.index(wanted))
            if b"GT" in names:  # where a sample has no DS its call says what it is
                decoded.irregular[np.isnan(decoded.dosage).any(axis=1)] = True
            return decoded
        width = 2 * ploidy * samples - 1
        if form == b"GT" and all(len(row.fields[9]) == width for row in rows):
            columns = [row.calls for row in rows]
            return decode_calls(columns, samples) if ploidy == 2 else decode_ploidy(columns, samples, ploidy)
        if names[0] != b"GT" or ploidy != 2:  # VCF wants it first
            return Decoded(np.zeros((len(rows), samples), dtype=np.int8), np.ones(len(rows), dtype=bool))
        return decode_subfields([row.calls for row in rows], samples, len(names), dosages=None)

    def _decode_irregular(self, rows: list[_Row], left: list[int], dosage: np.ndarray) -> None:
        places = [place(self.path, line=rows[index].number) for index in left]
        for index, where in zip(left, places, strict=True):
            found = rows[index].fields[9].count(b"\t") + 1
            if found != len(self.samples):
                raise DataError(f"genotypes of {found} samples", f"{len(self.samples)}, as in the header", "correct the row",
                                where=where)  # fmt: skip
        lines, alleles = [rows[index].line for index in left], [rows[index].allele for index in left]
        strict = self.reading.field is not GenotypeField.AUTO
        decoded = decode_lines(
            self.header, lines, alleles, places, self._field, ploidy=self.reading.ploidy, strict=strict
        )
        for index, values in zip(left, decoded, strict=True):
            dosage[index] = values if self.hard_calls else as_float(values)


def refuse_cut_off(path: Path) -> None:
    """Refuse a bgzip file without its end block: cut between two blocks it looks whole to gzip.

    Raises
    ------
    DataError
        If it has none.
    """
    with path.open("rb") as handle:
        start = handle.read(16)
        if start[:4] == b"\x1f\x8b\x08\x04" and start[12:14] == b"BC":
            handle.seek(-min(len(_BGZIP_END), path.stat().st_size), 2)
            if handle.read() != _BGZIP_END:
                raise DataError("a bgzip file without its end block", "a whole file", "the file is cut off: copy it again",
                                where=str(path))  # fmt: skip
