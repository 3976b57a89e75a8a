"""Choices that the options of this tool offer."""

from __future__ import annotations

from enum import StrEnum


class Architecture(StrEnum):
    """Networks of `lucidseq.nets.architectures`."""

    CNN_SHALLOW = "cnn-shallow"
    CNN_DEEP = "cnn-deep"


class FirstActivation(StrEnum):
    """Activation of the first convolution."""

    EXPONENTIAL = "exponential"
    RELU = "relu"


class ClassWeights(StrEnum):
    """Weighting of the two labels of a binary target in the loss."""

    NONE = "none"
    BALANCED = "balanced"
