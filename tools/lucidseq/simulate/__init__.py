"""Make genomes, sequences and traits in which the truth is known."""
