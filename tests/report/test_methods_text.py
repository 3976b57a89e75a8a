"""report: methods text, citations, options and tables follow what was run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lucidseq.contract.model import read_contract
from lucidseq.report.methods_text import TEXTS, describe, settings, versions
from lucidseq.report.page import cells
from lucidseq.report.results import Results
from lucidseq.report.run import summary_tables


def ran(tool: str, command: str, version: str = "1.0", **parameters: object) -> dict[str, Any]:
    """Return a manifest."""
    software = {"name": "lucidseq", "version": version}
    return {"tool": tool, "command": command, "software": software, "parameters": parameters, "libraries": {"numpy": "2.1"}}


def test_describe__follows_the_chain_and_cites_what_ran() -> None:
    text, citations = describe([ran("finemap", "locus"), ran("encode", "ld"), ran("other", "command")])
    assert text.startswith("Analyses were run with lucidseq 1.0. LD was computed") and "sum of single effects" in text
    assert any("SuSiE" in paper for paper in citations) and not any("MAGMA" in paper for paper in citations)
    assert describe([]) == ("", [])


def test_describe__names_the_attribution_method_that_was_used() -> None:
    deepshap, papers = describe([ran("attribute", "maps", method="deepshap", correct=True)])
    assert "DeepSHAP" in deepshap and "simplex" not in deepshap and not any("Majdandzic" in paper for paper in papers)
    saliency, papers = describe([ran("attribute", "maps", method="saliency", correct=True), ran("attribute", "maps", method="ism")])
    assert "gradients (saliency) and by mutagenesis" in saliency and "simplex" in saliency
    assert any("Majdandzic" in paper for paper in papers) and not any("DeepLIFT" in paper for paper in papers)


def test_describe__says_what_encode_was_given() -> None:
    harmonised = ran("encode", "sumstats") | {"inputs": {"input": [{"name": "a.tsv"}], "chain": [{"name": "b.chain"}]}}
    tested = ran("encode", "sumstats") | {"inputs": {"genotypes": [{"name": "a.h5"}]}}
    assert "harmonised, lifted over" in describe([harmonised])[0] and "tested" not in describe([harmonised])[0]
    assert "tested" in describe([tested])[0] and "harmonised" not in describe([tested])[0]
    both = describe([harmonised, tested])[0]
    assert "tested" in both and "harmonised" in both
    ldgm = ran("encode", "ld", ld_scores=True, shrinkage="auto") | {"inputs": {"input": [{"name": "x.edgelist.gz"}]}}
    text, papers = describe([ldgm])
    assert "published matrices" in text and "dosages" not in text and len(papers) == 3
    fitted = ran("encode", "matrix") | {"inputs": {"splits": [{"name": "s.tsv"}]}}
    assert "training samples alone" in describe([fitted])[0] and "all samples" in describe([ran("encode", "matrix")])[0]
    apart = ran("encode", "sequences", near_copies="separate", test_contigs="chr8") | {"inputs": {"positive": [{"name": "a.fa"}]}}
    text, papers = describe([apart])
    assert "reference genome" not in text and "held out" in text and "12-mers" in text and "MinHash" in papers[0]


def test_describe__knows_every_command() -> None:
    known = {(command.tool, command.command) for command in read_contract()} - {("report", "build"), ("check", "pipeline")}
    assert set(TEXTS) == known
    for tool, command in known - {("attribute", "maps")}:
        assert describe([ran(tool, command)])[0].endswith("."), command


def test_settings__say_once_what_shards_share() -> None:
    shards = [ran("effects", "variants", shard=f"{part}/2", batch_size=256, window=None) for part in (1, 2)]
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
