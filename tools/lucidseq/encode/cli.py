"""Command line of `lucidseq encode`: each command is declared in the folder that does its work."""

from lucidseq.encode.annotations.cli import annotations
from lucidseq.encode.genotypes.cli import genotypes
from lucidseq.encode.haplotypes.cli import haplotypes
from lucidseq.encode.ld.cli import ld
from lucidseq.encode.matrix.cli import matrix
from lucidseq.encode.options import tool
from lucidseq.encode.sequences.cli import sequences
from lucidseq.encode.structure.cli import structure
from lucidseq.encode.sumstats.cli import sumstats

__all__ = ["annotations", "genotypes", "haplotypes", "ld", "main", "matrix", "sequences", "structure", "sumstats", "tool"]

main = tool.main
