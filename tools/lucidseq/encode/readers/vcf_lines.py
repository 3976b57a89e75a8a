"""The text of a VCF file (plain, gzip or bgzip): its header, and its rows in numbered blocks."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import is_gzip

BLOCK_BYTES = 1 << 22
FIXED = 9  # columns before the first sample
_MOST_DIGITS = 10  # of a position
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The empty block that ends every whole bgzip file
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class VcfText:
    """A VCF file whose rows are read in blocks.

    Attributes
    ----------
    header
        The header's bytes, ``#CHROM`` line included, ending in a line feed; without byte-order mark and carriage returns.
    samples
        Sample names as the header lists them.

    Raises
    ------
    DataError
        If the header is not VCF's, or the file is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        refuse_cut_off(self.path)
        with open_bytes(self.path) as handle:
            self.header, self._header_lines, self.samples = parse_header(handle, self.path)

    def blocks(self) -> Iterator[list[tuple[int, bytes]]]:
        """Yield about `BLOCK_BYTES` of rows at a time: the number of each line in the file, and its bytes; empty lines are skipped."""
        number = self._header_lines
        with open_bytes(self.path) as handle:
            for _ in range(self._header_lines):
                handle.readline()
            rest = b""
            while block := handle.read(BLOCK_BYTES):
                text, _, rest = (rest + block).rpartition(b"\n")
                lines = text.split(b"\n") if text else []
                yield _numbered(lines, number)
                number += len(lines)
            if rest:
                yield _numbered([rest], number)

    def fields(self, line: bytes, number: int, count: int = FIXED) -> list[bytes]:
        """Return the first ``count`` columns of a row, and what follows as one.

        Raises
        ------
        DataError
            If nothing follows, or the position is no number from 1.
        """
        fields = line.split(b"\t", count)
        if len(fields) <= count:
            expected = f"{FIXED + len(self.samples)} columns separated by tabs"
            fix = "the row is cut off or not VCF: create the file again"
            raise DataError(f"{len(fields)} columns", expected, fix, where=place(self.path, line=number))
        position = fields[1]
        if not position.isdigit() or len(position) > _MOST_DIGITS or not int(position):
            received = f"POS {position.decode(errors='replace')[:40]!r}"
            raise DataError(received, "a position from 1", "correct the row", where=place(self.path, line=number))
        return fields


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked where it is gzip or bgzip."""
    return cast(IO[bytes], gzip.open(path) if is_gzip(path) else path.open("rb"))


def parse_header(handle: IO[bytes], path: Path) -> tuple[bytes, int, list[str]]:
    """Read the header of a VCF file: its bytes, without byte-order mark and carriage returns, the number of its lines, and the samples.

    Raises
    ------
    DataError
        If it has no ``#CHROM`` line.
    """
    lines: list[bytes] = []
    for line in handle:
        text = line.rstrip(b"\r\n") if lines else line.rstrip(b"\r\n").removeprefix(_BYTE_ORDER_MARK)
        if not text.startswith(b"#"):
            break
        lines.append(text)
        if text.startswith(b"#CHROM"):
            return b"\n".join(lines) + b"\n", len(lines), text.decode("utf-8").split("\t")[FIXED:]
    raise DataError("no #CHROM line", "the header of a VCF file", "check what kind of file it is", where=place(path, line=len(lines) + 1))


def _numbered(lines: list[bytes], before: int) -> list[tuple[int, bytes]]:
    plain = (line[:-1] if line.endswith(b"\r") else line for line in lines)
    return [(number, line) for number, line in enumerate(plain, start=before + 1) if line]


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
                raise DataError("a bgzip file without its end block", "a whole file", "the file is cut off: copy it again", where=str(path))
