"""Readers of genotype files: one file a format, one protocol (`reader.GenotypeReader`)."""
