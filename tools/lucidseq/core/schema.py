"""The declared columns and arrays of every file that tools exchange, in one namespace.

A tool that writes a file and a tool that reads it both go through `tables.py` or `stores.py` with one of these schemas, so a
change here is a change of the contract between the tools (and raises the schema's version).
"""

from __future__ import annotations

from lucidseq.core import schema_stores, schema_tables
from lucidseq.core.declarations import Archive as Archive
from lucidseq.core.declarations import Array as Array
from lucidseq.core.declarations import Column as Column
from lucidseq.core.declarations import Schema
from lucidseq.core.declarations import Store as Store
from lucidseq.core.declarations import Table as Table
from lucidseq.core.schema_stores import *  # noqa: F403
from lucidseq.core.schema_tables import *  # noqa: F403

MODEL = Archive(
    "lucidseq.model",
    "A Keras archive with `lucidseq.json` inside: dataset kind, encoding, targets, window, normalisation, training, intervals.",
)
_DECLARED = [MODEL, *vars(schema_tables).values(), *vars(schema_stores).values()]
SCHEMAS: dict[str, Schema] = {schema.name: schema for schema in _DECLARED if isinstance(schema, Archive | Table | Store)}
