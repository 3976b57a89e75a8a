"""Command line of `lucidseq encode sumstats`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options, Threads
from lucidseq.core.roles import Format, In, Needs, OutFile
from lucidseq.core.schema import DROPPED, GENOTYPES, SUMSTATS
from lucidseq.encode.options import qc, tool
from lucidseq.encode.sumstats.choices import Dialect, ExportDialect, SampleSize, StrandRule, ZKind


@dataclass(frozen=True, kw_only=True)
class SumstatsOptions(Options):
    """Compute summary statistics from genotypes and a trait, or harmonise a file of any common dialect.

    Quantitative traits are tested by least squares, binary ones by the score test, with the encoded covariates. Files may be
    GWAS-SSF, LDSC, PLINK 1.9 and 2, regenie, SAIGE, BOLT-LMM, GCTA-COJO and fastGWA, METAL, PolyFun or GWAS-VCF.
    """

    genotypes: Annotated[
        Path | None, Option("Genotype store (.genotypes.h5) to test, with --trait."), In(Format.HDF5, schema=GENOTYPES)
    ] = None
    trait: Annotated[str | None, Option("Name of the encoded trait to test; of --input, the trait to read where a file has several.")] = (
        None
    )
    input: Annotated[
        Path | None,
        Option("Summary statistics of any --dialect, plain or gzip, or PolyFun's parquet, to harmonise."),
        In(Format.TSV, Format.VCF, Format.PARQUET),
    ] = None
    fasta: Annotated[
        Path | None,
        Option("Reference genome to check build, strand and alleles of --input against; contigs are renamed to its names."),
        In(Format.FASTA),
        Needs("input"),
    ] = None
    panel: Annotated[
        Path | None,
        Option(
            "Variants to align --input to: genotype store, PLINK .bim, .pvar, or a table with alleles and frequencies. Other variants are removed."
        ),
        In(Format.HDF5, Format.TSV),
        Needs("input"),
    ] = None
    chain: Annotated[
        Path | None,
        Option("UCSC chain file that lifts --input over to the build of --fasta and --panel."),
        In(Format.CHAIN),
        Needs("input"),
    ] = None
    dialect: Annotated[
        Dialect, Option("Program whose columns --input has; auto recognises the header, custom uses --column alone."), Needs("input")
    ] = Dialect.AUTO
    column: Annotated[
        list[str] | None,
        Option("MEANING=NAME: the column of --input with a meaning (such as n=Neff); NAME none ignores it. Repeat for more columns."),
        Needs("input"),
    ] = None
    n: Annotated[
        float | None, Option("Samples behind the rows of --input without one (no column n, or no value in it).", min=1), Needs("input")
    ] = None
    sample_size: Annotated[
        SampleSize, Option("N of case-control studies: total samples, or effective, 4 / (1 / cases + 1 / controls)."), Needs("input")
    ] = SampleSize.TOTAL
    z_kind: Annotated[
        ZKind,
        Option(
            "Kind of effect / standard error of --input: wald, t (least squares) or score; auto: as computed by the program of the dialect."
        ),
        Needs("input"),
    ] = ZKind.AUTO
    drop_incomplete: Annotated[
        bool,
        Option("Remove rows of --input with missing values, or a standard error or N of 0, rather than refuse the file."),
        Needs("input"),
    ] = False
    strand: Annotated[
        StrandRule,
        Option("auto flips the rows of a file that is on the other strand of --fasta, or mixed; forward refuses such a file."),
        Needs("input"),
    ] = StrandRule.AUTO
    max_palindrome_frequency: Annotated[
        float,
        Option("Largest minor-allele frequency at which frequencies of --panel show the strand of A/T and C/G variants.", min=0, max=0.5),
        Needs("input"),
    ] = 0.4
    export: Annotated[ExportDialect, Option("Also write the result of --input in this dialect.")] = ExportDialect.NONE
    threads: Threads = 1


def _methods(options: SumstatsOptions) -> Methods:
    if options.input is None:
        return Methods("Association was tested variant by variant (least squares for quantitative traits, score tests for binary ones).")
    lifted = "" if options.chain is None else ", lifted over"
    return Methods(f"Summary statistics of other studies were harmonised{lifted} by alleles, strand and build.")


sumstats = tool.command(
    "sumstats",
    SumstatsOptions,
    run="lucidseq.encode.sumstats.run:sumstats",
    outputs={
        "sumstats": OutFile(".sumstats.tsv.gz", Format.TSV, "Harmonised summary statistics.", schema=SUMSTATS),
        "qc": qc("sumstats"),
        "dropped": OutFile(
            ".sumstats.dropped.tsv.gz",
            Format.TSV,
            "Every removed row of --input, with its line and the reason.",
            optional=True,
            schema=DROPPED,
        ),
        "exported": OutFile(".exported.tsv.gz", Format.TSV, "Summary statistics in the columns of --export.", optional=True),
        "exported_vcf": OutFile(".exported.vcf.gz", Format.VCF, "Summary statistics as GWAS-VCF (--export gwas-vcf).", optional=True),
    },
    label="process_low",
    methods=_methods,
)
