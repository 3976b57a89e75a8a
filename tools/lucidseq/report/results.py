"""Everything given to the report, by kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lucidseq.core.card import Card, read_card
from lucidseq.core.schema import SCHEMAS, Table
from lucidseq.core.tables import read_table
from lucidseq.report.recognise import recognise

if TYPE_CHECKING:
    import pandas as pd

LARGE = {"lucidseq.genotypes", "lucidseq.sequences", "lucidseq.finemap_lbf", "lucidseq.base_truth"}  # never drawn


@dataclass
class Results:
    """Files by kind.

    Attributes
    ----------
    cards
        File stem (without ``.card.json``) and card, sorted.
    manifests
        Manifest documents, sorted by file name.
    tables
        Schema name to (label, table) pairs, sorted by label; the label is the prefix the files were written under.
    stores
        Schema name to paths of HDF5 files, sorted.
    """

    cards: list[tuple[str, Card]] = field(default_factory=list)
    manifests: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[tuple[str, pd.DataFrame]]] = field(default_factory=dict)
    stores: dict[str, list[Path]] = field(default_factory=dict)

    def table(self, kind: str) -> list[tuple[str, pd.DataFrame]]:
        """Return the tables of a kind (``pips`` for ``lucidseq.pips``)."""
        return self.tables.get(f"lucidseq.{kind}", [])

    def store(self, kind: str) -> list[Path]:
        """Return the stores of a kind."""
        return self.stores.get(f"lucidseq.{kind}", [])


def gather(paths: list[Path]) -> Results:
    """Read result files; order does not matter.

    Raises
    ------
    DataError
        If a file is none of the suite's, or damaged.
    """
    results = Results()
    for path in sorted(paths, key=lambda item: (item.name, str(item))):
        kind = recognise(path)
        if kind == "lucidseq.card":
            results.cards.append((path.name.removesuffix(".card.json"), read_card(path)))
        elif kind == "lucidseq.manifest":
            results.manifests.append(json.loads(path.read_text(encoding="utf-8")))
        elif isinstance(SCHEMAS.get(kind), Table):
            schema = SCHEMAS[kind]
            assert isinstance(schema, Table)
            results.tables.setdefault(kind, []).append((label(path), read_table(path, schema)))
        else:
            results.stores.setdefault(kind, []).append(path)
    return results


def label(path: Path) -> str:
    """Return the prefix a file was written under.

    Examples
    --------
    >>> label(Path("out/simulated.trait.pips.tsv.gz"))
    'simulated.trait'
    """
    stem = path.name.removesuffix(".gz").removesuffix(".tsv").removesuffix(".h5")
    return stem.rpartition(".")[0] or stem
