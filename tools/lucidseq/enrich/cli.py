"""Options of `lucidseq-enrich`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import Seed
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("enrich", "Test genes and gene sets for association.")
main = tool.main


@tool.command(run="lucidseq.enrich.run_genes:genes", label="process_low")
def genes(
    sumstats: Annotated[Path, typer.Option("--sumstats", help="Summary statistics."), In(Format.TSV, schema="lucidseq.sumstats")],
    ld: Annotated[Path, typer.Option("--ld", help="LD blocks that cover the genes."), In(Format.HDF5, schema="lucidseq.ld")],
    gtf: Annotated[Path, typer.Option("--gtf", help="Genes (GTF, of the same build)."), In(Format.GTF)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            genes=OutFile(".genes.tsv", Format.TSV, "One row a tested gene, by p-value.", schema="lucidseq.genes"),
            correlations=OutFile(
                ".gene_correlations.tsv.gz",
                Format.TSV,
                "Correlations between gene statistics, from LD.",
                schema="lucidseq.gene_correlations",
            ),
        ),
    ],
    pips: Annotated[
        list[Path] | None,
        typer.Option("--pips", help="Inclusion probabilities of variants, for gene PIPs (repeat for several files)."),
        In(Format.TSV, schema="lucidseq.pips"),
    ] = None,
    flank: Annotated[int, typer.Option("--flank", min=0, help="Bases on either side of a gene that count as the gene's (bp).")] = 10_000,
) -> None:
    """Test each gene by the sum of its variants' squared z, whose null distribution follows from LD.

    Genes without a variant that is in both the summary statistics and the LD are left out and counted.
    """


@tool.command(run="lucidseq.enrich.run_pathways:pathways")
def pathways(
    genes: Annotated[Path, typer.Option("--genes", help="Gene table of `enrich genes`."), In(Format.TSV, schema="lucidseq.genes")],
    correlations: Annotated[
        Path,
        typer.Option("--correlations", help="Gene correlations of `enrich genes`."),
        In(Format.TSV, schema="lucidseq.gene_correlations"),
    ],
    gene_sets: Annotated[Path, typer.Option("--gene-sets", help="Gene sets (GMT)."), In(Format.GMT)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            pathways=OutFile(".pathways.tsv", Format.TSV, "One row a gene set and method, by p-value.", schema="lucidseq.pathways")
        ),
    ],
    min_genes: Annotated[int, typer.Option("--min-genes", min=2, help="Fewest tested genes of a set.")] = 3,
    max_genes: Annotated[int, typer.Option("--max-genes", min=2, help="Most tested genes of a set.")] = 2000,
    permutations: Annotated[int, typer.Option("--permutations", min=99, help="Permutations of preranked GSEA.")] = 10_000,
    seed: Seed = 1,
) -> None:
    """Test gene sets against all other tested genes.

    competitive: generalised least squares of the gene z on membership, with gene size, variant density and the LD between
    genes accounted for. gsea: preranked running-sum statistic with permutations of the genes, which ignores LD between genes.
    """
