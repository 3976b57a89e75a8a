"""`enrich pathways`: gene tests to gene-set tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from lucidseq.core import seeds
from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, place
from lucidseq.core.outputs import OutputSet
from lucidseq.core.pvalues import LOWEST_P
from lucidseq.core.schema import GENE_CORRELATIONS, GENES, PATHWAYS
from lucidseq.core.tables import read_table, write_table
from lucidseq.enrich.card import pathways_card
from lucidseq.enrich.cli import PathwaysOptions
from lucidseq.enrich.competitive import CompetitiveTest
from lucidseq.enrich.gmt import read_gmt
from lucidseq.enrich.gsea import PrerankedGsea

_VERSION = re.compile(r"^(ENS[A-Z]*\d{11})\.\d+")


@dataclass(frozen=True)
class Sets:
    """Gene sets as indices into the gene table, by name, numbers of untested sets and genes, and the identifier that matched."""

    members: dict[str, np.ndarray]
    untested: int
    untested_share: float
    matched_by: str


def pathways(options: PathwaysOptions, out: OutputSet) -> Card:
    """Test every gene set by both methods (options as in cli.py)."""
    table = read_table(options.genes, GENES, need_rows=True)
    sets = match_sets(table, read_gmt(options.gene_sets), options.min_genes, options.max_genes, options.gene_sets)
    first, second, values = read_pairs(table, options.correlations)
    z = table["z"].to_numpy()
    try:
        regression = CompetitiveTest(z, covariates(table), first, second, values)
    except np.linalg.LinAlgError as error:
        expected = "the correlations of `enrich genes`, each pair once"
        fix = "create the file again"
        raise DataError("correlations that are not positive definite", expected, fix, where=str(options.correlations)) from error
    ranking = PrerankedGsea(z, options.permutations, lambda size: seeds.stream(options.seed, "gsea", size))
    rows = []
    for name, members in sets.members.items():
        in_set = np.zeros(len(table))
        in_set[members] = 1
        fit = regression.test(in_set)
        by_z = members[np.argsort(-z[members], kind="stable")]
        rows.append((name, "competitive", len(members), fit.estimate, fit.standard_error, fit.p_value, by_z))
        top = ranking.test(members)
        rows.append((name, "gsea", len(members), top.normalised_score, float("nan"), top.p_value, top.leading))
    write_table(result_table(rows, table), out["pathways"], PATHWAYS)
    return pathways_card(len(table), len(rows) // 2, sets.untested, sets.untested_share, matched_by=sets.matched_by)


def match_sets(table: pd.DataFrame, sets: dict[str, list[str]], min_genes: int, max_genes: int, path: Path) -> Sets:
    """Match the sets' genes by gene_id or gene_name, whichever matches more; where none matches, without the versions of Ensembl.

    Raises
    ------
    DataError
        If no gene matches, or no set has enough genes.
    """
    named = {gene for members in sets.values() for gene in members}
    by_name = len(named & set(table["gene_name"])) > len(named & set(table["gene_id"]))
    matched_by = "gene_name" if by_name else "gene_id"
    column = table[matched_by]
    if not named & set(column):
        matched_by, column = "gene_id without Ensembl versions", table["gene_id"].map(without_version)
        sets = {name: list(dict.fromkeys(map(without_version, genes))) for name, genes in sets.items()}
        named = {gene for members in sets.values() for gene in members}
    index = {gene: row for row, gene in reversed(list(enumerate(column)))}
    rows_of_set = {name: np.array([index[gene] for gene in genes if gene in index], dtype=np.int64) for name, genes in sets.items()}
    if not named & set(index):
        received = f"no gene of the sets (such as {sorted(named)[0]}) is in the gene table (such as {column.iloc[0]})"
        raise DataError(received, "the same kind of gene identifier in GMT and GTF", "translate the identifiers", where=str(path))
    kept = {name: rows for name, rows in rows_of_set.items() if min_genes <= len(rows) <= max_genes}
    if not kept:
        fix = "lower --min-genes, or widen the loci"
        raise DataError(f"no set has {min_genes} to {max_genes} tested genes", "at least one such set", fix, where=str(path))
    return Sets(kept, len(sets) - len(kept), 1 - len(named & set(index)) / len(named), matched_by)


def without_version(gene: str) -> str:
    """Return an Ensembl identifier without its version; other names as they are.

    Examples
    --------
    >>> without_version("ENSG00000139618.15"), without_version("ENSG00000182378.15_PAR_Y"), without_version("AC004922.1")
    ('ENSG00000139618', 'ENSG00000182378_PAR_Y', 'AC004922.1')
    """
    return _VERSION.sub(r"\1", gene)


def covariates(table: pd.DataFrame) -> np.ndarray:
    """Return log variants, log effective share of variants and log length, of shape (genes, 3)."""
    variants = table["n_variants"].to_numpy(dtype=np.float64)
    density = table["effective_variants"].to_numpy() / variants
    return np.column_stack([np.log(variants), np.log(density), np.log((table["end"] - table["start"]).to_numpy())])


def read_pairs(table: pd.DataFrame, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the correlated pairs as row numbers of the gene table."""
    pairs = read_table(path, GENE_CORRELATIONS)
    wrong = ~(pairs["correlation"].abs() <= 1).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        fix = "create the file again"
        raise DataError(f"a correlation of {pairs['correlation'].iloc[row]}", "a number from -1 to 1", fix, where=place(path, line=row + 2))
    rows = pd.Series(np.arange(len(table)), index=table["gene_id"].to_numpy())
    rows = rows[~rows.index.duplicated()]
    first, second = rows.reindex(pairs["gene_id_1"]).to_numpy(), rows.reindex(pairs["gene_id_2"]).to_numpy()
    keep = np.isfinite(first) & np.isfinite(second)
    return first[keep].astype(np.int64), second[keep].astype(np.int64), pairs["correlation"].to_numpy()[keep]


def result_table(rows: list[tuple[str, str, int, float, float, float, np.ndarray]], table: pd.DataFrame) -> pd.DataFrame:
    """Return the results with q-values within each method, sorted by method and p-value."""
    names = table["gene_name"].to_numpy()
    columns = ["gene_set", "method", "n_genes", "estimate", "standard_error", "p_value", "genes"]
    frame = pd.DataFrame([(*row[:6], ",".join(names[row[6]])) for row in rows], columns=columns)
    frame["p_value"] = frame["p_value"].clip(lower=LOWEST_P)
    frame["q_value"] = frame.groupby("method")["p_value"].transform(lambda p: false_discovery_control(p.to_numpy()))
    return frame.sort_values(["method", "p_value", "gene_set"], kind="stable").reset_index(drop=True)
