"""The trust card of encoded haplotypes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.encode.haplotypes.choices import Polarization
from lucidseq.encode.haplotypes.polarity import UNKNOWN

_ENOUGH_SITES = 50  # per window, below which statistics of frequencies and LD are mostly noise (ReLERNN drops such windows)


def build_card(
    table: pd.DataFrame, removed: Counter[str], read: int, polarization: Polarization, *, accessibility_known: bool, several_sets: int
) -> Card:
    """Return the card of windows and sites.

    Parameters
    ----------
    table
        Every window (schema lucidseq.windows).
    removed
        Sites removed, by reason.
    read
        Sites read.
    polarization
        Allele that is counted.
    accessibility_known
        Whether a mask or accessible regions were given.
    several_sets
        Windows removed because a sample has heterozygous calls of several phase sets in them.
    """
    card = Card("encode", "haplotypes")
    kept = table[table["kept"] == 1]
    share = len(kept) / len(table)
    card.at_least("windows kept", share, 0.5, advice="Many windows were removed; the windows table shows why.")
    advice = "They were removed: phase the file further, or use shorter windows."
    card.at_most("windows with several phase sets of a sample", several_sets, 0, advice=advice)
    median = float(kept["sites"].median()) if len(kept) else 0.0
    advice = "Windows with few sites are not informative: use longer windows or more samples."
    card.at_least("sites of the median window", median, _ENOUGH_SITES, advice=advice)
    missing = float(np.average(kept["missing"].fillna(0), weights=np.maximum(kept["sites"], 1))) if len(kept) else 0.0
    advice = "Networks trained on simulations without missing calls do not apply: simulate the same missingness."
    card.below("missing calls", missing, 0.05, advice=advice)
    unknown = removed[UNKNOWN] / read
    polarised = polarization is Polarization.ANCESTRAL
    advice = "ALT is not the derived allele: use statistics that ignore polarity, or give ancestral alleles."
    card.expect(
        "counted allele", polarization.value, polarization is not Polarization.REFERENCE, threshold="ancestral or minor", advice=advice
    )
    if polarised:
        advice = "Such sites are not distributed at random: they may lower diversity."
        card.below("sites without a usable ancestral allele", unknown, 0.2, advice=advice)
    advice = "Every base counts as accessible: densities are too low where bases could not be called. Give a mask."
    card.expect("accessible bases", "given" if accessibility_known else "all", accessibility_known, threshold="given", advice=advice)
    return card
