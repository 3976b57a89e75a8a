"""`report build`: write results as one page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import UsageError
from lucidseq.core.log import get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import FACTS, TRUST
from lucidseq.core.tables import write_table
from lucidseq.report import methods_text, page
from lucidseq.report.card import build_card
from lucidseq.report.cli import BuildOptions
from lucidseq.report.effect_figures import variant_figures
from lucidseq.report.enrichment import enrichment_figures
from lucidseq.report.figure import Figure, unique_file_names
from lucidseq.report.findings import findings
from lucidseq.report.loci import locus_figures
from lucidseq.report.multiqc import write_multiqc
from lucidseq.report.networks import network_figures
from lucidseq.report.pictures import picture_figures
from lucidseq.report.planted_facts import compare
from lucidseq.report.quantiles import quantile_figure
from lucidseq.report.recurring_motifs import motifs_of
from lucidseq.report.result_files import Results, read_results
from lucidseq.report.trust import as_table, merged

_log = get_logger("lucidseq.report")
# Kind, title, note, column to sort by (after "-": descending)
TABLES = (
    ("metrics", "Evaluation", "With 95 % bootstrap intervals.", ""),
    ("credible_sets", "Credible sets", "Each holds a causal variant with the stated probability, if the model is right.", ""),
    ("pips", "Variants of highest PIP", "To be read together with the credible sets.", "-pip"),
    ("effects", "Variants of largest predicted effect", "Difference of the network's output between the alleles.", "-score"),
    (
        "prior_blocks",
        "Blocks of the functional prior",
        "Gain over a constant prior in nats, and the residual scale that fits each block.",
        "-gain",
    ),
    ("genes", "Genes", "By p-value.", "p_value"),
    ("pathways", "Gene sets", "By p-value; each set appears once for each test.", "p_value"),
    ("qc", "Quality control", "What was read, and what each filter removed; filters that removed nothing are not shown.", ""),
    ("locus_fits", "Fits", "One row a locus.", ""),
)
COLUMNS = {
    "metrics": "target_name group metric value lower upper n",
    "credible_sets": "locus credible_set size coverage purity_min log_bayes_factor lead_variant lead_pip",
    "pips": "locus variant_id rsid z pip pip_flat prior credible_set",
    "effects": "variant_id rsid target_name ref_score alt_score effect effect_sd",
    "prior_blocks": "block contig start end split variants rank gain residual_scale mean_prior_variance",
    "genes": "gene_name contig start end n_variants p_value q_value pip lead_variant",
    "pathways": "gene_set method n_genes estimate standard_error p_value q_value genes",
    "qc": "unit step removed kept",
    "locus_fits": "locus n_variants n credible_sets converged iterations elbo residual_variance score_weight",
}


def build(options: BuildOptions, out: OutputSet) -> Card:
    """Build the report (options as in cli.py)."""
    if options.truth is not None and options.truth_variants is None:
        raise UsageError("--truth without --truth-variants", "both", "give the truth files of `simulate locus` together")
    results = read_results(options.results)
    if results.skipped:
        _log.info(f"files without a section in the report: {', '.join(path.name for path in results.skipped)}")
    facts = compare(results, options.truth_variants, options.truth) if options.truth_variants is not None else None
    motifs = motifs_of(results.store("attributions"))
    figures = unique_file_names(
        picture_figures(results)
        + network_figures(results, motifs)
        + quantile_figure(results)
        + locus_figures(results, options.gtf)
        + variant_figures(results)
        + enrichment_figures(results)
    )
    text = page.render(
        title=options.title,
        findings=findings(results, options.gtf, options.fasta, motifs),
        cards=results.cards,
        figures=figures,
        tables=summary_tables(results),
        facts=facts,
        methods=methods_text.describe(results.manifests),
        versions=methods_text.versions(results.manifests),
        settings=methods_text.settings(results.manifests),
    )
    out["report"].write_text(text, encoding="utf-8")
    write_figures(out["figures"], figures)
    write_table(as_table(merged(results.cards)), out["trust"], TRUST)
    write_multiqc(out["multiqc"], results.cards, results, figures)
    if facts is not None:
        write_table(facts, out["facts"], FACTS)
    return build_card(results, facts)


def summary_tables(results: Results) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the tables of the page: title, note, rows to show."""
    shown = []
    for kind, title, note, key in TABLES:
        given = results.table(kind)
        if not given:
            continue
        table = pd.concat([rows.assign(file=name) for name, rows in given], ignore_index=True)
        if kind == "qc":
            table = table[(table["removed"] != 0) | (table["step"] == "read")]
        if key:
            table = table.sort_values(key.removeprefix("-"), ascending=not key.startswith("-"), kind="stable")
        columns = [name for name in COLUMNS[kind].split() if name in table.columns and (table.empty or table[name].notna().any())]
        shown.append((title, note, table[columns if len(given) == 1 else [*columns, "file"]]))
    return shown


def write_figures(folder: Path, figures: list[Figure]) -> None:
    """Write pictures, and their numbers."""
    folder.mkdir()
    for figure in figures:
        (folder / f"{figure.name}.png").write_bytes(figure.png)
        if not len(figure.numbers.columns):  # a picture among the results
            continue
        figure.numbers.to_csv(folder / f"{figure.name}.tsv", sep="\t", index=False, na_rep="#NA", lineterminator="\n")
