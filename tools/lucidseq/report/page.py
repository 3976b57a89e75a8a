"""The page itself: one HTML file that needs neither network nor scripts."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING, Any

from lucidseq.core.card import Card
from lucidseq.report.figure import Figure

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 25


def render(
    *, title: str, cards: list[tuple[str, Card]], figures: list[Figure], tables: list[tuple[str, str, pd.DataFrame]],
    facts: pd.DataFrame | None, methods: tuple[str, list[str]], versions: list[tuple[str, str]], settings: list[tuple[str, str]],
) -> str:  # fmt: skip
    """Return the HTML text.

    Parameters
    ----------
    cards
        Label and card.
    tables
        Title, note and table; long ones are cut to 25 rows.
    facts
        Planted facts and what was found, or None.
    methods
        Paragraph and citations.
    """
    import jinja2

    source = resources.files("lucidseq.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    order = {"refuse": 0, "caution": 1, "ok": 2}
    rows = [
        {
            "card": label,
            "tool": f"{card.tool} {card.command}",
            "check": check,
            "value": _value(check.value),
            "interval": _interval(check),
        }
        for label, card in cards
        for check in card.checks
    ]
    rows.sort(key=lambda row: (order[row["check"].verdict.value], row["card"]))  # type: ignore[attr-defined]
    worst = min((card.verdict.value for _, card in cards), key=order.__getitem__, default="ok")
    text: str = environment.from_string(source).render(
        title=title, worst=worst, checks=rows, figures=[(item, base64.b64encode(item.png).decode("ascii")) for item in figures],
        tables=[(name, note, _cells(table), len(table)) for name, note, table in tables], max_rows=MAX_ROWS,
        facts=None if facts is None else facts.to_dict("records"), methods=methods[0], citations=methods[1],
        versions=versions, settings=settings,
        counts={verdict: sum(row["check"].verdict.value == verdict for row in rows) for verdict in order},  # type: ignore[attr-defined]
    )  # fmt: skip
    return text


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def _interval(check: Any) -> str:
    return f"[{check.interval[0]:.4g}, {check.interval[1]:.4g}]" if check.interval else ""


def _cells(table: pd.DataFrame) -> dict[str, Any]:
    head = table.head(MAX_ROWS)
    rows = [[_cell(value) for value in row] for row in head.itertuples(index=False)]
    return {"columns": [str(name).replace("_", " ") for name in head.columns], "rows": rows}


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
