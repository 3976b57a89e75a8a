"""Command line of `lucidseq encode sumstats`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Threads
from lucidseq.core.roles import Format, In, Needs, OutFile, OutputPrefix
from lucidseq.encode.options import qc, tool
from lucidseq.encode.sumstats.choices import Dialect, ExportDialect, SampleSize, StrandRule, ZKind


@tool.command(run="lucidseq.encode.sumstats.run:sumstats", label="process_low")
def sumstats(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            sumstats=OutFile(".sumstats.tsv.gz", Format.TSV, "Harmonised summary statistics.", schema="lucidseq.sumstats"),
            qc=qc("sumstats"),
            dropped=OutFile(
                ".sumstats.dropped.tsv.gz",
                Format.TSV,
                "Every row of --input that was left out, with its line and the reason.",
                optional=True,
                schema="lucidseq.dropped",
            ),
            exported=OutFile(".exported.tsv.gz", Format.TSV, "The same in the columns of --export.", optional=True),
            exported_vcf=OutFile(".exported.vcf.gz", Format.VCF, "The same as GWAS-VCF (--export gwas-vcf).", optional=True),
        ),
    ],
    genotypes: Annotated[
        Path | None,
        typer.Option("--genotypes", help="Genotype store (.genotypes.h5) to test, with --trait."),
        In(Format.HDF5, schema="lucidseq.genotypes"),
    ] = None,
    trait: Annotated[
        str | None,
        typer.Option("--trait", help="Name of the encoded trait to test; of --input, the trait to read where a file holds several."),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option("--input", help="Summary statistics of any --dialect, plain or gzip, or PolyFun's parquet, to harmonise."),
        In(Format.TSV, Format.VCF, Format.PARQUET),
    ] = None,
    fasta: Annotated[
        Path | None,
        typer.Option("--fasta", help="Reference genome to check build, strand and alleles of --input against; contigs get its names."),
        In(Format.FASTA),
        Needs("input"),
    ] = None,
    panel: Annotated[
        Path | None,
        typer.Option(
            "--panel",
            help="Variants to align --input to: genotype store, PLINK .bim, .pvar, or a table with alleles and frequencies. Others are left out.",
        ),
        In(Format.HDF5, Format.TSV),
        Needs("input"),
    ] = None,
    chain: Annotated[
        Path | None,
        typer.Option("--chain", help="UCSC chain file that lifts --input over to the build of --fasta and --panel."),
        In(Format.CHAIN),
        Needs("input"),
    ] = None,
    dialect: Annotated[
        Dialect,
        typer.Option("--dialect", help="Whose columns --input has; auto tells from the header, custom takes --column alone."),
        Needs("input"),
    ] = Dialect.AUTO,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="MEANING=NAME: the column of --input that holds a meaning (such as n=Neff); NAME none leaves it unread. Give it again for more.",
        ),
        Needs("input"),
    ] = None,
    n: Annotated[
        float | None, typer.Option("--n", min=1, help="Individuals behind --input where it has no column n."), Needs("input")
    ] = None,
    sample_size: Annotated[
        SampleSize,
        typer.Option("--sample-size", help="N of case-control studies: total individuals, or effective, 4 / (1 / cases + 1 / controls)."),
        Needs("input"),
    ] = SampleSize.TOTAL,
    z_kind: Annotated[
        ZKind,
        typer.Option(
            "--z-kind",
            help="What effect / standard error of --input is: wald, t (least squares) or score; auto: what the dialect's program computes.",
        ),
        Needs("input"),
    ] = ZKind.AUTO,
    drop_incomplete: Annotated[
        bool, typer.Option("--drop-incomplete/--no-drop-incomplete", help="Leave out rows of --input with missing values."), Needs("input")
    ] = False,
    strand: Annotated[
        StrandRule,
        typer.Option(
            "--strand", help="auto flips the rows of a file that is on the other strand of --fasta, or mixed; forward refuses such a file."
        ),
        Needs("input"),
    ] = StrandRule.AUTO,
    max_palindrome_frequency: Annotated[
        float,
        typer.Option(
            "--max-palindrome-frequency",
            min=0,
            max=0.5,
            help="Minor-allele frequency up to which frequencies of --panel tell the strand of A/T and C/G variants.",
        ),
        Needs("input"),
    ] = 0.4,
    export: Annotated[
        ExportDialect, typer.Option("--export", help="Also write the result of --input in this dialect.")
    ] = ExportDialect.NONE,
    threads: Threads = 1,
) -> None:
    """Make summary statistics from genotypes and a trait, or harmonise a file of any common dialect.

    Quantitative traits are tested by least squares, binary ones by the score test, with the encoded covariates. Files may be
    GWAS-SSF, LDSC, PLINK 1.9 and 2, regenie, SAIGE, BOLT-LMM, GCTA-COJO and fastGWA, METAL, PolyFun or GWAS-VCF.
    """
