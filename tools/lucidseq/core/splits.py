"""Training, validation and test samples: the table of splits, joined to the samples of a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lucidseq.core.errors import DataError, place
from lucidseq.core.schema import SPLITS
from lucidseq.core.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


class Split(IntEnum):
    """Split of a sample, as stored."""

    TRAIN = 0
    VALID = 1
    TEST = 2


SPLIT_NAMES = tuple(split.name.lower() for split in Split)


@dataclass(frozen=True)
class Splits:
    """The splits of samples, in the order of the samples.

    Attributes
    ----------
    split
        uint8 of shape (samples,): `Split`.
    group
        Object array of shape (samples,): samples of a group stay together; the sample's name where it has no group.
    fold
        int64 of shape (samples,), from 1; 0 where there is none.
    only_table
        Samples of the table that the file does not have.
    """

    split: np.ndarray
    group: np.ndarray
    fold: np.ndarray
    only_table: int = 0

    @property
    def train(self) -> np.ndarray:
        """Mask of the training samples."""
        mask: np.ndarray = self.split == Split.TRAIN
        return mask


def read_splits(path: Path, samples: Sequence[str]) -> Splits:
    """Read a table of splits, in the order of the samples.

    Raises
    ------
    DataError
        If a sample occurs twice or has no row, or a split is none of train, valid and test.
    """
    import numpy as np

    frame = read_table(path, SPLITS, need_rows=True)
    unknown = ~frame["split"].isin(SPLIT_NAMES)
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        where = place(path, line=row + 2)
        raise DataError(f"split = {frame['split'].iloc[row]!r}", ", ".join(SPLIT_NAMES), "correct the value", where=where)
    repeated = frame["sample"].duplicated()
    if repeated.any():
        row = int(repeated.to_numpy().argmax())
        received, where = f"sample {frame['sample'].iloc[row]} occurs more than once", place(path, line=row + 2)
        raise DataError(received, "one row a sample", "remove one of the rows", where=where)
    row_of = {name: row for row, name in enumerate(frame["sample"])}
    absent = [name for name in samples if name not in row_of]
    if absent:
        raise DataError(
            f"no row for {len(absent)} of {len(samples)} samples, such as {', '.join(absent[:3])} (the table has "
            f"{', '.join(map(str, frame['sample'][:3]))}, ...)",
            "a row for each sample of the genotypes",
            "add the rows, or use the same names in both files",
            where=str(path),
        )
    frame = frame.iloc[[row_of[name] for name in samples]]
    own = np.array(list(samples), dtype=object)
    group = frame["group"].to_numpy(dtype=object) if "group" in frame.columns else own
    fold = frame["fold"].to_numpy(dtype=np.int64) if "fold" in frame.columns else np.zeros(len(own), dtype=np.int64)
    codes = np.array([SPLIT_NAMES.index(name) for name in frame["split"]], dtype=np.uint8)
    return Splits(codes, np.where(group == "", own, group), fold, len(row_of) - len(samples))


def digest(samples: Sequence[str]) -> str:
    """Return a SHA-256 of sample names, independent of their order, to identify the samples that a model was fitted on.

    Examples
    --------
    >>> digest(["a", "b"]) == digest(["b", "a"]) != digest(["ab"])
    True
    """
    return hashlib.sha256("\n".join(sorted(map(str, samples))).encode("utf-8")).hexdigest()
