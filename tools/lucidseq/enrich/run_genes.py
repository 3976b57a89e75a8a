"""`enrich genes`: summary statistics and LD to gene tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError
from lucidseq.core.gtf import read_genes
from lucidseq.core.ld import LdBlock, open_ld
from lucidseq.core.log import Progress
from lucidseq.core.outputs import OutputSet
from lucidseq.core.pvalues import LOWEST_P
from lucidseq.core.schema import GENE_CORRELATIONS, GENES, PIPS, SUMSTATS
from lucidseq.core.tables import read_table, write_table
from lucidseq.enrich.card import genes_card
from lucidseq.enrich.cli import GenesOptions
from lucidseq.enrich.gene_statistic import GeneAccumulator, check_genes, evaluate_gene


@dataclass
class Matching:
    """Numbers of LD variants, and of those in the summary statistics."""

    ld_variants: int = 0
    matched: int = 0


def genes(options: GenesOptions, out: OutputSet) -> Card:
    """Test every gene (options as in cli.py)."""
    statistics = read_table(options.sumstats, SUMSTATS)
    z = lookup(statistics, "z", options.sumstats)
    probabilities = None
    if options.pips:
        probabilities = lookup(pd.concat([read_table(path, PIPS) for path in options.pips]), "pip", options.pips[0])
    all_genes = read_genes(options.gtf)
    accumulator = GeneAccumulator(all_genes, options.flank)
    matching = Matching()
    with open_ld(options.ld) as store, Progress("LD blocks", total=len(store)) as progress:
        check_genes(all_genes, set(store.contigs), str(options.gtf))
        method, quality = store.method, store.quality
        for block in store:
            add_block(accumulator, block, z, probabilities, matching)
            progress.step()
    if not matching.matched:
        raise DataError(
            f"none of the {matching.ld_variants} LD variants is in the summary statistics (first: {statistics['variant_id'].iloc[0]})",
            "variant_ids (contig:position:other:effect) that agree",
            "encode both from the same build and alleles",
            where=f"{options.sumstats}, {options.ld}",
        )
    tested = accumulator.tested()
    if not len(tested):
        fix = "give the GTF of the same build, or a wider --flank"
        raise DataError("no gene has a tested variant", "genes that overlap the LD blocks", fix, where=str(options.gtf))
    table = gene_table(accumulator, tested, with_pip=probabilities is not None)
    write_table(table, out["genes"], GENES)
    first, second, correlation = accumulator.correlations()
    ids = np.array([gene.gene_id for gene in all_genes], dtype=object)
    pairs = pd.DataFrame({"gene_id_1": ids[first], "gene_id_2": ids[second], "correlation": correlation})
    write_table(pairs, out["correlations"], GENE_CORRELATIONS)
    return genes_card(table, len(all_genes), matching.matched / matching.ld_variants, method, quality)


def lookup(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Return a column by variant_id, also under the name with swapped alleles (z is squared).

    Raises
    ------
    DataError
        If a value is not finite or there is no row.
    """
    if table.empty:
        raise DataError("a table without rows", "one row per variant", "create the file again", where=str(path))
    values = pd.Series(table[column].to_numpy(), index=table["variant_id"].to_numpy())
    values = values[~values.index.duplicated()]
    if not np.isfinite(values.to_numpy()).all():
        bad = values.index[~np.isfinite(values.to_numpy())][0]
        raise DataError(f"{column} of {bad} is missing", "a number for every variant", "remove the variant", where=str(path))
    parts = [str(name).rsplit(":", 2) for name in values.index]
    swapped = pd.Series(values.to_numpy(), index=[f"{place}:{effect}:{other}" for place, other, effect in parts])
    return pd.concat([values, swapped[~swapped.index.isin(values.index)]])


def add_block(accumulator: GeneAccumulator, block: LdBlock, z: pd.Series, pip: pd.Series | None, matching: Matching) -> None:
    """Add the matched variants of a block."""
    block_z = z.reindex(block.variant_id).to_numpy()
    keep = np.flatnonzero(np.isfinite(block_z))
    matching.ld_variants += len(block_z)
    matching.matched += len(keep)
    if not len(keep):
        return
    names = block.variant_id[keep]
    position = np.array([int(str(name).rsplit(":", 3)[1]) - 1 for name in names])
    r = block.r if len(keep) == len(block_z) else block.r[np.ix_(keep, keep)]
    inner = LdBlock(block.name, block.contig, block.start, block.end, r, names)
    accumulator.add(inner, position, block_z[keep], None if pip is None else pip.reindex(names).fillna(0.0).to_numpy())


def gene_table(accumulator: GeneAccumulator, tested: np.ndarray, *, with_pip: bool) -> pd.DataFrame:
    """Return the gene table, sorted by p-value, then position."""
    rows = []
    for index in tested:
        gene, data = accumulator.genes[index], accumulator.data[index]
        result = evaluate_gene(data)
        row = {
            "gene_id": gene.gene_id,
            "gene_name": gene.gene_name,
            "contig": gene.contig,
            "start": gene.start,
            "end": gene.end,
            "strand": gene.strand,
            "n_variants": data.n_variants,
            "effective_variants": result.effective_variants,
            "statistic": result.statistic,
            "p_value": max(float(np.exp(result.log_p)), LOWEST_P),
            "z": result.z,
            "neg_log_10_p_value": -result.log_p / np.log(10),
            "lead_variant": data.lead_variant,
        }
        if with_pip:
            row["pip"] = -np.expm1(data.log_no_causal)
        rows.append(row)
    table = pd.DataFrame(rows)
    table["q_value"] = false_discovery_control(table["p_value"].to_numpy())
    return table.sort_values(["z", "contig", "start"], ascending=[False, True, True], kind="stable").reset_index(drop=True)
