"""Functional scores of variants, read from tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import Column, Table
from lucidseq.core.tables import read_table
from lucidseq.core.variants import align
from lucidseq.finemap.functional_prior import ScoreScale


class ScoreTable:
    """Standardised scores by variant; the largest where a variant has several (targets, files).

    Parameters
    ----------
    paths
        TSV files with ``variant_id`` and ``column``.
    column
        Name of the score column.

    Raises
    ------
    DataError
        If a file lacks a column, or no score is a finite number.
    """

    def __init__(self, paths: list[Path], column: str) -> None:
        schema = Table("variant scores", (Column("variant_id", "text", "Variant."), Column(column, "float", "Functional score.")))
        table = pd.concat([read_table(path, schema)[["variant_id", column]] for path in paths])
        table = table[np.isfinite(table[column])]
        if table.empty:
            expected = "at least one scored variant"
            raise DataError(f"no finite number in column {column}", expected, "check the scores", where=place(", ".join(map(str, paths))))
        largest = table.groupby("variant_id", sort=True)[column].max()
        self._index, self._values = pd.Index(largest.index), largest.to_numpy()
        self._scale = ScoreScale.of(self._values)

    def of(self, variants: np.ndarray) -> tuple[np.ndarray, int]:
        """Return standardised scores of the variants (0 where there is none), and the number that have one."""
        rows, _ = align(variants, self._index)
        scores = np.where(rows >= 0, self._values[rows], np.nan)
        return self._scale.standardise(scores), int((rows >= 0).sum())
