"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class LdMethod(StrEnum):
    """Source of the samples behind an LD matrix."""

    IN_SAMPLE = "in-sample"
    PANEL = "panel"


class InputFormat(StrEnum):
    """Format of a published matrix."""

    AUTO = "auto"
    LDGM = "ldgm"
    PLINK = "plink"
    NPZ = "npz"


class MatchBy(StrEnum):
    """What two equal variants share, beside their alleles."""

    POSITION = "position"
    RSID = "rsid"
