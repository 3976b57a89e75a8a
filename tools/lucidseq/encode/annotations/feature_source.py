"""Protocol of the sources of features."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from lucidseq.encode.annotations.choices import FeatureKind
from lucidseq.encode.annotations.targets import TargetRows

SUFFIXES = (".gz", ".bed", ".bw", ".bigwig", ".bigWig", ".narrowPeak", ".annot", ".tsv", ".txt", ".parquet", ".h5", ".attributions")


def stem(path: Path) -> str:
    """Return a file's name without suffixes, the name of its features.

    Examples
    --------
    >>> stem(Path("a/open.chromatin.bed.gz"))
    'open.chromatin'
    """
    name = path.name
    while (suffix := next((end for end in SUFFIXES if name.endswith(end) and name != end), "")) != "":
        name = name.removesuffix(suffix)
    return name


class Source(Protocol):
    """A source of features.

    Attributes
    ----------
    path
        Its file.
    names
        Names of its features.
    kinds
        Kind of each feature.
    """

    path: Path
    names: list[str]
    kinds: list[FeatureKind]

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return features, float32 of shape (rows, features); NaN where the source has no value."""
        ...
