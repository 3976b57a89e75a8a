"""What is known of the making of an LD store, repeated on the trust card of each command that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.card import Card

if TYPE_CHECKING:
    import h5py

FEW_SAMPLES = 500  # below, LD of other samples is noisy
MOST_REPAIRED = 0.05  # change of a correlation above which a repaired matrix is not that of the samples
MOST_UNMATCHED = 0.1  # of the variants asked for


@dataclass(frozen=True)
class LdQuality:
    """Quality of an LD store; NaN is unknown.

    Attributes
    ----------
    n_ref
        Samples behind the correlations; of blocks that differ, the fewest.
    repaired
        Largest change of a correlation when the matrix was made positive semidefinite.
    requested, unmatched
        Variants asked for, and those without a match in the panel.
    flipped
        Variants whose alleles were swapped to those asked for.
    """

    n_ref: float
    repaired: float
    requested: float
    unmatched: float
    flipped: float

    @classmethod
    def of(cls, store: h5py.File, n_ref: np.ndarray) -> LdQuality:
        """Read the attributes of an open store; ``n_ref`` is that of its blocks."""
        fewest = float(np.min(n_ref)) if len(n_ref) else float("nan")
        return cls(fewest, *(_number(store, name) for name in ("repaired", "requested", "unmatched", "flipped")))

    @property
    def matched(self) -> float:
        """Variants asked for that the panel has; 0 where unknown."""
        return self.requested - self.unmatched if self.requested >= self.unmatched else 0.0


def check_ld_quality(card: Card, quality: LdQuality, *, in_sample: bool) -> None:
    """Add what is known of an LD store to the card of a command that reads it."""
    few = 0 if in_sample else FEW_SAMPLES
    known = not np.isnan(quality.n_ref)
    advice = (
        "LD of few other samples is noisy: use a larger panel"
        if known
        else "give --n-ref when the LD is encoded: the noise of LD depends on it"
    )
    text = "known" if in_sample else None
    card.at_least("samples behind the LD", int(quality.n_ref) if known else None, few, text=text, advice=advice)
    if not np.isnan(quality.repaired):
        advice = "the LD was no correlation matrix and has been repaired: see the card of encode ld, check for swapped rows or signs"
        card.at_most(
            "largest change of a correlation by the repair of the LD", quality.repaired, 0, refuse_above=MOST_REPAIRED, advice=advice
        )
    if quality.requested > 0:
        advice = f"{quality.unmatched:g} of {quality.requested:g} variants have no LD, causal ones among them perhaps: use a panel of the same build and ancestry"
        share = quality.unmatched / quality.requested
        card.at_most("share of the variants asked for that the LD panel lacks", share, MOST_UNMATCHED, advice=advice)


def _number(store: h5py.File, name: str) -> float:
    value = store.attrs.get(f"qc_{name}")
    return float(value) if isinstance(value, int | float | np.integer | np.floating) else float("nan")
