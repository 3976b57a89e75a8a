"""Records of BCF 2 files, decoded from their bytes: sizes are checked, where a library would read past a damaged record or end the program.

References
----------
The Variant Call Format specification, version 4.3, section 6 (BCF), https://samtools.github.io/hts-specs/VCFv4.3.pdf
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import is_gzip
from lucidseq.encode.readers.vcf_lines import refuse_cut_off

_MAGIC = b"BCF\x02"
_INTEGERS, _FLOAT, _TEXT = {1: "<i1", 2: "<i2", 3: "<i4"}, 5, 7
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, _FLOAT: 4, _TEXT: 1}
_LONG = 15  # a length that follows as a number of its own
_MISSING, _END = 0, 1  # how far above the least value of their type these marks are
_PIECE = 1 << 24  # bytes read at a time
_FIXED = struct.Struct("<iiifII")
_LINE = re.compile(r"##(contig|INFO|FILTER|FORMAT)=<(.*)>$")


@dataclass(frozen=True)
class BcfHeader:
    """Contigs and names of fields by number, sample names, and the text they come from."""

    contigs: dict[int, str]
    names: dict[int, str]
    samples: list[str]
    text: str


@dataclass(frozen=True)
class BcfRecord:
    """A record: its place (start is 0-based), names, alleles, INFO and sample fields as bytes, and how many there are of them."""

    contig: str
    start: int
    rsid: str
    alleles: list[str]
    info: bytes
    infos: int
    fields: bytes
    formats: int


class _Bytes:
    """Typed values read one after the other from a record.

    Raises
    ------
    ValueError
        If the record ends before a value does, or a type is none.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise ValueError("a value goes past the end of its record")
        self.at += count
        return piece

    def kind(self) -> tuple[int, int]:
        """Return the type and the number of values that follow."""
        byte = self.take(1)[0]
        kind, length = byte & 15, byte >> 4
        if kind not in _SIZES:
            raise ValueError(f"a value of type {kind}")
        if length == _LONG:
            length = self.integer()
        if length < 0:
            raise ValueError("a value of negative length")
        return kind, length

    def integer(self) -> int:
        """Return one typed whole number."""
        byte = self.take(1)[0]
        if byte >> 4 != 1 or byte & 15 not in _INTEGERS:
            raise ValueError("no whole number where one must be")
        return int.from_bytes(self.take(_SIZES[byte & 15]), "little", signed=True)

    def text(self) -> str:
        """Return a typed text."""
        kind, length = self.kind()
        if kind != _TEXT and length:
            raise ValueError("no text where one must be")
        return self.take(length * _SIZES[kind]).rstrip(b"\0").decode("utf-8")


class BcfRecords:
    """An open BCF file.

    Attributes
    ----------
    header
        Its header.

    Raises
    ------
    DataError
        If it is cut off, or its header is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        refuse_cut_off(self.path)
        with self._open() as handle:
            self.header = self._read_header(handle)
        self._keys = {name: key for key, name in self.header.names.items()}

    def _open(self) -> IO[bytes]:
        return cast(IO[bytes], gzip.open(self.path) if is_gzip(self.path) else self.path.open("rb"))

    def damaged(self, error: Exception, row: int) -> DataError:
        """Return the error of a damaged record (from 1), or header (0)."""
        return DataError(
            f"a BCF file that cannot be read ({error})",
            "a whole BCF file",
            "copy or make it again",
            where=place(self.path, item=f"record {row}"),
        )

    def _read_header(self, handle: IO[bytes]) -> BcfHeader:
        head = handle.read(9)
        length = int.from_bytes(head[5:9], "little")
        text = _take(handle, length)
        if head[:4] != _MAGIC or len(text) < length:
            raise self.damaged(ValueError("its header"), 0)
        try:
            return _parse_header(text.rstrip(b"\0").decode("utf-8"))
        except ValueError as error:
            raise self.damaged(error, 0) from error

    def records(self) -> Iterator[BcfRecord]:
        """Read every record.

        Raises
        ------
        DataError
            If one is damaged.
        """
        with self._open() as handle:
            self._read_header(handle)
            row = 0
            while sizes := handle.read(8):
                row += 1
                try:
                    yield self._record(handle, sizes)
                except (struct.error, ValueError) as error:
                    raise self.damaged(error, row) from error

    def _record(self, handle: IO[bytes], sizes: bytes) -> BcfRecord:
        shared_size, fields_size = struct.unpack("<II", sizes)
        shared, fields = _take(handle, shared_size), _take(handle, fields_size)
        if len(shared) < shared_size or len(fields) < fields_size:
            raise ValueError("the file ends too early")
        contig, start, _, _, counts, sample_counts = _FIXED.unpack_from(shared)
        if contig not in self.header.contigs or start < 0:
            raise ValueError(f"contig number {contig}, position {start + 1}")
        if sample_counts & 0xFFFFFF != len(self.header.samples):
            raise ValueError(f"genotypes of {sample_counts & 0xFFFFFF} samples")
        values = _Bytes(shared, _FIXED.size)
        rsid = values.text() or "."
        alleles = [values.text() for _ in range(counts >> 16)]
        if not alleles or not all(alleles):
            raise ValueError("a record without alleles")
        kind, length = values.kind()  # FILTER stands before INFO
        values.take(length * _SIZES[kind])
        return BcfRecord(
            self.header.contigs[contig], start, rsid, alleles, shared[values.at :], counts & 0xFFFF, fields, sample_counts >> 24
        )

    def fields(self, record: BcfRecord, row: int, wanted: set[str]) -> tuple[list[str], dict[str, np.ndarray]]:
        """Return the names of a record's sample fields, and the values of those wanted; all of them are walked over.

        Raises
        ------
        DataError
            If the record (from 1) is damaged.
        """
        keys = {self._keys[name]: name for name in wanted if name in self._keys}
        found: dict[str, np.ndarray] = {}
        names = []
        values = _Bytes(record.fields)
        samples = len(self.header.samples)
        try:
            for _ in range(record.formats):
                key = values.integer()
                kind, length = values.kind()
                data = values.take(samples * length * _SIZES[kind])
                names.append(self.header.names.get(key, "?"))
                if key in keys:
                    found[keys[key]] = _matrix(data, kind, samples, length, calls=keys[key] == "GT")
        except ValueError as error:
            raise self.damaged(error, row) from error
        return names, found

    def calls(self, coded: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return alleles (int32, -1 missing, -2 past the end of a shorter call) and which are phased with the one before, as `fields` gives GT.

        Raises
        ------
        DataError
            If an allele is negative.
        """
        try:
            return _alleles(coded)
        except ValueError as error:
            raise self.damaged(error, row) from error

    def info_text(self, record: BcfRecord, row: int, name: str) -> str:
        """Return a text of INFO, empty where the record has none.

        Raises
        ------
        DataError
            If the record (from 1) is damaged.
        """
        values, text = _Bytes(record.info), ""
        try:
            for _ in range(record.infos):
                key = values.integer()
                kind, length = values.kind()
                data = values.take(length * _SIZES[kind])
                if key == self._keys.get(name) and kind == _TEXT:
                    text = data.rstrip(b"\0").decode("utf-8")
        except ValueError as error:
            raise self.damaged(error, row) from error
        return text


def _take(handle: IO[bytes], count: int) -> bytes:
    """Read up to so many bytes, without room for what a damaged file only says it has."""
    pieces = []
    while count and (piece := handle.read(min(count, _PIECE))):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _alleles(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    least = np.iinfo(raw.dtype).min
    alleles = (raw >> 1).astype(np.int32) - 1
    alleles[raw == least + _MISSING] = -1
    alleles[raw == least + _END] = -2
    if (alleles < -2).any():
        raise ValueError("calls of negative alleles")
    return alleles, (raw & 1).astype(bool)


def _matrix(data: bytes, kind: int, samples: int, length: int, *, calls: bool) -> np.ndarray:
    """Return numbers as float32, or calls as they are coded (`BcfRecords.calls`)."""
    if calls:
        if kind not in _INTEGERS or not length:
            raise ValueError("calls that are no whole numbers")
        return np.frombuffer(data, dtype=_INTEGERS[kind]).reshape(samples, length)
    if kind != _FLOAT or not length:
        raise ValueError("dosages that are no decimal numbers")
    return np.frombuffer(data, dtype="<f4").reshape(samples, length)


def _parse_header(text: str) -> BcfHeader:
    """Return contigs and names by number: as IDX says, else in order; PASS is the first name."""
    contigs: dict[int, str] = {}
    names = {0: "PASS"}
    samples: list[str] = []
    for line in text.split("\n"):
        if line.startswith("#CHROM"):
            samples = line.split("\t")[9:]
        found = _LINE.match(line)
        if not found:
            continue
        name, number = re.search(r"(?:^|,)ID=([^,]+)", found[2]), re.search(r",IDX=(\d+)$", found[2])
        if name is None:
            raise ValueError(f"a header line without ID: {line[:60]}")
        table = contigs if found[1] == "contig" else names
        if name[1] not in table.values():
            table[int(number[1]) if number else len(table)] = name[1]
    return BcfHeader(contigs, names, samples, text)


def is_bcf(path: Path) -> bool:
    """Say whether a file is BCF (compressed or not)."""
    if is_gzip(path):
        try:
            with gzip.open(path) as handle:
                return handle.read(3) == _MAGIC[:3]
        except (OSError, EOFError):
            return False
    with Path(path).open("rb") as handle:
        return handle.read(3) == _MAGIC[:3]
