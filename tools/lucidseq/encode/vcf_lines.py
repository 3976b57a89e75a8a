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
# The empty block that ends every whole bgzip file
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class VcfText:
    """An open VCF file.

    Attributes
    ----------
    header
        The header's bytes, ``#CHROM`` line included, ending in a line feed.
    samples
        Sample names as the header lists them.

    Raises
    ------
    DataError
        If the header is not VCF's, or the file is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._refuse_cut_off()
        with self._open() as handle:
            self.header, self._header_lines, self.samples = self._read_header(handle)

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
                samples = lines[-1].decode("utf-8").split("\t")[FIXED:]
                return b"\n".join(lines) + b"\n", len(lines), samples
        raise DataError("no #CHROM line", "a VCF file, BCF file or PLINK 1 .bed (or its prefix)", "check the file",
                        where=place(self.path, line=len(lines) + 1))  # fmt: skip

    def blocks(self) -> Iterator[tuple[int, list[bytes]]]:
        """Yield the number of the line before, and about `BLOCK_BYTES` of lines without their line feeds."""
        number = self._header_lines
        with self._open() as handle:
            for _ in range(self._header_lines):
                handle.readline()
            rest = b""
            while block := handle.read(BLOCK_BYTES):
                text, _, rest = (rest + block).rpartition(b"\n")
                lines = text.split(b"\n") if text else []
                yield number, lines
                number += len(lines)
            if rest:
                yield number, [rest]

    def split(self, line: bytes, number: int) -> list[bytes]:
        """Return the nine fixed columns of a row and its sample columns as one; an empty list for an empty line.

        Raises
        ------
        DataError
            If there are fewer columns, or the position is no number from 1.
        """
        line = line.removesuffix(b"\r")
        if not line:
            return []
        fields = line.split(b"\t", FIXED)
        where = place(self.path, line=number)
        if len(fields) <= FIXED:
            raise DataError(f"{len(fields)} columns", f"{FIXED + len(self.samples)} columns separated by tabs",
                            "the row is cut off or not VCF: make the file again", where=where)  # fmt: skip
        if not fields[1].isdigit() or fields[1] == b"0":
            raise DataError(f"POS {fields[1].decode(errors='replace')[:40]!r}", "a position from 1", "correct the row",
                            where=where)  # fmt: skip
        return fields
