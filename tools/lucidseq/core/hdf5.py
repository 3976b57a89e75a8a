"""HDF5 files with checksums over structure, attributes and data, so that a flipped bit is detected; and safe reading of files without.

References
----------
HDF5 File Format Specification, version 3.0: superblocks of version 3 (section II.A), object headers of version 2 (IV.A.1.b) and indices of
chunks (VII) carry checksums; the global heap (III.E) and data that is not filtered carry none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.errors import DataError

CHUNK_BYTES = 1 << 18  # of a chunk, and of the cache of an array that is written: HDF5's default varies (8 MB in 2.0)
_READ_BYTES = 1 << 20  # of the cache of an array that is read: a chunk of genotypes
CHECKED = {"fletcher32": True}  # zlib's checksum misses some changes of arrays of small numbers
_COLUMN_ROWS = 1 << 14
TEXT_SUM = "text_sum"
_HEAP, _HEAP_BYTES = b"GCOL\x01\x00\x00\x00", 1 << 20


def column_rows(rows: int, row_bytes: int) -> int:
    """Return the rows of a chunk of a column that is written and read in parts: it fits the cache."""
    return max(1, min(rows, _COLUMN_ROWS, CHUNK_BYTES // max(1, row_bytes)))


def create_file(path: Path) -> h5py.File:
    """Create a file in the format of HDF5 1.10, whose structures carry checksums; bytes repeat between runs."""
    return h5py.File(path, "w", track_order=False, libver="v110", rdcc_nbytes=CHUNK_BYTES)


def text_sum(store: h5py.File) -> int:
    """Return a checksum of the names and values of the attributes that are text: HDF5 keeps texts in a heap without checksum."""
    texts = sorted((str(name), value) for name, value in store.attrs.items() if isinstance(value, str))
    digest = hashlib.sha256(json.dumps(texts).encode()).digest()
    return int.from_bytes(digest[:7], "big")


def check_texts(store: h5py.File, path: Path) -> None:
    """Check the text attributes of a file against their checksum; older files have none.

    Raises
    ------
    DataError
        If they differ.
    """
    expected = store.attrs.get(TEXT_SUM)
    if expected is not None and (not isinstance(expected, int | np.integer) or int(expected) != text_sum(store)):
        received = "an HDF5 file that is damaged (its attributes have changed)"
        raise DataError(received, "a whole file", "copy or make it again", where=str(path))


def open_file(path: Path, refuse: Callable[[str], DataError]) -> h5py.File:
    """Open a file for reading.

    Parameters
    ----------
    path
        The file.
    refuse
        Makes the error of a file that is not HDF5, from the library's message.

    Raises
    ------
    DataError
        If it is not HDF5, or has a damaged heap.
    """
    _refuse_damaged_heap(path)
    try:
        return h5py.File(path, "r", rdcc_nbytes=_READ_BYTES)
    except (OSError, RuntimeError, KeyError) as error:
        raise refuse(str(error)) from error


def _refuse_damaged_heap(path: Path) -> None:
    """Refuse a file whose heap of attributes' texts has inconsistent sizes: the HDF5 library would read it without end.

    The heaps of stores are at the beginning, where attributes are written first.
    """
    try:
        with Path(path).open("rb") as handle:
            start = handle.read(_HEAP_BYTES)
    except OSError:
        return  # the error is raised when it is opened
    at = start.find(_HEAP)
    while at >= 0:
        end = at + int.from_bytes(start[at + 8 : at + 16], "little")
        item, whole = at + 16, True
        while whole and item + 16 <= min(end, len(start)):
            number, size = (int.from_bytes(start[item + a : item + b], "little") for a, b in ((0, 2), (8, 16)))
            item += size if number == 0 else 16 + -(-size // 8) * 8
            whole = item == end if number == 0 else item <= end
        if not whole:
            raise DataError("an HDF5 file that is damaged (its heap of texts)", "a whole file", "copy or make it again", where=str(path))
        at = start.find(_HEAP, at + 1)
