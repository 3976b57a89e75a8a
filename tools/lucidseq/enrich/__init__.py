"""Test genes and gene sets for association."""

from lucidseq.enrich.cli import genes, pathways

__all__ = ["genes", "pathways"]
