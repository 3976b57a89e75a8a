"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class SplitBy(StrEnum):
    """What keeps samples together in a split."""

    KINSHIP = "kinship"
    CLUSTERS = "clusters"
    RANDOM = "random"
