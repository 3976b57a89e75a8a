"""Compare planted facts with results."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from lucidseq.core.errors import DataError
from lucidseq.core.schema import TRUTH_VARIANTS
from lucidseq.core.tables import read_table
from lucidseq.report.result_files import Results

COVERAGE_SHARE = 0.8  # of the planted variants that must lie in credible sets


def compare(results: Results, truth_variants: Path, truth: Path | None) -> pd.DataFrame:
    """Return one row for each planted fact that the results cover (schema lucidseq.facts).

    Raises
    ------
    DataError
        If the truth files hold no causal variant, or were not written by `simulate locus`.
    """
    names = read_table(truth_variants, TRUTH_VARIANTS)["variant_id"].tolist()
    if not names:
        raise DataError("no causal variants", "the .truth.variants.tsv of `simulate locus`", "give that file", where=str(truth_variants))
    rows = []
    if results.table("credible_sets"):
        rows.append(in_credible_sets(results, names))
    pips = pd.concat([table for _, table in results.table("pips")], ignore_index=True) if results.table("pips") else None
    if pips is not None and "pip_flat" in pips and pips["pip_flat"].notna().any():
        rows.append(score_helps(pips, names))
    if truth is not None and results.table("pathways"):
        rows.append(causal_set_first(results, truth))
    return pd.DataFrame(rows, columns=["fact", "planted", "found", "verdict"])


def in_credible_sets(results: Results, names: list[str]) -> tuple[str, str, str, str]:
    """Count the causal variants inside credible sets."""
    members = {name for _, table in results.table("credible_sets") for variants in table["variants"] for name in variants.split(",")}
    covered = sum(name in members for name in names)
    verdict = "ok" if covered >= COVERAGE_SHARE * len(names) else "missed"
    return "causal variants inside 95 % credible sets", str(len(names)), str(covered), verdict


def score_helps(pips: pd.DataFrame, names: list[str]) -> tuple[str, str, str, str]:
    """Compare the mean PIP of the causal variants with the network's score and without."""
    causal = pips[pips["variant_id"].isin(names)]
    with_score, flat = causal["pip"].sum() / len(names), causal["pip_flat"].sum() / len(names)
    verdict = "ok" if with_score > flat else "missed"
    return ("mean PIP of causal variants with the network's score", f"above {flat:.3f} (flat prior)", f"{with_score:.3f}", verdict)


def causal_set_first(results: Results, truth: Path) -> tuple[str, str, str, str]:
    """Return the rank of the causal gene set in the competitive test."""
    try:
        name = str(json.loads(truth.read_text(encoding="utf-8"))["causal_gene_set"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("no causal_gene_set", "the .truth.json of `simulate locus`", "give that file", where=str(truth)) from error
    table = pd.concat([rows for _, rows in results.table("pathways")], ignore_index=True)
    ranked = table[table["method"] == "competitive"].sort_values("p_value", kind="stable")["gene_set"].tolist()
    rank = ranked.index(name) + 1 if name in ranked else None
    first = f"{ranked[0] if ranked else 'no set'} (causal set: rank {rank or 'none'} of {len(ranked)})"
    return "causal gene set ranked first", name, first, "ok" if rank == 1 else "missed"
