"""Explain networks base by base."""

from lucidseq.attribute.cli import maps

__all__ = ["maps"]
