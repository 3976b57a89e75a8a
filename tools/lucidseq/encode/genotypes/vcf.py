"""Genotypes of VCF text (plain, gzip or bgzip), decoded block by block."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import is_gzip
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import MULTIALLELIC, NO_ALTERNATE, VariantChunk, as_float, require_unique_samples
from lucidseq.encode.genotypes.vcf_records import decode_lines, make_chunk, no_field
from lucidseq.encode.genotypes.vcf_text import Decoded, decode_calls, decode_subfields

BLOCK_BYTES = 1 << 22
_FIXED = 9  # columns before the first sample
# The empty block that ends every whole bgzip file
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@dataclass(frozen=True)
class _Row:
    """A line with one ALT allele: its number in the file, its bytes, and its parts."""

    number: int
    line: bytes
    fields: list[bytes]

    @property
    def format(self) -> bytes:
        return self.fields[8]

    @property
    def columns(self) -> bytes:
        return self.fields[9]

    def names(self) -> tuple[str, int, str, str, str]:
        contig, position, rsid, other, effect = (field.decode() for field in self.fields[:5])
        return contig, int(position) - 1, effect, other, rsid


class VcfReader:
    """Reader of a VCF file (see `reader.GenotypeReader`); ALT is the effect allele.

    Parameters
    ----------
    path
        The file.
    field
        ``auto`` reads DS when the header declares it (GT in rows without it), else GT.

    Raises
    ------
    DataError
        If the header is not VCF's, there are no samples, or the file is cut off.
    """

    def __init__(self, path: Path, field: GenotypeField) -> None:
        self.path, self.field = Path(path), field
        self.skipped: Counter[str] = Counter()
        self._refuse_cut_off()
        with self._open() as handle:
            self.header, self._header_lines, self.samples = self._read_header(handle)
        has_dosage = b"ID=DS," in self.header
        self.hard_calls = not (field is GenotypeField.DOSAGE or (field is GenotypeField.AUTO and has_dosage))

    def _open(self) -> IO[bytes]:
        return cast(IO[bytes], gzip.open(self.path) if is_gzip(self.path) else self.path.open("rb"))

    def _refuse_cut_off(self) -> None:
        """A bgzip file cut between two blocks looks whole to gzip; its end block is then missing."""
        with self.path.open("rb") as handle:
            start = handle.read(16)
            if start[:4] == b"\x1f\x8b\x08\x04" and start[12:14] == b"BC":
                handle.seek(-min(len(_BGZIP_END), self.path.stat().st_size), 2)
                if handle.read() != _BGZIP_END:
                    raise DataError("a bgzip file without its end block", "a whole file", "the file is cut off: copy it again",
                                    where=str(self.path))  # fmt: skip

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

    def chunks(self) -> Iterator[VariantChunk]:
        """Read about `BLOCK_BYTES` of text at a time."""
        self.skipped.clear()
        number = self._header_lines
        with self._open() as handle:
            for _ in range(self._header_lines):
                handle.readline()
            rest = b""
            while block := handle.read(BLOCK_BYTES):
                text, _, rest = (rest + block).rpartition(b"\n")
                lines = text.split(b"\n") if text else []
                yield from self._decode(lines, number)
                number += len(lines)
            if rest:
                yield from self._decode([rest], number)

    def _decode(self, lines: list[bytes], before: int) -> Iterator[VariantChunk]:
        rows = [row for offset, line in enumerate(lines) if (row := self._parse(line, before + offset + 1))]
        if rows:
            yield make_chunk([row.names() for row in rows], self._dosages(rows))

    def _parse(self, line: bytes, number: int) -> _Row | None:
        """Return a line's parts; None for empty lines and for rows that are left out (which are counted)."""
        if line.endswith(b"\r"):
            line = line[:-1]
        if not line:
            return None
        fields = line.split(b"\t", _FIXED)
        where = place(self.path, line=number)
        if len(fields) <= _FIXED:
            raise DataError(f"{len(fields)} columns", f"{_FIXED + len(self.samples)} columns separated by tabs",
                            "the row is cut off or not VCF: make the file again", where=where)  # fmt: skip
        if not fields[1].isdigit() or fields[1] == b"0":
            raise DataError(f"POS {fields[1].decode(errors='replace')[:40]!r}", "a position from 1", "correct the row",
                            where=where)  # fmt: skip
        if fields[4] in (b".", b"") or b"," in fields[4]:
            self.skipped[MULTIALLELIC if b"," in fields[4] else NO_ALTERNATE] += 1
            return None
        return _Row(number, line, fields)

    def _dosages(self, rows: list[_Row]) -> np.ndarray:
        dosage = np.empty((len(rows), len(self.samples)), dtype=np.int8 if self.hard_calls else np.float32)
        by_format: dict[bytes, list[int]] = {}
        for index, row in enumerate(rows):
            by_format.setdefault(row.format, []).append(index)
        left: list[int] = []
        for form, indices in by_format.items():
            decoded = self._decode_format(form, [rows[index] for index in indices])
            dosage[indices] = decoded.dosage if self.hard_calls else as_float(decoded.dosage)
            left += [index for index, wrong in zip(indices, decoded.irregular, strict=True) if wrong]
        if left:
            self._decode_irregular(rows, sorted(left), dosage)
        return dosage

    def _decode_format(self, form: bytes, rows: list[_Row]) -> Decoded:
        """Decode rows with the same FORMAT as far as they are regular."""
        names, samples = form.split(b":"), len(self.samples)
        wanted = b"DS" if not self.hard_calls and b"DS" in names else b"GT"
        if wanted not in names or (self.field is GenotypeField.DOSAGE and wanted != b"DS"):
            expected = "DS" if self.field is GenotypeField.DOSAGE else "GT" if self.hard_calls else "DS or GT"
            raise no_field(expected, form.decode(errors="replace")[:80], place(self.path, line=rows[0].number))
        width = 4 * samples - 1
        if form == b"GT" and all(len(row.columns) == width for row in rows):
            return decode_calls([row.columns for row in rows], samples)
        if wanted == b"GT" and names[0] != b"GT":  # VCF wants it first
            return Decoded(np.zeros((len(rows), samples), dtype=np.int8), np.ones(len(rows), dtype=bool))
        dosages = None if wanted == b"GT" else names.index(wanted)
        return decode_subfields([row.columns for row in rows], samples, len(names), dosages=dosages)

    def _decode_irregular(self, rows: list[_Row], left: list[int], dosage: np.ndarray) -> None:
        places = [place(self.path, line=rows[index].number) for index in left]
        for index, where in zip(left, places, strict=True):
            found = rows[index].columns.count(b"\t") + 1
            if found != len(self.samples):
                raise DataError(f"genotypes of {found} samples", f"{len(self.samples)}, as in the header", "correct the row",
                                where=where)  # fmt: skip
        lines = [rows[index].line for index in left]
        for index, values in zip(
            left, decode_lines(self.header, lines, dosage=not self.hard_calls, where=places), strict=True
        ):
            dosage[index] = values if self.hard_calls else as_float(values)
