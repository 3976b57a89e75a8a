"""Recognise result files by what they hold."""

from __future__ import annotations

import json
from pathlib import Path

from lucidseq.core.errors import DataError
from lucidseq.core.schema import SCHEMAS, Table
from lucidseq.core.tables import open_text


def recognise(path: Path) -> str:
    """Return the name of a file's schema, such as ``lucidseq.pips``.

    JSON and HDF5 say it themselves; a table is the schema with the most required columns, all of which its header has.

    Raises
    ------
    DataError
        If the file is none of the suite's.
    """
    with Path(path).open("rb") as handle:
        head = handle.read(8)
    name = None
    if head == b"\x89HDF\r\n\x1a\n":
        import h5py

        with h5py.File(path, "r") as store:
            name = str(store.attrs.get("schema"))
    elif head[:1] in (b"{", b"["):
        name = _json_schema(path)
    else:
        name = _table_schema(path)
    if name is None or not name.startswith("lucidseq."):
        raise DataError(
            "a file of unknown kind", "a file that a lucidseq command wrote", "leave it out of --results", where=str(path)
        )  # fmt: skip
    return name


def _json_schema(path: Path) -> str | None:
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return str(document.get("schema")) if isinstance(document, dict) else None


def _table_schema(path: Path) -> str | None:
    with open_text(path) as handle:
        header = set(handle.readline().rstrip("\r\n").split("\t"))
    tables = [schema for schema in SCHEMAS.values() if isinstance(schema, Table) and set(schema.required) <= header]
    return max(tables, key=lambda schema: len(schema.required)).name if tables else None
