"""Read and write TSV tables with a declared schema; gzip by suffix, reproducible bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import Table

if TYPE_CHECKING:
    import pandas as pd

_LEVEL, _GZIP = 6, 31  # of zlib: compression, and gzip's header without name and time
MISSING = "#NA"  # GWAS-SSF's mark; NA, nan and empty fields are read as missing too


def is_gzip(path: Path) -> bool:
    """Return whether a file starts with gzip's magic number (whatever its name)."""
    with Path(path).open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def open_text(path: Path) -> IO[str]:
    """Open a text file for reading, through gzip when its content is; a byte-order mark is dropped."""
    if is_gzip(path):
        return cast(IO[str], gzip.open(path, "rt", encoding="utf-8-sig", newline=None))
    return Path(path).open(encoding="utf-8-sig", newline=None)


def read_table(path: Path, schema: Table, *, need_rows: bool = False) -> pd.DataFrame:
    """Read a TSV and check it against a schema.

    Parameters
    ----------
    path
        TSV with a header, plain or gzip.
    schema
        Required columns and their kinds. Other columns are read as by pandas.
    need_rows
        Refuse a header without rows.

    Returns
    -------
    DataFrame with declared columns as str (missing: empty), int64 or float64 (missing: NaN).

    Raises
    ------
    DataError
        If the file is empty or damaged, a column or every row is missing, or a value is not of its kind (the line is named).
    """
    import pandas as pd

    text = {column.name: str for column in schema.columns if column.kind == "text"}
    try:
        marks = _missing_marks(schema)
        frame = pd.read_csv(open_text(path), sep="\t", dtype=text, keep_default_na=False, na_values=marks, low_memory=False)
    except pd.errors.EmptyDataError as error:
        expected = f"a TSV with columns {', '.join(schema.required)}"
        raise DataError("an empty table", expected, "make the file again", where=str(path)) from error
    except (pd.errors.ParserError, EOFError, OSError, zlib.error, UnicodeDecodeError) as error:
        received, expected = f"a table that cannot be read ({error})", f"a whole TSV ({schema.name})"
        raise DataError(received, expected, "make or copy the file again", where=str(path)) from error
    absent = [name for name in schema.required if name not in frame.columns]
    if absent:
        raise DataError(
            f"no column {', '.join(absent)} (columns: {', '.join(map(str, frame.columns))})",
            f"the columns of {schema.name}: {', '.join(schema.required)}",
            "rename or add the column, or give the file that a lucidseq command wrote",
            where=place(path, line=1),
        )
    if need_rows and frame.empty:
        raise DataError("a table without rows", f"a {schema.name} table with at least one row", "make the file again", where=str(path))
    for column in schema.columns:
        if column.name in frame.columns:
            frame[column.name] = _convert(frame[column.name], column.kind, path)
    return frame


def write_table(frame: pd.DataFrame, path: Path, schema: Table) -> None:
    """Write a table: declared columns first and in order, floats by shortest round-trip form, gzip by suffix (mtime 0).

    Raises
    ------
    ValueError
        If a required column is missing: a bug in the caller.
    """
    buffer = io.StringIO()
    # Empty text stays empty (such as no credible set); missing numbers become the mark
    frame[_ordered(frame, schema)].to_csv(buffer, sep="\t", index=False, na_rep=MISSING, lineterminator="\n")
    write_text(buffer.getvalue(), path)


class TextWriter(CloseOnExit):
    """Write UTF-8 text in parts, with the same bytes as `write_text`. Use as a context manager.

    Parameters
    ----------
    path
        The file; gzip without a time stamp when its name ends in .gz.
    """

    def __init__(self, path: Path) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115  # closed by close()
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if str(path).endswith(".gz") else None

    def write(self, text: str) -> None:
        """Append text."""
        data = text.encode("utf-8")
        self._file.write(data if self._packer is None else self._packer.compress(data))

    def close(self) -> None:
        """End the file; a second call does nothing."""
        if self._file.closed:
            return
        if self._packer is not None:
            self._file.write(self._packer.flush())
        self._file.close()


class TableWriter(TextWriter):
    """Write a table in parts, with the same bytes as `write_table`. Use as a context manager.

    Parameters
    ----------
    path
        The file; gzip when its name ends in .gz.
    schema
        Declared columns; each part has the same columns. Without parts, only the header of the required columns is written.
    """

    def __init__(self, path: Path, schema: Table) -> None:
        super().__init__(path)
        self._schema, self._columns = schema, list[str]()

    def append(self, frame: pd.DataFrame) -> None:
        """Append rows.

        Raises
        ------
        ValueError
            If a required column is missing: a bug in the caller.
        """
        first = not self._columns
        if first:
            self._columns = _ordered(frame, self._schema)
        self.write(frame[self._columns].to_csv(sep="\t", index=False, na_rep=MISSING, lineterminator="\n", header=first))

    def close(self) -> None:
        """End the file."""
        if not self._columns:
            self._columns = self._schema.required
            self.write("\t".join(self._columns) + "\n")
        super().close()


def _ordered(frame: pd.DataFrame, schema: Table) -> list[str]:
    """Return the columns of a table in the order they are written: declared ones first."""
    absent = [name for name in schema.required if name not in frame.columns]
    if absent:
        raise ValueError(f"{schema.name} lacks {absent}")
    declared = [column.name for column in schema.columns if column.name in frame.columns]
    return declared + [name for name in frame.columns if name not in declared]


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text, through gzip without a time stamp when the name ends in .gz."""
    with TextWriter(path) as writer:
        writer.write(text)


def _missing_marks(schema: Table) -> dict[str, list[str]]:
    marks = ["", MISSING, "NA", "NaN", "nan", "N/A", "null", "."]
    return {column.name: marks for column in schema.columns if column.kind != "text"}


def _convert(column: pd.Series, kind: str, path: Path) -> pd.Series:
    import pandas as pd

    if kind == "text":
        return column.replace(MISSING, "")
    numbers = pd.to_numeric(column, errors="coerce")
    invalid = numbers.isna() & column.notna()
    if kind == "int":
        invalid |= numbers.isna() | (numbers % 1 != 0)
    if invalid.any():
        row = int(invalid.to_numpy().argmax())
        expected, where = "a whole number" if kind == "int" else "a number, or #NA", place(path, line=row + 2)
        raise DataError(f"{column.name} = {column.iloc[row]!r}", expected, "correct the value", where=where)
    return numbers.astype("int64" if kind == "int" else "float64")
