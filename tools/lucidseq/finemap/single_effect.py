"""Bayesian single-effect regression: exactly one variant, which is unknown, has an effect.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273, section 2.2 and equations 2.6-2.11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


def single_effect_regression(
    xtr: np.ndarray,
    d: np.ndarray,
    sigma2: float,
    log_prior: LogPrior,
    prior_variance: float,
    *,
    estimate_prior_variance: bool = True,
    null_threshold: float = 0.0,
) -> SingleEffect:
    """Fit a single effect to a residual.

    Parameters
    ----------
    xtr
        X'r, shape (p,).
    d
        Diagonal of X'X, shape (p,), or (1,) when it is the same for all.
    sigma2
        Residual variance.
    log_prior
        Prior of which variant it is.
    prior_variance
        V, or the value to start from when it is estimated.
    estimate_prior_variance
        Maximise the marginal likelihood over V; V = 0 when the gain does not exceed ``null_threshold``.
    """
    precision = d / sigma2  # 1/s2 of the marginal estimates; 0 where a variant does not vary
    z2 = np.divide(xtr**2, d * sigma2, out=np.zeros(len(xtr)), where=np.broadcast_to(d > 0, xtr.shape))
    if estimate_prior_variance:
        prior_variance = _estimate_prior_variance(z2, precision, log_prior, prior_variance, null_threshold)
    ratio = prior_variance * precision
    lbf_variable = 0.5 * (z2 * ratio / (1 + ratio) - np.log1p(ratio))
    alpha, lbf = _posterior(lbf_variable, log_prior)
    variance = prior_variance / (1 + ratio)
    mu = variance * xtr / sigma2
    mu2 = variance + mu**2
    gain = (alpha @ (mu * xtr) - 0.5 * np.sum(d * alpha * mu2)) / sigma2  # E_q log p(r | b) - log p(r | 0)
    return SingleEffect(alpha, mu, mu2, lbf_variable, lbf, prior_variance, float(gain - lbf))


def _posterior(lbf_variable: np.ndarray, log_prior: LogPrior) -> tuple[np.ndarray, float]:
    """Posterior probabilities, shape (p,), and the log Bayes factor of the mixture."""
    log_weight = lbf_variable + log_prior.variants
    top = max(float(log_weight.max()), log_prior.null)
    weight = np.exp(log_weight - top)
    total = float(weight.sum() + np.exp(log_prior.null - top))
    return weight / total, top + float(np.log(total))


def _estimate_prior_variance(z2: np.ndarray, precision: np.ndarray, log_prior: LogPrior, current: float, null_threshold: float) -> float:
    """V that maximises the marginal likelihood: Newton steps on log V from the better of two starts."""
    scale = float(precision.max())
    largest = float(z2.max())
    starts = [np.log(current * scale)] if current > 0 else []
    if largest > 1:
        starts.append(np.log(largest - 1))  # moment estimate: E z^2 = 1 + V d / sigma2
    if not starts:
        return 0.0
    relative = precision / scale

    def marginal(position: float) -> tuple[float, float, float]:
        return _marginal(position, z2, relative, log_prior)

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


def _marginal(position: float, z2: np.ndarray, relative: np.ndarray, log_prior: LogPrior) -> tuple[float, float, float]:
    """Log marginal likelihood ratio at log(V scale) = position, with its first two derivatives."""
    ratio = np.exp(position) * relative
    kept = ratio / (1 + ratio)
    shrunk_away = 1 / (1 + ratio)
    alpha, value = _posterior(0.5 * (kept * z2 - np.log1p(ratio)), log_prior)
    slopes = 0.5 * kept * (shrunk_away * z2 - 1)
    curvatures = 0.5 * kept * shrunk_away * ((shrunk_away - kept) * z2 - 1)
    slope = float(alpha @ slopes)
    return value, slope, float(alpha @ (curvatures + slopes**2) - slope**2)
