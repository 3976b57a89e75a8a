"""Bayesian single-effect regression: exactly one variant, which is unknown, has an effect.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273, section 2.2 and equations 2.6-2.11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# Bounds of log(V d / sigma2): below, the effect is lost in the noise; above, the fit is degenerate
_LOWEST, _HIGHEST = -20.0, 40.0
_LONGEST_STEP, _STEP_TOLERANCE, _NEWTON_STEPS = 3.0, 1e-5, 60


@dataclass(frozen=True)
class SingleEffect:
    """Posterior of one single effect.

    Attributes
    ----------
    alpha
        Probability that each variant is the one, shape (p,); sums to 1 less the null's share.
    mu, mu2
        First and second moment of the effect given that the variant is the one, shape (p,).
    lbf_variable
        Log Bayes factor of each variant against no effect, shape (p,).
    lbf
        Log Bayes factor of the whole effect.
    prior_variance
        V, the prior variance of the effect.
    kl
        Kullback-Leibler divergence from prior to posterior.
    """

    alpha: np.ndarray
    mu: np.ndarray
    mu2: np.ndarray
    lbf_variable: np.ndarray
    lbf: float
    prior_variance: float
    kl: float


@dataclass(frozen=True)
class LogPrior:
    """Log prior probabilities of being the one variant, shape (p,), and of there being none."""

    variants: np.ndarray
    null: float = -np.inf

    @classmethod
    def from_weights(cls, weights: np.ndarray, null_weight: float = 0.0) -> LogPrior:
        """Build from weights that sum to 1 and the probability of no effect."""
        with np.errstate(divide="ignore"):
            return cls(np.log(weights) + np.log1p(-null_weight), float(np.log(null_weight)))

    def divergence(self, alpha: np.ndarray) -> float:
        """Return the Kullback-Leibler divergence of probabilities of being the one variant, shape (p,); the rest is on none."""
        used = alpha > 0
        divergence = float(alpha[used] @ (np.log(alpha[used]) - self.variants[used]))
        absent = 1 - float(alpha.sum())
        return divergence + (absent * (np.log(absent) - self.null) if np.isfinite(self.null) and absent > 0 else 0.0)


@dataclass(frozen=True)
class InverseGamma:
    """Prior of the residual variance: inverse-gamma with shape ``degrees`` / 2 and scale ``scale`` / 2."""

    degrees: float
    scale: float


class Evidence(Protocol):
    """What the data say for an effect of each variant, as a function of kept = V d / (s2 + V d), the share of its estimate that is kept."""

    def __call__(self, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | float]:
        """Return twice the log likelihood ratio before the penalty log(1 - kept), and its two derivatives by ``kept``; shape (p,) each."""
        ...


@dataclass(frozen=True)
class KnownVariance:
    """Evidence with a given residual variance: ``z2``, the squared test statistics, shape (p,)."""

    z2: np.ndarray

    def __call__(self, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Return z^2 kept, and its derivatives (see `Evidence`)."""
        return self.z2 * kept, self.z2, 0.0


@dataclass(frozen=True)
class IntegratedVariance:
    """Evidence with the residual variance integrated over an inverse-gamma prior.

    Attributes
    ----------
    explained
        Share of prior scale + residual sum of squares that each variant explains, shape (p,), below 1.
    degrees
        Degrees of freedom: those of the prior + samples.

    References
    ----------
    Servin, Stephens (2007), PLoS Genetics 3:e114; Denault et al. (2025), bioRxiv 2025.05.16.654543.
    """

    explained: np.ndarray
    degrees: float

    def __call__(self, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return -degrees log(1 - kept explained), and its derivatives (see `Evidence`)."""
        unexplained = 1 - kept * self.explained
        slope = self.degrees * self.explained / unexplained
        return -self.degrees * np.log(unexplained), slope, slope * self.explained / unexplained


@dataclass(frozen=True)
class Mixture:
    """Which variant has the effect: V, its ratio V d / s2 and log Bayes factor for each variant, alpha, and the effect's log Bayes factor."""

    prior_variance: float
    ratio: np.ndarray
    lbf_variable: np.ndarray
    alpha: np.ndarray
    lbf: float


@dataclass(frozen=True)
class Search:
    """Which effects are looked for: the prior of the variants, and whether and above which log Bayes factor V is estimated.

    Attributes
    ----------
    log_prior
        Prior of which variant it is.
    estimate_prior_variance
        Maximise the marginal likelihood over V; V = 0 when the gain does not exceed ``null_threshold``.
    null_threshold
        Nats.
    """

    log_prior: LogPrior
    estimate_prior_variance: bool = True
    null_threshold: float = 0.0

    def mixture(self, evidence: Evidence, precision: np.ndarray, prior_variance: float) -> Mixture:
        """Return the mixture over variants.

        Parameters
        ----------
        evidence
            See `Evidence`.
        precision
            1 / s2 of the marginal estimates, shape (p,) or (1,); 0 where a variant does not vary.
        prior_variance
            V, or the value to start from when it is estimated.
        """
        if self.estimate_prior_variance:
            prior_variance = _estimate_prior_variance(evidence, precision, self.log_prior, prior_variance, self.null_threshold)
        ratio = prior_variance * precision
        lbf_variable = 0.5 * (evidence(ratio / (1 + ratio))[0] - np.log1p(ratio))
        alpha, lbf = _posterior(lbf_variable, self.log_prior)
        return Mixture(prior_variance, ratio, lbf_variable, alpha, lbf)


def single_effect_regression(xtr: np.ndarray, d: np.ndarray, sigma2: float, search: Search, prior_variance: float) -> SingleEffect:
    """Fit a single effect to a residual of known variance.

    Parameters
    ----------
    xtr
        X'r, shape (p,).
    d
        Diagonal of X'X, shape (p,), or (1,) when it is the same for all.
    sigma2
        Residual variance.
    search
        Prior of the variants, and how V is estimated.
    prior_variance
        V, or the value to start from when it is estimated.
    """
    precision = d / sigma2  # 1/s2 of the marginal estimates; 0 where a variant does not vary
    z2 = np.divide(xtr**2, d * sigma2, out=np.zeros(len(xtr)), where=np.broadcast_to(d > 0, xtr.shape))
    which = search.mixture(KnownVariance(z2), precision, prior_variance)
    variance = which.prior_variance / (1 + which.ratio)
    mu = variance * xtr / sigma2
    mu2 = variance + mu**2
    gain = (which.alpha @ (mu * xtr) - 0.5 * np.sum(d * which.alpha * mu2)) / sigma2  # E_q log p(r | b) - log p(r | 0)
    return SingleEffect(which.alpha, mu, mu2, which.lbf_variable, which.lbf, which.prior_variance, float(gain - which.lbf))


def integrated_single_effect(
    xtr: np.ndarray, d: np.ndarray, sum_of_squares: float, prior: InverseGamma, n: float, search: Search, prior_variance: float
) -> SingleEffect:
    """Fit a single effect to a residual whose variance sigma2 is integrated; the effect is N(0, sigma2 V).

    Parameters
    ----------
    xtr, d, search
        As in `single_effect_regression`.
    sum_of_squares
        r'r, above 0.
    prior
        Prior of sigma2.
    n
        Samples.
    prior_variance
        V, relative to sigma2, or the value to start from when it is estimated.

    Returns
    -------
    The effect; ``prior_variance`` is relative to sigma2, and ``kl`` that of alpha alone.
    """
    scale, degrees = prior.scale + sum_of_squares, prior.degrees + n
    squares = np.divide(xtr**2, d, out=np.zeros(len(xtr)), where=np.broadcast_to(d > 0, xtr.shape))
    # r of other samples than R (reference LD) may break the Cauchy-Schwarz inequality
    explained = np.minimum(squares, sum_of_squares) / scale
    which = search.mixture(IntegratedVariance(explained, degrees), d, prior_variance)
    variance = which.prior_variance / (1 + which.ratio)
    mu = variance * xtr
    left = scale * (1 - explained * which.ratio / (1 + which.ratio))
    mu2 = left / (degrees - 2) * variance + mu**2  # of Student's t
    return SingleEffect(which.alpha, mu, mu2, which.lbf_variable, which.lbf, which.prior_variance, search.log_prior.divergence(which.alpha))


def _posterior(lbf_variable: np.ndarray, log_prior: LogPrior) -> tuple[np.ndarray, float]:
    """Posterior probabilities, shape (p,), and the log Bayes factor of the mixture."""
    log_weight = lbf_variable + log_prior.variants
    top = max(float(log_weight.max()), log_prior.null)
    weight = np.exp(log_weight - top)
    total = float(weight.sum() + np.exp(log_prior.null - top))
    return weight / total, top + float(np.log(total))


def _estimate_prior_variance(
    evidence: Evidence, precision: np.ndarray, log_prior: LogPrior, current: float, null_threshold: float
) -> float:
    """V that maximises the marginal likelihood: Newton steps on log V from the better of two starts."""
    scale = float(precision.max())
    largest = float(evidence(np.zeros(1))[1].max())  # z^2
    starts = [np.log(current * scale)] if current > 0 else []
    if largest > 1:
        starts.append(np.log(largest - 1))  # moment estimate: E z^2 = 1 + V d / sigma2
    if not starts:
        return 0.0
    relative = precision / scale

    def marginal(position: float) -> tuple[float, float, float]:
        return _marginal(position, evidence, relative, log_prior)

    tried = [(marginal(start), start) for start in np.clip(starts, _LOWEST, _HIGHEST)]
    (best, start) = max(tried, key=lambda item: item[0][0])
    position, value = _climb(marginal, float(start), best)
    if position <= _LOWEST or value <= null_threshold:  # the likelihood at V = 0 is the unit of lbf: log 1
        return 0.0
    return float(np.exp(position) / scale)


def _climb(marginal: Callable[[float], tuple[float, float, float]], position: float, at: tuple[float, float, float]) -> tuple[float, float]:
    """Newton's method with a bounded step that must not lose; returns the position and its value."""
    value, slope, curvature = at
    for _ in range(_NEWTON_STEPS):
        step = -slope / curvature if curvature < 0 else np.copysign(1.0, slope)
        step = float(np.clip(step, -_LONGEST_STEP, _LONGEST_STEP))
        target = float(np.clip(position + step, _LOWEST, _HIGHEST))
        new = marginal(target)
        while new[0] < value - 1e-12 * abs(value) and abs(target - position) > _STEP_TOLERANCE:
            target = position + (target - position) / 4
            new = marginal(target)
        if new[0] < value - 1e-12 * abs(value):
            break
        moved, position = abs(target - position), target
        value, slope, curvature = new
        if moved < _STEP_TOLERANCE or position in (_LOWEST, _HIGHEST):
            break
    return position, value


def _marginal(position: float, evidence: Evidence, relative: np.ndarray, log_prior: LogPrior) -> tuple[float, float, float]:
    """Log marginal likelihood ratio at log(V scale) = position, with its first two derivatives."""
    ratio = np.exp(position) * relative
    kept = ratio / (1 + ratio)
    shrunk_away = 1 / (1 + ratio)
    height, rise, bend = evidence(kept)
    alpha, value = _posterior(0.5 * (height - np.log1p(ratio)), log_prior)
    slopes = 0.5 * kept * (shrunk_away * rise - 1)
    curvatures = 0.5 * kept * shrunk_away * ((shrunk_away - kept) * rise - 1 + kept * shrunk_away * bend)
    slope = float(alpha @ slopes)
    return value, slope, float(alpha @ (curvatures + slopes**2) - slope**2)
