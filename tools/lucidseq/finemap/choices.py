"""Choices of the commands' options."""

from __future__ import annotations

from enum import StrEnum


class ResidualVariance(StrEnum):
    """Treatment of the residual variance."""

    AUTO = "auto"
    ESTIMATE = "estimate"
    FIXED = "fixed"


class ResidualPrior(StrEnum):
    """Prior of the residual variance: none, normal-inverse-gamma (it is integrated), or nig with few samples."""

    AUTO = "auto"
    NONE = "none"
    NIG = "nig"
