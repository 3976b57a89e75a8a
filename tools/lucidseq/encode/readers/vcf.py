"""Genotypes of VCF text (plain, gzip or bgzip), decoded block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.readers.reader import (
    NO_FIELD,
    GenotypeReader,
    Reading,
    VariantChunk,
    as_float,
    make_chunk,
    no_field,
    require_unique_samples,
)
from lucidseq.encode.readers.sample_fields import KEYS, field_to_read, has_field
from lucidseq.encode.readers.vcf_columns import Decoded, decode_calls, decode_ploidy, decode_subfields
from lucidseq.encode.readers.vcf_lines import VcfText
from lucidseq.encode.readers.vcf_records import decode_lines

_MOST_DIGIT_ALLELES = 9  # alleles that calls name with one digit


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

    @property
    def maybe_haploid(self) -> bool:
        return maybe_haploid(self.fields[0].decode())

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
        self._text = VcfText(path)
        require_unique_samples(self._text.samples, path)
        self._field = field_to_read(reading.field, self._text.header.decode(errors="replace"))
        super().__init__(path, self._text.samples, reading, hard_calls=self._field is GenotypeField.GT)

    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the first columns alone."""
        for lines in self._text.blocks():
            rows = [self._text.fields(line, number, 2) for number, line in lines]
            if rows:
                contigs = np.array([fields[0].decode() for fields in rows], dtype=object)
                yield contigs, np.array([int(fields[1]) - 1 for fields in rows])

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        before = 0
        for lines in self._text.blocks():
            if last is not None and before >= last:
                return
            end = None if last is None else last - before
            rows = [row for number, line in lines[max(0, first - before) : end] for row in self._parse(line, number)]
            before += len(lines)
            if rows:
                dosage, doubled, called = self._dosages(rows)
                yield make_chunk([row.names() for row in rows], dosage, doubled, called)

    def _parse(self, line: bytes, number: int) -> list[_Row]:
        """Return the variants of a line; skipped rows are counted."""
        fields = self._text.fields(line, number)
        if self.reading.drop_incomplete and not self._has_field(fields[8]):
            self.skipped[NO_FIELD] += 1
            return []
        alternates = 0 if fields[4] in (b".", b"") else fields[4].count(b",") + 1
        return [_Row(number, line, fields, allele, alternates) for allele in self.keep_alleles(alternates)]

    def _has_field(self, form: bytes) -> bool:
        return has_field([name.decode(errors="replace") for name in form.split(b":")], self.reading.field, self._field)

    def _dosages(self, rows: list[_Row]) -> tuple[np.ndarray, list[int], np.ndarray | None]:
        """Return dosages, how many haploid calls they count as two copies (only irregular rows have any), and which come from calls."""
        doubled = [0] * len(rows)
        haploid = not self.hard_calls and any(row.maybe_haploid for row in rows)
        called = np.zeros((len(rows), len(self.samples)), dtype=bool) if haploid else None
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
            if called is not None:
                called[indices] = decoded.dosage.dtype == np.int8
            left += [index for index, wrong in zip(indices, decoded.irregular, strict=True) if wrong]
        if left:
            self._decode_irregular(rows, sorted(left), dosage, doubled, called)
        return dosage, doubled, called

    def _regular(self, row: _Row) -> bool:
        """Say whether a row is worth trying here: neither probabilities, nor dosages of several alleles, nor calls out of place."""
        if self.hard_calls:
            return row.alternates <= _MOST_DIGIT_ALLELES
        names = row.format.split(b":")
        if KEYS[self._field].encode() not in names:
            return row.alternates <= _MOST_DIGIT_ALLELES
        return self._field is GenotypeField.DOSAGE and row.alternates == 1 and b"GT" not in names[1:]

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
            diploid = ploidy == 2 and names[0] == b"GT"  # the dosages of haploid calls are on another scale
            decoded = decode_subfields(columns, samples, len(names), dosages=names.index(wanted), diploid=diploid)
            if b"GT" in names:  # where a sample has no DS its call is used
                decoded.irregular[np.isnan(decoded.dosage).any(axis=1)] = True
            return decoded
        width = 2 * ploidy * samples - 1
        if form == b"GT" and all(len(row.fields[9]) == width for row in rows):
            columns = [row.calls for row in rows]
            return decode_calls(columns, samples) if ploidy == 2 else decode_ploidy(columns, samples, ploidy)
        if names[0] != b"GT" or ploidy != 2:  # VCF requires it first
            return Decoded(np.zeros((len(rows), samples), dtype=np.int8), np.ones(len(rows), dtype=bool))
        return decode_subfields([row.calls for row in rows], samples, len(names), dosages=None)

    def _decode_irregular(
        self, rows: list[_Row], left: list[int], dosage: np.ndarray, doubled: list[int], called: np.ndarray | None
    ) -> None:
        places = [place(self.path, line=rows[index].number) for index in left]
        for index, where in zip(left, places, strict=True):
            found = rows[index].fields[9].count(b"\t") + 1
            if found != len(self.samples):
                raise DataError(f"genotypes of {found} samples", f"{len(self.samples)}, as in the header", "correct the row", where=where)
        lines, alleles = [rows[index].line for index in left], [rows[index].allele for index in left]
        haploid = [rows[index].maybe_haploid for index in left]
        strict = self.reading.field is not GenotypeField.AUTO
        decoded = decode_lines(self._text.header, lines, alleles, haploid, places, self._field, ploidy=self.reading.ploidy, strict=strict)
        for index, (values, haploids) in zip(left, decoded, strict=True):
            dosage[index] = values.copies if self.hard_calls else as_float(values.copies)
            doubled[index] = haploids
            if called is not None:
                called[index] = values.called
