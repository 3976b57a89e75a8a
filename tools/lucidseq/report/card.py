"""Checks of the trust card of `report build`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lucidseq.core.card import Card
from lucidseq.report.result_files import Results
from lucidseq.report.trust import count, merged

if TYPE_CHECKING:
    import pandas as pd


def build_card(results: Results, facts: pd.DataFrame | None) -> Card:
    """Sum up the cards, and the planted facts."""
    card = Card("report", "build")
    counts = count(merged(results.cards))
    advice = "Do not use the results that the report marks with refuse."
    card.at_most("checks refused", counts["refuse"], 0, refuse_above=0, text="0", advice=advice)
    card.at_most("checks with caution", counts["caution"], 0, text="0", advice="Read their advice before using the numbers.")
    if not results.cards:
        card.at_least("trust cards", 0, 1, advice="Give the .card.json files too: without them no result is checked.")
    if facts is not None:
        advice = "Give the credible sets, PIPs and gene sets that the planted facts are to be compared with."
        card.at_least("planted facts compared", len(facts), 1, advice=advice)
        missed = int((facts["verdict"] != "ok").sum())
        card.at_most("planted facts missed", missed, 0, text="0", advice="The analysis did not recover everything that was planted.")
    return card
