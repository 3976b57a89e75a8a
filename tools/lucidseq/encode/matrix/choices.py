"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class MatrixLayout(StrEnum):
    """Storage of a genotype."""

    AUTO = "auto"
    BITS2 = "bits2"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
