"""Consistency of test statistics and LD: the null-model estimate of the mismatch s in z ~ N(0, (1 - s) R + s I), and the variants that break it.

References
----------
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299, sections "a diagnostic of consistency" and "detecting allele flips".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

MOST_TOGETHER = 300  # variants decomposed together: a decomposition costs O(p^3), and LD is local
LEVEL = 0.95
AGREES_BELOW = 0.01  # lower bound of s: z and LD agree
UNKNOWN_ABOVE = 0.5  # upper bound of s from which that lower bound does not show that z and LD agree
FAMILY_ERROR = 0.05  # probability of naming any variant of a locus whose alleles are right, at most
_HALF_CHI2 = 1.920729  # half the 95 % point of chi-square with 1 degree of freedom
_MEDIAN_CHI2 = 0.454936  # of chi-square with 1 degree of freedom
_SMALLEST, _POINTS = 1e-8, 400
_LEAST_NOISE = 1e-3  # s of the conditional distributions, at least: variants in perfect LD predict each other up to rounding
_EIGENVALUE_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Mismatch:
    """Maximum-likelihood s between 0 (consistent) and 1 (LD does not predict z), with its 95 % likelihood interval.

    Attributes
    ----------
    flipped
        Variants whose z fits the LD with the other alleles (index in the locus).
    furthest
        The variant whose z departs most from what the others predict.
    """

    s: float
    low: float
    high: float
    flipped: tuple[int, ...] = ()
    furthest: int = 0

    @property
    def unknown(self) -> bool:
        """Whether z is compatible with LD, but as well with LD that does not predict it: hardly correlated variants."""
        return self.low < AGREES_BELOW and self.high > UNKNOWN_ABOVE


@dataclass(frozen=True)
class _Part:
    """Neighbouring variants: their z, the eigenvalues and eigenvectors of their correlations, and z in the basis of these."""

    z: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    rotated: np.ndarray

    def with_signs(self, sign: np.ndarray) -> _Part:
        """Return the same with z times a sign, shape (p,)."""
        return replace(self, z=sign * self.z, rotated=self.vectors.T @ (sign * self.z))


def mismatch(z: np.ndarray, R: np.ndarray) -> Mismatch:
    """Estimate how far z departs from what LD predicts. Values below 1e-8 are returned as 0.

    Loci of more than `MOST_TOGETHER` variants are cut into equal parts of neighbours, whose likelihoods are multiplied.

    Parameters
    ----------
    z
        Test statistics with the RSS transform applied (`SummaryStatistics.shrunk_z`), shape (p,).
    R
        Correlations in the order of positions, shape (p, p).
    """
    parts = _decompose(z, R)
    values, rotated2 = np.concatenate([part.values for part in parts]), np.concatenate([part.rotated for part in parts]) ** 2
    # One dimension that spans decades: a grid on its logarithm (step 4.7 %) gives both optimum and interval
    grid = np.append(0.0, np.geomspace(_SMALLEST, 1.0, _POINTS))
    likelihood = np.array([_log_likelihood(max(s, _SMALLEST), values, rotated2) for s in grid])
    best = int(np.argmax(likelihood))
    inside = np.flatnonzero(likelihood >= likelihood[best] - _HALF_CHI2)
    s = float(grid[best])
    departure, flipped = _search_flips(parts, max(s, _LEAST_NOISE))
    return Mismatch(s, float(grid[inside[0]]), float(grid[inside[-1]]), flipped, int(np.argmax(np.abs(departure))))


def _decompose(z: np.ndarray, R: np.ndarray) -> list[_Part]:
    edges = np.linspace(0, len(z), -(-len(z) // MOST_TOGETHER) + 1).astype(int)
    parts = []
    for start, end in pairwise(edges):
        values, vectors = np.linalg.eigh(R[start:end, start:end])
        parts.append(_Part(z[start:end], np.where(values < _EIGENVALUE_TOLERANCE, 0.0, values), vectors, vectors.T @ z[start:end]))
    return parts


def _log_likelihood(s: float, values: np.ndarray, rotated2: np.ndarray) -> float:
    variance = (1 - s) * values + s
    return float(-0.5 * np.sum(np.log(variance) + rotated2 / variance))


def _search_flips(parts: list[_Part], s: float) -> tuple[np.ndarray, tuple[int, ...]]:
    """Find the variants whose z fits with the other sign: in each part the most likely one is flipped until none is left, since it misleads its neighbours.

    Returns
    -------
    (z - mean) / sd given the other variants, shape (p,), and the index of the variants.
    """
    departure = np.concatenate([_conditional(part, s)[0] for part in parts])
    # So that LD of other samples, from which all z depart, does not look like flipped alleles
    scale = max(1.0, float(np.median(departure**2)) / _MEDIAN_CHI2)
    # A likelihood ratio exceeds x with probability 1 / x at most where the alleles are right (Markov's inequality)
    threshold = scale * np.log(len(departure) / FAMILY_ERROR)
    flipped: list[int] = []
    first = 0
    for part in parts:
        sign = np.ones(len(part.z))
        for _ in range(len(part.z)):
            ratio = _conditional(part.with_signs(sign), s)[1]
            best = int(np.argmax(ratio))
            if ratio[best] <= threshold:
                break
            sign[best] *= -1
        flipped += (first + np.flatnonzero(sign < 0)).tolist()
        first += len(part.z)
    return departure, tuple(flipped)


def _conditional(part: _Part, s: float) -> tuple[np.ndarray, np.ndarray]:
    """Compare each z with its distribution given the others (kriging).

    Returns
    -------
    (z - mean) / sd, and the log likelihood ratio of -z against z, both of shape (p,).
    """
    inverse = 1 / ((1 - s) * part.values + s)
    variance = 1 / (part.vectors**2 @ inverse)
    residual = variance * (part.vectors @ (inverse * part.rotated))
    return residual / np.sqrt(variance), -2 * part.z * (part.z - residual) / variance
