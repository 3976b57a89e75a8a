"""A quantitative trait from a few causal variants."""

from __future__ import annotations

import numpy as np

from lucidseq.core.errors import UsageError


def choose_causal(position: np.ndarray, eligible: np.ndarray, *, count: int, min_distance: int, rng: np.random.Generator) -> np.ndarray:
    """Choose variants that lie far apart.

    Parameters
    ----------
    position
        Sites (0-based), of shape (variants,).
    eligible
        Which of them may be chosen, bool of shape (variants,).

    Returns
    -------
    Indices in position order, of shape (count,).

    Raises
    ------
    UsageError
        If there are not that many.
    """
    chosen: list[int] = []
    for index in rng.permutation(np.flatnonzero(eligible)):
        if all(abs(int(position[index]) - int(position[other])) >= min_distance for other in chosen):
            chosen.append(int(index))
            if len(chosen) == count:
                return np.sort(np.array(chosen))
    raise UsageError(
        f"--causal-variants {count} with --min-distance {min_distance}",
        f"at most {len(chosen)} for this seed",
        "choose fewer, closer or rarer causal variants, or a longer --genotyped-length",
    )


def simulate_trait(dosage: np.ndarray, *, heritability: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a trait in which every causal variant explains the same variance, with random sign.

    Parameters
    ----------
    dosage
        Copies of ALT of the causal variants, of shape (causal, samples).

    Returns
    -------
    trait, beta
        Trait with variance 1 of shape (samples,), and effect of one ALT allele on it of shape (causal,).
    """
    beta = rng.choice([-1.0, 1.0], size=len(dosage)) / dosage.std(axis=1)
    genetic = beta @ dosage
    noise = rng.normal(0.0, np.sqrt(genetic.var() * (1 - heritability) / heritability), size=dosage.shape[1])
    trait = genetic + noise
    scale = trait.std()
    return (trait - trait.mean()) / scale, beta / scale
