"""Summary of each feature, updated while rows are written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lucidseq.encode.annotations.feature_source import Source


class Summary:
    """Counts, moments and range of each feature over the rows that have a value."""

    def __init__(self, sources: list[Source]) -> None:
        rows = [(name, kind.value, source.path.name) for source in sources for name, kind in zip(source.names, source.kinds, strict=True)]
        self._features = pd.DataFrame(rows, columns=["feature", "kind", "source"])
        count = len(rows)
        self._rows = 0
        self._known, self._nonzero = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        self._mean, self._squares = np.zeros(count), np.zeros(count)
        self._minimum, self._maximum = np.full(count, np.inf), np.full(count, -np.inf)

    def add(self, values: np.ndarray) -> None:
        """Count rows: values of shape (rows, features), NaN where missing; moments by Chan's update, to keep precision."""
        known = ~np.isnan(values)
        number = known.sum(axis=0)
        filled = np.where(known, values, 0).astype(np.float64)
        mean = filled.sum(axis=0) / np.maximum(number, 1)
        squares = np.where(known, (filled - mean) ** 2, 0).sum(axis=0)
        total = self._known + number
        step = mean - self._mean
        share = np.divide(number, total, out=np.zeros(len(total)), where=total > 0)
        self._squares += squares + step**2 * self._known * share
        self._mean += step * share
        self._known, self._rows = total, self._rows + len(values)
        self._nonzero += (filled != 0).sum(axis=0)
        self._minimum = np.minimum(self._minimum, np.where(known, values, np.inf).min(axis=0))
        self._maximum = np.maximum(self._maximum, np.where(known, values, -np.inf).max(axis=0))

    def table(self) -> pd.DataFrame:
        """Return one row a feature (schema lucidseq.annotation_summary)."""
        known = self._known > 0
        deviation = np.sqrt(np.divide(self._squares, self._known, out=np.full(len(known), np.nan), where=known))
        return self._features.assign(
            rows=self._rows,
            missing=self._rows - self._known,
            nonzero=self._nonzero,
            mean=np.where(known, self._mean, np.nan),
            standard_deviation=deviation,
            minimum=np.where(known, self._minimum, np.nan),
            maximum=np.where(known, self._maximum, np.nan),
        )
