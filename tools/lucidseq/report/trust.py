"""The checks of all trust cards as rows of one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lucidseq.core.card import Card, Check, Verdict

if TYPE_CHECKING:
    import pandas as pd

WORST_FIRST = (Verdict.REFUSE, Verdict.CAUTION, Verdict.OK)


@dataclass(frozen=True)
class Row:
    """One check, and every card that has the same check.

    Attributes
    ----------
    command
        Tool and command.
    check
        The check.
    labels
        Labels of the cards: shards of one command often have equal checks.
    """

    command: str
    check: Check
    labels: tuple[str, ...]

    @property
    def value(self) -> str:
        """The value as text."""
        return number(self.check.value)

    @property
    def interval(self) -> str:
        """The interval as text; empty without one."""
        return f"[{', '.join(map(number, self.check.interval))}]" if self.check.interval else ""


def merged(cards: list[tuple[str, Card]]) -> list[Row]:
    """Return the checks, worst first; equal checks of several cards of one command are one row."""
    rows: dict[tuple[object, ...], list[str]] = {}
    checks: dict[tuple[object, ...], tuple[str, Check]] = {}
    for label, card in cards:
        command = f"{card.tool} {card.command}"
        for check in card.checks:
            key = (command, check.name, str(check.value), str(check.interval), check.verdict, check.threshold, check.advice)
            rows.setdefault(key, []).append(label)
            checks[key] = (command, check)
    unique = [Row(*checks[key], tuple(dict.fromkeys(labels))) for key, labels in rows.items()]
    return sorted(unique, key=lambda row: WORST_FIRST.index(row.check.verdict))


def as_table(rows: list[Row]) -> pd.DataFrame:
    """Return the rows as the table ``lucidseq.trust``."""
    import pandas as pd

    columns = {
        "verdict": [row.check.verdict.value for row in rows],
        "command": [row.command for row in rows],
        "check": [row.check.name for row in rows],
        "value": [row.value for row in rows],
        "interval": [row.interval for row in rows],
        "threshold": [row.check.threshold for row in rows],
        "advice": [" ".join(row.check.advice.split()) for row in rows],
        "results": [",".join(row.labels) for row in rows],
    }
    return pd.DataFrame(columns, dtype=str)


def count(rows: list[Row]) -> dict[str, int]:
    """Return the number of rows by verdict, worst first."""
    return {verdict.value: sum(row.check.verdict is verdict for row in rows) for verdict in WORST_FIRST}


def number(value: object) -> str:
    """Return a value of a card or table as text: four significant digits, empty where missing.

    Examples
    --------
    >>> number(0.123456), number(3), number(None), number(float("nan"))
    ('0.1235', '3', '', '')
    """
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return "" if value is None else str(value)
