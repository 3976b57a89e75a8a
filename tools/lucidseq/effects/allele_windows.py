"""Windows of the genome with either allele in the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.genome import Genome


@dataclass(frozen=True)
class Variant:
    """One ALT allele of a VCF record; position 0-based."""

    contig: str
    position: int
    ref: str
    alt: str
    rsid: str
    record: int


def reference_matches(genome: Genome, variant: Variant) -> bool:
    """Return whether REF equals the bases of the genome (N in the genome matches nothing)."""
    bases = genome.fetch(variant.contig, variant.position, variant.position + len(variant.ref))
    return bool((bases == alphabet.encode(variant.ref)).all())


def allele_windows(genome: Genome, variants: list[Variant], length: int) -> np.ndarray:
    """Return windows with REF and with ALT.

    The first base of the allele is at ``length // 2``. To its right the window with ALT continues after the last base of REF:
    an insertion shortens the context on the right and a deletion lengthens it.

    Parameters
    ----------
    variants
        Variants whose contigs the genome has.
    length
        Window (bp).

    Returns
    -------
    uint8 codes of shape (n, 2, length): REF, then ALT.
    """
    codes = np.empty((len(variants), 2, length), dtype=np.uint8)
    left = length // 2
    for row, variant in zip(codes, variants, strict=True):
        start = variant.position - left
        reach = length + len(variant.ref)  # enough for the longest deletion
        context = genome.fetch(variant.contig, start, start + reach)
        row[0] = context[:length]
        joined = np.concatenate([context[:left], alphabet.encode(variant.alt), context[left + len(variant.ref) :]])
        row[1] = joined[:length]
    return codes
