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
ZIP_MAGIC = b"PK\x03\x04"
BIGWIG_MAGIC = (bytes.fromhex("26fc8f88"), bytes.fromhex("888ffc26"))
PICTURE, WITHOUT_SECTION = "picture", "without section"


def recognise(path: Path) -> str:
    """Return the name of a file's schema, such as ``lucidseq.pips``; ``picture`` for a PNG; ``without section`` for networks and tracks.

    JSON and HDF5 name their schema; a table has the schema with the most required columns among those its header fulfils.

    Raises
    ------
    DataError
        If the file is damaged, or was not written by a lucidseq command.
    """
    name = kind_of(path)
    if name is None:
        expected = "a file that a lucidseq command wrote"
        raise DataError(f"{path.name}, a file of unknown kind", expected, "remove it from --results", where=str(path))
    return name


def kind_of(path: Path) -> str | None:
    """Return what `recognise` does, or None for a file of unknown kind."""
    with path.open("rb") as handle:
        head = handle.read(8)
    if head == PNG_MAGIC:
        if not path.read_bytes().endswith(PNG_END):
            raise damaged(path, "PNG", OSError("it ends too early"))
        return PICTURE
    if (head[:4] == ZIP_MAGIC and path.suffix == ".keras") or head[:4] in BIGWIG_MAGIC:
        return WITHOUT_SECTION
    if head == HDF5_MAGIC:
        return _store_schema(path)
    return _json_schema(path) if head[:1] in (b"{", b"[") else _table_schema(path)


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
