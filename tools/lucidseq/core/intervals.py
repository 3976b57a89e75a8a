"""BED files, read line by line so that a mistake is named with its line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text

MOST_SCORE = 3.4e38  # the stores keep scores in 32 bits
MOST_BASES = 1 << 40  # no contig is longer; larger numbers are damage, and would not fit the arrays


@dataclass(frozen=True)
class Interval:
    """A stretch of a contig, 0-based and half-open, with BED's optional fields.

    ``score`` is None where the file has no such column; ``named`` tells a name of the file from one made of the coordinates.
    """

    contig: str
    start: int
    end: int
    name: str
    score: str | None = None
    strand: str = "."
    extra: tuple[str, ...] = ()
    named: bool = True


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
    named = len(fields) > 3 and fields[3] not in ("", ".")
    name = fields[3] if named else f"{fields[0]}:{start}-{end}"
    strand = fields[5] if len(fields) > 5 else "."
    if strand not in ("+", "-", "."):
        raise DataError(f"strand {strand!r}", "+, - or .", "correct the row", where=where)
    return Interval(fields[0], start, end, name, fields[4] if len(fields) > 4 else None, strand, tuple(fields[6:]), named)


def require_names(intervals: list[Interval], path: Path) -> None:
    """Check that every interval has a name in column 4, where names are values and not mere labels.

    Raises
    ------
    DataError
        With the first interval that has none.
    """
    nameless = next((item for item in intervals if not item.named), None)
    if nameless is not None:
        raise DataError(
            f"no name for {nameless.name}",
            "a name in column 4 of every row",
            "add the column, or ask for no names",
            where=place(path, contig=nameless.contig),
        )


def read_score(interval: Interval, path: Path) -> float:
    """Return the number in column 5 of an interval, which fits in 32 bits.

    Raises
    ------
    DataError
        If there is no such column, or no finite number in it.
    """
    where = place(path, contig=interval.contig, item=f"region {interval.name}")
    if interval.score is None:
        raise DataError("no score", "a number in column 5 of every row", "add the column, or ask for no scores", where=where)
    try:
        score = float(interval.score)
    except ValueError:
        score = math.nan
    if not abs(score) <= MOST_SCORE:
        raise DataError(f"score = {interval.score!r}", "a finite number in column 5", "correct it, or ask for no scores", where=where)
    return score
