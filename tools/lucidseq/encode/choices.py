"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class GenotypeField(StrEnum):
    """Which FORMAT field of a VCF or BCF is read."""

    AUTO = "auto"
    GT = "gt"
    DOSAGE = "dosage"


class ZKind(StrEnum):
    """What the test statistic of a summary-statistics file is."""

    WALD = "wald"
    T = "t"
    SCORE = "score"


class LdMethod(StrEnum):
    """Where the individuals behind an LD matrix come from."""

    IN_SAMPLE = "in-sample"
    PANEL = "panel"
