"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class GenotypeField(StrEnum):
    """Which FORMAT field of a VCF or BCF is read."""

    AUTO = "auto"
    GT = "gt"
    DOSAGE = "dosage"
