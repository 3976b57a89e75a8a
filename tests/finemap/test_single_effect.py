"""One single-effect regression against exact answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal

from lucidseq.finemap.single_effect import LogPrior, Search, single_effect_regression

N, P, SIGMA2 = 40, 6, 1.7


def problem(seed: int, effect: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, P))
    return X, effect * X[:, 2] + rng.standard_normal(N)


def flat(p: int = P) -> LogPrior:
    return LogPrior.from_weights(np.full(p, 1 / p))


def fit(X, y, *, V=0.4, prior=None, **options):
    return single_effect_regression(X.T @ y, np.sum(X**2, axis=0), SIGMA2, Search(prior or flat(), **options), V)


def test_bayes_factors__equal_the_ratio_of_marginal_likelihoods():
    X, y = problem(1, 0.5)
    V = 0.4
    ours = fit(X, y, V=V, estimate_prior_variance=False)
    null = multivariate_normal(np.zeros(N), SIGMA2 * np.eye(N)).logpdf(y)
    exact = [multivariate_normal(np.zeros(N), SIGMA2 * np.eye(N) + V * np.outer(x, x)).logpdf(y) - null for x in X.T]
    np.testing.assert_allclose(ours.lbf_variable, exact, atol=1e-9)
    assert ours.lbf == pytest.approx(np.log(np.mean(np.exp(exact))), abs=1e-9)
    np.testing.assert_allclose(ours.alpha, np.exp(exact) / np.exp(exact).sum(), atol=1e-12)


def test_posterior_moments__equal_conjugate_regression():
    X, y = problem(2, 0.5)
    V = 0.3
    ours = fit(X, y, V=V, estimate_prior_variance=False)
    variance = 1 / (1 / V + np.sum(X**2, axis=0) / SIGMA2)
    mean = variance * (X.T @ y) / SIGMA2
    np.testing.assert_allclose(ours.mu, mean)
    np.testing.assert_allclose(ours.mu2, variance + mean**2)


def test_kl__equals_its_definition():
    X, y = problem(3, 0.6)
    V = 0.5
    ours = fit(X, y, V=V, estimate_prior_variance=False)
    variance = ours.mu2 - ours.mu**2
    normal = 0.5 * (ours.mu2 / V - 1 - np.log(variance / V))
    assert ours.kl == pytest.approx(np.sum(ours.alpha * (np.log(ours.alpha * P) + normal)), abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_prior_variance__maximises_the_marginal_likelihood(seed):
    X, y = problem(seed, 0.15 * seed)
    d = np.sum(X**2, axis=0)

    def loss(log_variance: float) -> float:
        return -fit(X, y, V=float(np.exp(log_variance)), estimate_prior_variance=False).lbf

    grid = np.linspace(-20, 10, 400)
    start = grid[np.argmin([loss(point) for point in grid])]
    best = minimize_scalar(loss, bounds=(start - 0.1, start + 0.1), method="bounded", options={"xatol": 1e-10})
    ours = single_effect_regression(X.T @ y, d, SIGMA2, Search(flat()), 0.4)
    assert ours.lbf == pytest.approx(max(-best.fun, 0.0), abs=1e-8)


def test_prior_variance__is_zero_without_signal():
    ours = single_effect_regression(np.zeros(P), np.full(P, 10.0), 1.0, Search(flat()), 0.2)
    assert ours.prior_variance == 0
    assert ours.lbf == 0
    assert ours.kl == 0
    np.testing.assert_allclose(ours.alpha, 1 / P)


def test_null_threshold__removes_effects_that_do_not_reach_it():
    X, y = problem(4, 1.0)
    free = fit(X, y)
    assert free.lbf > 0.5
    assert fit(X, y, null_threshold=free.lbf + 0.1).prior_variance == 0
    assert fit(X, y, null_threshold=free.lbf - 0.1).prior_variance == pytest.approx(free.prior_variance)


def test_null_weight__equals_a_column_of_zeros():
    X, y = problem(5, 0.4)
    prior = np.array([0.3, 0.1, 0.2, 0.1, 0.2, 0.1])
    ours = fit(X, y, prior=LogPrior.from_weights(prior, 0.25))
    padded = np.column_stack([X, np.zeros(N)])
    column = fit(padded, y, prior=LogPrior.from_weights(np.append(0.75 * prior, 0.25)))
    np.testing.assert_allclose(ours.alpha, column.alpha[:-1], atol=1e-9)
    assert ours.prior_variance == pytest.approx(column.prior_variance, rel=1e-7)
    assert ours.kl == pytest.approx(column.kl, abs=1e-9)


def test_zero_prior_weight__excludes_a_variant():
    X, y = problem(6, 1.0)
    ours = fit(X, y, prior=LogPrior.from_weights(np.array([0.2, 0.2, 0, 0.2, 0.2, 0.2])))
    assert ours.alpha[2] == 0
    assert ours.alpha.sum() == pytest.approx(1)
