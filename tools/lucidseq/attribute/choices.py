"""Choices of the options."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """How a prediction is shared among the bases of a sequence."""

    DEEPSHAP = "deepshap"
    INTEGRATED_GRADIENTS = "integrated-gradients"
    SALIENCY = "saliency"
    ISM = "ism"


class Engine(StrEnum):
    """Implementation of DeepLIFT that computes DeepSHAP scores."""

    OWN = "own"
    SHAP = "shap"


class Reference(StrEnum):
    """Reference that a sequence is compared with."""

    DINUCLEOTIDE_SHUFFLE = "dinucleotide-shuffle"
    UNIFORM = "uniform"
    ZERO = "zero"


class Reduce(StrEnum):
    """How a profile over positions becomes one number."""

    SUM = "sum"
    MEAN = "mean"


class Select(StrEnum):
    """Sequences to explain when there are more than requested."""

    RANDOM = "random"
    HIGHEST = "highest"
    FIRST = "first"
