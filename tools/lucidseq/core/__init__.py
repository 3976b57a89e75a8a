"""What two or more tools share: command-line habits, file formats, provenance, the trust card, genomic objects."""
