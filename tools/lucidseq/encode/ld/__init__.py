"""Linkage disequilibrium: from genotypes, or from published matrices."""
