"""BED files, read line by line so that a mistake is named with its line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text

MOST_BASES = 1 << 40  # no contig is longer; larger numbers are damage, and would not fit the arrays


@dataclass(frozen=True)
class Interval:
    """A stretch of a contig, 0-based and half-open, with BED's optional fields."""

    contig: str
    start: int
    end: int
    name: str
    score: str = "0"
    strand: str = "."
    extra: tuple[str, ...] = ()


def read_bed(path: Path) -> list[Interval]:
    """Read BED3 or wider (narrowPeak too); rows without a name are called contig:start-end (0-based).

    Raises
    ------
    DataError
        If a row has fewer than three fields, positions that are not whole numbers, an empty interval or an unknown
        strand, or if there is no row at all.
    """
    intervals = []
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip() and not line.startswith(("#", "track", "browser")):
                intervals.append(_parse(line.rstrip("\r\n"), path, number))
    if not intervals:
        raise DataError("no intervals", "a BED file with at least one row", "check the file", where=str(path))
    return intervals


def _parse(line: str, path: Path, number: int) -> Interval:
    fields = line.split("\t") if "\t" in line else line.split()
    where = place(path, line=number)
    if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()):
        raise DataError(f"{line[:80]!r}", "contig, start and end separated by tabs", "correct the row", where=where)
    start, end = int(fields[1]), int(fields[2])
    if end > MOST_BASES:
        raise DataError(f"end {fields[2][:40]}", "a position on a chromosome", "correct the row", where=where)
    if end <= start:
        raise DataError(f"start {start}, end {end}", "start < end (0-based, half-open)", "correct the row", where=where)
    name = fields[3] if len(fields) > 3 and fields[3] not in ("", ".") else f"{fields[0]}:{start}-{end}"
    strand = fields[5] if len(fields) > 5 else "."
    if strand not in ("+", "-", "."):
        raise DataError(f"strand {strand!r}", "+, - or .", "correct the row", where=where)
    return Interval(fields[0], start, end, name, fields[4] if len(fields) > 4 else "0", strand, tuple(fields[6:]))
