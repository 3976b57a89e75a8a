"""Collect results in one page."""

from lucidseq.report.cli import build

__all__ = ["build"]
