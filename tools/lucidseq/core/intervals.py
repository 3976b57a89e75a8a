"""BED files as columns; mistakes are reported with their line numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.text_blocks import TextTable, table_lines, text_blocks, whole_number

MOST_SCORE = 3.4e38  # stores keep scores in 32 bits
MOST_BASES = 1 << 40  # no contig is longer; larger numbers are damaged
_NOT_ROWS = ("#", "track", "browser")
_NAME, _SCORE, _STRAND, _NARROW_PEAK = 3, 4, 5, 10  # columns, and narrowPeak's number of them
_STRANDS = {"+", "-", "."}


@dataclass(frozen=True)
class Interval:
    """A named interval of a contig, 0-based and half-open, for code that handles a few of them."""

    contig: str
    start: int
    end: int
    name: str


@dataclass(frozen=True)
class Intervals:
    """Intervals of contigs, 0-based and half-open, as columns of shape (intervals,).

    Attributes
    ----------
    contig
        Names, object.
    start, end
        int64.
    name
        Names, object; empty where the file gives none (see `labels`).
    strand
        ``+``, ``-`` or ``.``, object.
    score
        Column 5 as text, object; None where the file has no such column.
    summit
        narrowPeak's summit, in bases from the start, int64; -1 where the file gives none.
    """

    contig: np.ndarray
    start: np.ndarray
    end: np.ndarray
    name: np.ndarray
    strand: np.ndarray
    score: np.ndarray
    summit: np.ndarray

    @classmethod
    def of(
        cls,
        contig: Sequence[str] | np.ndarray | str,
        start: Sequence[int] | np.ndarray,
        end: Sequence[int] | np.ndarray,
        name: Sequence[str] | np.ndarray | str = "",
        strand: Sequence[str] | np.ndarray | str = ".",
    ) -> Intervals:
        """Return intervals without scores and summits; a single text is used for all rows.

        Examples
        --------
        >>> Intervals.of("c", [0, 10], [5, 20]).labels().tolist()
        ['c:0-5', 'c:10-20']
        """
        starts, ends = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
        count = len(starts)
        texts = [_full(count, values) if isinstance(values, str) else np.asarray(values, dtype=object) for values in (contig, name, strand)]
        return cls(texts[0], starts, ends, texts[1], texts[2], _full(count, None), np.full(count, -1, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: np.ndarray | slice) -> Intervals:
        """Return rows by mask, index or slice."""
        return Intervals(*(getattr(self, column.name)[rows] for column in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Intervals]) -> Intervals:
        """Return the intervals of several parts, in order."""
        parts = parts or [cls.of("", [], [])]
        return cls(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(cls)))

    def labels(self) -> np.ndarray:
        """Return names, object; contig:start-end (0-based) where the file gives none."""
        labels, nameless = self.name.copy(), np.flatnonzero(self.name == "")
        labels[nameless] = [self.label(row) for row in nameless.tolist()]
        return labels

    def label(self, row: int) -> str:
        """Return one row's label (see `labels`)."""
        return self.name[row] or f"{self.contig[row]}:{self.start[row]}-{self.end[row]}"

    def records(self) -> list[Interval]:
        """Return the rows as objects, each with its label."""
        columns = (self.contig.tolist(), self.start.tolist(), self.end.tolist(), self.labels().tolist())
        return [Interval(*row) for row in zip(*columns, strict=True)]

    def by_contig(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield contigs in the order of their first rows, each with its row numbers, rising."""
        codes, contigs = pd.factorize(self.contig)
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(contigs)))
        yield from ((str(contig), part) for contig, part in zip(contigs, np.split(order, ends), strict=False))  # the last part is empty

    def centres(self) -> np.ndarray:
        """Return the base in the middle of each interval: narrowPeak's summit where there is one, int64.

        Examples
        --------
        >>> Intervals.of("c", [100], [200]).centres().tolist()
        [150]
        """
        middle: np.ndarray = np.where(self.summit >= 0, self.start + self.summit, (self.start + self.end) // 2)
        return middle

    def require_names(self, path: Path) -> None:
        """Check that every interval has a name in column 4, where names are values and not only labels.

        Raises
        ------
        DataError
            With the first interval without name.
        """
        nameless = np.flatnonzero(self.name == "")
        if len(nameless):
            raise DataError(
                f"no name for {self.label(nameless[0])}",
                "a name in column 4 of every row",
                "add the column, or do not use names",
                where=place(path, contig=self.contig[nameless[0]]),
            )

    def scores(self, path: Path) -> np.ndarray:
        """Return the numbers in column 5, float64; they fit in 32 bits.

        Raises
        ------
        DataError
            If a row has no column 5, or no finite number in it.
        """
        try:
            values = self.score.astype(np.float64)  # None becomes NaN
        except (ValueError, TypeError):
            values = np.array([_number(score) for score in self.score.tolist()])
        wrong = ~(np.abs(values) <= MOST_SCORE)
        if wrong.any():
            self._refuse_score(int(np.argmax(wrong)), path)
        return values

    def _refuse_score(self, row: int, path: Path) -> NoReturn:
        where, score = place(path, contig=self.contig[row], item=f"region {self.label(row)}"), self.score[row]
        if score is None:
            raise DataError("no score", "a number in column 5 of every row", "add the column, or do not use scores", where=where)
        raise DataError(f"score = {score!r}", "a finite number in column 5", "correct it, or do not use scores", where=where)


def read_bed(path: Path) -> Intervals:
    """Read BED3 or wider (narrowPeak too), in the file's order.

    Raises
    ------
    DataError
        If a row has fewer than three fields, positions that are not whole numbers, an empty interval or an unknown
        strand, or if there is no row.
    """
    parts = [part for number, data in text_blocks(path, _NOT_ROWS) if len(part := _read_block(data, path, number))]
    if not parts:
        raise DataError("no intervals", "a BED file with at least one row", "check the file", where=str(path))
    return Intervals.join(parts)


def _read_block(data: bytes, path: Path, number: int) -> Intervals:
    table = TextTable.of(data, marks=_NOT_ROWS)
    if table is None or table.width == 1:  # comments, or rows of words between spaces
        rows = ("\t".join(_fields(line)) for _, line in table_lines(data, number, _NOT_ROWS))
        table = TextTable.of("".join(f"{row}\n" for row in rows).encode(), marks=_NOT_ROWS)
    read = None if table is None else _read_table(table)
    return _read_lines(data, path, number) if read is None else read


def _read_table(table: TextTable) -> Intervals | None:
    """Return the rows of a table; None where a row is not valid."""
    start, end = (table.integers(column) if column < table.width else None for column in (1, 2))
    if start is None or end is None or (end <= start).any() or end.max() > MOST_BASES:
        return None
    rows = Intervals.of(table.words(0), start, end)
    if table.width > _NAME:
        name = table.texts(_NAME)
        rows = replace(rows, name=np.where(name == ".", "", name))
    if table.width > _SCORE:
        rows = replace(rows, score=table.words(_SCORE))
    if table.width > _STRAND:
        rows = replace(rows, strand=table.words(_STRAND))
        if not set(rows.strand) <= _STRANDS:
            return None
    return replace(rows, summit=_summits(table, start, end)) if table.width == _NARROW_PEAK else rows


def _summits(table: TextTable, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the summits of rows of ten fields; -1 where they are not narrowPeak's."""
    offset = table.integers(_NARROW_PEAK - 1)
    if offset is not None and table.contains(6, b"."):  # signalValue, no thickStart
        capped: np.ndarray = np.minimum(offset, MOST_BASES)
        return capped
    extra = [table.texts(column) for column in range(6, _NARROW_PEAK)]
    return np.array([_summit(*row) for row in zip(start.tolist(), end.tolist(), *extra, strict=True)], dtype=np.int64)


def _summit(start: int, end: int, first: str, last: str, colour: str, offset: str) -> int:
    """Return one summit; BED's thickStart, thickEnd, itemRgb and blockCount are two positions inside the interval, a colour and a number."""
    if not offset.isdecimal():
        return -1
    is_colour = colour == "0" or colour.count(",") == 2
    if is_colour and first.isdecimal() and last.isdecimal() and start <= int(first) <= int(last) <= end:
        return -1
    return int(offset) if len(offset) < len(str(MOST_BASES)) else MOST_BASES


def _read_lines(data: bytes, path: Path, number: int) -> Intervals:
    """Read rows of any width one by one, and refuse the first that is not valid."""
    columns = list(zip(*(_parse(line, path, at) for at, line in table_lines(data, number, _NOT_ROWS)), strict=True)) or [()] * 7
    kinds = [object, np.int64, np.int64, object, object, object, np.int64]
    return Intervals(*(np.array(values, dtype=kind) for values, kind in zip(columns, kinds, strict=True)))


def _fields(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _parse(line: str, path: Path, number: int) -> tuple[str, int, int, str, str, str | None, int]:
    fields, where = _fields(line), place(path, line=number)
    start, end = (whole_number(text) for text in [*fields[1:_NAME], "", ""][:2])
    if start is None or end is None:
        raise DataError(f"{line[:80]!r}", "contig, start and end separated by tabs", "correct the row", where=where)
    if end > MOST_BASES:
        raise DataError(f"end {fields[2][:40]}", "a position on a chromosome", "correct the row", where=where)
    if end <= start:
        raise DataError(f"start {start}, end {end}", "start < end (0-based, half-open)", "correct the row", where=where)
    name = fields[_NAME] if len(fields) > _NAME else ""
    score = fields[_SCORE] if len(fields) > _SCORE else None
    strand = fields[_STRAND] if len(fields) > _STRAND else "."
    if strand not in _STRANDS:
        raise DataError(f"strand {strand!r}", "+, - or .", "correct the row", where=where)
    summit = _summit(start, end, *fields[_STRAND + 1 :]) if len(fields) == _NARROW_PEAK else -1
    return fields[0], start, end, "" if name == "." else name, strand, score, summit


def _full(count: int, value: str | None) -> np.ndarray:
    return np.full(count, value, dtype=object)


def _number(score: str | None) -> float:
    try:
        return math.nan if score is None else float(score)
    except ValueError:
        return math.nan
