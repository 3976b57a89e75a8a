"""From correlations to a stored block: repaired, shrunk, of low rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lucidseq.core.errors import UsageError
from lucidseq.core.intervals import Interval
from lucidseq.core.ld import Factor, LdBlock, effective_rank
from lucidseq.encode.ld.shrinkage import shrink
from lucidseq.encode.ld.spectrum import low_rank, make_positive

AUTO = "auto"
_ROWS = 512


COMMONER = 0.55  # frequency from which an allele counts as the commoner one


@dataclass(frozen=True)
class Estimator:
    """How r is estimated from correlations.

    Attributes
    ----------
    weight
        Of the identity matrix; None: from the data.
    share
        Of the variance that a low-rank block keeps; None: the matrix itself.
    """

    weight: float | None
    share: float | None


@dataclass
class Tally:
    """Counts of the variants and blocks of a run."""

    counts: Counter[str] = field(default_factory=Counter)
    swapped: int = 0
    requested: int = 0  # variants of --variants in the loci
    matched: int = 0  # those that the panel has
    written: int = 0
    weights: list[float] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)
    repaired: int = 0
    smallest: float = 0.0
    repair_change: float = 0.0
    truncation: float = 0.0
    by_a1: int = 0  # matrices whose signs follow A1 of a .bim
    a1_known: int = 0  # their variants with a frequency of A1
    a1_commoner: int = 0

    def see_a1(self, frequency: np.ndarray) -> None:
        """Count a PLINK matrix with a .bim, and in how many variants A1 is the commoner allele by its frequencies."""
        self.by_a1 += 1
        self.a1_known += int(np.isfinite(frequency).sum())
        self.a1_commoner += int((frequency > COMMONER).sum())

    def quality(self) -> dict[str, float]:
        """Return the attributes of the store (see `core.ld.write_ld`)."""
        return {
            "qc_repaired": float(self.repair_change),
            "qc_requested": self.requested,
            "qc_unmatched": self.requested - self.matched,
            "qc_flipped": self.swapped,
        }


def parse_estimator(shrinkage: str, share: float | None) -> Estimator:
    """Read --shrinkage and --low-rank.

    Raises
    ------
    UsageError
        If the shrinkage is neither auto nor a number from 0 to 1, or the share is 0.
    """
    if share is not None and share <= 0:
        raise UsageError(f"--low-rank {share:g}", "a share of the variance above 0, up to 1", "give one such as 0.95")
    if shrinkage == AUTO:
        return Estimator(None, share)
    try:
        weight = float(shrinkage)
    except ValueError:
        weight = float("nan")
    if not 0 <= weight <= 1:
        raise UsageError(f"--shrinkage {shrinkage}", "auto, or a number from 0 (none) to 1", "correct the value")
    return Estimator(weight, share)


def make_block(
    locus: Interval,
    r: np.ndarray,
    ids: np.ndarray,
    estimator: Estimator,
    tally: Tally,
    *,
    positive: bool,
    weight: Callable[[np.ndarray], float],
    n_ref: float,
) -> LdBlock:
    """Return the block of a locus.

    Parameters
    ----------
    r
        Correlations, float32 of shape (p, p), changed in place.
    ids
        Names of the variants, shape (p,).
    positive
        Whether r has no negative eigenvalue by construction; otherwise it is checked and repaired.
    weight
        Returns the shrinkage for r where ``estimator`` has none.
    n_ref
        Samples behind r, NaN when unknown.
    """
    if not positive:
        r, repair = make_positive(r)
        if repair.change > 0:
            tally.repaired += 1
            tally.smallest = min(tally.smallest, repair.smallest)
            tally.repair_change = max(tally.repair_change, repair.change)
    chosen = weight(r) if estimator.weight is None else estimator.weight
    if estimator.share is None:
        r, factor = shrink(r, chosen), None
    else:  # of unshrunk r: the identity matrix has no leading eigenvectors
        leading = low_rank(r, estimator.share)
        factor = Factor(leading.vectors, leading.values * (1 - chosen))
        dense = factor.dense()
        tally.truncation = max(tally.truncation, _difference(shrink(r, chosen), dense))
        r = dense
    rank = effective_rank(r)
    tally.weights.append(chosen)
    tally.ranks.append(rank / len(r))
    tally.written += 1
    return LdBlock(locus.name, locus.contig, locus.start, locus.end, r, ids, factor, n_ref=n_ref, shrinkage=chosen, effective_rank=rank)


def _difference(first_r: np.ndarray, second_r: np.ndarray) -> float:
    return max(
        float(np.abs(first_r[first : first + _ROWS] - second_r[first : first + _ROWS]).max()) for first in range(0, len(first_r), _ROWS)
    )
