"""Fine mapping: which variants of an associated locus cause the association."""

from lucidseq.finemap.cli import locus

__all__ = ["locus"]
