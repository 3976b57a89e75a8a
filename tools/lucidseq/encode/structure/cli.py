"""Command line of `lucidseq encode structure`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Seed, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.options import Store, tool
from lucidseq.encode.structure.choices import SplitBy


@tool.command(run="lucidseq.encode.structure.run:structure", label="process_low")
def structure(
    genotypes: Store,
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            kinship=OutFile(".kinship.tsv", Format.TSV, "Close pairs of samples.", schema="lucidseq.kinship"),
            pcs=OutFile(".pcs.tsv", Format.TSV, "Principal components of every sample.", schema="lucidseq.pcs"),
            eigenvalues=OutFile(".eigenvalues.tsv", Format.TSV, "Eigenvalues.", schema="lucidseq.eigenvalues"),
            splits=OutFile(".splits.tsv", Format.TSV, "Training, validation and test samples.", schema="lucidseq.splits"),
            picture=OutFile(".structure.png", Format.PNG, "Components by split, and relatedness."),
        ),
    ],
    split_table: Annotated[
        Path | None,
        typer.Option("--split-table", help="Table `sample split` (train, valid, test) to use as it is; group and fold may follow."),
        In(Format.TSV, schema="lucidseq.splits"),
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups", help="Table `FID IID group...` or `sample group...`; samples of a group (family, batch, site) stay together."
        ),
        In(Format.TSV),
    ] = None,
    group_column: Annotated[str | None, typer.Option("--group-column", help="Column of --groups; the first one when not given.")] = None,
    split_by: Annotated[
        SplitBy,
        typer.Option(
            "--split-by",
            help="Without --split-table and --groups. kinship: relatives stay together; clusters: neighbours on the components stay together; random: only for samples known to be independent.",
        ),
    ] = SplitBy.KINSHIP,
    valid_share: Annotated[float, typer.Option("--valid-share", min=0, max=0.9, help="Share of the samples for validation.")] = 0.1,
    test_share: Annotated[float, typer.Option("--test-share", min=0, max=0.9, help="Share of the samples for the test.")] = 0.2,
    folds: Annotated[int, typer.Option("--folds", min=0, max=1000, help="Folds of cross-validation over all samples; 0 makes none.")] = 0,
    trait: Annotated[
        str | None,
        typer.Option(
            "--trait",
            help="Trait of the genotype store that the sets should share evenly: classes of a binary one, quintiles of a quantitative one below 500 samples.",
        ),
    ] = None,
    min_kinship: Annotated[
        float,
        typer.Option("--min-kinship", min=0.01, max=0.5, help="Least kinship coefficient of a pair to be listed (0.0442: third degree)."),
    ] = 0.0442,
    max_kinship: Annotated[
        float,
        typer.Option(
            "--max-kinship",
            min=0.01,
            max=0.5,
            help="From this kinship coefficient on, a pair stays in one set, and only one of it is behind the components (0.0884: second degree).",
        ),
    ] = 0.0884,
    largest_group: Annotated[
        float,
        typer.Option(
            "--largest-group",
            min=0.05,
            max=1,
            help="Largest share of the samples in one family of relatives; above it, clusters on the components replace families.",
        ),
    ] = 0.3,
    clusters: Annotated[int, typer.Option("--clusters", min=2, max=1000, help="Number of clusters on the components.")] = 20,
    components: Annotated[int, typer.Option("--components", min=1, max=100, help="Number of principal components.")] = 10,
    exclude_regions: Annotated[
        Path | None,
        typer.Option("--exclude-regions", help="BED file of regions of long-range LD; left out of the components."),
        In(Format.BED),
    ] = None,
    min_frequency: Annotated[
        float, typer.Option("--min-frequency", min=0, max=0.5, help="Least minor-allele frequency of a variant behind the components.")
    ] = 0.01,
    hard_call_tolerance: Annotated[
        float,
        typer.Option("--hard-call-tolerance", min=0, max=0.49, help="Largest distance of a dosage from 0, 1 or 2 for kinship to count it."),
    ] = 0.1,
    seed: Seed = 1,
    threads: Threads = 1,
) -> None:
    """Find relatives, place the samples on principal components, and split them so that no relatives are on both sides.

    Variants on contigs called X, Y, Z, W or M, and 23 to 26 of a human build, are left out. Components are fitted on unrelated training samples; all others are projected.
    """
