"""Choose the reader of a genotype file; a new format is one file with the `GenotypeReader` protocol, named here."""

from __future__ import annotations

from pathlib import Path

from lucidseq.encode.genotypes import plink1, vcf, vcf_records
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import GenotypeReader


def open_reader(path: Path, field: GenotypeField) -> GenotypeReader:
    """Open a file of genotypes by its content: PLINK1 (.bed or its prefix), BCF or VCF (plain, gzip or bgzip).

    Raises
    ------
    DataError
        If it is none of these, or is damaged.
    """
    if plink1.is_plink1(path):
        return plink1.Plink1Reader(path)
    if vcf_records.is_bcf(path):
        return vcf_records.BcfReader(path, field)
    return vcf.VcfReader(path, field)
