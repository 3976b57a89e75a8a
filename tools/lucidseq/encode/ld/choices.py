"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class LdMethod(StrEnum):
    """Where the individuals behind an LD matrix come from."""

    IN_SAMPLE = "in-sample"
    PANEL = "panel"


class InputFormat(StrEnum):
    """What kind of matrix others published."""

    AUTO = "auto"
    LDGM = "ldgm"
    PLINK = "plink"
    NPZ = "npz"


class MatchBy(StrEnum):
    """What tells that two variants are the same, beside their alleles."""

    POSITION = "position"
    RSID = "rsid"
