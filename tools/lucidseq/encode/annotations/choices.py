"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class BedValue(StrEnum):
    """Value that a BED file gives a variant or window."""

    OVERLAP = "overlap"
    NAME = "name"
    SCORE = "score"


class FeatureKind(StrEnum):
    """What the numbers of a feature are."""

    SHARE = "share"
    CATEGORY = "category"
    SCORE = "score"
    DISTANCE = "distance"
    SIGNAL = "signal"
    TABLE = "table"
    ATTRIBUTION = "attribution"
