"""Check whether an index (.fai) belongs to its FASTA, and list the records of the FASTA that it does not contain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.close_on_exit import CloseOnExit

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_FURTHEST = 1 << 62


@dataclass(frozen=True)
class Record:
    """A row of an index: a contig's length (bp), the byte where its bases begin, and the bases and bytes of its lines."""

    name: str
    length: int
    offset: int
    bases: int
    width: int

    @property
    def last(self) -> int:
        """The byte of the last base."""
        lines, rest = divmod(self.length - 1, self.bases)
        return self.offset + lines * self.width + rest


def read_index(path: Path) -> list[Record]:
    """Read the contigs that have bases, in the order of the FASTA.

    Raises
    ------
    ValueError
        If it is not an index.
    """
    records = []
    for line in path.read_text().splitlines():
        name, *numbers = line.split("\t")[:5]
        length, offset, bases, width = map(int, numbers)
        if length:
            records.append(Record(name, length, offset, bases, width))
        if length < 0 or offset < 0 or (length and not 0 < bases <= width):
            raise ValueError(line)
    return sorted(records, key=lambda record: record.offset)


class FastaText(CloseOnExit):
    """The bytes of a FASTA file, plain or bgzip-compressed with its index of blocks. Use as a context manager."""

    def __init__(self, path: Path, blocks: Path) -> None:
        import pysam

        self._at, self._buffer = 0, b""
        self._plain = path.open("rb")
        self._packed = None
        if self._plain.read(2) == _GZIP:
            table = np.fromfile(blocks, dtype="<u8")[1:].reshape(-1, 2).astype(np.int64)
            self._starts = np.vstack([np.zeros((1, 2), dtype=np.int64), table])
            self._packed = pysam.BGZFile(str(path), "r", None)

    def close(self) -> None:
        """Close the files."""
        self._plain.close()
        if self._packed is not None:
            self._packed.close()

    def read(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes (at most 64 kB) from ``start`` on; fewer where the file ends."""
        if not self._at <= start <= start + size <= self._at + len(self._buffer):
            self._at, self._buffer = start, self._load(start)
        return self._buffer[start - self._at : start - self._at + size]

    def _load(self, start: int) -> bytes:
        if self._packed is None:
            self._plain.seek(start)
            return self._plain.read(_CHUNK)
        block = int(np.searchsorted(self._starts[:, 1], start, side="right")) - 1
        packed, plain = self._starts[block].tolist()
        if start - plain >= 1 << 16:  # beyond the last block
            return b""
        self._packed.seek(packed << 16 | start - plain)
        data: bytes = self._packed.read(_CHUNK)
        return data


def unindexed_records(path: Path, index: Path, blocks: Path) -> list[str] | None:
    """Return the names of records that are not in an index (htslib omits repeated names); None where it is not the FASTA's index.

    The header before each contig, its last base, its first line break and the byte after it are read, so that the work does not
    grow with the bases.

    Parameters
    ----------
    path
        FASTA, plain or bgzip-compressed.
    index, blocks
        Its .fai; and its .gzi, which is not read for plain text.
    """
    try:
        records = read_index(index)
        with FastaText(path, blocks) as text:
            return _walk(text, records)
    except (OSError, ValueError, IndexError):
        return None


def _walk(text: FastaText, records: list[Record]) -> list[str] | None:
    unindexed, reached = [], 0
    for record in records:
        headers = _headers(text, reached, record.offset)
        if not headers or headers[-1] != record.name or text.read(record.offset - 1, 1) != b"\n":
            return None
        unindexed += headers[:-1]
        breaks = record.length > record.bases and not text.read(record.offset + record.bases, 1).isspace()
        end = text.read(record.last, 2)
        if breaks or not end or end[:1].isspace() or not (len(end) == 1 or end[1:].isspace()):
            return None
        reached = record.last + 1
    rest = _headers(text, reached, _FURTHEST)
    return None if rest is None else unindexed + rest


def _headers(text: FastaText, start: int, end: int) -> list[str] | None:
    """Return the names of the headers between two positions; None where the first line, or (except at the file's end) the last, is no header."""
    names: list[str] = []
    last = b">"
    for line in _lines(text, start, end):
        if line.startswith(b">"):
            names.append(line[1:].split(maxsplit=1)[0].decode() if line[1:].split() else "")
        elif line.strip() and not names:
            return None
        last = line if line.strip() else last
    return names if last.startswith(b">") or end == _FURTHEST else None


def _lines(text: FastaText, start: int, end: int) -> Iterator[bytes]:
    """Yield header lines, and the first byte of every other line."""
    carry = b""
    while start < end and (chunk := text.read(start, min(_CHUNK, end - start))):
        start += len(chunk)
        *whole, carry = (carry + chunk).split(b"\n")
        yield from whole
        carry = carry if carry.startswith(b">") else carry.strip()[:1]
    if carry:
        yield carry
