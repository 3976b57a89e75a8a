"""SuSiE: the sum of single effects, fitted by iterative Bayesian stepwise selection (IBSS).

y = X (b_1 + ... + b_L) + e, each b_l with exactly one non-zero entry, e ~ N(0, sigma2 I). The variational posterior
keeps the single effects independent of each other; a sweep refits each of them to the residual of the others.

References
----------
Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273 (IBSS: algorithm 1; ELBO: appendix B).
Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299 (sufficient and summary statistics).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.finemap.credible_sets import CredibleSet, find_credible_sets, inclusion_probabilities
from lucidseq.finemap.regression_data import RegressionData
from lucidseq.finemap.residual_models import GaussianResidual, IntegratedResidual, ResidualModel, Sweep, trait_variance
from lucidseq.finemap.single_effect import LogPrior, Search

ACTIVE = 1e-9  # prior variance, relative to the trait's, below which an effect counts as absent
SMALL_SAMPLE = 80  # samples below which the residual variance is integrated (Denault et al. 2025, bioRxiv 2025.05.16.654543)
EVIDENCE = float(np.log(10))  # strong evidence in the words of Kass and Raftery 1995, J. Am. Stat. Assoc. 90:773
ResidualPriorChoice = Literal["auto", "none", "nig"]


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
        An effect whose log marginal likelihood ratio is not above this becomes 0. None: 0, or log 10 where the residual variance is
        integrated, because effects without evidence in small samples explain noise, and so raise the evidence of the others.
    null_weight
        Prior probability that an effect is on no variant.
    residual_prior
        ``nig``: integrate the residual variance over an inverse-gamma prior, of which ``estimate_residual_variance`` and
        ``residual_variance`` are no part; ``none``: keep or estimate it; ``auto``: nig where it would be estimated from fewer than 80 samples.
    tolerance
        Stop when a sweep raises the ELBO by less, or (nig) changes no probability by more.
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
    null_threshold: float | None = None
    null_weight: float = 0.0
    residual_prior: ResidualPriorChoice = "auto"
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
        sigma2, or its posterior mean where it is integrated.
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
    residual_prior
        ``nig`` where the residual variance was integrated, else ``none``.
    explained
        Posterior expectation of the share of the trait's variance that the effects explain.
    trait_variance
        Of the trait, less covariates.
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
    residual_prior: str = "none"
    explained: float = float("nan")
    trait_variance: float = 1.0

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
    """Sweep over the single effects until the fit converges."""
    model = _residual_model(data, settings)
    sweep = _initial_sweep(data, settings, model.unit, start)
    threshold = settings.null_threshold
    if threshold is None:
        threshold = EVIDENCE if isinstance(model, IntegratedResidual) else 0.0
    search = Search(LogPrior.from_weights(prior, settings.null_weight), settings.estimate_prior_variance, threshold)
    d = data.d[:1] if np.ptp(data.d) == 0 else data.d  # one number instead of p equal ones
    elbo: list[float] = []
    converged = broke_down = False
    for _ in range(settings.max_iterations):
        residual = _sweep_once(data, model, sweep, d, search)
        if not residual > 0:  # a sum of squares: R is not a correlation matrix, and the fit would diverge
            elbo.append(elbo[-1] if elbo else -np.inf)
            broke_down = True
            break
        elbo.append(model.bound(data, sweep, residual, d))
        stops, converged = model.settled(elbo, sweep, settings.tolerance)
        if stops:
            break
        model.update(data, residual)
    return _finish(data, settings, prior, sweep, model, np.array(elbo), converged=converged, broke_down=broke_down)


def _sweep_once(data: RegressionData, model: ResidualModel, sweep: Sweep, d: np.ndarray, search: Search) -> float:
    """Refit each effect to the residual of the others; return the expected residual sum of squares, NaN where there is no fit."""
    sweep.moved = 0.0
    for index in range(len(sweep.effects)):
        effect = model.effect(data, sweep, index, d, search)
        if effect is None:
            return float("nan")
        sweep.replace(index, effect, data, d)
    return sweep.expected_residual(data)


def _residual_model(data: RegressionData, settings: SusieSettings) -> ResidualModel:
    """Return the treatment of the residual variance that the settings choose for these data."""
    small = data.n < SMALL_SAMPLE and settings.estimate_residual_variance
    if settings.residual_prior == "nig" or (settings.residual_prior == "auto" and small):
        return IntegratedResidual.of(data)
    variance = trait_variance(data) if settings.residual_variance is None else settings.residual_variance
    return GaussianResidual(variance, settings.estimate_residual_variance)


def _initial_sweep(data: RegressionData, settings: SusieSettings, unit: float, start: SusieFit | None) -> Sweep:
    p = len(data.xty)
    L = min(settings.max_effects, p)
    mean = np.zeros((L, p)) if start is None else start.alpha * start.mu
    gram = np.stack([data.gram(row) if row.any() else np.zeros(p) for row in mean])
    variance = np.full(L, settings.prior_variance_scale * trait_variance(data) / unit)
    return Sweep([None] * L, mean, gram, gram.sum(axis=0), variance)


def _finish(
    data: RegressionData,
    settings: SusieSettings,
    prior: np.ndarray,
    sweep: Sweep,
    model: ResidualModel,
    elbo: np.ndarray,
    *,
    converged: bool,
    broke_down: bool,
) -> SusieFit:
    """Collect the effects, and derive PIPs and credible sets; a fit that broke down has neither."""
    effects = sweep.fitted
    alpha = np.stack([effect.alpha for effect in effects])
    lbf = np.array([effect.lbf for effect in effects])
    prior_variance = sweep.prior_variance * model.unit
    active = (prior_variance > ACTIVE * trait_variance(data))[: len(effects)]
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
        prior_variance=prior_variance[: len(effects)],
        prior=prior,
        residual_variance=model.variance,
        elbo=elbo,
        converged=converged,
        pip=pip,
        credible_sets=sets,
        impure_sets=impure,
        broke_down=broke_down,
        residual_prior="nig" if isinstance(model, IntegratedResidual) else "none",
        explained=1 - sweep.expected_residual(data) / data.yty,
        trait_variance=trait_variance(data),
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


def _prior_weights(prior: np.ndarray | None, p: int) -> np.ndarray:
    if prior is None:
        return np.full(p, 1 / p)
    weights = np.asarray(prior, dtype=np.float64)
    if weights.shape != (p,) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        expected = f"{p} weights, finite, none negative, not all 0"
        raise DataError(f"prior weights of shape {weights.shape} that sum to {weights.sum():.3g}", expected, "correct the prior weights")
    normalised: np.ndarray = weights / weights.sum()
    return normalised
