"""A prior from a functional score, with its weight estimated from the data (empirical Bayes).

pi_j = (1 - u) exp(w s_j) / sum_k exp(w s_k) + u / p with the standardised score s, u = 0.1. The uniform part bounds
the influence of wrong scores: no variant has less than a tenth of its flat prior.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

UNIFORM_SHARE = 0.1
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
# Nats; half the 5 % point of the likelihood ratio when w = 0 lies on the edge: 1.645^2 / 2. How often
# uninformative scores gain more: docs/methods/functional-prior.md
CLEAR_GAIN = 1.353


@dataclass(frozen=True)
class ScoreScale:
    """Mean and standard deviation that a score is standardised with."""

    mean: float
    sd: float

    @classmethod
    def of(cls, scores: np.ndarray) -> ScoreScale:
        """Measure the scale of finite scores; a score that does not vary gets sd 1, so that it has no influence."""
        finite = scores[np.isfinite(scores)]
        sd = float(finite.std()) if len(finite) else 0.0
        return cls(float(finite.mean()) if len(finite) else 0.0, sd if sd > 0 else 1.0)

    def standardise(self, scores: np.ndarray) -> np.ndarray:
        """Return standardised scores; a missing one becomes the mean, 0."""
        return np.where(np.isfinite(scores), (scores - self.mean) / self.sd, 0.0)


@dataclass(frozen=True)
class ScoreWeight:
    """The weight of the score in the prior.

    Attributes
    ----------
    weight
        w; 0 when the score is not used.
    gain
        ELBO of the best weight (or of the given one) less the ELBO under a flat prior, summed over the loci.
    """

    weight: float
    gain: float

    @property
    def helps(self) -> bool:
        """Whether the gain exceeds that of 19 in 20 uninformative scores."""
        return self.gain >= CLEAR_GAIN


def score_prior(standardised: np.ndarray, weight: float) -> np.ndarray:
    """Return prior probabilities, shape (p,), summing to 1.

    Parameters
    ----------
    standardised
        Standardised scores of one locus, shape (p,); finite.
    weight
        w >= 0; 0 gives the flat prior.

    Examples
    --------
    >>> score_prior(np.array([0.0, 0.0, 3.0]), 0.0).round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    log_weight = weight * standardised
    tilted = np.exp(log_weight - log_weight.max())
    mixed: np.ndarray = (1 - UNIFORM_SHARE) * tilted / tilted.sum() + UNIFORM_SHARE / len(tilted)
    return mixed


def choose_weight(elbos: Iterable[np.ndarray], weights: tuple[float, ...] = WEIGHTS) -> ScoreWeight:
    """Choose the weight of largest total ELBO, or 0 when an uninformative score might gain as much.

    Parameters
    ----------
    elbos
        For each locus the ELBO under each weight, shape (len(weights),).
    weights
        Ascending, the first 0.
    """
    total = np.sum([*elbos], axis=0)
    best = int(np.argmax(total))
    gain = float(total[best] - total[0])
    return ScoreWeight(weights[best] if gain >= CLEAR_GAIN else 0.0, gain)
