"""Checks of the trust cards of `simulate locus` and `simulate sequences`."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card
from lucidseq.simulate.regulatory_code import CodeSet
from lucidseq.simulate.simulated_study import SimulatedStudy


def locus_card(study: SimulatedStudy) -> Card:
    """Check that the simulated study has the requested properties."""
    card = Card("simulate", "locus")
    realised, requested = study.realised_heritability, study.options.heritability
    card.expect(
        "heritability in the sample",
        realised,
        abs(realised - requested) <= 0.1,
        threshold=f"{requested:g} +- 0.1",
        advice="Few samples: their heritability differs from the requested one.",
    )
    variants = len(study.haplotypes.position)
    card.at_least("variants", variants, 100, advice="Few variants: lengthen --genotyped-length or raise --samples.")
    placed = sum(len(item.starts) for item in study.landscapes.values())
    requested_peaks = study.options.peaks
    advice = "The contigs are too short for that many peaks."
    card.at_least("peaks placed", placed, 0.95 * requested_peaks, text=f">= 95 % of {requested_peaks}", advice=advice)
    return card


def sequences_card(positive: CodeSet, negative: CodeSet) -> Card:
    """Check whether base composition alone separates the classes."""
    card = Card("simulate", "sequences")
    gap = abs(float(np.isin(positive.codes, (1, 2)).mean()) - float(np.isin(negative.codes, (1, 2)).mean()))
    advice = "Base composition alone separates the classes in part: report a composition baseline."
    card.below("GC difference between classes", gap, 0.1, advice=advice)
    return card
