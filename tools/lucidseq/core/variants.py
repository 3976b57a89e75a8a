"""Names of variants."""

from __future__ import annotations

from collections.abc import Iterable


def variant_id(contig: str, position: int, other_allele: str, effect_allele: str) -> str:
    """Name a variant: contig:position:other:effect, position 1-based.

    Examples
    --------
    >>> variant_id("chr1", 101, "A", "G")
    'chr1:101:A:G'
    """
    return f"{contig}:{position}:{other_allele}:{effect_allele}"


def variant_ids(
    contigs: Iterable[str], positions: Iterable[int], other_alleles: Iterable[str], effect_alleles: Iterable[str]
) -> list[str]:
    """Name many variants (see `variant_id`)."""
    return [variant_id(*parts) for parts in zip(contigs, positions, other_alleles, effect_alleles, strict=True)]
