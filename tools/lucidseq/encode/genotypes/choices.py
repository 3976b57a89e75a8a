"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class GenotypeField(StrEnum):
    """Sample field to read: calls, dosages, or dosages computed from genotype probabilities."""

    AUTO = "auto"
    GT = "gt"
    DOSAGE = "dosage"
    GP = "gp"


class Multiallelic(StrEnum):
    """Treatment of sites with several ALT alleles."""

    SPLIT = "split"
    DROP = "drop"


class HaploidCoding(StrEnum):
    """Copies that a haploid call (X of males, Y, mitochondria) of the effect allele counts for in a diploid store."""

    TWO = "0-2"
    ONE = "0-1"


class TraitKind(StrEnum):
    """Kind of a trait of a few small whole numbers, which its values do not show."""

    AUTO = "auto"
    QUANTITATIVE = "quantitative"
    BINARY = "binary"
