"""Command line of `lucidseq encode genotypes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.options import Build, qc, tool


@tool.command(run="lucidseq.encode.genotypes.run:genotypes")
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
            qc=qc("genotypes"),
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
    build: Build = "unknown",
) -> None:
    """Encode genotypes, phenotypes and covariates as one genotype store.

    The effect allele is VCF's ALT and PLINK's A1. Rows with several ALT alleles are counted and left out.
    """
