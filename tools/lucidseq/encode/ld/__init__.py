"""Linkage disequilibrium: from genotypes, or from matrices that others publish."""
