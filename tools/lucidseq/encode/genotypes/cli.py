"""Command line of `lucidseq encode genotypes`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options, Shard
from lucidseq.core.roles import Format, In, Needs, OutFile
from lucidseq.core.schema import GENOTYPES, SAMPLE_QC, VARIANT_QC
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding, Multiallelic, TraitKind
from lucidseq.encode.options import Build, qc, tool


@dataclass(frozen=True, kw_only=True)
class GenotypesOptions(Options):
    """Encode genotypes, phenotypes and covariates as one genotype store.

    The effect allele is the ALT of VCF and PLINK 2, PLINK 1's A1, and of BGEN every allele but the first. Give the stores of
    shards as genotypes to combine them.
    """

    genotypes: Annotated[
        list[Path],
        Option(
            "VCF, BCF, PLINK 2 .pgen or PLINK 1 .bed (or its prefix; with its companion files), BGEN (with .sample), or a genotype store. Repeat for the file of each chromosome."
        ),
        In(Format.VCF, Format.PLINK, Format.PGEN, Format.BGEN, Format.HDF5),
    ]
    phenotypes: Annotated[
        Path | None,
        Option(
            "Table `FID IID trait...`, `IID trait...` (PLINK: -9 is missing) or `sample trait...` with a header; binary traits 0/1, or PLINK's 1/2. Without it, the phenotype of a .fam is used."
        ),
        In(Format.TSV),
    ] = None
    trait_kind: Annotated[
        TraitKind,
        Option(
            "Kind of traits of a few small whole numbers, such as 0, 1 and 2: quantitative, or binary (0 missing, 1 control, 2 case); auto refuses them. Others show their kind."
        ),
        Needs("phenotypes"),
    ] = TraitKind.AUTO
    covariates: Annotated[
        Path | None,
        Option("Table `FID IID covariate...`, `IID covariate...` (PLINK: -9 is missing) or `sample covariate...` with a header."),
        In(Format.TSV),
    ] = None
    sex: Annotated[
        Path | None,
        Option(
            "Table `sample sex` or `FID IID SEX` with a header; 1, M or male; 2, F or female. Without it, the sexes of a .fam, .psam or .sample are used."
        ),
        In(Format.TSV),
    ] = None
    sample: Annotated[
        Path | None,
        Option("Oxford .sample file of a BGEN, where it is not beside it by the same name; one for all BGEN files."),
        In(Format.TSV),
    ] = None
    drop_incomplete: Annotated[
        bool, Option("Remove rows of a VCF or BCF without the sample field that is read, such as calls, rather than refuse the file.")
    ] = False
    samples: Annotated[
        Path | None, Option("Samples to keep: one name per line, or FID and IID; all others are removed."), In(Format.TSV)
    ] = None
    field: Annotated[
        GenotypeField,
        Option(
            "Sample field to read: auto takes dosages where a file has them (DS of VCF), else calls; gp computes dosages from the genotype probabilities of a VCF."
        ),
    ] = GenotypeField.AUTO
    multiallelic: Annotated[Multiallelic, Option("Sites with several ALT alleles: one variant per allele, or removed.")] = (
        Multiallelic.SPLIT
    )
    ploidy: Annotated[int, Option("Chromosome copies of a sample: 1 for haploids, 4 for autotetraploids.", min=1, max=16)] = 2
    male_x: Annotated[HaploidCoding, Option("Copies that a haploid call counts (X of males, Y, mitochondria): 0 or 2, or 0 or 1.")] = (
        HaploidCoding.TWO
    )
    min_frequency: Annotated[float, Option("Least minor-allele frequency; 0 keeps every variant.", min=0, max=0.5)] = 0.01
    min_minor_count: Annotated[float, Option("Least copies of the rarer allele, the X of a male counted once; 0 is off.", min=0)] = 0
    max_missing: Annotated[float, Option("Largest share of missing genotypes of a variant; 1 is off.", min=0, max=1)] = 0.05
    max_sample_missing: Annotated[float, Option("Largest share of missing genotypes of a sample; 1 is off.", min=0, max=1)] = 0.05
    max_heterozygosity: Annotated[
        float, Option("Largest distance of a sample's inbreeding coefficient from the mean, in standard deviations; 0 is off.", min=0)
    ] = 0
    min_hwe_p: Annotated[
        float, Option("Least p-value of the exact Hardy-Weinberg test; 0 is off (inbred lines, haploids).", min=0, max=1)
    ] = 1e-06
    region: Annotated[Path | None, Option("BED file; variants outside its intervals are removed."), In(Format.BED)] = None
    build: Build = "unknown"
    shard: Shard = None


def _methods(options: GenotypesOptions) -> Methods:
    filters = "frequency, missingness and Hardy-Weinberg proportions" if options.ploidy == 2 else "frequency and missingness"
    return Methods(f"Genotypes were filtered on {filters}.", "Chang et al. 2015, GigaScience 4:7")


genotypes = tool.command(
    "genotypes",
    GenotypesOptions,
    run="lucidseq.encode.genotypes.run:genotypes",
    outputs={
        "genotypes": OutFile(".genotypes.h5", Format.HDF5, "Genotype store.", schema=GENOTYPES),
        "qc": qc("genotypes"),
        "variants": OutFile(".variants.tsv.gz", Format.TSV, "Quality of each variant, kept or not.", schema=VARIANT_QC),
        "samples": OutFile(".samples.tsv", Format.TSV, "Quality of each sample, kept or not.", schema=SAMPLE_QC),
        "picture": OutFile(".genotypes.png", Format.PNG, "Quality control in one picture."),
    },
    methods=_methods,
)
