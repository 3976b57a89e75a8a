"""What a reader looks for first, each row with the verdict of the card behind it: credible sets with genes and motifs, gene sets, networks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lucidseq.core.card import Verdict
from lucidseq.core.genome import Genome
from lucidseq.core.gtf import read_genes
from lucidseq.report.effect_figures import find_explained, strongest_effects
from lucidseq.report.logo_figures import read_explained
from lucidseq.report.recurring_motifs import FLANK, WIDTH, RecurringMotif, best_score
from lucidseq.report.result_files import Results
from lucidseq.report.trust import WORST_FIRST

MAX_DISTANCE = 500_000  # bases from a variant to the gene nearest to it
MIN_BITS, MIN_CHANGE = 6.0, 2.0  # a site of a motif, and a change of one worth a word
MAX_FDR, MIN_GENE_SETS = 0.1, 3
REACH = WIDTH + 2 * FLANK  # bases on either side of a variant that a motif can cover
Motifs = dict[tuple[str, str], list[RecurringMotif]]
Surroundings = Callable[["pd.Series"], tuple[np.ndarray, int] | None]


def findings(results: Results, gtf: Path | None, fasta: Path | None, motifs: Motifs) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the tables of the page's first section: title, note, rows."""
    with ExitStack() as stack:
        genome = stack.enter_context(Genome(fasta)) if fasta is not None else None
        sets = credible_sets(results, gtf, surroundings_in(genome, results.store("attributions")), motifs)
    tables = (sets, gene_sets(results), networks(results))
    return [(title, note, table) for title, note, table in tables if len(table)]


def verdict(results: Results, tool: str, command: str, label: str) -> str:
    """Return the worst verdict of a command's cards for a label; of all its cards where none has that label; empty without a card."""
    own = [(name, card) for name, card in results.cards if (card.tool, card.command) == (tool, command)]
    cards = [card for name, card in own if name == label] or [card for _, card in own]
    verdicts = {check.verdict for card in cards for check in card.checks}
    if not cards:
        return "no card"
    return next((item for item in WORST_FIRST if item in verdicts), Verdict.OK).value


def credible_sets(results: Results, gtf: Path | None, surroundings: Surroundings, motifs: Motifs) -> tuple[str, str, pd.DataFrame]:
    """One row a credible set: its lead variant, the gene there, and what the network predicts of the variant."""
    genes = gene_table(results, gtf)
    effects = strongest_effects(results)
    effects = effects.set_index("variant_id") if len(effects) else effects
    places = {row.variant_id: row for _, table in results.table("pips") for row in table.itertuples()}
    rows = []
    for name, table in results.table("credible_sets"):
        trust = verdict(results, "finemap", "locus", name)
        for row in table.to_dict("records"):
            lead = row["lead_variant"]
            place = places.get(lead)
            rows.append(
                {
                    "trait": name,
                    "credible_set": row["credible_set"],
                    "size": row["size"],
                    "lead_variant": lead,
                    "rsid": getattr(place, "rsid", ""),
                    "lead_pip": row["lead_pip"],
                    "gene": nearest_gene(genes, place),
                    "predicted_effect": effects["effect"].get(lead, np.nan) if len(effects) else np.nan,
                    "motif": motif_change(lead, effects, surroundings, motifs),
                    "trust": trust,
                }
            )
    note = (
        "Each set holds a causal variant with 95 % probability (or as asked), if the model is right. Gene: the one that holds the lead variant, "
        f"else the nearest within {MAX_DISTANCE // 1000} kb, which need not be the one it acts on. Motif: what the lead variant does to a word that "
        "recurs in the explained sequences (figure below)."
    )
    return "Credible sets and their genes", note, _without_empty(pd.DataFrame(rows))


def gene_table(results: Results, gtf: Path | None) -> pd.DataFrame:
    """Return genes with contig, start, end (0-based, half-open): of the annotation, else of the gene tests."""
    if gtf is not None:
        rows = [(gene.gene_name, gene.contig, gene.start, gene.end) for gene in read_genes(gtf)]
        return pd.DataFrame(rows, columns=["gene_name", "contig", "start", "end"])
    tables = [table[["gene_name", "contig", "start", "end"]] for _, table in results.table("genes")]
    return pd.concat(tables, ignore_index=True).drop_duplicates() if tables else pd.DataFrame()


def nearest_gene(genes: pd.DataFrame, place: Any) -> str:
    """Return the genes that hold a variant, else the nearest one with its distance."""
    if place is None or genes.empty:
        return ""
    position = int(place.base_pair_location) - 1
    there = genes[genes["contig"] == place.chromosome]
    distance = np.maximum(np.maximum(there["start"] - position, position - there["end"] + 1), 0)
    if there.empty or distance.min() > MAX_DISTANCE:
        return ""
    if distance.min() == 0:
        return ", ".join(sorted(set(there.loc[distance == 0, "gene_name"].astype(str)))[:3])
    return f"{there.loc[distance.idxmin(), 'gene_name']} ({distance.min() / 1000:.1f} kb away)"


def motif_change(variant: str, effects: pd.DataFrame, surroundings: Surroundings, motifs: Motifs) -> str:
    """Return what a single-base variant does to a recurring motif of its target; empty when nothing or unknown."""
    if effects.empty or variant not in effects.index:
        return ""
    row = effects.loc[[variant]].reset_index().iloc[0]
    other, effect = str(row["other_allele"]), str(row["effect_allele"])
    context = surroundings(row) if {len(other), len(effect)} == {1} else None
    if context is None:
        return ""
    codes, centre = context
    before, after = codes.copy(), codes.copy()
    before[centre], after[centre] = "ACGT".index(other), "ACGT".index(effect)
    changes = [
        (best_score(motif, before, centre), best_score(motif, after, centre), motif.consensus)
        for (target, _), recurring in sorted(motifs.items())
        for motif in recurring
        if target == row["target_name"]
    ]
    changes = [change for change in changes if max(change[:2]) >= MIN_BITS and abs(change[1] - change[0]) >= MIN_CHANGE]
    if not changes:
        return ""
    bits = max(changes, key=lambda change: abs(change[1] - change[0]))
    return f"{'breaks' if bits[1] < bits[0] else 'makes'} {bits[2]} ({bits[0]:.1f} to {bits[1]:.1f} bits)"


def surroundings_in(genome: Genome | None, attributions: list[Path]) -> Surroundings:
    """Return a function that reads the bases around a variant and its place in them: from the genome, else from a sequence that was explained."""

    def read(row: pd.Series) -> tuple[np.ndarray, int] | None:
        position = int(row["base_pair_location"]) - 1
        if genome is not None:
            genome.require(row["chromosome"], where=f"variant {row.name}")
            return genome.fetch(row["chromosome"], position - REACH, position + REACH + 1), REACH
        explained = find_explained(pd.DataFrame([row]), attributions)
        if not explained:
            return None
        sequence = read_explained(*explained[0])
        return sequence.codes, position - sequence.start

    return read


def gene_sets(results: Results) -> tuple[str, str, pd.DataFrame]:
    """The gene sets below an FDR of 10 %, else the three of smallest p, for each table and test."""
    parts = []
    for name, table in results.table("pathways"):
        for _, rows in table.sort_values("p_value", kind="stable").groupby("method", sort=True):
            chosen = rows.head(max(int((rows["q_value"] <= MAX_FDR).sum()), MIN_GENE_SETS))
            parts.append(
                chosen[["gene_set", "method", "n_genes", "p_value", "q_value", "genes"]].assign(
                    trust=verdict(results, "enrich", "pathways", name)
                )
            )
    note = f"Those with a false discovery rate of at most {MAX_FDR:.0%}, and never fewer than {MIN_GENE_SETS}."
    return "Gene sets", note, pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def networks(results: Results) -> tuple[str, str, pd.DataFrame]:
    """How well the networks predict sequences that they were not trained on."""
    parts = [
        table.drop_duplicates("target_name")[["target_name", "metric", "value", "lower", "upper", "n"]].assign(
            trust=verdict(results, "train", "evaluate", name)
        )
        for name, table in results.table("metrics")
    ]
    note = "First measure of each target on held-out sequences, with its 95 % interval."
    return "Networks", note, pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in table.columns if (table[name].astype(str) != "").any() and table[name].notna().any()]]
