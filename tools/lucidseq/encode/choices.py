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
