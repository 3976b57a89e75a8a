"""Haplotypes by the coalescent with recombination hotspots (msprime)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.errors import missing_extra

BASE_RATE = 1e-8  # recombination per bp and generation outside hotspots
HOTSPOT_WIDTH, HOTSPOT_SPACING, HOTSPOT_FOLD = 2000, 30_000, 30.0
MUTATION_RATE = 1.25e-8
POPULATION_SIZE = 10_000


@dataclass(frozen=True)
class Haplotypes:
    """Phased genotypes.

    Attributes
    ----------
    position
        Sites, 0-based, strictly increasing, int64 of shape (variants,).
    alleles
        0 = REF, 1 = ALT, int8 of shape (variants, 2 * samples); the two haplotypes of a sample are adjacent.
    """

    position: np.ndarray
    alleles: np.ndarray

    @property
    def dosage(self) -> np.ndarray:
        """Copies of ALT, int8 of shape (variants, samples)."""
        counts: np.ndarray = self.alleles[:, 0::2] + self.alleles[:, 1::2]
        return counts

    @property
    def frequency(self) -> np.ndarray:
        """ALT frequency of shape (variants,)."""
        return self.alleles.mean(axis=1)


def hotspot_map(length: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a recombination map.

    Returns
    -------
    breakpoints, rates
        Breakpoints of shape (intervals + 1,) from 0 to length, and the rate per bp and generation of each interval.
    """
    gaps = rng.exponential(HOTSPOT_SPACING, size=max(8, 4 * length // HOTSPOT_SPACING)).astype(np.int64) + HOTSPOT_WIDTH
    starts = np.cumsum(gaps)
    starts = starts[starts < length - HOTSPOT_WIDTH]
    breakpoints = np.unique(np.concatenate([[0, length], starts, starts + HOTSPOT_WIDTH]))
    hot = np.isin(breakpoints[:-1], starts)
    heats = BASE_RATE * HOTSPOT_FOLD * rng.gamma(2.0, 0.5, size=len(hot))
    return breakpoints.astype(np.float64), np.where(hot, heats, BASE_RATE)


def simulate_haplotypes(length: int, samples: int, breakpoints: np.ndarray, rates: np.ndarray, seed: int) -> Haplotypes:
    """Simulate a sample of a population of 10,000 with mutation rate 1.25e-8.

    References
    ----------
    Baumdicker et al. 2022, Genetics 220:iyab229 (msprime 1.0).

    Raises
    ------
    MissingExtraError
        If msprime is not installed.
    """
    try:
        import msprime
    except ImportError as error:
        raise missing_extra("msprime", "simulate") from error
    rate_map = msprime.RateMap(position=breakpoints, rate=rates)
    msprime_seed = seed % (2**32 - 2) + 1
    trees = msprime.sim_ancestry(samples=samples, population_size=POPULATION_SIZE, recombination_rate=rate_map, random_seed=msprime_seed)
    trees = msprime.sim_mutations(trees, rate=MUTATION_RATE, model=msprime.BinaryMutationModel(), random_seed=msprime_seed)
    alleles = trees.genotype_matrix().astype(np.int8)
    position = trees.tables.sites.position.astype(np.int64)
    counts = alleles.sum(axis=1)
    keep = (counts > 0) & (counts < alleles.shape[1])
    return Haplotypes(position[keep], alleles[keep])
