"""Harmonised summary statistics, as every command that models them reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import SUMSTATS
from lucidseq.core.tables import read_table

if TYPE_CHECKING:
    import pandas as pd


def read_harmonised(path: Path) -> pd.DataFrame:
    """Read summary statistics, without rows whose z is missing.

    Raises
    ------
    DataError
        If a variant is repeated, n is missing, or z_kind changes within the file.
    """
    table = read_table(path, SUMSTATS, need_rows=True)
    if "rsid" not in table:
        table["rsid"] = ""
    double = table["variant_id"].duplicated()
    if double.any():
        row = int(double.to_numpy().argmax())
        raise DataError(
            f"variant {table['variant_id'].iloc[row]} twice", "each variant once", "remove one of the rows", where=place(path, line=row + 2)
        )
    wrong_n = ~(table["n"] > 2)
    if wrong_n.any():
        row = int(wrong_n.to_numpy().argmax())
        raise DataError(
            f"n = {table['n'].iloc[row]}", "more than 2 samples behind every variant", "fill the column n", where=place(path, line=row + 2)
        )
    kinds = sorted(table["z_kind"].unique())
    if len(kinds) > 1:
        raise DataError(f"z_kind {', '.join(kinds)} in one file", "one kind of test statistic", "split the file", where=str(path))
    usable: pd.DataFrame = table.loc[np.isfinite(table["z"].to_numpy())].reset_index(drop=True)
    return usable


class PositionIndex:
    """Rows of summary statistics by region, without a pass over the table for each."""

    def __init__(self, table: pd.DataFrame) -> None:
        ordered = table.sort_values("base_pair_location", kind="stable")["base_pair_location"]
        self._contigs = {str(contig): (rows.index.to_numpy(), rows.to_numpy()) for contig, rows in ordered.groupby(table["chromosome"])}

    def rows(self, contig: str, start: int, end: int) -> np.ndarray:
        """Return the rows inside a region (0-based, half-open), by position, int of shape (n,)."""
        rows, positions = self._contigs.get(contig, (np.empty(0, dtype=int), np.empty(0)))
        first, last = np.searchsorted(positions, [start + 1, end + 1])
        inside: np.ndarray = rows[first:last]
        return inside
