"""Results given to the report, by kind."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lucidseq.core import manifest
from lucidseq.core.card import Card, read_card
from lucidseq.core.errors import DataError
from lucidseq.core.schema import SCHEMAS, Table
from lucidseq.core.tables import read_table
from lucidseq.report.recognise import PICTURE, WITHOUT_SECTION, damaged, kind_of, recognise

if TYPE_CHECKING:
    import pandas as pd

MANIFEST_FIELDS = {"software": dict, "tool": str, "command": str, "parameters": dict, "libraries": dict, "methods": dict}


@dataclass
class Results:
    """Files by kind.

    Attributes
    ----------
    cards
        Prefix the card was written under, and card, sorted.
    manifests
        Manifest documents, sorted by file name.
    tables
        Schema name to (label, table) pairs, sorted by label; the label is the prefix the files were written under.
    stores
        Schema name to paths of HDF5 files, sorted.
    pictures
        PNG files, sorted.
    skipped
        Files without a section in the report: networks and tracks, and in folders those of other programs.
    """

    cards: list[tuple[str, Card]] = field(default_factory=list)
    manifests: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[tuple[str, pd.DataFrame]]] = field(default_factory=dict)
    stores: dict[str, list[Path]] = field(default_factory=dict)
    pictures: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)

    def table(self, kind: str) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of a kind (``pips`` for ``lucidseq.pips``)."""
        return self.tables.get(f"lucidseq.{kind}", [])

    def store(self, kind: str) -> list[Path]:
        """Return the stores of a kind."""
        return self.stores.get(f"lucidseq.{kind}", [])


def read_results(paths: list[Path]) -> Results:
    """Read result files, or folders of them; neither order nor folders matter, and a file given twice counts once.

    Raises
    ------
    DataError
        If a file was not written by a lucidseq command, or is damaged.
    """
    results = Results()
    kinds = {path: recognise(path) for path in paths if path.is_file()}
    for folder in paths:
        if folder.is_dir():
            kinds |= _kinds_in(folder)
    for path in in_order(list(kinds)):
        kind = kinds[path]
        schema = SCHEMAS.get(kind)
        if kind == "lucidseq.card":
            card = read_card(path)
            stem = path.name.removesuffix(".json").removesuffix(".card")
            results.cards.append((stem.removesuffix(f".{card.tool}_{card.command}".replace("-", "_")), card))
        elif kind == manifest.SCHEMA:
            results.manifests.append(read_manifest(path))
        elif kind == PICTURE:
            results.pictures.append(path)
        elif kind == WITHOUT_SECTION:
            results.skipped.append(path)
        elif isinstance(schema, Table):
            try:
                table = read_table(path, schema)
            except (UnicodeDecodeError, zlib.error) as error:
                raise damaged(path, "a table", error) from error
            results.tables.setdefault(kind, []).append((label(path), table))
        else:
            results.stores.setdefault(kind, []).append(path)
    return results


def _kinds_in(folder: Path) -> dict[Path, str]:
    """Return the kind of each file of a folder; refuse one without results."""
    kinds = {path: kind_of(path) for path in _files_of(folder)}
    if not any(kinds.values()):
        expected = "a folder with files that lucidseq commands wrote"
        raise DataError(f"{folder.name}, a folder without results", expected, "name the folder of an --out", where=str(folder))
    return {path: kind or WITHOUT_SECTION for path, kind in kinds.items()}


def _files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that have content, without those of an earlier report."""
    files = [path for path in manifest.files_in(folder) if path.stat().st_size]
    reports = [f"{path}".removesuffix("report.html") for path in files if path.name.endswith(".report.html")]
    return [path for path in files if not any(f"{path}".startswith(report) for report in reports)]


def in_order(paths: list[Path]) -> list[Path]:
    """Return files by name; files of one name by content, once each."""
    same_name: dict[str, list[Path]] = {}
    for path in paths:
        same_name.setdefault(path.name, []).append(path)
    ordered: list[Path] = []
    for _, group in sorted(same_name.items()):
        if len(group) > 1:
            by_content = {manifest.sha256(path): path for path in group if path.is_file()}
            group = [path for _, path in sorted(by_content.items())]
        ordered += group
    return ordered


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest and check the fields that the report uses.

    Raises
    ------
    DataError
        If a field is missing or has another type.
    """
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    unusable = [name for name, kind in MANIFEST_FIELDS.items() if not isinstance(document.get(name), kind)]
    if not unusable and not {"name", "version"} <= set(document["software"]):
        unusable = ["software"]
    if unusable or document.get("schema_version") != manifest.SCHEMA_VERSION:
        raise DataError(
            f"a manifest without usable {', '.join(unusable) or 'schema_version'}",
            f"JSON with schema {manifest.SCHEMA}, version {manifest.SCHEMA_VERSION}",
            "give the *.manifest.json file that a lucidseq command wrote",
            where=str(path),
        )
    return document


def label(path: Path) -> str:
    """Return the prefix a file was written under.

    Examples
    --------
    >>> label(Path("out/simulated.trait.pips.tsv.gz"))
    'simulated.trait'
    """
    stem = path.name.removesuffix(".gz").removesuffix(".tsv").removesuffix(".h5")
    return stem.rpartition(".")[0] or stem
