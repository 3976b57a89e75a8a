"""Command line of `lucidseq encode`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import Seed, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.choices import (
    Dialect,
    ExportDialect,
    GenotypeField,
    LabelColumn,
    LdMethod,
    Negatives,
    SampleSize,
    SignalStatistic,
    SignalTransform,
    StrandRule,
    Task,
    ZKind,
)

tool = Tool("encode", "Turn genomic files into the suite's own.")
main = tool.main


def _qc(kind: str) -> OutFile:
    return OutFile(f".{kind}.qc.tsv", Format.TSV, "What each filter removed.", schema="lucidseq.qc")


_Build = Annotated[str, typer.Option("--build", help="Name of the genome build, kept in the output (such as GRCh38).")]
_Store = Annotated[
    Path,
    typer.Option("--genotypes", help="Genotype store of `lucidseq encode genotypes` (.genotypes.h5)."),
    In(Format.HDF5, schema="lucidseq.genotypes"),
]


@tool.command(run="lucidseq.encode.run_genotypes:genotypes")
def genotypes(
    genotypes: Annotated[
        list[Path],
        typer.Option(
            "--genotypes",
            help="VCF, BCF, or PLINK 1 .bed (or its prefix; .bim and .fam lie beside it); give the option again for each chromosome's file.",
        ),
        In(Format.VCF, Format.PLINK),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            genotypes=OutFile(".genotypes.h5", Format.HDF5, "Genotype store.", schema="lucidseq.genotypes"),
            qc=_qc("genotypes"),
        ),
    ],
    phenotypes: Annotated[
        Path | None,
        typer.Option(
            "--phenotypes",
            help="Table `FID IID trait...` or `sample trait...` with a header; binary traits 0/1, or PLINK's 1/2. Without it a .fam's own phenotype is taken.",
        ),
        In(Format.TSV),
    ] = None,
    covariates: Annotated[
        Path | None,
        typer.Option("--covariates", help="Table `FID IID covariate...` or `sample covariate...` with a header."),
        In(Format.TSV),
    ] = None,
    field: Annotated[
        GenotypeField,
        typer.Option("--field", help="FORMAT field of VCF and BCF: auto reads DS where there is one, else GT."),
    ] = GenotypeField.AUTO,
    min_frequency: Annotated[
        float,
        typer.Option("--min-frequency", min=0, max=0.5, help="Least minor-allele frequency; 0 keeps every variant."),
    ] = 0.01,
    max_missing: Annotated[
        float,
        typer.Option("--max-missing", min=0, max=1, help="Largest share of missing genotypes of a variant; 1 is off."),
    ] = 0.05,
    max_sample_missing: Annotated[
        float,
        typer.Option(
            "--max-sample-missing", min=0, max=1, help="Largest share of missing genotypes of a sample; 1 is off."
        ),
    ] = 0.05,
    min_hwe_p: Annotated[
        float,
        typer.Option(
            "--min-hwe-p",
            min=0,
            max=1,
            help="Least p-value of the exact Hardy-Weinberg test; 0 is off (inbred lines, haploids).",
        ),
    ] = 1e-6,
    region: Annotated[
        Path | None,
        typer.Option("--region", help="BED file; variants outside its intervals are left out."),
        In(Format.BED),
    ] = None,
    build: _Build = "unknown",
) -> None:
    """Encode genotypes, phenotypes and covariates as one genotype store.

    The effect allele is VCF's ALT and PLINK's A1. Rows with several ALT alleles are counted and left out.
    """


@tool.command(run="lucidseq.encode.run_sumstats:sumstats", label="process_low")
def sumstats(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            sumstats=OutFile(
                ".sumstats.tsv.gz", Format.TSV, "Harmonised summary statistics.", schema="lucidseq.sumstats"
            ),
            qc=_qc("sumstats"),
            dropped=OutFile(
                ".sumstats.dropped.tsv.gz",
                Format.TSV,
                "Every row of --input that was left out, with its line and the reason.",
                optional=True,
                schema="lucidseq.dropped",
            ),
            exported=OutFile(".exported.tsv.gz", Format.TSV, "The same in the columns of --export.", optional=True),
            exported_vcf=OutFile(
                ".exported.vcf.gz", Format.VCF, "The same as GWAS-VCF (--export gwas-vcf).", optional=True
            ),
        ),
    ],
    genotypes: Annotated[
        Path | None,
        typer.Option("--genotypes", help="Genotype store (.genotypes.h5) to test, with --trait."),
        In(Format.HDF5, schema="lucidseq.genotypes"),
    ] = None,
    trait: Annotated[
        str | None,
        typer.Option(
            "--trait",
            help="Name of the encoded trait to test; of --input, the trait to read where a file holds several.",
        ),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option(
            "--input", help="Summary statistics of any --dialect, plain or gzip, or PolyFun's parquet, to harmonise."
        ),
        In(Format.TSV, Format.VCF, Format.PARQUET),
    ] = None,
    fasta: Annotated[
        Path | None,
        typer.Option(
            "--fasta",
            help="Reference genome to check build, strand and alleles of --input against; contigs get its names.",
        ),
        In(Format.FASTA),
    ] = None,
    panel: Annotated[
        Path | None,
        typer.Option(
            "--panel",
            help="Variants to align --input to: genotype store, PLINK .bim, .pvar, or a table with alleles and frequencies. Others are left out.",
        ),
        In(Format.HDF5, Format.TSV),
    ] = None,
    chain: Annotated[
        Path | None,
        typer.Option("--chain", help="UCSC chain file that lifts --input over to the build of --fasta and --panel."),
        In(Format.CHAIN),
    ] = None,
    dialect: Annotated[
        Dialect,
        typer.Option(
            "--dialect", help="Whose columns --input has; auto tells from the header, custom takes --column alone."
        ),
    ] = Dialect.AUTO,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="MEANING=NAME: the column of --input that holds a meaning (such as n=Neff); NAME none leaves it unread. Give it again for more.",
        ),
    ] = None,
    n: Annotated[
        float | None, typer.Option("--n", min=1, help="Individuals behind --input where it has no column n.")
    ] = None,
    sample_size: Annotated[
        SampleSize,
        typer.Option(
            "--sample-size",
            help="N of case-control studies: total individuals, or effective, 4 / (1 / cases + 1 / controls).",
        ),
    ] = SampleSize.TOTAL,
    z_kind: Annotated[
        ZKind,
        typer.Option(
            "--z-kind",
            help="What effect / standard error of --input is: wald, t (least squares) or score; auto: what the dialect's program computes.",
        ),
    ] = ZKind.AUTO,
    drop_incomplete: Annotated[
        bool,
        typer.Option("--drop-incomplete/--no-drop-incomplete", help="Leave out rows of --input with missing values."),
    ] = False,
    strand: Annotated[
        StrandRule,
        typer.Option(
            "--strand",
            help="auto flips the rows of a file that is on the other strand of --fasta, or mixed; forward refuses such a file.",
        ),
    ] = StrandRule.AUTO,
    max_palindrome_frequency: Annotated[
        float,
        typer.Option(
            "--max-palindrome-frequency",
            min=0,
            max=0.5,
            help="Minor-allele frequency up to which frequencies of --panel tell the strand of A/T and C/G variants.",
        ),
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


@tool.command(run="lucidseq.encode.run_ld:ld", label="process_low")
def ld(
    genotypes: _Store,
    loci: Annotated[Path, typer.Option("--loci", help="BED file of loci, named in column 4."), In(Format.BED)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(ld=OutFile(".ld.h5", Format.HDF5, "LD store.", schema="lucidseq.ld"), qc=_qc("ld")),
    ],
    trait: Annotated[
        str | None, typer.Option("--trait", help="Use only individuals with this trait, as its summary statistics did.")
    ] = None,
    variants: Annotated[
        Path | None,
        typer.Option("--variants", help="Summary statistics; only their variants are used."),
        In(Format.TSV, schema="lucidseq.sumstats"),
    ] = None,
    method: Annotated[
        LdMethod,
        typer.Option("--method", help="in-sample: the individuals behind the summary statistics; panel: others."),
    ] = LdMethod.IN_SAMPLE,
    adjust_covariates: Annotated[
        bool,
        typer.Option(
            "--adjust-covariates/--no-adjust-covariates", help="Project the encoded covariates out, as the tests do."
        ),
    ] = True,
    threads: Threads = 1,
) -> None:
    """Compute LD (correlations of effect-allele dosages) within loci."""


@tool.command(run="lucidseq.encode.run_sequences:sequences", label="process_low")
def sequences(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            dataset=OutFile(".sequences.h5", Format.HDF5, "Sequence dataset.", schema="lucidseq.sequences"),
            qc=_qc("sequences"),
        ),
    ],
    fasta: Annotated[
        Path | None,
        typer.Option("--fasta", help="Genome (with --regions), or sequences, one a record."),
        In(Format.FASTA),
    ] = None,
    regions: Annotated[
        Path | None, typer.Option("--regions", help="BED or narrowPeak file of regions of the genome."), In(Format.BED)
    ] = None,
    signal: Annotated[
        list[Path] | None,
        typer.Option(
            "--signal",
            help="bigWig whose signal over each window is the target; give the option again for more targets.",
        ),
        In(Format.BIGWIG),
    ] = None,
    positive: Annotated[
        Path | None, typer.Option("--positive", help="FASTA of the positive class, with --negative."), In(Format.FASTA)
    ] = None,
    negative: Annotated[
        Path | None, typer.Option("--negative", help="FASTA of the negative class."), In(Format.FASTA)
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", help="TSV of id, targets and, if wanted, split (train, valid, test), for --fasta or --regions."
        ),
        In(Format.TSV),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--window",
            min=8,
            max=1_000_000,
            help="Length (bp) to cut around the centre; records are cropped or padded to it.",
        ),
    ] = None,
    stranded: Annotated[
        bool, typer.Option("--stranded/--no-stranded", help="Read regions on the minus strand as reverse complements.")
    ] = False,
    label_column: Annotated[
        LabelColumn,
        typer.Option(
            "--label-column", help="Column of --regions that holds the target: score, or name (one class a name)."
        ),
    ] = LabelColumn.NONE,
    signal_statistic: Annotated[
        SignalStatistic, typer.Option("--signal-statistic", help="How the signal of a window becomes one number.")
    ] = SignalStatistic.MEAN,
    signal_transform: Annotated[
        SignalTransform, typer.Option("--signal-transform", help="What is done to that number.")
    ] = SignalTransform.NONE,
    negatives: Annotated[
        Negatives,
        typer.Option("--negatives", help="gc-matched: windows outside --regions with the same GC share, as class 0."),
    ] = Negatives.NONE,
    negatives_per_positive: Annotated[
        int, typer.Option("--negatives-per-positive", min=1, max=20, help="Negatives drawn for each region.")
    ] = 1,
    task: Annotated[
        Task,
        typer.Option(
            "--task", help="auto: regression for signal and other numbers, binary where all targets are 0 or 1."
        ),
    ] = Task.AUTO,
    target_name: Annotated[
        str, typer.Option("--target-name", help="Name of the target that classes or --negatives make.")
    ] = "label",
    test_contigs: Annotated[
        str | None, typer.Option("--test-contigs", help="Contigs held out for testing, comma separated.")
    ] = None,
    valid_contigs: Annotated[
        str | None, typer.Option("--valid-contigs", help="Contigs for early stopping, comma separated.")
    ] = None,
    test_share: Annotated[
        float,
        typer.Option(
            "--test-share", min=0, max=0.9, help="Random share held out for testing where there are no --test-contigs."
        ),
    ] = 0.1,
    valid_share: Annotated[
        float,
        typer.Option(
            "--valid-share",
            min=0,
            max=0.9,
            help="Random share of the rest for early stopping where there are no --valid-contigs.",
        ),
    ] = 0.1,
    max_n_share: Annotated[
        float, typer.Option("--max-n-share", min=0, max=1, help="Largest share of N; sequences with more are left out.")
    ] = 0.1,
    build: _Build = "unknown",
    seed: Seed = 1,
) -> None:
    """Encode sequences with targets and splits.

    Sequences are windows of a genome (--fasta with --regions), records of a FASTA (--fasta), or two classes (--positive and
    --negative). Contigs are read from headers such as name|chr1:100-200.
    """
