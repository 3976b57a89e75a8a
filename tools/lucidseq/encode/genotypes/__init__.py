"""Reading genotypes of any format, quality control, and the genotype store."""
