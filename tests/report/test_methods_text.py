"""report: methods text, citations, options and tables follow what was run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lucidseq.contract.model import read_commands
from lucidseq.core.app import Methods
from lucidseq.core.options import fields_of
from lucidseq.report.methods_text import describe, settings, versions
from lucidseq.report.page import cells
from lucidseq.report.result_files import Results
from lucidseq.report.run import summary_tables

COMMANDS = {(command.tool.name, command.name): command for command in read_commands()}
NO_TEXT = {("report", "build"), ("check", "pipeline")}


def ran(tool: str, command: str, version: str = "1.0", **options: Any) -> dict[str, Any]:
    """Return what the report reads of a manifest."""
    inputs = ("model", "variants", "fasta", "dataset")
    software = {"name": "lucidseq", "version": version}
    declared = COMMANDS.get((tool, command))
    methods = declared.describe(declared.options(**options)) if declared else Methods()
    position = list(declared.tool.commands).index(command) if declared else 0
    return {
        "tool": tool,
        "command": command,
        "software": software,
        "parameters": {name: value for name, value in options.items() if name not in inputs},
        "libraries": {"numpy": "2.1"},
        "methods": {"position": position, "text": methods.text, "citations": list(methods.citations)},
    }


def test_describe__follows_the_chain_and_cites_what_ran() -> None:
    text, citations = describe([ran("finemap", "locus"), ran("encode", "ld"), ran("other", "command")])
    assert text.startswith("Analyses were run with lucidseq 1.0. LD was computed") and "sum of single effects" in text
    assert any("SuSiE" in paper for paper in citations) and not any("MAGMA" in paper for paper in citations)
    assert describe([]) == ("", [])


def test_describe__names_the_attribution_method_that_was_used() -> None:
    model = {"model": Path("m.keras"), "dataset": Path("d.h5")}
    deepshap, papers = describe([ran("attribute", "maps", method="deepshap", correct=True, **model)])
    assert "DeepSHAP" in deepshap and "simplex" not in deepshap and not any("Majdandzic" in paper for paper in papers)
    runs = [ran("attribute", "maps", method=method, correct=True, **model) for method in ("saliency", "ism", "ism")]
    saliency, papers = describe(runs)
    assert "gradients (saliency)" in saliency and saliency.count("mutagenesis") == 1 and "simplex" in saliency
    assert any("Majdandzic" in paper for paper in papers) and not any("DeepLIFT" in paper for paper in papers)


def test_describe__follows_what_encode_was_given() -> None:
    harmonised = ran("encode", "sumstats", input=Path("a.tsv"), chain=Path("b.chain"))
    tested = ran("encode", "sumstats", genotypes=Path("a.h5"), trait="y")
    assert "harmonised, lifted over" in describe([harmonised])[0] and "tested" not in describe([harmonised])[0]
    assert "tested" in describe([tested])[0] and "harmonised" not in describe([tested])[0]
    both = describe([harmonised, tested])[0]
    assert "tested" in both and "harmonised" in both
    text, papers = describe([ran("encode", "ld", ld_scores=True, shrinkage="auto", input=[Path("x.edgelist.gz")])])
    assert "published matrices" in text and "dosages" not in text and len(papers) == 3
    fitted = ran("encode", "matrix", genotypes=Path("g.h5"), splits=Path("s.tsv"))
    assert "training samples alone" in describe([fitted])[0]
    assert "all samples" in describe([ran("encode", "matrix", genotypes=Path("g.h5"))])[0]
    text, papers = describe([ran("encode", "sequences", near_copies="separate", test_contigs="chr8", positive=Path("a.fa"))])
    assert "reference genome" not in text and "held out" in text and "12-mers" in text and "MinHash" in papers[0]


@pytest.mark.parametrize("key", sorted(set(COMMANDS) - NO_TEXT), ids=" ".join)
def test_every_command__has_a_methods_sentence(key: tuple[str, str]) -> None:
    command = COMMANDS[key]
    required = {name: Path("x") for name, field in fields_of(command.options).items() if field.required}
    assert command.describe(command.options(**required)).text.endswith(".")


def test_settings__say_once_what_shards_share() -> None:
    given = {"model": Path("m.keras"), "variants": [Path("v.vcf")], "fasta": Path("g.fa")}
    shards = [ran("effects", "variants", shard=f"{part}/2", batch_size=256, window=None, **given) for part in (1, 2)]
    assert settings(shards) == [("effects variants", "batch-size=256")]
    assert versions([ran("a", "b"), ran("a", "c", version="2.0")]) == [("lucidseq", "1.0, 2.0"), ("numpy", "2.1")]


def test_tables__leave_out_idle_filters_and_empty_columns() -> None:
    counts = pd.DataFrame({"unit": "variants", "step": ["read", "idle", "frequency"], "removed": [0, 0, 4], "kept": [9, 9, 5]})
    genes = pd.DataFrame({"gene_name": ["A", "B"], "p_value": [0.5, 1e-9], "pip": float("nan"), "extra": 1})
    tables = Results(tables={"lucidseq.qc": [("x", counts), ("y", counts)], "lucidseq.genes": [("x", genes)]})
    shown = {title: table for title, _, table in summary_tables(tables)}
    assert shown["Quality control"]["step"].tolist() == ["read", "frequency"] * 2
    assert shown["Quality control"]["file"].tolist() == ["x", "x", "y", "y"]
    assert list(shown["Genes"].columns) == ["gene_name", "p_value"] and shown["Genes"]["gene_name"].tolist() == ["B", "A"]


def test_cells__cut_long_text_and_mark_numbers() -> None:
    shown = cells(pd.DataFrame({"genes": ["G1,G2," + "G3," * 40], "pip": [0.123456], "n": [7]}))
    assert shown["columns"] == [("leading genes", False), ("PIP", True), ("n", True)]
    (row,) = shown["rows"]
    assert row[0].startswith("G1, G2, G3, ") and row[0].endswith("...") and len(row[0]) <= 60 and row[1:] == ["0.1235", "7"]
    assert len(cells(pd.DataFrame({"n": range(100)}))["rows"]) == 25
