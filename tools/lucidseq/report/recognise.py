"""Recognise result files by their contents."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from lucidseq.core import card, manifest
from lucidseq.core.errors import DataError
from lucidseq.core.schema import SCHEMAS, Store, Table
from lucidseq.core.tables import open_text

DOCUMENTS = {card.SCHEMA, manifest.SCHEMA}
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
PNG_MAGIC, PNG_END = b"\x89PNG\r\n\x1a\n", bytes.fromhex("0000000049454e44ae426082")
PICTURE = "picture"


def recognise(path: Path) -> str:
    """Return the name of a file's schema, such as ``lucidseq.pips``, or ``picture`` for a PNG.

    JSON and HDF5 name their schema; a table has the schema with the most required columns among those its header fulfils.

    Raises
    ------
    DataError
        If the file is damaged, or was not written by a lucidseq command.
    """
    if path.is_dir():
        raise DataError("a folder", "files that lucidseq commands wrote", "name the files in it", where=str(path))
    with path.open("rb") as handle:
        head = handle.read(8)
    name: str | None
    if head == PNG_MAGIC:
        if not path.read_bytes().endswith(PNG_END):
            raise damaged(path, "PNG", OSError("it ends too early"))
        name = PICTURE
    elif head == HDF5_MAGIC:
        name = _store_schema(path)
    elif head[:1] in (b"{", b"["):
        name = _json_schema(path)
    else:
        name = _table_schema(path)
    if name is None:
        expected = "a file that a lucidseq command wrote"
        raise DataError(f"{path.name}, a file of unknown kind", expected, "remove it from --results", where=str(path))
    return name


def _store_schema(path: Path) -> str | None:
    from lucidseq.core.hdf5 import open_file

    try:
        with open_file(path, lambda why: damaged(path, "HDF5", OSError(why))) as store:
            name = str(store.attrs.get("schema"))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise damaged(path, "HDF5", error) from error
    return name if isinstance(SCHEMAS.get(name), Store) else None


def _json_schema(path: Path) -> str | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, "JSON", error) from error
    name = document.get("schema") if isinstance(document, dict) else None
    return name if isinstance(name, str) and name in DOCUMENTS else None


def _table_schema(path: Path) -> str | None:
    try:
        with open_text(path) as handle:
            header = set(handle.readline().rstrip("\r\n").split("\t"))
    except (EOFError, OSError, zlib.error) as error:
        raise damaged(path, "gzip", error) from error
    except UnicodeDecodeError:
        return None
    tables = [schema for schema in SCHEMAS.values() if isinstance(schema, Table) and set(schema.required) <= header]
    return max(tables, key=lambda schema: len(schema.required)).name if tables else None


def damaged(path: Path, kind: str, error: Exception) -> DataError:
    """Build the error for a file that cannot be read to its end."""
    return DataError(
        f"{path.name}, {kind} that cannot be read ({error})",
        "a whole file that a lucidseq command wrote",
        "copy or make the file again",
        where=str(path),
    )
