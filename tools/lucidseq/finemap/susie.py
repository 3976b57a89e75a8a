"""SuSiE: the sum of single effects, fitted by iterative Bayesian stepwise selection (IBSS).

y = X (b_1 + ... + b_L) + e, each b_l with exactly one non-zero entry, e ~ N(0, sigma2 I). The variational posterior
keeps the single effects independent of each other; a sweep refits each of them to the residual of the others.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273 (IBSS: algorithm 1; ELBO: appendix B).
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299 (sufficient and summary statistics).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.finemap.credible_sets import CredibleSet, find_credible_sets, inclusion_probabilities
from lucidseq.finemap.regression_data import RegressionData
from lucidseq.finemap.single_effect import LogPrior, SingleEffect, single_effect_regression

ACTIVE = 1e-9  # prior variance, relative to the trait's, below which an effect counts as absent
ROUNDING = 1e-10  # of the ELBO, relative
LEAST_RESIDUAL = 1e-4  # least residual variance, relative to the trait's


@dataclass(frozen=True)
class SusieSettings:
    """Settings of a fit.

    Attributes
    ----------
    max_effects
        L, the number of single effects (or of variants, when smaller). Effects that are not needed become 0.
    estimate_residual_variance
        Otherwise ``residual_variance`` is kept.
    residual_variance
        First value; the trait's variance when None.
    prior_variance_scale
        First prior variance of an effect as a share of the trait's variance.
    estimate_prior_variance
        Maximise the marginal likelihood over each effect's prior variance.
    null_threshold
        An effect whose log marginal likelihood ratio is not above this becomes 0.
    null_weight
        Prior probability that an effect is on no variant.
    tolerance
        Stop when a sweep raises the ELBO by less.
    max_iterations
        Most sweeps.
    refine
        Try to leave local optima: refit without the variants of each credible set, and continue from there.
    coverage, min_purity, seed
        Of the credible sets (see `find_credible_sets`).
    """

    max_effects: int = 10
    estimate_residual_variance: bool = True
    residual_variance: float | None = None
    prior_variance_scale: float = 0.2
    estimate_prior_variance: bool = True
    null_threshold: float = 0.0
    null_weight: float = 0.0
    tolerance: float = 1e-4
    max_iterations: int = 100
    refine: bool = False
    coverage: float = 0.95
    min_purity: float = 0.5
    seed: int = 1


@dataclass(frozen=True)
class SusieFit:
    """A fitted sum of single effects.

    Attributes
    ----------
    alpha, mu, mu2
        Probability, first and second moment per effect and variant, shape (L, p); effects of standardised genotypes.
    lbf_variable
        Log Bayes factor per effect and variant, shape (L, p).
    lbf, prior_variance
        Per effect, shape (L,).
    prior
        Prior probability of each variant (sums to 1), shape (p,).
    residual_variance
        sigma2.
    elbo
        Evidence lower bound after each sweep, shape (iterations,).
    converged
        Whether the last sweep gained less than the tolerance; False when it lost or failed,
        which can happen with LD that contradicts z.
    pip
        Posterior inclusion probabilities, shape (p,).
    credible_sets
        By descending purity.
    impure_sets
        Number of sets removed by the purity filter.
    broke_down
        The expected residual sum of squares turned negative, which only LD that contradicts z brings about: more sweeps cannot help.
        PIPs are then NaN, and there is no credible set.
    """

    alpha: np.ndarray
    mu: np.ndarray
    mu2: np.ndarray
    lbf_variable: np.ndarray
    lbf: np.ndarray
    prior_variance: np.ndarray
    prior: np.ndarray
    residual_variance: float
    elbo: np.ndarray
    converged: bool
    pip: np.ndarray
    credible_sets: tuple[CredibleSet, ...]
    impure_sets: int
    broke_down: bool = False

    @property
    def iterations(self) -> int:
        """Number of sweeps."""
        return len(self.elbo)

    @property
    def posterior_mean(self) -> np.ndarray:
        """Posterior mean of each variant's total effect, shape (p,)."""
        mean: np.ndarray = np.einsum("lj,lj->j", self.alpha, self.mu)
        return mean

    @property
    def posterior_sd(self) -> np.ndarray:
        """Posterior standard deviation of each variant's total effect, shape (p,)."""
        variance = np.sum(self.alpha * self.mu2 - (self.alpha * self.mu) ** 2, axis=0)
        deviation: np.ndarray = np.sqrt(np.maximum(variance, 0))
        return deviation


@dataclass
class _State:
    """State of the sweeps. ``gram`` is X'X times each effect's posterior mean, shape (L, p); ``total`` is its sum."""

    effects: list[SingleEffect | None]
    mean: np.ndarray
    gram: np.ndarray
    total: np.ndarray
    prior_variance: np.ndarray
    sigma2: float
    second_moment: np.ndarray  # per effect: sum_j d_j alpha_j mu2_j
    kl: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.kl = np.zeros(len(self.prior_variance))


def fit_susie(data: RegressionData, settings: SusieSettings | None = None, *, prior: np.ndarray | None = None) -> SusieFit:
    """Fit SuSiE. A sweep costs O(L n p) on individual data and O(L p^2) on sufficient or summary statistics.

    Parameters
    ----------
    data
        One of the classes of `data.py`.
    settings
        Defaults when None.
    prior
        Prior weight of each variant, shape (p,), non-negative, any sum; flat when None.

    Raises
    ------
    DataError
        If the prior does not fit the variants, has negative or missing weights, or is 0 throughout.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 30))
    >>> from lucidseq.finemap.regression_data import IndividualData
    >>> fit = fit_susie(IndividualData(X, X[:, 7] + rng.normal(size=200)))
    >>> [found.variants.tolist() for found in fit.credible_sets]
    [[7]]
    """
    settings = settings or SusieSettings()
    weights = _prior_weights(prior, len(data.xty))
    fit = _ibss(data, settings, weights)
    return _refine(data, settings, weights, fit) if settings.refine else fit


def _ibss(data: RegressionData, settings: SusieSettings, prior: np.ndarray, start: SusieFit | None = None) -> SusieFit:
    """Sweep over the single effects until the ELBO converges."""
    state = _initial_state(data, settings, start)
    log_prior = LogPrior.from_weights(prior, settings.null_weight)
    d = data.d[:1] if np.ptp(data.d) == 0 else data.d  # one number instead of p equal ones
    elbo: list[float] = []
    converged = broke_down = False
    for _ in range(settings.max_iterations):
        for index in range(len(state.effects)):
            _update_effect(data, settings, state, index, d, log_prior)
        residual = _expected_residual(data, state)
        if not residual > 0:  # a sum of squares: R is not a correlation matrix, and the fit would diverge
            elbo.append(elbo[-1] if elbo else -np.inf)
            broke_down = True
            break
        elbo.append(_elbo(data.n, state.sigma2, residual, state.kl))
        gain = elbo[-1] - elbo[-2] if len(elbo) > 1 else np.inf
        if gain < settings.tolerance:
            # Coordinate ascent cannot lose, unless R is not a correlation matrix or not that of z
            converged = gain > -max(settings.tolerance, ROUNDING * abs(elbo[-1]))
            break
        if settings.estimate_residual_variance:
            state.sigma2 = max(residual / data.n, LEAST_RESIDUAL * _trait_variance(data))
    return _finish(data, settings, prior, state, np.array(elbo), converged=converged, broke_down=broke_down)


def _update_effect(data: RegressionData, settings: SusieSettings, state: _State, index: int, d: np.ndarray, log_prior: LogPrior) -> None:
    """Refit one effect to the residual of the others."""
    xtr = data.xty - state.total + state.gram[index]
    effect = single_effect_regression(
        xtr,
        d,
        state.sigma2,
        log_prior,
        float(state.prior_variance[index]),
        estimate_prior_variance=settings.estimate_prior_variance,
        null_threshold=settings.null_threshold,
    )
    mean = effect.alpha * effect.mu
    gram = data.gram(mean) if effect.prior_variance > 0 else np.zeros_like(mean)
    state.total += gram - state.gram[index]
    state.effects[index], state.mean[index], state.gram[index] = effect, mean, gram
    state.prior_variance[index], state.kl[index] = effect.prior_variance, effect.kl
    state.second_moment[index] = np.sum(d * effect.alpha * effect.mu2)


def _expected_residual(data: RegressionData, state: _State) -> float:
    """Posterior expectation of |y - X b|^2 (appendix B)."""
    mean = state.mean.sum(axis=0)
    fitted = mean @ state.total - np.sum(state.mean * state.gram)
    return float(data.yty - 2 * mean @ data.xty + fitted + state.second_moment.sum())


def _elbo(n: float, sigma2: float, residual: float, kl: np.ndarray) -> float:
    """Evidence lower bound: expected log likelihood less the divergences of the effects."""
    return float(-0.5 * n * np.log(2 * np.pi * sigma2) - 0.5 * residual / sigma2 - kl.sum())


def _initial_state(data: RegressionData, settings: SusieSettings, start: SusieFit | None) -> _State:
    p = len(data.xty)
    L = min(settings.max_effects, p)
    trait_variance = _trait_variance(data)
    mean = np.zeros((L, p)) if start is None else start.alpha * start.mu
    gram = np.stack([data.gram(row) if row.any() else np.zeros(p) for row in mean])
    sigma2 = trait_variance if settings.residual_variance is None else settings.residual_variance
    variance = np.full(L, settings.prior_variance_scale * trait_variance)
    return _State([None] * L, mean, gram, gram.sum(axis=0), variance, sigma2, np.zeros(L))


def _finish(
    data: RegressionData, settings: SusieSettings, prior: np.ndarray, state: _State, elbo: np.ndarray, *, converged: bool, broke_down: bool
) -> SusieFit:
    """Collect the effects, and derive PIPs and credible sets; a fit that broke down has neither."""
    effects = [effect for effect in state.effects if effect is not None]
    alpha = np.stack([effect.alpha for effect in effects])
    lbf = np.array([effect.lbf for effect in effects])
    active = state.prior_variance > ACTIVE * _trait_variance(data)
    sets, impure = find_credible_sets(
        alpha, active, lbf, data.correlation, coverage=settings.coverage, min_purity=settings.min_purity, seed=settings.seed
    )
    pip = inclusion_probabilities(alpha, active)
    if broke_down:
        sets, impure, pip = (), 0, np.full(len(pip), np.nan)
    return SusieFit(
        alpha=alpha,
        mu=np.stack([effect.mu for effect in effects]),
        mu2=np.stack([effect.mu2 for effect in effects]),
        lbf_variable=np.stack([effect.lbf_variable for effect in effects]),
        lbf=lbf,
        prior_variance=state.prior_variance,
        prior=prior,
        residual_variance=state.sigma2,
        elbo=elbo,
        converged=converged,
        pip=pip,
        credible_sets=sets,
        impure_sets=impure,
        broke_down=broke_down,
    )


def _refine(data: RegressionData, settings: SusieSettings, prior: np.ndarray, fit: SusieFit) -> SusieFit:
    """Leave local optima: fit without each credible set in turn, then with it; keep the best while the ELBO rises."""
    while True:
        candidates = []
        for credible_set in fit.credible_sets:
            blocked = prior.copy()
            blocked[credible_set.variants] = 0
            if not blocked.any():
                continue
            detour = _ibss(data, settings, blocked / blocked.sum())
            candidates.append(_ibss(data, settings, prior, start=detour))
        candidates = [candidate for candidate in candidates if not candidate.broke_down]
        best = max(candidates, key=lambda candidate: candidate.elbo[-1], default=fit)
        if best.elbo[-1] <= fit.elbo[-1]:
            return fit
        fit = best


def _trait_variance(data: RegressionData) -> float:
    return data.yty / (data.n - 1)


def _prior_weights(prior: np.ndarray | None, p: int) -> np.ndarray:
    if prior is None:
        return np.full(p, 1 / p)
    weights = np.asarray(prior, dtype=np.float64)
    if weights.shape != (p,) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        expected = f"{p} weights, finite, none negative, not all 0"
        raise DataError(f"prior weights of shape {weights.shape} that sum to {weights.sum():.3g}", expected, "correct the prior weights")
    normalised: np.ndarray = weights / weights.sum()
    return normalised
