"""HDF5 files in which a flipped bit is noticed: checksums over structure, attributes and data; and care with files that have none.

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

CHUNK_BYTES = 1 << 18  # of a chunk, and kept of an array while it is written: HDF5's own default varies (8 MB in 2.0)
_READ_BYTES = 1 << 20  # kept of an array while it is read: a chunk of genotypes
CHECKED = {"fletcher32": True}  # zlib's own sum misses some changes of arrays of small numbers
_COLUMN_ROWS = 1 << 14
TEXT_SUM = "text_sum"
_HEAP, _HEAP_BYTES = b"GCOL\x01\x00\x00\x00", 1 << 20


def column_rows(rows: int, row_bytes: int) -> int:
    """Return the rows of a chunk of a column that is written and read bit by bit: it fits into the cache."""
    return max(1, min(rows, _COLUMN_ROWS, CHUNK_BYTES // max(1, row_bytes)))


def create_file(path: Path) -> h5py.File:
    """Create a file in the format of HDF5 1.10, whose structures carry checksums; bytes repeat between runs."""
    return h5py.File(path, "w", track_order=False, libver="v110", rdcc_nbytes=CHUNK_BYTES)


def text_sum(store: h5py.File) -> int:
    """Return a checksum of the names and values of the attributes that are text: HDF5 keeps texts in a heap that has none."""
    texts = sorted((str(name), value) for name, value in store.attrs.items() if isinstance(value, str))
    digest = hashlib.sha256(json.dumps(texts).encode()).digest()
    return int.from_bytes(digest[:7], "big")


def refuse_changed_texts(store: h5py.File, path: Path) -> None:
    """Refuse a file whose texts among the attributes are not those it was written with; older ones do not say.

    Raises
    ------
    DataError
        If they differ.
    """
    said = store.attrs.get(TEXT_SUM)
    if said is not None and (not isinstance(said, int | np.integer) or int(said) != text_sum(store)):
        raise DataError(
            "an HDF5 file that is damaged (its attributes are not what was written)",
            "a whole file",
            "copy or make it again",
            where=str(path),
        )


def open_file(path: Path, refuse: Callable[[str], DataError]) -> h5py.File:
    """Open a file for reading.

    Parameters
    ----------
    path
        The file.
    refuse
        Makes the error of a file that is not HDF5, from what the library says.

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
    """Refuse a file whose heap of attributes' texts does not add up: the HDF5 library would walk over it for ever.

    The heaps of stores lie at the beginning, where attributes are written first.
    """
    try:
        with Path(path).open("rb") as handle:
            start = handle.read(_HEAP_BYTES)
    except OSError:
        return  # opening it says what is wrong
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
