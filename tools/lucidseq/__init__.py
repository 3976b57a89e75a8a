"""Deep learning on genomes whose answers can be read and trusted."""

__version__ = "0.1.0"
