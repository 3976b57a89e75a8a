"""Read delimited text in blocks: every line must have as many fields as the header.

Pandas fills short lines and, when columns are selected, cuts long ones silently; so fields are counted first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.variants import MISSING

BLOCK = 1 << 24  # characters read at a time
LONGEST_LINE = 1 << 20
_SPACE, _TAB, _NEWLINE, _NUL = 32, 9, 10, 0


@dataclass(frozen=True)
class Block:
    """Whole lines of a table.

    Attributes
    ----------
    frame
        Selected columns by index; texts as str, others as pandas reads them (missing marks are NaN).
    line
        Line of each row in the file, from 1.
    """

    frame: pd.DataFrame
    line: np.ndarray


def find_separator(header: str) -> str:
    """Return what separates the columns of a header: tab, comma, or a space for any run of spaces and tabs."""
    if "\t" in header.strip():
        return "\t"
    return "," if "," in header and " " not in header.strip() else " "


def split_line(line: str, separator: str) -> list[str]:
    """Split a header into names."""
    return line.split() if separator == " " else line.rstrip("\n").split(separator)


def read_line(handle: IO[str], path: Path, number: int) -> str:
    """Read a line of limited length.

    Raises
    ------
    DataError
        If there is no end of line within a million characters.
    """
    line = handle.readline(LONGEST_LINE)
    if len(line) >= LONGEST_LINE:
        raise DataError(
            f"a line of more than {LONGEST_LINE} characters", "a table of text", "check the file", where=place(path, line=number)
        )
    return line


def read_blocks(
    handle: IO[str],
    *,
    separator: str,
    width: int,
    columns: Sequence[int],
    texts: Sequence[int],
    first_line: int,
    path: Path,
    whole: Sequence[int] = (),
    block: int = BLOCK,
) -> Iterator[Block]:
    """Read the rest of a table.

    Parameters
    ----------
    handle
        Text, after the header.
    separator
        As returned by `find_separator`.
    width
        Fields of each line.
    columns, texts
        Indices of the columns to read, and of the texts among them.
    first_line
        Number of the first line below the header.
    whole
        Columns of whole numbers; where one holds something else its text is returned.

    Raises
    ------
    DataError
        If a line has another number of fields, or the text cannot be parsed.
    """
    line = first_line
    while True:
        text = handle.read(block)
        if not text:
            return
        if not text.endswith("\n"):
            text += read_line(handle, path, line + text.count("\n"))
        data = text.encode("utf-8")
        rows, count = _check_lines(data, separator, width, line, path)
        if len(rows) < count:  # without blank lines and lines of tabs alone
            lines = data.split(b"\n")
            data = b"\n".join([lines[number - line] for number in rows])
        if len(rows):
            yield Block(_parse(data, separator, width, columns, texts, whole, len(rows), line, path), rows)
        line += count


def _check_lines(data: bytes, separator: str, width: int, first: int, path: Path) -> tuple[np.ndarray, int]:
    """Return the numbers of lines that are not blank, and how many lines there are; refuse those of another width."""
    codes = np.frombuffer(data, dtype=np.uint8)
    if (codes == _NUL).any():
        number = first + data[: data.index(b"\x00")].count(b"\n")
        raise DataError("a NUL byte", "text", "create or copy the file again", where=place(path, line=number))
    ends = np.flatnonzero(codes == _NEWLINE)
    if not len(ends) or ends[-1] != len(codes) - 1:
        ends = np.append(ends, len(codes))
    starts = np.concatenate([[0], ends[:-1] + 1])
    if separator == " ":
        filled = (codes != _SPACE) & (codes != _TAB) & (codes != _NEWLINE)
        opens = filled.copy()
        opens[1:] &= ~filled[:-1]
        fields = _count(np.flatnonzero(opens), starts, ends)
        odd = fields != width
    else:
        separators = _count(np.flatnonzero(codes == ord(separator)), starts, ends)
        fields = separators + 1
        odd = (fields != width) | (ends - starts == separators)  # other widths, and lines of separators alone
    full = np.ones(len(ends), dtype=bool)
    if odd.any():  # blank lines, and lines of another width
        filled = (codes != _SPACE) & (codes != _TAB) & (codes != _NEWLINE)
        if separator not in (" ", "\t"):
            filled &= codes != ord(separator)
        full = _count(np.flatnonzero(filled), starts, ends) > 0
        wrong = full & (fields != width)
        if wrong.any():
            row = int(wrong.argmax())
            fix = "check the line for missing values, spare separators and spaces in values"
            raise DataError(f"{int(fields[row])} fields", f"{width} fields, as in the header", fix, where=place(path, line=first + row))
    return np.flatnonzero(full) + first, len(ends)


def _count(places: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return how many of the sorted places lie in each line."""
    return np.searchsorted(places, ends) - np.searchsorted(places, starts)


def _parse(
    data: bytes,
    separator: str,
    width: int,
    columns: Sequence[int],
    texts: Sequence[int],
    whole: Sequence[int],
    rows: int,
    first: int,
    path: Path,
) -> pd.DataFrame:
    """Parse rows; columns of whole numbers that hold something else are returned as text."""
    chosen = sorted(set(columns))
    frame = _columns(data, separator, width, chosen, texts, first, path)
    if len(frame) != rows:
        fix = "check the quotes and line ends of the file"
        raise DataError(f"{len(frame)} rows in {rows} lines", "one row per line", fix, where=place(path, line=first))
    for at in whole:
        if frame[at].dtype.kind == "f":  # its text shows whether digits are lost
            frame[at] = _columns(data, separator, width, [at], [at], first, path)[at]
    return frame


def _columns(data: bytes, separator: str, width: int, chosen: Sequence[int], texts: Sequence[int], first: int, path: Path) -> pd.DataFrame:
    numbers = [str(at) for at in chosen if at not in texts]
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            sep=r"\s+" if separator == " " else separator,
            header=None,
            names=[str(at) for at in range(width)],
            usecols=[str(at) for at in chosen],
            dtype={str(at): str for at in texts},
            keep_default_na=False,
            na_values=dict.fromkeys(numbers, MISSING),
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=True,
            low_memory=False,
        )
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        expected = "a table with one value per field"
        fix = "create or copy the file again"
        raise DataError(f"a table that cannot be read ({error})", expected, fix, where=place(path, line=first)) from error
    frame.columns = pd.Index(chosen)
    return frame
