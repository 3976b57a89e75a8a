"""The declared columns and arrays of every hand-over file: the one place where they are named.

A tool that writes a file and a tool that reads it both go through `tables.py` or `stores.py` with one of these schemas, so a
change here is a change of the contract between the tools (and raises the schema's version).
"""

from __future__ import annotations

from lucidseq.core.declarations import Array, Column, Store, Table
from lucidseq.core.schema_stores import ATTRIBUTIONS, BASE_TRUTH, FINEMAP_LBF, GENOTYPES, HAPLOTYPES, LD, SEQUENCES
from lucidseq.core.schema_tables import (
    CREDIBLE_SETS,
    CURVES,
    DROPPED,
    EFFECTS,
    FACTS,
    GENE_CORRELATIONS,
    GENES,
    HISTORY,
    LOCI,
    LOCUS_FITS,
    METRICS,
    PATHWAYS,
    PIPS,
    PREDICTIONS,
    QC,
    SUMSTATS,
    TRUST,
    TRUTH_VARIANTS,
    WINDOWS,
)

__all__ = [
    "ATTRIBUTIONS",
    "BASE_TRUTH",
    "CREDIBLE_SETS",
    "CURVES",
    "DROPPED",
    "EFFECTS",
    "FACTS",
    "FINEMAP_LBF",
    "GENES",
    "GENE_CORRELATIONS",
    "GENOTYPES",
    "HAPLOTYPES",
    "HISTORY",
    "LD",
    "LOCI",
    "LOCUS_FITS",
    "METRICS",
    "PATHWAYS",
    "PIPS",
    "PREDICTIONS",
    "QC",
    "SCHEMAS",
    "SEQUENCES",
    "SUMSTATS",
    "TRUST",
    "TRUTH_VARIANTS",
    "WINDOWS",
    "Array",
    "Column",
    "Store",
    "Table",
]

SCHEMAS: dict[str, Table | Store] = {
    schema.name: schema
    for schema in (
        SUMSTATS, DROPPED, LOCI, PREDICTIONS, HISTORY, METRICS, CURVES, EFFECTS, PIPS, CREDIBLE_SETS, LOCUS_FITS, GENES,
        GENE_CORRELATIONS, PATHWAYS, TRUTH_VARIANTS, WINDOWS, HAPLOTYPES, FACTS, TRUST, QC, SEQUENCES, ATTRIBUTIONS, GENOTYPES, LD, BASE_TRUTH, FINEMAP_LBF,
    )
}  # fmt: skip
