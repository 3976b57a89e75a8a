"""Verdicts of the checks of a trust card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lucidseq.core.card import Card, read_card
from lucidseq.core.errors import DataError


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.9, "ok"), (2, "ok"), (0.7, "caution"), (0.5, "caution"), (0.4, "refuse"), (float("nan"), "caution"), (None, "caution")],
)
def test_at_least__judges_a_number(value: float | None, verdict: str) -> None:
    card = Card("tool", "command")
    card.at_least("share", value, 0.9, refuse_below=0.5, advice="Look.")
    assert (card.checks[0].verdict, card.checks[0].threshold) == (verdict, ">= 0.9")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.1, "ok"), (-3, "ok"), (0.2, "caution"), (0.5, "caution"), (0.6, "refuse"), (float("nan"), "caution"), (None, "caution")],
)
def test_at_most__judges_a_number(value: float | None, verdict: str) -> None:
    card = Card("tool", "command")
    card.at_most("share", value, 0.1, refuse_above=0.5, advice="Look.", interval=(0.0, 1.0), level=0.95)
    assert (card.checks[0].verdict, card.checks[0].threshold, card.checks[0].level) == (verdict, "<= 0.1", 0.95)


def test_checks__without_a_second_bound_never_refuse_and_may_be_worded() -> None:
    card = Card("tool", "command")
    card.at_least("a", -1e9, 0, advice="Look.")
    card.at_most("b", 1e9, 0, text="none", advice="Look.")
    card.below("c", 0.05, 0.05, advice="Look.")
    card.below("d", 0.04, 0.05, advice="Look.")
    card.expect("e", "as meant", True, threshold="meant", advice="Look.")
    assert [check.verdict for check in card.checks] == ["caution", "caution", "caution", "ok", "ok"]
    assert [check.threshold for check in card.checks] == [">= 0", "none", "< 0.05", "< 0.05", "meant"]
    assert "c: 0.05 (expected < 0.05). Look." in card.to_text()
    assert "e: as meant (expected meant)" in card.to_text()


@pytest.mark.parametrize("change", [{"schema_version": 99}, {"schema": "lucidseq.manifest"}])
def test_read_card__refuses_another_schema_or_version(change: dict[str, object], tmp_path: Path) -> None:
    card = Card("a", "b")
    card.at_least("x", 1.0, 0.5, advice="")
    document = json.loads(card.to_json())
    (tmp_path / "good.json").write_text(json.dumps(document))
    assert read_card(tmp_path / "good.json").verdict == "ok"
    (tmp_path / "bad.json").write_text(json.dumps(document | change))
    with pytest.raises(DataError, match="not a trust card"):
        read_card(tmp_path / "bad.json")
