"""What every genotype reader offers, whatever the format behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL

MULTIALLELIC, NO_ALTERNATE = "multi-allelic", "no alternate allele"


@dataclass(frozen=True)
class VariantChunk:
    """Some variants in file order.

    Attributes
    ----------
    contig, effect_allele, other_allele, rsid
        Object arrays of str, shape (variants,).
    start
        0-based positions, int64 of shape (variants,).
    dosage
        Copies of the effect allele, shape (variants, samples): int8 with -1 for missing, or float32 with NaN.
    """

    contig: np.ndarray
    start: np.ndarray
    effect_allele: np.ndarray
    other_allele: np.ndarray
    rsid: np.ndarray
    dosage: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: np.ndarray) -> VariantChunk:
        """Return the variants of a mask or of indices."""
        return VariantChunk(
            self.contig[rows], self.start[rows], self.effect_allele[rows], self.other_allele[rows], self.rsid[rows],
            self.dosage[rows],
        )  # fmt: skip


class GenotypeReader(Protocol):
    """A file of genotypes, read in chunks; memory does not grow with the number of variants.

    Attributes
    ----------
    path
        The file.
    samples
        Sample names in file order.
    hard_calls
        Whether chunks hold int8 calls rather than float32 dosages.
    skipped
        Rows left out by reason, counted while `chunks` runs.
    """

    path: Path
    samples: list[str]
    hard_calls: bool
    skipped: Counter[str]

    def chunks(self) -> Iterator[VariantChunk]:
        """Read the file once from its beginning."""
        ...


def as_float(dosage: np.ndarray) -> np.ndarray:
    """Return dosages as float32 with NaN for missing."""
    if dosage.dtype == np.int8:
        return np.where(dosage == MISSING_CALL, np.float32(np.nan), dosage.astype(np.float32))
    return dosage


def require_unique_samples(samples: list[str], path: Path) -> None:
    """Check that there are samples and that no name comes twice.

    Raises
    ------
    DataError
        Otherwise.
    """
    if not samples:
        raise DataError("zero samples", "genotypes of at least one individual", "give a file with genotype columns",
                        where=str(path))  # fmt: skip
    twice = [name for name, count in Counter(samples).items() if count > 1]
    if twice:
        raise DataError(f"sample {twice[0]} comes more than once", "sample names that differ", "rename the samples",
                        where=str(path))  # fmt: skip
