"""Declarations of files: columns of tables, arrays of HDF5 stores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a table: name, kind (``"text"``, ``"int"``, ``"float"``), whether it may be absent, and its meaning."""

    name: str
    kind: str
    doc: str
    required: bool = True


@dataclass(frozen=True)
class Table:
    """A TSV with a header. Columns beyond the declared ones are kept and passed on."""

    name: str
    columns: tuple[Column, ...]
    version: int = 1

    @property
    def required(self) -> list[str]:
        """Names of the required columns."""
        return [column.name for column in self.columns if column.required]


@dataclass(frozen=True)
class Array:
    """An array of an HDF5 file: its path, kind (``"uint8"``, ``"float32"``, ``"text"``, ...) and axes."""

    path: str
    kind: str
    axes: str
    doc: str
    required: bool = True


@dataclass(frozen=True)
class Store:
    """An HDF5 file; its root carries schema, schema_version and tool_version, and the attributes listed here."""

    name: str
    arrays: tuple[Array, ...]
    attributes: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True)
class Archive:
    """A file with the layout of a library, such as a Keras archive; ``doc`` describes what lucidseq adds to it."""

    name: str
    doc: str
    version: int = 1


Schema = Table | Store | Archive
