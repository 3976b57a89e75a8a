"""Features of intervals, by bioframe.

References
----------
Open2C et al. (2024) Bioinformatics 40:btae088 (bioframe).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError
from lucidseq.core.intervals import Intervals, read_bed
from lucidseq.encode.annotations.choices import BedValue, FeatureKind
from lucidseq.encode.annotations.feature_source import stem
from lucidseq.encode.annotations.targets import TargetRows
from lucidseq.encode.regions import require_shared

_MOST_NAMES = 1000


def interval_frame(intervals: Intervals) -> pd.DataFrame:
    """Return intervals as a bioframe table."""
    return pd.DataFrame({"chrom": intervals.contig, "start": intervals.start, "end": intervals.end})


def covered_share(rows: TargetRows, intervals: pd.DataFrame) -> np.ndarray:
    """Return the share of each row's bases inside the union of intervals, float64 of shape (rows,)."""
    import bioframe

    covered = bioframe.coverage(rows.frame(), intervals, suffixes=("", "_"))["coverage"].to_numpy(dtype=np.float64)
    share: np.ndarray = covered / (rows.end - rows.start)
    return share


def nearest_distance(rows: TargetRows, intervals: pd.DataFrame) -> np.ndarray:
    """Return the bases from each row to its nearest interval: 0 where they overlap, 1 where they touch, NaN on contigs without any."""
    import bioframe

    nearest = bioframe.closest(rows.frame(), intervals, return_index=True, suffixes=("", "_")).dropna(subset="distance")
    gap = nearest["distance"].to_numpy(dtype=np.float64)
    touching = (nearest["end_"] == nearest["start"]) | (nearest["start_"] == nearest["end"])
    distance = np.full(len(rows), np.nan)
    distance[nearest["index"].to_numpy(dtype=np.int64)] = gap + ((gap > 0) | touching.to_numpy(dtype=bool))
    return distance


class BedSource:
    """Features of a BED file (see `feature_source.Source`).

    Raises
    ------
    DataError
        If it shares no contig with the rows, a required name or score is missing, a score is not a number, or there are too many names.
    """

    def __init__(self, path: Path, value: BedValue, contigs: list[str]) -> None:
        self.path, self._value = path, value
        intervals = read_bed(path)
        self._frame = interval_frame(intervals)
        require_shared(contigs, self._frame["chrom"], path)
        self.names, self.kinds = [stem(path)], [FeatureKind.SHARE]
        if value is BedValue.NAME:
            intervals.require_names(path)
            labels, uniques = pd.factorize(intervals.name, sort=True)
            if len(uniques) > _MOST_NAMES:
                raise DataError(f"{len(uniques)} names", f"at most {_MOST_NAMES} categories", "use --bed-value overlap", where=str(path))
            self._frame["label"] = labels
            self.names = [f"{stem(path)}.{name}" for name in uniques]
            self.kinds = [FeatureKind.CATEGORY] * len(uniques)
        elif value is BedValue.SCORE:
            self._frame["score"] = intervals.scores(path)
            self.kinds = [FeatureKind.SCORE]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the features of rows."""
        if self._value is BedValue.OVERLAP:
            return covered_share(rows, self._frame)[:, None].astype(np.float32)
        import bioframe

        features = np.zeros((len(rows), len(self.names)), dtype=np.float32)
        pairs = bioframe.overlap(rows.frame(), self._frame, how="inner", return_index=True, suffixes=("", "_"))
        row = pairs["index"].to_numpy(dtype=np.int64)
        if self._value is BedValue.NAME:
            features[row, pairs["label_"].to_numpy(dtype=np.int64)] = 1
        else:
            largest = pairs.groupby("index")["score_"].max()
            features[largest.index.to_numpy(dtype=np.int64), 0] = largest.to_numpy()
        return features


class DistanceSource:
    """Distance to the nearest interval of a BED file (see `feature_source.Source`)."""

    def __init__(self, path: Path, contigs: list[str]) -> None:
        self.path = path
        self._frame = interval_frame(read_bed(path))
        require_shared(contigs, self._frame["chrom"], path)
        self.names, self.kinds = [f"{stem(path)}.distance"], [FeatureKind.DISTANCE]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the distance of rows."""
        return nearest_distance(rows, self._frame)[:, None].astype(np.float32)
