"""Genomic background: bases whose GC content drifts along the contig."""

from __future__ import annotations

import numpy as np

from lucidseq.simulate.motifs import sample_bases

GC_MEAN, GC_SD, GC_BLOCK = 0.42, 0.04, 5000


def background_sequence(length: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a contig.

    Each block of 5,000 bp has its own GC content, an autoregressive walk around 0.42 as in the isochores of a mammalian genome.

    Returns
    -------
    uint8 codes of shape (length,).
    """
    blocks = -(-length // GC_BLOCK)
    gc = np.empty(blocks)
    level = 0.0
    steps = rng.normal(0.0, GC_SD * np.sqrt(1 - 0.9**2), blocks)
    for index in range(blocks):
        level = 0.9 * level + steps[index]
        gc[index] = GC_MEAN + level
    gc = np.clip(np.repeat(gc, GC_BLOCK)[:length], 0.25, 0.7)
    return sample_bases(np.stack([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2], axis=-1), rng)
