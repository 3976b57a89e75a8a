"""How a join of two files is reported: what each of them has that the other lacks."""

from __future__ import annotations

from typing import NamedTuple

from lucidseq.core.card import Card
from lucidseq.core.log import get_logger

_log = get_logger("lucidseq.encode")


class JoinSide(NamedTuple):
    """One file of a join: what it holds, how many have no match in the other, of how many."""

    title: str
    unmatched: int
    total: int

    def __str__(self) -> str:
        return f"{self.unmatched:,} of {self.total:,} {self.title}"


def check_join(card: Card, name: str, first: JoinSide, second: JoinSide, *, most: float, advice: str) -> None:
    """Add how many of either side have no match; a caution where the share of the first side exceeds ``most``.

    Examples
    --------
    >>> card = Card("encode", "ld")
    >>> check_join(card, "variants", JoinSide("of --variants", 996, 1002), JoinSide("of the panel", 0, 6), most=0.1, advice="Check the build.")
    >>> card.checks[0].name, card.checks[0].value, card.checks[0].verdict.value
    ('not matched: variants', '996 of 1,002 of --variants; 0 of 6 of the panel', 'caution')
    """
    value = f"{first}; {second}"
    _log.info(f"not matched: {name}: {value}")
    threshold = f"<= {most:.0%} of those {first.title}"
    card.expect(f"not matched: {name}", value, first.unmatched <= most * first.total, threshold=threshold, advice=advice)
