"""Modules shared by two or more tools: declarations of commands, file formats, provenance, the trust card, genomic objects."""
