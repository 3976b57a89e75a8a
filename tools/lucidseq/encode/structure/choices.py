"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class SplitBy(StrEnum):
    """Groups that a split keeps together."""

    KINSHIP = "kinship"
    CLUSTERS = "clusters"
    RANDOM = "random"
