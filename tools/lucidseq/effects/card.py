"""Checks of the trust card of `effects variants`."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.effects.scoring import DECIMALS, Scores
from lucidseq.effects.variant_sites import OUTSIDE, Sites


def variants_card(sites: Sites, scores: Scores, mismatches: int, agreement: float, *, scale: str, unknown_head: bool) -> Card:
    """Check the scale, the skipped alleles, and the agreement of strands and of the members of the ensemble.

    Parameters
    ----------
    mismatches
        Variants whose REF is not the base of the genome.
    agreement
        Correlation of the effects between strands, or NaN.
    scale
        Scale of the effects, in words.
    unknown_head
        Whether no activation was taken off a model that has no facts: its output may be a probability all the same.
    """
    card = Card("effects", "variants")
    _check_scale(card, scores, scale, unknown_head=unknown_head)
    total = len(sites.variants)
    share = mismatches / total
    verdict = Verdict.OK if share == 0 else Verdict.CAUTION if share < 0.05 else Verdict.REFUSE
    card.add("REF differs from the genome", share, verdict, threshold="0", advice="Variants and genome may be of different builds.")
    _add_skipped(card, sites)
    if np.isfinite(agreement):
        advice = "The predictions depend on the strand: train with reverse complements."
        card.at_least("agreement of effects between strands (correlation)", agreement, 0.7, advice=advice)
    if len(scores.effect) and scores.spread.any():
        strong = np.abs(scores.effect) >= np.quantile(np.abs(scores.effect), 0.99)
        ratio = float(np.median(scores.spread[strong] / np.abs(scores.effect[strong]).clip(1e-9)))
        advice = "The members disagree on the strongest effects: do not rank by them."
        card.at_most("ensemble spread of the strongest 1 %, relative", ratio, 0.5, advice=advice)
    else:
        advice = "The spread of the scores is unknown: train with --ensemble 3 or more."
        card.expect("ensemble", "one member", False, threshold=">= 2 members", advice=advice)
    return card


def _add_skipped(card: Card, sites: Sites) -> None:
    """Add the alleles that are not scored, by reason, as shares of the alleles read."""
    reasons = {reason: count for reason, count in sites.skipped.items() if reason != OUTSIDE}
    skipped, outside = sum(reasons.values()), sites.skipped[OUTSIDE]
    inside = len(sites.variants) + skipped
    advice = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "None."
    card.at_most("alleles skipped", skipped, 0.05 * inside, text="<= 5 %", advice=advice)
    card.add_shares(
        "share of alleles skipped", reasons, inside, 0.05, advice="They have no score; symbolic and long alleles need another method."
    )
    if outside:
        advice = f"{outside} of {inside + outside}; only variants inside --regions are scored."
        card.expect(f"share of alleles {OUTSIDE}", outside / (inside + outside), True, threshold="any", advice=advice)


def _check_scale(card: Card, scores: Scores, scale: str, *, unknown_head: bool) -> None:
    """Check that the scores look like logits or log rates, and that they depend on the variants."""
    both = np.concatenate([scores.ref, scores.alt])
    probability = unknown_head and len(both) > 0 and 0 <= both.min() < both.max() <= 1
    advice = "Effects are differences on this scale; end the model with an activation if it should be another."
    if probability:
        advice = "All scores are from 0 to 1, as probabilities are: if they are, end the model with its logit or with a sigmoid or softmax layer."
    card.expect("scale of the effects", scale, not probability, threshold="before the final activation", advice=advice)
    flat = int((scores.effect == 0).all(axis=0).sum()) if len(scores.effect) else 0
    advice = (
        f"Effects are 0 to {DECIMALS} decimals: the network does not depend on the sequence here, or its output is in too small a unit."
    )
    card.at_most("targets whose score no variant changes", flat, 0, advice=advice)
