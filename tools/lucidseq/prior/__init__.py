"""Functional priors: which variants matter, learned from whole-genome summary statistics by full likelihood."""

from lucidseq.prior.cli import fit

__all__ = ["fit"]
