"""Turn genomic files into the suite's own: sequences, genotypes, summary statistics, LD."""
