"""Checks of a network that each command which applies one repeats on its own card."""

from __future__ import annotations

from lucidseq.core.card import Card, Verdict
from lucidseq.nets.facts import ADVICE_WITHOUT, EXPECTED, Facts
from lucidseq.nets.metrics import Estimate
from lucidseq.nets.prediction_intervals import LEVEL

CHANCE = {"auroc": 0.5, "pearson": 0.0}


def check_model(card: Card, facts: Facts | None) -> None:
    """Repeat what the training found: a network that has learnt nothing is none the better for being applied; a caution where nothing is known."""
    if facts is None:
        card.expect("model facts", "none", False, threshold=EXPECTED, advice=ADVICE_WITHOUT)
        return
    validation = facts.training.get("validation", {"targets": {}})
    for name, figures in validation["targets"].items():
        measure, advice = validation["metric"], "The network has learnt nothing that generalises (see the card of its training)."
        check_better_than_chance(card, f"validation {measure} of the training, {name}", Estimate(**figures), CHANCE[measure], advice)


def check_better_than_chance(card: Card, name: str, estimate: Estimate, chance: float, advice: str) -> None:
    """Refuse a figure whose interval does not exclude chance."""
    above, bounds = estimate.lower > chance, (estimate.lower, estimate.upper)
    card.expect(
        name,
        estimate.value,
        above,
        threshold=f"interval above {chance:g}",
        advice=advice,
        otherwise=Verdict.REFUSE,
        interval=bounds,
        level=LEVEL,
    )
