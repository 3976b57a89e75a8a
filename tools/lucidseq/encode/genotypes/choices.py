"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class GenotypeField(StrEnum):
    """What is read of a sample: called genotypes, dosages, or genotype probabilities turned into dosages."""

    AUTO = "auto"
    GT = "gt"
    DOSAGE = "dosage"
    GP = "gp"


class Multiallelic(StrEnum):
    """What becomes of a site with several ALT alleles."""

    SPLIT = "split"
    DROP = "drop"


class HaploidCoding(StrEnum):
    """Copies that a haploid call (a man's X, the Y, mitochondria) of the effect allele counts for in a diploid store."""

    TWO = "0-2"
    ONE = "0-1"
