"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class Calls(StrEnum):
    """What a column of the matrices is."""

    HAPLOTYPES = "haplotypes"
    DOSAGES = "dosages"


class Polarization(StrEnum):
    """Which allele is counted (1)."""

    AUTO = "auto"
    REFERENCE = "reference"
    ANCESTRAL = "ancestral"
    MINOR = "minor"
