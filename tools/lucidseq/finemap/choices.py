"""Choices of the commands' options."""

from __future__ import annotations

from enum import StrEnum


class ResidualVariance(StrEnum):
    """Treatment of the residual variance."""

    AUTO = "auto"
    ESTIMATE = "estimate"
    FIXED = "fixed"
