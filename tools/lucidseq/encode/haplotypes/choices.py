"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class Calls(StrEnum):
    """Content of a column of the matrices."""

    HAPLOTYPES = "haplotypes"
    DOSAGES = "dosages"


class Polarization(StrEnum):
    """Which allele is counted (1)."""

    AUTO = "auto"
    REFERENCE = "reference"
    ANCESTRAL = "ancestral"
    MINOR = "minor"


class PhaseSets(StrEnum):
    """Treatment of samples whose phase is known within phase sets (PS) alone."""

    REFUSE = "refuse"
    BREAK = "break"
