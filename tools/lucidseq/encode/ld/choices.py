"""Choices of the command line."""

from __future__ import annotations

from enum import StrEnum


class LdMethod(StrEnum):
    """Where the individuals behind an LD matrix come from."""

    IN_SAMPLE = "in-sample"
    PANEL = "panel"
