"""Command line of `lucidseq encode ld`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.ld.choices import InputFormat, LdMethod, MatchBy
from lucidseq.encode.options import qc, tool


@tool.command(run="lucidseq.encode.ld.run:ld", label="process_low")
def ld(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            ld=OutFile(".ld.h5", Format.HDF5, "LD store.", schema="lucidseq.ld"),
            qc=qc("ld"),
            blocks=OutFile(".blocks.bed", Format.BED, "The blocks found, without --loci.", optional=True),
            scores=OutFile(".ldscores.tsv.gz", Format.TSV, "LD scores (--ld-scores).", optional=True, schema="lucidseq.ld_scores"),
        ),
    ],
    genotypes: Annotated[
        Path | None,
        typer.Option("--genotypes", help="Genotype store of `lucidseq encode genotypes` (.genotypes.h5)."),
        In(Format.HDF5, schema="lucidseq.genotypes"),
    ] = None,
    loci: Annotated[
        Path | None,
        typer.Option(
            "--loci",
            help="BED file of loci, named in column 4. Without it, approximately independent blocks are found in the genotypes; of --input, each matrix is a block.",
        ),
        In(Format.BED),
    ] = None,
    variants: Annotated[
        Path | None,
        typer.Option("--variants", help="Summary statistics; only their variants are used, with their alleles."),
        In(Format.TSV, schema="lucidseq.sumstats"),
    ] = None,
    input: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            help="Published matrix instead of genotypes: LDGM edge list, PLINK square matrix of r, or .npz. Give it again for more.",
        ),
        In(Format.TSV, Format.CSV, Format.NPZ),
    ] = None,
    input_variants: Annotated[
        list[Path] | None,
        typer.Option(
            "--input-variants",
            help="Variants of each --input, in its order: .snplist, .bim (of PLINK 1.9 run with --keep-allele-order), .pvar, or a table rsid chromosome position allele1 allele2.",
        ),
        In(Format.TSV, Format.CSV),
    ] = None,
    input_format: Annotated[
        InputFormat, typer.Option("--input-format", help="Format of --input; auto tells it from the file.")
    ] = InputFormat.AUTO,
    contig: Annotated[
        str | None, typer.Option("--contig", help="Contig of an LDGM, whose list has none; left out: chrN as in the name of its file.")
    ] = None,
    match: Annotated[
        MatchBy,
        typer.Option(
            "--match",
            help="How variants of --input find --variants: by position, or by rsid where the builds differ; alleles must agree either way round.",
        ),
    ] = MatchBy.POSITION,
    n_ref: Annotated[float | None, typer.Option("--n-ref", min=2, help="Individuals behind --input; left out: unknown.")] = None,
    build: Annotated[
        str | None, typer.Option("--build", help="Genome build of --input, kept in the output (such as GRCh38); genotypes bring their own.")
    ] = None,
    trait: Annotated[
        str | None, typer.Option("--trait", help="Use only individuals with this trait, as its summary statistics did.")
    ] = None,
    method: Annotated[
        LdMethod, typer.Option("--method", help="in-sample: the individuals behind the summary statistics; panel: others.")
    ] = LdMethod.IN_SAMPLE,
    adjust_covariates: Annotated[
        bool, typer.Option("--adjust-covariates/--no-adjust-covariates", help="Project the encoded covariates out, as the tests do.")
    ] = True,
    shrinkage: Annotated[
        str,
        typer.Option(
            "--shrinkage", help="Weight of the identity matrix, 0 (none) to 1; auto: what minimises the expected error of each block."
        ),
    ] = "0",
    low_rank: Annotated[
        float | None,
        typer.Option(
            "--low-rank",
            min=0,
            max=1,
            help="Store the eigenvectors that hold this share of the variance instead of the matrix (such as 0.95).",
        ),
    ] = None,
    min_block: Annotated[int, typer.Option("--min-block", min=2, help="Fewest variants in a block found without --loci.")] = 200,
    max_block: Annotated[
        int, typer.Option("--max-block", min=4, help="Most variants in a block found without --loci; at least twice --min-block.")
    ] = 5000,
    ld_scores: Annotated[bool, typer.Option("--ld-scores/--no-ld-scores", help="Write LD scores of all variants that vary.")] = False,
    ld_window: Annotated[
        float, typer.Option("--ld-window", min=0.001, help="Window on either side for LD scores and for finding blocks, in kilobases.")
    ] = 1000.0,
    threads: Threads = 1,
) -> None:
    """Make LD (correlations of effect-allele dosages) from genotypes, or take it over from published matrices.

    Published are LDGM precision matrices, PLINK's square matrices of r, and the .npz files of UK Biobank and PolyFun.
    """
