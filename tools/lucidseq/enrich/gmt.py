"""Gene sets in GMT."""

from __future__ import annotations

from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text


def read_gmt(path: Path) -> dict[str, list[str]]:
    """Read gene sets: name, description, genes, separated by tabs.

    Raises
    ------
    DataError
        If a row has no gene, a name is repeated, or there is no set.
    """
    sets: dict[str, list[str]] = {}
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            name, *rest = line.rstrip("\r\n").split("\t")
            members = [gene for gene in rest[1:] if gene]
            if not members:
                expected = "name, description and genes separated by tabs"
                raise DataError(f"gene set {name!r} without genes", expected, "correct the row", where=place(path, line=number))
            if name in sets:
                raise DataError(f"gene set {name!r} twice", "one row per set", "rename one", where=place(path, line=number))
            sets[name] = list(dict.fromkeys(members))
    if not sets:
        raise DataError("no gene sets", "a GMT file", "check the file", where=str(path))
    return sets
