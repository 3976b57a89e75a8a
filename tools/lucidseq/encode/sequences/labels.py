"""Tables of targets, one row per sequence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.intervals import MOST_SCORE, Intervals
from lucidseq.core.tables import open_text
from lucidseq.encode.sequences.assign_splits import NAMES
from lucidseq.encode.sequences.choices import LabelColumn

_MOST_NAMES = 200  # distinct BED names that can be classes


@dataclass(frozen=True)
class Labels:
    """Targets by sequence name: float32 rows, and splits where the table has a column ``split``."""

    names: list[str]
    targets: dict[str, np.ndarray]
    splits: dict[str, int]


def read_labels(path: Path) -> Labels:
    """Read a TSV of ``id`` and targets, with an optional column ``split`` (train, valid or test).

    Raises
    ------
    DataError
        If a column or value is invalid, or a name is repeated; naming the line.
    """
    targets: dict[str, np.ndarray] = {}
    splits: dict[str, int] = {}
    with open_text(path) as handle:
        header = handle.readline().rstrip("\r\n").split("\t")
        names = [name for name in header[1:] if name != "split"]
        if header[0] != "id" or not names or len(set(header)) < len(header):
            expected = "id, then one column per target (and optionally split)"
            raise DataError(f"columns {', '.join(header)[:80]}", expected, "correct the header", where=place(path, line=1))
        for number, line in enumerate(handle, start=2):
            if not line.strip():
                continue
            where = place(path, line=number)
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != len(header):
                raise DataError(f"{len(fields)} fields", f"{len(header)}, as in the header", "correct the row", where=where)
            row = dict(zip(header, fields, strict=True))
            if row["id"] in targets:
                raise DataError(f"{row['id']} more than once", "one row per sequence", "remove one of the rows", where=where)
            targets[row["id"]] = np.array([_number(row[name], name, where) for name in names], dtype=np.float32)
            if "split" in row:
                if row["split"] not in NAMES:
                    raise DataError(f"split {row['split']!r}", f"one of {', '.join(NAMES)}", "correct the row", where=where)
                splits[row["id"]] = NAMES.index(row["split"])
    if not targets:
        raise DataError("zero rows", "a row for each sequence", "check the file", where=str(path))
    return Labels(names, targets, splits)


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not abs(value) <= MOST_SCORE:
        raise DataError(f"{name} = {text!r}", "a finite number", "correct the value, or remove the sequence", where=where)
    return value


def targets_of(labels: Labels, ids: list[str], path: Path, source: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return (targets of shape (n, targets); splits of shape (n,) or None) of sequences in order.

    Raises
    ------
    DataError
        If a sequence has no row.
    """
    absent = [name for name in ids if name not in labels.targets]
    if absent:
        expected = f"a row for each sequence (the table has {next(iter(labels.targets))}, ...)"
        fix = "use the same names in both files"
        raise DataError(f"{len(absent)} sequences of {source.name} without a row, such as {absent[0]}", expected, fix, where=str(path))
    targets = np.stack([labels.targets[name] for name in ids])
    return targets, np.array([labels.splits[name] for name in ids], dtype=np.uint8) if labels.splits else None


def bed_targets(regions: Intervals, column: LabelColumn, path: Path) -> tuple[list[str], np.ndarray]:
    """Return (target names; float32 targets of shape (regions, targets)) of a BED column.

    ``score`` is one number per region; ``name`` gives one binary target per distinct name.

    Raises
    ------
    DataError
        If a region has no name or score, a score is not a number, or there are too many names.
    """
    if column is LabelColumn.SCORE:
        return ["score"], regions.scores(path).astype(np.float32)[:, None]
    regions.require_names(path)
    codes, names = pd.factorize(regions.name, sort=True)
    if len(names) > _MOST_NAMES:
        fix = "use --label-column score or none"
        raise DataError(f"{len(names)} distinct names", f"at most {_MOST_NAMES} classes in column 4", fix, where=str(path))
    target = np.zeros((len(regions), len(names)), dtype=np.float32)
    target[np.arange(len(regions)), codes] = 1
    return names.tolist(), target
