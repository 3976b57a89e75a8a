"""Choices of the options."""

from __future__ import annotations

from enum import StrEnum


class RefMismatch(StrEnum):
    """What to do with a variant whose REF is not the base of the genome."""

    ERROR = "error"
    SKIP = "skip"
