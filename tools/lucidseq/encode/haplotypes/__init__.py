"""Haplotypes of windows along the genome, for networks of population genetics."""
