"""What a network's training found is repeated by the card of each command that applies it."""

from __future__ import annotations

import pytest

from lucidseq.core.card import Card
from lucidseq.nets.facts import Facts
from lucidseq.nets.model_card import check_model


@pytest.mark.parametrize(("lower", "verdict"), [(0.6, "ok"), (0.5, "refuse"), (0.3, "refuse")])
def test_network__no_better_than_chance_is_refused(lower: float, verdict: str) -> None:
    card = Card("effects", "variants")
    figures = {"CTCF": {"value": 0.7, "lower": lower, "upper": 0.8}}
    check_model(card, Facts("binary", ["CTCF"], 100, training={"validation": {"metric": "auroc", "targets": figures}}))
    assert [(check.name, check.verdict) for check in card.checks] == [("validation auroc of the training, CTCF", verdict)]
    assert card.checks[0].interval == (lower, 0.8)


def test_network__of_unknown_training_is_a_caution() -> None:
    card = Card("effects", "variants")
    check_model(card, None)
    assert [check.verdict for check in card.checks] == ["caution"]
