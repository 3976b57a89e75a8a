"""Convert genomic files to the suite's formats: sequences, genotypes, summary statistics, LD."""

from lucidseq.encode.cli import annotations, genotypes, haplotypes, ld, matrix, sequences, structure, sumstats

__all__ = ["annotations", "genotypes", "haplotypes", "ld", "matrix", "sequences", "structure", "sumstats"]
