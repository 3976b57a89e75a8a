"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """What a network is to learn from sequences."""

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
    """What is done to signal values."""

    NONE = "none"
    LOG1P = "log1p"


class LabelColumn(StrEnum):
    """Which column of a BED file holds targets."""

    NONE = "none"
    SCORE = "score"
    NAME = "name"


class Negatives(StrEnum):
    """Where sequences of the negative class come from when only regions are given."""

    NONE = "none"
    GC_MATCHED = "gc-matched"
    GC_REPEAT_MATCHED = "gc-repeat-matched"


class NearCopies(StrEnum):
    """What is done with sequences that are nearly copies of others."""

    KEEP = "keep"
    SEPARATE = "separate"
