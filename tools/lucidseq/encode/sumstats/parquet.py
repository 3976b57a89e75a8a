"""Summary statistics in parquet, as PolyFun writes them; needs pyarrow (an extra)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, missing_extra
from lucidseq.encode.sumstats.detect import ColumnLayout
from lucidseq.encode.sumstats.meanings import TEXTS, Meaning
from lucidseq.encode.sumstats.text import Block

_MAGIC = b"PAR1"
_ROWS = 200_000


def is_parquet(path: Path) -> bool:
    """Return whether a file starts with parquet's magic number."""
    with Path(path).open("rb") as handle:
        return handle.read(4) == _MAGIC


def open_parquet(path: Path) -> tuple[list[str], Callable[[ColumnLayout], Iterator[Block]]]:
    """Open a parquet file; return its column names, and a function that reads the columns of a layout in blocks.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    DataError
        If the file is damaged.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise missing_extra("pyarrow", "parquet") from error

    def damaged(error: Exception) -> DataError:
        fix = "create or copy the file again"
        return DataError(f"a parquet file that cannot be read ({str(error)[:200]})", "a whole parquet file", fix, where=str(path))

    try:
        file = parquet.ParquetFile(path)
        names = [str(name) for name in file.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise damaged(error) from error

    def blocks(layout: ColumnLayout) -> Iterator[Block]:
        first = 1
        chosen = sorted(set(layout.places.values()))
        texts = {at for meaning, at in layout.places.items() if meaning in TEXTS or meaning is Meaning.P}
        try:
            for batch in file.iter_batches(batch_size=_ROWS, columns=[names[at] for at in chosen]):
                columns = {at: _column(batch.column(names[at]), text=at in texts) for at in chosen}
                yield Block(pd.DataFrame(columns), np.arange(first, first + batch.num_rows))
                first += batch.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            raise damaged(error) from error

    return names, blocks


def _column(array, *, text: bool) -> pd.Series:  # type: ignore[no-untyped-def]  # a pyarrow.Array: not always installed
    if text:
        return pd.Series(["" if value is None else str(value) for value in array.to_pylist()], dtype=object)
    return pd.Series(array.to_numpy(zero_copy_only=False))
