"""Result of a command's Python function: paths, the trust card, and the contents of the files, read on first use."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lucidseq.core.app import Command
from lucidseq.core.card import Card
from lucidseq.core.declarations import Table
from lucidseq.core.roles import Format, OutFile

if TYPE_CHECKING:
    import numpy as np


class Result:
    """The files of a finished command.

    Each output is an attribute: a table is a DataFrame, an HDF5 file a mapping of arrays that are read when indexed, JSON a
    dictionary, and every other file its path.

    Attributes
    ----------
    paths
        The files written, by name.
    card
        The trust card.
    """

    def __init__(self, command: Command, prefix: Path, card: Card, folder: TemporaryDirectory[str] | None = None) -> None:
        self.command, self.card = f"{command.tool.name} {command.name}", card
        self._folder = folder  # removed with the last reference to the result
        self._files = {name: file for name, file in command.outputs.items() if _path(prefix, file).exists()}
        self.paths = {name: _path(prefix, file) for name, file in self._files.items()}
        self._contents: dict[str, Any] = {"card": card}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._files:
            own = self.__dict__
            raise AttributeError(f"{name!r} is not an output of lucidseq {own.get('command')}: {', '.join(own.get('_files', ()))}")
        if name not in self._contents:
            self._contents[name] = _read(self.paths[name], self._files[name])
        return self._contents[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._files})

    def __repr__(self) -> str:
        lines = [f"lucidseq {self.command}: {self.card.verdict.value}"]
        lines += [f"  {check.verdict.value}: {check.name}. {check.advice}" for check in self.card.checks if check.verdict.value != "ok"]
        width = max(map(len, self.paths))
        return "\n".join([*lines, *(f"  .{name:<{width}}  {path}" for name, path in self.paths.items())])

    def _repr_html_(self) -> str:
        def row(*cells: object) -> str:
            return "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"

        checks = "".join(
            row(check.verdict.value, check.name, _shown(check.value), check.threshold, "" if check.verdict.value == "ok" else check.advice)
            for check in self.card.checks
        )
        files = "".join(row(f".{name}", path.name, self._files[name].help) for name, path in self.paths.items())
        title = html.escape(f"lucidseq {self.command}: {self.card.verdict.value}")
        return (
            f"<b>{title}</b><table><tr><th>verdict</th><th>check</th><th>value</th><th>expected</th><th>advice</th></tr>{checks}</table>"
            f"<table><tr><th>output</th><th>file</th><th>contents</th></tr>{files}</table>"
        )


class Arrays(Mapping[str, "np.ndarray"]):
    """The arrays of an HDF5 file, each read when it is indexed; ``attributes`` are those of the file's root.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        import h5py

        self.path = path
        self._names: list[str] = []
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: self._names.append(name) if isinstance(item, h5py.Dataset) else None)
            self.attributes = dict(file.attrs)

    def __getitem__(self, name: str) -> np.ndarray:
        import h5py

        from lucidseq.core.stores import read_text

        with h5py.File(self.path, "r") as file:
            if name not in self._names:
                raise KeyError(f"{name}; the file holds {', '.join(self._names)}")
            array = file[name]
            return read_text(array) if array.dtype.kind in "SO" else array[()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"arrays of {self.path.name}: {', '.join(self._names)}"


def _shown(value: float | str | None) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _path(prefix: Path, file: OutFile) -> Path:
    return prefix.parent / (prefix.name + file.suffix.rstrip("/"))


def _read(path: Path, file: OutFile) -> Any:
    if file.format is Format.HDF5:
        return Arrays(path)
    if file.format is Format.JSON:
        return json.loads(path.read_text(encoding="utf-8"))
    if file.format is not Format.TSV:
        return path
    if isinstance(file.schema, Table):
        from lucidseq.core.tables import read_table

        return read_table(path, file.schema)
    import pandas as pd

    return pd.read_csv(path, sep="\t", na_values=["#NA"])
