"""Command line of `lucidseq encode annotations`."""

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.roles import Format, In, Needs, OutFile, OutputPrefix
from lucidseq.encode.annotations.choices import BedValue
from lucidseq.encode.options import Build, tool


@tool.command(run="lucidseq.encode.annotations.run:annotations", label="process_low")
def annotations(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            annotations=OutFile(".annotations.h5", Format.HDF5, "Features of every variant or window.", schema="lucidseq.annotations"),
            summary=OutFile(
                ".annotations.tsv", Format.TSV, "Mean, spread and missing values of each feature.", schema="lucidseq.annotation_summary"
            ),
        ),
    ],
    variants: Annotated[
        Path | None,
        typer.Option(
            "--variants",
            help="Variants to annotate: summary statistics, genotype store, VCF, PLINK .bim or .pvar, or a table with alleles.",
        ),
        In(Format.TSV, Format.HDF5, Format.VCF),
    ] = None,
    windows: Annotated[
        Path | None, typer.Option("--windows", help="BED file of windows to annotate, instead of --variants."), In(Format.BED)
    ] = None,
    bed: Annotated[
        list[Path] | None,
        typer.Option("--bed", help="BED file; a feature by the file's name. Give the option again for more."),
        In(Format.BED),
    ] = None,
    bed_value: Annotated[
        BedValue,
        typer.Option(
            "--bed-value",
            help="Of --bed: overlap (share of bases inside), name (a feature for each name, 1 where it overlaps) or score (the largest).",
        ),
        Needs("bed"),
    ] = BedValue.OVERLAP,
    distance: Annotated[
        list[Path] | None,
        typer.Option(
            "--distance", help="BED file; the feature is the distance (bp) to its nearest interval, 0 inside. Give it again for more."
        ),
        In(Format.BED),
    ] = None,
    signal: Annotated[
        list[Path] | None,
        typer.Option("--signal", help="bigWig, such as conservation; the feature is its mean. Give the option again for more."),
        In(Format.BIGWIG),
    ] = None,
    flank: Annotated[
        int,
        typer.Option("--flank", min=0, max=1_000_000, help="Bases added on either side before the mean of --signal is taken."),
        Needs("signal"),
    ] = 0,
    gtf: Annotated[
        Path | None,
        typer.Option(
            "--gtf", help="Genes: shares of coding, other exonic, intronic, promoter and intergenic bases, and distance to the nearest TSS."
        ),
        In(Format.GTF),
    ] = None,
    promoter_upstream: Annotated[
        int, typer.Option("--promoter-upstream", min=0, help="Bases before a transcription start that count as its promoter."), Needs("gtf")
    ] = 1000,
    promoter_downstream: Annotated[
        int,
        typer.Option("--promoter-downstream", min=0, help="Bases from a transcription start on that count as its promoter."),
        Needs("gtf"),
    ] = 100,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            "--table",
            help="Values by variant: LDSC .annot, PolyFun's parquet, variant effects, or a table with variant_id, or CHR and BP. Signed scores keep their sign, whichever allele they are of. Give it again for more.",
        ),
        In(Format.TSV, Format.PARQUET),
    ] = None,
    attributions: Annotated[
        list[Path] | None,
        typer.Option(
            "--attributions",
            help="Attribution maps of a network (.attributions.h5); the feature is the mean contribution. Give it again for more.",
        ),
        In(Format.HDF5, schema="lucidseq.attributions"),
    ] = None,
    build: Build = "unknown",
) -> None:
    """Encode annotations: a number for every variant (or window) and feature.

    A variant covers the bases of its other allele: REF of VCF and .pvar; elsewhere the card counts insertions and deletions that this
    may misplace. Positions are turned to 0-based, half-open intervals.
    """
