"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """Kind of targets of the sequences."""

    AUTO = "auto"
    BINARY = "binary"
    REGRESSION = "regression"
    COUNTS = "counts"


class SignalStatistic(StrEnum):
    """How a signal track becomes one value a window."""

    MEAN = "mean"
    MAX = "max"
    SUM = "sum"


class SignalTransform(StrEnum):
    """Transformation of signal values."""

    NONE = "none"
    LOG1P = "log1p"


class LabelColumn(StrEnum):
    """Which column of a BED file holds targets."""

    NONE = "none"
    SCORE = "score"
    NAME = "name"


class Negatives(StrEnum):
    """Source of the negative class when only regions are given."""

    NONE = "none"
    GC_MATCHED = "gc-matched"
    GC_REPEAT_MATCHED = "gc-repeat-matched"


class NearCopies(StrEnum):
    """Treatment of near-copies."""

    KEEP = "keep"
    SEPARATE = "separate"
