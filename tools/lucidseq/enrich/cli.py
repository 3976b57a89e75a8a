"""Options of `lucidseq-enrich`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.options import Option, Options, Seed
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import GENE_CORRELATIONS, GENES, LD, PATHWAYS, PIPS, SUMSTATS

tool = Tool("enrich", "Test genes and gene sets for association.", image="core")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class GenesOptions(Options):
    """Test each gene by the sum of its variants' squared z, whose null distribution follows from LD.

    Genes without a variant that is in both the summary statistics and the LD are skipped and counted.
    """

    sumstats: Annotated[Path, Option("Summary statistics."), In(Format.TSV, schema=SUMSTATS)]
    ld: Annotated[Path, Option("LD blocks that cover the genes."), In(Format.HDF5, schema=LD)]
    gtf: Annotated[Path, Option("Genes (GTF, of the same build)."), In(Format.GTF)]
    pips: Annotated[
        list[Path] | None, Option("Inclusion probabilities of variants, for gene PIPs. Repeat for more files."), In(Format.TSV, schema=PIPS)
    ] = None
    flank: Annotated[int, Option("Bases on either side of a gene that belong to it (bp).", min=0)] = 10000


genes = tool.command(
    "genes",
    GenesOptions,
    run="lucidseq.enrich.run_genes:genes",
    outputs={
        "genes": OutFile(".genes.tsv", Format.TSV, "One row per tested gene, by p-value.", schema=GENES),
        "correlations": OutFile(
            ".gene_correlations.tsv.gz", Format.TSV, "Correlations between gene statistics, from LD.", schema=GENE_CORRELATIONS
        ),
    },
    label="process_low",
    methods=Methods(
        "Genes were tested by the sum of squared z, with its null distribution from LD.",
        "de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA)",
        "Liu et al. 2010, Am. J. Hum. Genet. 87:139 (VEGAS)",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PathwaysOptions(Options):
    """Test gene sets against all other tested genes.

    competitive: generalised least squares of the gene z on membership, with gene size, variant density and the LD between
    genes accounted for. gsea: preranked running-sum statistic with permutations of the genes, which ignores LD between genes.
    """

    genes: Annotated[Path, Option("Gene table of `enrich genes`."), In(Format.TSV, schema=GENES)]
    correlations: Annotated[Path, Option("Gene correlations of `enrich genes`."), In(Format.TSV, schema=GENE_CORRELATIONS)]
    gene_sets: Annotated[Path, Option("Gene sets (GMT)."), In(Format.GMT)]
    min_genes: Annotated[int, Option("Fewest tested genes of a set.", min=2)] = 3
    max_genes: Annotated[int, Option("Most tested genes of a set.", min=2)] = 2000
    permutations: Annotated[int, Option("Permutations of preranked GSEA.", min=99)] = 10000
    seed: Seed = 1


pathways = tool.command(
    "pathways",
    PathwaysOptions,
    run="lucidseq.enrich.run_pathways:pathways",
    outputs={"pathways": OutFile(".pathways.tsv", Format.TSV, "One row per gene set and method, by p-value.", schema=PATHWAYS)},
    methods=Methods(
        "Gene sets were tested by competitive regression and preranked enrichment analysis.",
        "de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA)",
        "Subramanian et al. 2005, PNAS 102:15545 (GSEA)",
    ),
)
