"""Make genomes, sequences and traits in which the truth is known."""

from lucidseq.simulate.cli import locus, sequences

__all__ = ["locus", "sequences"]
