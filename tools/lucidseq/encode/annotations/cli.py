"""Command line of `lucidseq encode annotations`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options
from lucidseq.core.roles import Format, In, Needs, OutFile
from lucidseq.core.schema import ANNOTATION_SUMMARY, ANNOTATIONS, ATTRIBUTIONS
from lucidseq.encode.annotations.choices import BedValue
from lucidseq.encode.options import Build, tool


@dataclass(frozen=True, kw_only=True)
class AnnotationsOptions(Options):
    """Encode annotations: one number for each variant (or window) and feature.

    A variant covers the bases of its other allele: REF of VCF and .pvar; elsewhere the card counts insertions and deletions that this
    may misplace. Positions become 0-based, half-open intervals.
    """

    variants: Annotated[
        Path | None,
        Option("Variants to annotate: summary statistics, genotype store, VCF, PLINK .bim or .pvar, or a table with alleles."),
        In(Format.TSV, Format.HDF5, Format.VCF),
    ] = None
    windows: Annotated[Path | None, Option("BED file of windows to annotate, instead of --variants."), In(Format.BED)] = None
    bed: Annotated[list[Path] | None, Option("BED file; one feature, named after the file. Repeat for more files."), In(Format.BED)] = None
    bed_value: Annotated[
        BedValue,
        Option(
            "Value of --bed: overlap (share of bases inside), name (a feature for each name, 1 where it overlaps) or score (the largest)."
        ),
        Needs("bed"),
    ] = BedValue.OVERLAP
    distance: Annotated[
        list[Path] | None,
        Option("BED file; the feature is the distance (bp) to its nearest interval, 0 inside. Repeat for more files."),
        In(Format.BED),
    ] = None
    signal: Annotated[
        list[Path] | None, Option("bigWig, such as conservation; the feature is its mean. Repeat for more files."), In(Format.BIGWIG)
    ] = None
    flank: Annotated[
        int, Option("Bases added on either side before the mean of --signal is taken.", min=0, max=1000000), Needs("signal")
    ] = 0
    gtf: Annotated[
        Path | None,
        Option("Genes: shares of coding, other exonic, intronic, promoter and intergenic bases, and distance to the nearest TSS."),
        In(Format.GTF),
    ] = None
    promoter_upstream: Annotated[int, Option("Bases before a transcription start that count as its promoter.", min=0), Needs("gtf")] = 1000
    promoter_downstream: Annotated[int, Option("Bases from a transcription start on that count as its promoter.", min=0), Needs("gtf")] = (
        100
    )
    table: Annotated[
        list[Path] | None,
        Option(
            "Values by variant: LDSC .annot, PolyFun's parquet, variant effects, or a table with variant_id, or CHR and BP. Signed scores keep their sign, whichever allele they refer to. Repeat for more files."
        ),
        In(Format.TSV, Format.PARQUET),
    ] = None
    attributions: Annotated[
        list[Path] | None,
        Option("Attribution maps of a network (.attributions.h5); the feature is the mean contribution. Repeat for more files."),
        In(Format.HDF5, schema=ATTRIBUTIONS),
    ] = None
    build: Build = "unknown"


annotations = tool.command(
    "annotations",
    AnnotationsOptions,
    run="lucidseq.encode.annotations.run:annotations",
    outputs={
        "annotations": OutFile(".annotations.h5", Format.HDF5, "Features of every variant or window.", schema=ANNOTATIONS),
        "summary": OutFile(".annotations.tsv", Format.TSV, "Mean, spread and missing values of each feature.", schema=ANNOTATION_SUMMARY),
    },
    label="process_low",
    methods=Methods(
        "Variants or windows were annotated with intervals, signal tracks, genes and tables.",
        "Open2C et al. 2024, Bioinformatics 40:btae088 (bioframe)",
    ),
)
