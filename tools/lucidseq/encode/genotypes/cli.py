"""Command line of `lucidseq encode genotypes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Shard
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding, Multiallelic
from lucidseq.encode.options import Build, qc, tool


@tool.command(run="lucidseq.encode.genotypes.run:genotypes")
def genotypes(
    genotypes: Annotated[
        list[Path],
        typer.Option(
            "--genotypes",
            help="VCF, BCF, PLINK 2 .pgen or PLINK 1 .bed (or its prefix; companions lie beside it), BGEN (.sample beside it), or a genotype store; give the option again for each chromosome's file.",
        ),
        In(Format.VCF, Format.PLINK, Format.PGEN, Format.BGEN, Format.HDF5),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            genotypes=OutFile(".genotypes.h5", Format.HDF5, "Genotype store.", schema="lucidseq.genotypes"),
            qc=qc("genotypes"),
            variants=OutFile(".variants.tsv.gz", Format.TSV, "Quality of each variant, kept or not.", schema="lucidseq.variant_qc"),
            samples=OutFile(".samples.tsv", Format.TSV, "Quality of each sample, kept or not.", schema="lucidseq.sample_qc"),
            picture=OutFile(".genotypes.png", Format.PNG, "Quality control in one picture."),
        ),
    ],
    phenotypes: Annotated[
        Path | None,
        typer.Option(
            "--phenotypes",
            help="Table `FID IID trait...`, `IID trait...` (PLINK: -9 is missing) or `sample trait...` with a header; binary traits 0/1, or PLINK's 1/2. Without it a .fam's own phenotype is taken.",
        ),
        In(Format.TSV),
    ] = None,
    covariates: Annotated[
        Path | None,
        typer.Option(
            "--covariates",
            help="Table `FID IID covariate...`, `IID covariate...` (PLINK: -9 is missing) or `sample covariate...` with a header.",
        ),
        In(Format.TSV),
    ] = None,
    sex: Annotated[
        Path | None,
        typer.Option(
            "--sex",
            help="Table `sample sex` or `FID IID SEX` with a header; 1, M or male; 2, F or female. Without it the sexes of a .fam, .psam or .sample are taken.",
        ),
        In(Format.TSV),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", help="Samples to keep: a name a line, or FID and IID; all others are left out."),
        In(Format.TSV),
    ] = None,
    field: Annotated[
        GenotypeField,
        typer.Option(
            "--field",
            help="What is read of a sample: auto takes dosages where a file has them (DS of VCF), else calls; gp makes dosages of a VCF's genotype probabilities.",
        ),
    ] = GenotypeField.AUTO,
    multiallelic: Annotated[
        Multiallelic, typer.Option("--multiallelic", help="Sites of several ALT alleles: one variant an allele, or left out.")
    ] = Multiallelic.SPLIT,
    ploidy: Annotated[
        int, typer.Option("--ploidy", min=1, max=16, help="Chromosome copies of an individual: 1 for haploids, 4 for autotetraploids.")
    ] = 2,
    male_x: Annotated[
        HaploidCoding,
        typer.Option("--male-x", help="Copies that a haploid call counts (a man's X; Y and mitochondria): 0 or 2, or 0 or 1."),
    ] = HaploidCoding.TWO,
    min_frequency: Annotated[
        float, typer.Option("--min-frequency", min=0, max=0.5, help="Least minor-allele frequency; 0 keeps every variant.")
    ] = 0.01,
    min_minor_count: Annotated[
        float,
        typer.Option("--min-minor-count", min=0, help="Least copies of the rarer allele in the data, a man's X counted once; 0 is off."),
    ] = 0,
    max_missing: Annotated[
        float, typer.Option("--max-missing", min=0, max=1, help="Largest share of missing genotypes of a variant; 1 is off.")
    ] = 0.05,
    max_sample_missing: Annotated[
        float, typer.Option("--max-sample-missing", min=0, max=1, help="Largest share of missing genotypes of a sample; 1 is off.")
    ] = 0.05,
    max_heterozygosity: Annotated[
        float,
        typer.Option(
            "--max-heterozygosity",
            min=0,
            help="Samples whose inbreeding coefficient is further from the mean, in standard deviations, are left out; 0 is off.",
        ),
    ] = 0,
    min_hwe_p: Annotated[
        float,
        typer.Option(
            "--min-hwe-p", min=0, max=1, help="Least p-value of the exact Hardy-Weinberg test; 0 is off (inbred lines, haploids)."
        ),
    ] = 1e-6,
    region: Annotated[
        Path | None, typer.Option("--region", help="BED file; variants outside its intervals are left out."), In(Format.BED)
    ] = None,
    build: Build = "unknown",
    shard: Shard = None,
) -> None:
    """Encode genotypes, phenotypes and covariates as one genotype store.

    The effect allele is the ALT of VCF and PLINK 2, PLINK 1's A1, and of BGEN every allele but the first. The stores that shards
    wrote are gathered by giving them as genotypes.
    """
