"""Choices of options that several tools have."""

from __future__ import annotations

from enum import StrEnum


class SplitChoice(StrEnum):
    """Part of a dataset that a command works on (`splits.Split` is how a store keeps it)."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"
    ALL = "all"
