"""The declared columns and arrays of every hand-over file: the one place where they are named.

A tool that writes a file and a tool that reads it both go through `tables.py` or `stores.py` with one of these schemas, so a
change here is a change of the contract between the tools (and raises the schema's version).
"""

from __future__ import annotations

from lucidseq.core.declarations import Array, Column, Store, Table
from lucidseq.core.schema_stores import (
    ANNOTATIONS,
    ATTRIBUTIONS,
    BASE_TRUTH,
    FINEMAP_LBF,
    GENOTYPE_MATRIX,
    GENOTYPES,
    HAPLOTYPES,
    LD,
    SEQUENCES,
)
from lucidseq.core.schema_tables import (
    ANNOTATION_SUMMARY,
    CREDIBLE_SETS,
    CURVES,
    DROPPED,
    EFFECTS,
    EIGENVALUES,
    FACTS,
    GENE_CORRELATIONS,
    GENES,
    HISTORY,
    KINSHIP,
    LD_SCORES,
    LOCI,
    LOCUS_FITS,
    METRICS,
    PATHWAYS,
    PCS,
    PIPS,
    PREDICTIONS,
    QC,
    SAMPLE_QC,
    SPLITS,
    SUMSTATS,
    TRUST,
    TRUTH_VARIANTS,
    VARIANT_QC,
    WINDOWS,
)

__all__ = [
    "ANNOTATIONS",
    "ANNOTATION_SUMMARY",
    "ATTRIBUTIONS",
    "BASE_TRUTH",
    "CREDIBLE_SETS",
    "CURVES",
    "DROPPED",
    "EFFECTS",
    "EIGENVALUES",
    "FACTS",
    "FINEMAP_LBF",
    "GENES",
    "GENE_CORRELATIONS",
    "GENOTYPES",
    "GENOTYPE_MATRIX",
    "HAPLOTYPES",
    "HISTORY",
    "KINSHIP",
    "LD",
    "LD_SCORES",
    "LOCI",
    "LOCUS_FITS",
    "METRICS",
    "PATHWAYS",
    "PCS",
    "PIPS",
    "PREDICTIONS",
    "QC",
    "SAMPLE_QC",
    "SCHEMAS",
    "SEQUENCES",
    "SPLITS",
    "SUMSTATS",
    "TRUST",
    "TRUTH_VARIANTS",
    "VARIANT_QC",
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
        GENE_CORRELATIONS, PATHWAYS, TRUTH_VARIANTS, WINDOWS, ANNOTATIONS, ANNOTATION_SUMMARY, HAPLOTYPES, FACTS, TRUST, QC, VARIANT_QC, SAMPLE_QC, LD_SCORES, SEQUENCES, ATTRIBUTIONS, GENOTYPES, GENOTYPE_MATRIX,
        KINSHIP, PCS, EIGENVALUES, SPLITS, LD, BASE_TRUTH, FINEMAP_LBF,
    )
}  # fmt: skip
