"""The page itself: one HTML file that needs neither network nor scripts."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING, Any

from lucidseq.core.card import Card
from lucidseq.report.figure import Figure
from lucidseq.report.trust import count, merged, number

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS, MAX_TEXT = 25, 60
HEADINGS = {
    "pip": "PIP",
    "pip_flat": "PIP, flat prior",
    "lead_pip": "lead PIP",
    "log_bayes_factor": "log Bayes factor",
    "rsid": "rsID",
    "purity_min": "smallest |r|",
    "target_name": "target",
    "ref_score": "REF",
    "alt_score": "ALT",
    "effect_sd": "sd over members",
    "variant_id": "variant",
    "n_variants": "variants",
    "n_genes": "genes tested",
    "p_value": "p",
    "q_value": "FDR",
    "gene_name": "gene",
    "standard_error": "SE",
    "gene_set": "gene set",
    "genes": "leading genes",
    "elbo": "ELBO",
    "score_weight": "weight of the score",
}


def render(
    *,
    title: str,
    findings: list[tuple[str, str, pd.DataFrame]],
    cards: list[tuple[str, Card]],
    figures: list[Figure],
    tables: list[tuple[str, str, pd.DataFrame]],
    facts: pd.DataFrame | None,
    methods: tuple[str, list[str]],
    versions: list[tuple[str, str]],
    settings: list[tuple[str, str]],
) -> str:
    """Return the HTML text.

    Parameters
    ----------
    findings
        Tables of the first section: title, note and rows with a verdict each (column ``trust``).
    cards
        Label and card.
    tables
        Title, note and table; long ones are cut to 25 rows.
    facts
        Planted facts and results, or None.
    methods
        Paragraph and citations.
    """
    import jinja2

    source = resources.files("lucidseq.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    checks = merged(cards)
    counts = count(checks)
    worst = next((verdict for verdict, number_of in counts.items() if number_of), "ok")
    text: str = environment.from_string(source).render(
        title=title,
        worst=worst,
        findings=[(name, note, cells(table), len(table)) for name, note, table in findings],
        checks=checks,
        counts=counts,
        figures=[(item, base64.b64encode(item.png).decode("ascii")) for item in figures],
        tables=[(name, note, cells(table), len(table)) for name, note, table in tables],
        max_rows=MAX_ROWS,
        facts=None if facts is None else facts.to_dict("records"),
        methods=methods[0],
        citations=methods[1],
        versions=versions,
        settings=settings,
    )
    return text


def cells(table: pd.DataFrame) -> dict[str, Any]:
    """Return the head of a table as text: columns (name, is it a number) and rows."""
    head = table.head(MAX_ROWS)
    columns = [(HEADINGS.get(str(name), str(name).replace("_", " ")), head[name].dtype.kind in "if") for name in head.columns]
    rows = [[_short(number(value)) for value in row] for row in head.itertuples(index=False)]
    return {"columns": columns, "rows": rows}


def _short(text: str) -> str:
    """Return a cell's text, cut where it is long; lists may break after their commas."""
    listed = text.replace(",", ", ") if "," in text and " " not in text else text
    return listed if len(listed) <= MAX_TEXT else listed[: MAX_TEXT - 3].rstrip(", ") + "..."
