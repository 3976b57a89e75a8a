"""Tab-separated tables without a header, such as BED and GTF, parsed a block of lines at a time by array operations.

A block that is not a plain table (rows of several widths, comments in between) is left to the caller to read line by line, which also gives the line
number of a mistake.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from lucidseq.core.tables import is_gzip

BLOCK = 1 << 22  # bytes read together
_TAB, _NEWLINE, _ZERO, _NINE = ord("\t"), ord("\n"), ord("0"), ord("9")
_MOST_DIGITS = 18  # of an int64
_WORD = 64  # bytes of the longest text that is stored once for all its rows


def text_blocks(path: Path, marks: tuple[str, ...]) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines as UTF-8), about 4 MB at a time.

    Lines end in a newline alone; a byte-order mark, and lines before the first row (those that begin with a mark), are dropped.
    """
    number, words = 1, tuple(mark.encode() for mark in marks)
    with gzip.open(path, "rb") if is_gzip(path) else Path(path).open("rb") as handle:
        while data := handle.read(BLOCK):
            data += handle.readline()
            if b"\r" in data:
                data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if number == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
            if not data.isascii():
                data.decode()  # raises where it is not UTF-8, also in fields that are not read
            while data.startswith(words):
                data, number = data.partition(b"\n")[2], number + 1
            if data:
                yield number, data if data.endswith(b"\n") else data + b"\n"
            number += data.count(b"\n")


def table_lines(data: bytes, number: int, marks: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    r"""Yield (line number, line) of the lines that are not empty and do not begin with a mark.

    Examples
    --------
    >>> list(table_lines(b"#a\nb\n\nc\n", 1, ("#",)))
    [(2, 'b'), (4, 'c')]
    """
    for at, line in enumerate(data.decode().split("\n"), start=number):
        if line.strip() and not line.startswith(marks):
            yield at, line


def whole_number(text: str) -> int | None:
    """Return the number of a text of digits; None for other text, and for more than 64 digits."""
    return int(text) if text.isdecimal() and len(text) <= _WORD else None


@dataclass(frozen=True)
class TextTable:
    """Rows with equal numbers of fields.

    Attributes
    ----------
    data
        The rows as UTF-8, a line each.
    letters
        The same, uint8, padded with zeros.
    ends
        End of each field in ``data``, int64 of shape (rows, fields).
    """

    data: bytes
    letters: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, data: bytes, *, marks: tuple[str, ...]) -> TextTable | None:
        r"""Split rows into fields; None where there is none, a line begins with a mark, or rows differ in their number of fields.

        Examples
        --------
        >>> TextTable.of(b"c\t1\t5\nd\t20\t30\n", marks=("#",)).integers(1).tolist()
        [1, 20]
        >>> TextTable.of(b"c\t1\t5\nd\t20\n", marks=("#",)) is None
        True
        """
        letters = np.frombuffer(data + bytes(_WORD), dtype=np.uint8)
        places = np.flatnonzero(letters[: len(data)] <= _NEWLINE)  # tabs and newlines; any other control character breaks the pattern
        width = int(np.argmax(letters[places] == _NEWLINE)) + 1 if len(places) else 1
        if not len(places) or len(places) % width:
            return None
        ends = places.reshape(-1, width)
        if (letters[ends[:, :-1]] != _TAB).any() or (letters[ends[:, -1]] != _NEWLINE).any():
            return None
        table = cls(data, letters, ends)
        return None if table._has_marks(marks) else table

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def width(self) -> int:
        """Number of fields."""
        return int(self.ends.shape[1])

    def starts(self, column: int) -> np.ndarray:
        """Return the starts of a column's fields, int64 of shape (rows,)."""
        if column:
            return self.ends[:, column - 1] + 1
        return np.concatenate([[0], self.ends[:-1, -1] + 1])

    def integers(self, column: int) -> np.ndarray | None:
        """Return a column of whole numbers without a sign, int64 of shape (rows,); None where a field is not one, or too long."""
        grid, lengths = self.grid(column, _MOST_DIGITS)
        values = np.zeros(len(self), dtype=np.int64)
        if not lengths.min() or lengths.max() > _MOST_DIGITS:
            return None
        for at, letters in enumerate(grid.T[: lengths.max()]):
            inside = at < lengths
            if ((letters < _ZERO) | (letters > _NINE))[inside].any():
                return None
            values = np.where(inside, 10 * values + letters - _ZERO, values)
        return values

    def texts(self, column: int, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return a column of text, object; for columns in which most rows differ."""
        edges = zip(self.starts(column)[rows].tolist(), self.ends[rows, column].tolist(), strict=True)
        return np.array([self.data[start:end].decode() for start, end in edges], dtype=object)

    def words(self, column: int) -> np.ndarray:
        """Return a column of text, object; for columns with few distinct values, each stored once."""
        grid, lengths = self.grid(column, _WORD)
        if lengths.max() > _WORD:
            return self.texts(column)
        codes, number = np.zeros(len(self), dtype=np.int64), 1
        for eight in grid.view(np.uint64).T:
            parts, values = pd.factorize(eight)
            codes, number = (parts, len(values)) if number == 1 else _renumber(codes * len(values) + parts)
        first = np.empty(number, dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        return self.texts(column, first)[codes]

    def contains(self, column: int, letter: bytes) -> bool:
        """Return whether every field of a column contains a letter."""
        return bool((self.grid(column, _WORD)[0] == ord(letter)).any(axis=1).all())

    def grid(self, column: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return letters of a column's fields and the fields' lengths.

        Letters are uint8 of shape (rows, width), padded with zeros: the length of the longest field, or ``most``, rounded up to a multiple of 8.
        """
        starts = self.starts(column)
        lengths = self.ends[:, column] - starts
        width = -(-max(1, min(most, int(lengths.max()))) // 8) * 8
        letters = sliding_window_view(self.letters, width)[starts]
        letters *= np.arange(width) < lengths[:, None]
        return letters, lengths

    def _has_marks(self, marks: tuple[str, ...]) -> bool:
        starts = self.starts(0)
        suspects = starts[np.isin(self.letters[starts], [ord(mark[0]) for mark in marks])]
        words = tuple(mark.encode() for mark in marks)
        return any(self.data.startswith(words, start) for start in suspects.tolist())


def _renumber(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return codes from 0 on, and their number."""
    numbers, values = pd.factorize(codes)
    return numbers, len(values)
