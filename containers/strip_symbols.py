"""Cut symbols and debug information off shared libraries (64-bit, little-endian ELF): what lies behind the last part that is loaded.

usage: strip_symbols.py LIBRARY...

Wheels of small projects often keep them, ten times the code's size. The loader needs program headers alone; the table of section headers,
which points at what is cut off, is taken out of the file's header.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_LOAD = 1


def loaded_end(data: bytes) -> int:
    """Return where the last loaded part of a library ends."""
    fields = _HEADER.unpack_from(data)
    table, size, count = fields[5], fields[9], fields[10]
    parts = [_PROGRAM.unpack_from(data, table + number * size) for number in range(count)]
    return max(offset + length for kind, _, offset, _, _, length, _, _ in parts if kind == _LOAD)


def strip(data: bytes) -> bytes:
    """Return a library without what the loader does not read.

    Raises
    ------
    ValueError
        If it is no 64-bit, little-endian ELF file.
    """
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit, little-endian ELF file")
    fields = list(_HEADER.unpack_from(data))
    fields[6] = fields[12] = fields[13] = 0  # place, number and names of section headers
    return _HEADER.pack(*fields) + data[_HEADER.size : loaded_end(data)]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_bytes(strip(path.read_bytes()))
