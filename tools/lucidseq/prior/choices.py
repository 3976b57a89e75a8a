"""Choices of the options of `lucidseq-prior`."""

from __future__ import annotations

from enum import StrEnum


class PriorModel(StrEnum):
    """How prior variance depends on annotations."""

    CONSTANT = "constant"
    LOG_LINEAR = "log-linear"
    MLP = "mlp"


class ResidualScale(StrEnum):
    """Whether the residual scale of the statistics is estimated."""

    FREE = "free"
    FIXED = "fixed"
