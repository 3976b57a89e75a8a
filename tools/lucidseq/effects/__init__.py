"""Score variants with a network."""

from lucidseq.effects.cli import variants

__all__ = ["variants"]
