"""A quantitative trait from a few causal variants."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import UsageError


def choose_causal(
    position: np.ndarray, frequency: np.ndarray, *, count: int, min_frequency: float, min_distance: int, margin: int,
    length: int, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Choose common variants that lie far apart.

    Parameters
    ----------
    position, frequency
        Sites (0-based) and ALT frequencies, of shape (variants,).
    margin
        Smallest distance to either end of the contig (bp).

    Returns
    -------
    Indices in position order, of shape (count,).

    Raises
    ------
    UsageError
        If the contig does not hold that many.
    """
    common = (
        (np.minimum(frequency, 1 - frequency) >= min_frequency) & (position >= margin) & (position < length - margin)
    )
    chosen: list[int] = []
    for index in rng.permutation(np.flatnonzero(common)):
        if all(abs(int(position[index]) - int(position[other])) >= min_distance for other in chosen):
            chosen.append(int(index))
            if len(chosen) == count:
                return np.sort(np.array(chosen))
    raise UsageError(
        f"--causal-variants {count} with --min-distance {min_distance} on {length} bp",
        f"at most {len(chosen)} for this seed",
        "choose fewer, closer or rarer causal variants, or a longer --genotyped-length",
    )


def simulate_trait(
    dosage: np.ndarray, *, heritability: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a trait in which every causal variant explains the same variance, with random sign.

    Parameters
    ----------
    dosage
        Copies of ALT of the causal variants, of shape (causal, people).

    Returns
    -------
    trait, beta
        Trait with variance 1 of shape (people,), and effect of one ALT allele on it of shape (causal,).
    """
    beta = rng.choice([-1.0, 1.0], size=len(dosage)) / dosage.std(axis=1)
    genetic = beta @ dosage
    noise = rng.normal(0.0, np.sqrt(genetic.var() * (1 - heritability) / heritability), size=dosage.shape[1])
    trait = genetic + noise
    scale = trait.std()
    return (trait - trait.mean()) / scale, beta / scale
