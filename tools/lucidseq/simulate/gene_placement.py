"""Genes along contigs, and gene sets of which one is causal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

GENE_SPACING = 30_000  # mean distance between gene starts (bp)
SET_SIZE, FOREIGN_GENES = 8, 2  # genes of a set on the genotyped contig, and elsewhere


@dataclass(frozen=True)
class PlacedGene:
    """A gene, 0-based and half-open."""

    gene_id: str
    contig: str
    start: int
    end: int
    strand: str


def place_genes(contig: str, length: int, first_number: int, rng: np.random.Generator) -> list[PlacedGene]:
    """Place genes that do not overlap: log-normal lengths around 9 kb, one about every 30 kb."""
    genes: list[PlacedGene] = []
    position = int(rng.integers(2000, GENE_SPACING // 2))
    while True:
        size = int(np.clip(rng.lognormal(np.log(9000), 0.6), 1500, 40_000))
        if position + size > length - 2000:
            return genes
        strand = "+" if rng.random() < 0.5 else "-"
        genes.append(PlacedGene(f"GENE{first_number + len(genes):05d}", contig, position, position + size, strand))
        position += size + int(rng.exponential(GENE_SPACING - 11_000)) + 1000


def nearest_genes(genes: list[PlacedGene], positions: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the identifier of the gene nearest to each position, and the distance to it (bp; 0 inside a gene)."""
    starts, ends = np.array([gene.start for gene in genes]), np.array([gene.end for gene in genes])
    distance = np.maximum(np.maximum(starts[None] - positions[:, None], positions[:, None] - ends[None] + 1), 0)
    return [genes[int(index)].gene_id for index in distance.argmin(axis=1)], distance.min(axis=1)


def make_gene_sets(
    genotyped: list[PlacedGene], other_genes: list[PlacedGene], causal: list[str], count: int, rng: np.random.Generator
) -> tuple[dict[str, list[str]], str]:
    """Make gene sets; the causal set holds every causal gene, the other sets none.

    Returns
    -------
    sets, causal_set
        Name to sorted genes, and the name of the causal set (its position among the sets is random).
    """
    causal = sorted(set(causal))
    pool = [gene.gene_id for gene in genotyped if gene.gene_id not in causal]
    foreign = [gene.gene_id for gene in other_genes]
    causal_index = int(rng.integers(count))
    sets = {}
    for index in range(count):
        own = causal if index == causal_index else []
        filler = rng.choice(pool, size=min(len(pool), max(SET_SIZE - len(own), 2)), replace=False)
        elsewhere: Any = rng.choice(foreign, size=min(FOREIGN_GENES, len(foreign)), replace=False) if foreign else []
        sets[f"SET_{index + 1:02d}"] = sorted([*own, *map(str, filler), *map(str, elsewhere)])
    return sets, f"SET_{causal_index + 1:02d}"
