"""Genotypes by sample, in the layout that training reads."""
