"""`report build`: files to one page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import UsageError
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import FACTS, TRUST
from lucidseq.core.tables import write_table
from lucidseq.report import methods_text, page
from lucidseq.report.cli import BuildOptions
from lucidseq.report.enrichment import enrichment_figures
from lucidseq.report.facts import compare
from lucidseq.report.figure import Figure, named_for_files
from lucidseq.report.loci import locus_figures
from lucidseq.report.multiqc import write_multiqc
from lucidseq.report.networks import network_figures
from lucidseq.report.pictures import picture_figures
from lucidseq.report.quantiles import quantile_figure
from lucidseq.report.results import Results, gather
from lucidseq.report.trust import as_table, count, merged
from lucidseq.report.variants import variant_figures

# Kind, title, note, columns shown, sorted by, descending
TABLES = (
    (
        "metrics",
        "Evaluation",
        "With 95 % bootstrap intervals.",
        ["target_name", "group", "metric", "value", "lower", "upper", "n"],
        None,
        False,
    ),
    (
        "credible_sets",
        "Credible sets",
        "Each holds a causal variant with the stated probability, if the model is right.",
        ["locus", "credible_set", "size", "coverage", "purity_min", "log_bayes_factor", "lead_variant", "lead_pip"],
        None,
        False,
    ),
    (
        "pips",
        "Variants of highest PIP",
        "Read beside the credible sets.",
        ["locus", "variant_id", "rsid", "z", "pip", "pip_flat", "prior", "credible_set"],
        "pip",
        True,
    ),
    (
        "effects",
        "Variants of largest predicted effect",
        "Difference of the network's output between the alleles.",
        ["variant_id", "rsid", "target_name", "ref_score", "alt_score", "effect", "effect_sd"],
        "score",
        True,
    ),
    (
        "genes",
        "Genes",
        "By p-value.",
        ["gene_name", "contig", "start", "end", "n_variants", "p_value", "q_value", "pip", "lead_variant"],
        "p_value",
        False,
    ),
    (
        "pathways",
        "Gene sets",
        "By p-value; each set appears once for each test.",
        ["gene_set", "method", "n_genes", "estimate", "standard_error", "p_value", "q_value", "genes"],
        "p_value",
        False,
    ),
    (
        "qc",
        "Quality control",
        "What was read, and what each filter removed; filters that removed nothing are left out.",
        ["unit", "step", "removed", "kept"],
        None,
        False,
    ),
    (
        "locus_fits",
        "Fits",
        "One row a locus.",
        ["locus", "n_variants", "n", "credible_sets", "converged", "iterations", "elbo", "residual_variance", "score_weight"],
        None,
        False,
    ),
)


def build(options: BuildOptions, out: OutputSet) -> Card:
    """Build the report (options as in cli.py)."""
    if options.truth is not None and options.truth_variants is None:
        raise UsageError("--truth without --truth-variants", "both", "give the truth files of `simulate locus` together")
    found = gather(options.results)
    facts = compare(found, options.truth_variants, options.truth) if options.truth_variants is not None else None
    figures = named_for_files(
        picture_figures(found)
        + network_figures(found)
        + quantile_figure(found)
        + locus_figures(found, options.gtf)
        + variant_figures(found)
        + enrichment_figures(found)
    )
    text = page.render(
        title=options.title,
        cards=found.cards,
        figures=figures,
        tables=summary_tables(found),
        facts=facts,
        methods=methods_text.describe(found.manifests),
        versions=methods_text.versions(found.manifests),
        settings=methods_text.settings(found.manifests),
    )
    out["report"].write_text(text, encoding="utf-8")
    write_figures(out["figures"], figures)
    write_table(as_table(merged(found.cards)), out["trust"], TRUST)
    write_multiqc(out["multiqc"], found.cards, found, figures)
    if facts is not None:
        write_table(facts, out["facts"], FACTS)
    return make_card(found, facts)


def summary_tables(found: Results) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the tables of the page: title, note, rows to show."""
    shown = []
    for kind, title, note, columns, key, descending in TABLES:
        given = found.table(kind)
        if not given:
            continue
        table = pd.concat([rows.assign(file=name) for name, rows in given], ignore_index=True)
        if kind == "qc":
            table = table[(table["removed"] != 0) | (table["step"] == "read")]
        if key is not None:
            table = table.sort_values(key, ascending=not descending, kind="stable")
        wanted = [name for name in columns if name in table.columns and (table.empty or table[name].notna().any())]
        shown.append((title, note, table[wanted if len(given) == 1 else [*wanted, "file"]]))
    return shown


def write_figures(folder: Path, figures: list[Figure]) -> None:
    """Write pictures, and the numbers behind them."""
    folder.mkdir()
    for figure in figures:
        (folder / f"{figure.name}.png").write_bytes(figure.png)
        if not len(figure.numbers.columns):  # a picture that was given
            continue
        figure.numbers.to_csv(folder / f"{figure.name}.tsv", sep="\t", index=False, na_rep="#NA", lineterminator="\n")


def make_card(found: Results, facts: pd.DataFrame | None) -> Card:
    """Sum up the cards, and the planted facts."""
    card = Card("report", "build")
    counts = count(merged(found.cards))
    refused, doubtful = counts["refuse"], counts["caution"]
    card.add(
        "checks refused",
        refused,
        Verdict.OK if not refused else Verdict.REFUSE,
        threshold="0",
        advice="See which results the report says not to use.",
    )
    card.add(
        "checks with caution",
        doubtful,
        Verdict.OK if not doubtful else Verdict.CAUTION,
        threshold="0",
        advice="Read their advice before using the numbers.",
    )
    if not found.cards:
        card.add(
            "trust cards",
            0,
            Verdict.CAUTION,
            threshold=">= 1",
            advice="Give the .card.json files too: without them nothing is vouched for.",
        )
    if facts is not None:
        missed = int((facts["verdict"] != "ok").sum())
        card.add(
            "planted facts compared",
            len(facts),
            Verdict.OK if len(facts) else Verdict.CAUTION,
            threshold=">= 1",
            advice="Give the credible sets, PIPs and gene sets that the planted facts are to be compared with.",
        )
        card.add(
            "planted facts missed",
            missed,
            Verdict.OK if not missed else Verdict.CAUTION,
            threshold="0",
            advice="The analysis did not find everything that was planted.",
        )
    return card
