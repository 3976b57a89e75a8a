"""Custom content for MultiQC: trust cards, metrics and figures, in files that it recognises by name."""

from __future__ import annotations

import html
import json
from pathlib import Path

from lucidseq.core.card import Card
from lucidseq.report.figure import Figure
from lucidseq.report.result_files import Results
from lucidseq.report.trust import merged

FIGURES = 30


def escape(text: str) -> str:
    """Return text for a MultiQC table, which shows it as HTML; white space becomes one space.

    Examples
    --------
    >>> escape("<b>\\t5")
    '&lt;b&gt; 5'
    """
    return html.escape(" ".join(text.split()))


def write_multiqc(folder: Path, cards: list[tuple[str, Card]], results: Results, figures: list[Figure]) -> None:
    """Write ``*_mqc.json``, ``*_mqc.tsv`` and ``*_mqc.png`` into a new folder."""
    folder.mkdir()
    rows = {
        escape(f"{', '.join(row.labels)}: {row.command}: {row.check.name}"): {
            "verdict": row.check.verdict.value,
            "value": escape(row.value),
            "interval": escape(row.interval),
            "expected": escape(row.check.threshold),
            "advice": escape(row.check.advice),
        }
        for row in merged(cards)
    }
    document = {
        "id": "lucidseq_trust",
        "section_name": "lucidseq trust cards",
        "description": "Checks every lucidseq result carries.",
        "plot_type": "table",
        "pconfig": {"id": "lucidseq_trust_table", "title": "lucidseq: trust cards"},
        "data": rows,
    }
    (folder / "lucidseq_trust_mqc.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for name, table in results.table("metrics"):
        overall = table[table["group"] == "all"]
        lines = ["# id: lucidseq_metrics", "# section_name: lucidseq evaluation", "# plot_type: table", "Sample\tvalue\tlower\tupper"]
        lines += [
            f"{escape(f'{name} {row.target_name} {row.metric}')}\t{row.value:.6g}\t{row.lower:.6g}\t{row.upper:.6g}"
            for row in overall.itertuples()
        ]
        (folder / f"lucidseq_metrics_{name}_mqc.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for figure in figures[:FIGURES]:
        (folder / f"{figure.name}_mqc.png").write_bytes(figure.png)
