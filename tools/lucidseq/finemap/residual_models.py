"""The residual variance of a fit: a number that is kept or estimated, or integrated over an inverse-gamma prior.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273 (estimated: appendix B).
Servin, Stephens (2007), PLoS Genetics 3:e114 (integrated, one effect).
Denault et al. (2025), bioRxiv 2025.05.16.654543 (integrated, several effects).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.special import digamma, gammaln

from lucidseq.finemap.regression_data import RegressionData
from lucidseq.finemap.single_effect import InverseGamma, Search, SingleEffect, integrated_single_effect, single_effect_regression

ROUNDING = 1e-10  # of the ELBO, relative
LEAST_RESIDUAL = 1e-4  # least residual variance, relative to the trait's


@dataclass
class Sweep:
    """State of the sweeps over the effects.

    Attributes
    ----------
    effects
        The fitted effects; None before their first fit.
    mean, gram
        Each effect's posterior mean, and X'X times it, shape (L, p).
    total
        Sum of ``gram`` over the effects, shape (p,).
    prior_variance
        Of each effect, in the unit of the residual model, shape (L,).
    second_moment
        Per effect: sum_j d_j alpha_j mu2_j, shape (L,).
    moved
        Largest change of a probability (alpha) in the last sweep.
    """

    effects: list[SingleEffect | None]
    mean: np.ndarray
    gram: np.ndarray
    total: np.ndarray
    prior_variance: np.ndarray
    second_moment: np.ndarray = field(init=False)
    moved: float = np.inf

    def __post_init__(self) -> None:
        self.second_moment = np.zeros(len(self.prior_variance))

    @property
    def fitted(self) -> list[SingleEffect]:
        """The effects that were fitted."""
        return [effect for effect in self.effects if effect is not None]

    def replace(self, index: int, effect: SingleEffect, data: RegressionData, d: np.ndarray) -> None:
        """Put a new fit of an effect in the place of the old one."""
        mean = effect.alpha * effect.mu
        gram = data.gram(mean) if effect.prior_variance > 0 else np.zeros_like(mean)
        self.total += gram - self.gram[index]
        before = self.effects[index]
        self.moved = max(self.moved, np.inf if before is None else float(np.abs(effect.alpha - before.alpha).max()))
        self.effects[index], self.mean[index], self.gram[index] = effect, mean, gram
        self.prior_variance[index] = effect.prior_variance
        self.second_moment[index] = np.sum(d * effect.alpha * effect.mu2)

    def sum_of_squares(self, data: RegressionData, without: int | None = None) -> float:
        """Return |y - X b|^2 at the posterior mean of all effects but one."""
        mean, total = self.mean.sum(axis=0), self.total
        if without is not None:
            mean, total = mean - self.mean[without], total - self.gram[without]
        return float(data.yty - 2 * mean @ data.xty + mean @ total)

    def expected_residual(self, data: RegressionData) -> float:
        """Return the posterior expectation of |y - X b|^2 (appendix B)."""
        return self.sum_of_squares(data) - float(np.sum(self.mean * self.gram)) + float(self.second_moment.sum())


class ResidualModel(Protocol):
    """Treatment of the residual variance.

    Attributes
    ----------
    variance
        The residual variance, or its posterior mean.
    """

    variance: float

    @property
    def unit(self) -> float:
        """What the prior variances of a `Sweep` are relative to."""
        ...

    def effect(self, data: RegressionData, sweep: Sweep, index: int, d: np.ndarray, search: Search) -> SingleEffect | None:
        """Fit one effect to the residual of the others; None where z and LD contradict each other so far that there is no fit."""
        ...

    def bound(self, data: RegressionData, sweep: Sweep, residual: float, d: np.ndarray) -> float:
        """Return the evidence lower bound, given the expected residual sum of squares."""
        ...

    def settled(self, elbo: list[float], sweep: Sweep, tolerance: float) -> tuple[bool, bool]:
        """Return whether to stop after a sweep, and whether that is convergence."""
        ...

    def update(self, data: RegressionData, residual: float) -> None:
        """Estimate the residual variance after a sweep."""
        ...


@dataclass
class GaussianResidual:
    """A residual variance that is kept, or estimated after each sweep."""

    variance: float
    estimate: bool

    @property
    def unit(self) -> float:
        """Effects are N(0, V)."""
        return 1.0

    def effect(self, data: RegressionData, sweep: Sweep, index: int, d: np.ndarray, search: Search) -> SingleEffect:
        """Fit one effect (see `ResidualModel`)."""
        xtr = data.xty - sweep.total + sweep.gram[index]
        return single_effect_regression(xtr, d, self.variance, search, float(sweep.prior_variance[index]))

    def bound(self, data: RegressionData, sweep: Sweep, residual: float, d: np.ndarray) -> float:
        """Return the expected log likelihood less the divergences of the effects."""
        divergence = sum(effect.kl for effect in sweep.fitted)
        return float(-0.5 * data.n * np.log(2 * np.pi * self.variance) - 0.5 * residual / self.variance - divergence)

    def settled(self, elbo: list[float], sweep: Sweep, tolerance: float) -> tuple[bool, bool]:
        """Stop when the bound gains less than the tolerance; coordinate ascent cannot lose, unless R is not a correlation matrix or not that of z."""
        gain = elbo[-1] - elbo[-2] if len(elbo) > 1 else np.inf
        return gain < tolerance, tolerance > gain > -max(tolerance, ROUNDING * abs(elbo[-1]))

    def update(self, data: RegressionData, residual: float) -> None:
        """Set the variance to the expected mean square."""
        if self.estimate:
            self.variance = max(residual / data.n, LEAST_RESIDUAL * trait_variance(data))


@dataclass
class IntegratedResidual:
    """A residual variance that is integrated in every Bayes factor (normal-inverse-gamma prior of effects and residual variance)."""

    prior: InverseGamma
    variance: float

    @classmethod
    def of(cls, data: RegressionData) -> IntegratedResidual:
        """Weak prior of susieR 0.16, for a trait of variance 1: degrees of freedom and scale 1 / sqrt(n)."""
        variance = trait_variance(data)
        return cls(InverseGamma(1 / np.sqrt(data.n), variance / np.sqrt(data.n)), variance)

    @property
    def unit(self) -> float:
        """Effects are N(0, sigma2 V)."""
        return self.variance

    def effect(self, data: RegressionData, sweep: Sweep, index: int, d: np.ndarray, search: Search) -> SingleEffect | None:
        """Fit one effect (see `ResidualModel`)."""
        squares = sweep.sum_of_squares(data, without=index)
        if not squares > 0:
            return None
        xtr = data.xty - sweep.total + sweep.gram[index]
        return integrated_single_effect(xtr, d, squares, self.prior, data.n, search, float(sweep.prior_variance[index]))

    def bound(self, data: RegressionData, sweep: Sweep, residual: float, d: np.ndarray) -> float:
        """Return the bound of q(sigma2) prod_l q(b_l | sigma2), whose q(sigma2) is the best inverse-gamma; exact with one variant."""
        spread, penalty, divergence, variance = 0.0, 0.0, 0.0, 0.0
        for effect in sweep.fitted:
            divergence += effect.kl
            if effect.prior_variance == 0:
                continue
            kept = effect.prior_variance * d / (1 + effect.prior_variance * d)
            spread += float(np.sum(effect.alpha * kept))
            variance += float(np.sum(d * effect.alpha * (effect.mu2 - effect.mu**2)))
            penalty += float(effect.alpha @ effect.mu**2) / effect.prior_variance
            divergence += 0.5 * float(np.sum(effect.alpha * (-kept - np.log1p(-kept))))
        at_mean = residual - variance  # without the part that is proportional to sigma2
        degrees, scale = self.prior.degrees + data.n, self.prior.scale + at_mean + penalty
        self.variance = scale / (degrees - 2)
        inverse, logarithm = degrees / scale, np.log(scale / 2) - digamma(degrees / 2)
        likelihood = -0.5 * (data.n * (np.log(2 * np.pi) + logarithm) + at_mean * inverse + spread)
        return float(likelihood - _divergence(InverseGamma(degrees, scale), self.prior) - divergence - 0.5 * inverse * penalty)

    def settled(self, elbo: list[float], sweep: Sweep, tolerance: float) -> tuple[bool, bool]:
        """Stop when no probability changes by more than the tolerance: with several effects the sweeps do not climb the bound."""
        return (sweep.moved < tolerance,) * 2

    def update(self, data: RegressionData, residual: float) -> None:
        """Nothing to estimate: `bound` has set the posterior mean."""


def trait_variance(data: RegressionData) -> float:
    """Return y'y / (n - 1)."""
    return data.yty / (data.n - 1)


def _divergence(posterior: InverseGamma, prior: InverseGamma) -> float:
    """Kullback-Leibler divergence of two inverse-gamma distributions."""
    a, b, a0, b0 = posterior.degrees / 2, posterior.scale / 2, prior.degrees / 2, prior.scale / 2
    return float((a - a0) * digamma(a) - gammaln(a) + gammaln(a0) + a0 * np.log(b / b0) + a * (b0 - b) / b)
