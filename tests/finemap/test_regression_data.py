"""The three kinds of data, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from finemap.inputs import simulate_genotypes
from lucidseq.core.errors import DataError
from lucidseq.finemap.regression_data import IndividualData, SufficientStatistics, SummaryStatistics
from lucidseq.finemap.susie import SusieSettings, fit_susie

RNG = np.random.default_rng(3)
X = simulate_genotypes(RNG, 300, 50)
Y = X[:, 10] * 0.5 - X[:, 40] * 0.4 + RNG.standard_normal(300)
SETTINGS = SusieSettings(tolerance=1e-8)


def centred(matrix: np.ndarray) -> np.ndarray:
    return matrix - matrix.mean(axis=0)


def test_data_kinds__give_the_same_fit():
    individual = IndividualData(X, Y)
    Xc, yc = centred(X), centred(Y)
    kinds = [
        individual,
        SufficientStatistics(Xc.T @ Xc, Xc.T @ yc, yc @ yc, len(Y)),
        SummaryStatistics(individual.z, np.corrcoef(X.T), len(Y)),
    ]
    fits = [fit_susie(kind, SETTINGS) for kind in kinds]
    assert len(fits[0].credible_sets) == 2
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.pip, fits[0].pip, atol=1e-9)
        np.testing.assert_allclose(fit.lbf_variable, fits[0].lbf_variable, atol=1e-6)
        assert [one.variants.tolist() for one in fit.credible_sets] == [one.variants.tolist() for one in fits[0].credible_sets]


def test_z__is_the_ols_t_statistic_beside_covariates():
    covariates = RNG.standard_normal((300, 2)) + X[:, [3, 20]]
    data = IndividualData(X, Y, covariates)
    design = np.column_stack([np.ones(300), covariates, X[:, 10]])
    beta, residual, _, _ = np.linalg.lstsq(design, Y, rcond=None)
    variance = residual[0] / (300 - 4) * np.linalg.inv(design.T @ design)[-1, -1]
    assert data.z[10] == pytest.approx(beta[-1] / np.sqrt(variance), rel=1e-9)


def test_covariates__equal_residuals_taken_beforehand():
    covariates = np.column_stack([RNG.standard_normal((300, 2)), np.ones(300)])  # the constant one adds nothing
    hat = np.column_stack([np.ones(300), covariates[:, :2]])
    project = np.eye(300) - hat @ np.linalg.pinv(hat)
    residual = SufficientStatistics((project @ X).T @ (project @ X), (project @ X).T @ (project @ Y), Y @ project @ Y, 298)
    ours = fit_susie(IndividualData(X, Y, covariates), SETTINGS)
    np.testing.assert_allclose(ours.pip, fit_susie(residual, SETTINGS).pip, atol=1e-9)


def test_scale__of_genotypes_and_trait_does_not_matter():
    scaled = IndividualData(X * RNG.uniform(0.1, 10, size=50) + 5, 1e-3 * Y - 7)
    np.testing.assert_allclose(fit_susie(scaled, SETTINGS).pip, fit_susie(IndividualData(X, Y), SETTINGS).pip, atol=1e-8)


def test_constant_variant__has_no_bayes_factor():
    with_constant = np.column_stack([X, np.full(300, 2.0)])
    fit = fit_susie(IndividualData(with_constant, Y), SETTINGS)
    assert np.all(fit.lbf_variable[:, -1] == 0)
    assert fit.pip[-1] < 1e-3


def test_variant_explained_by_covariates__counts_as_constant():
    data = IndividualData(X, Y, X[:, [10]])
    assert data.d[10] == 0
    assert data.z[10] == 0


def test_z_kind__t_and_wald_shrink_and_score_does_not():
    R = np.corrcoef(X.T)
    z = IndividualData(X, Y).z
    shrunk = z * np.sqrt(299 / (z**2 + 298))
    for kind, expected in (("t", shrunk), ("wald", shrunk), ("score", z)):
        np.testing.assert_allclose(SummaryStatistics(z, R, 300, z_kind=kind).xty, np.sqrt(299) * expected)


def test_score_statistic__of_a_linear_model_gives_the_fit_of_its_t_statistic():
    individual = IndividualData(X, Y)
    R = np.corrcoef(X.T)
    score = individual.xty / np.sqrt(individual.d) / np.sqrt(individual.yty / (individual.n - 1))
    t = fit_susie(SummaryStatistics(individual.z, R, 300), SETTINGS)
    np.testing.assert_allclose(fit_susie(SummaryStatistics(score, R, 300, z_kind="score"), SETTINGS).pip, t.pip, atol=1e-9)


R2 = np.array([[1.0, 0.5], [0.5, 1.0]])


@pytest.mark.parametrize(
    ("make", "mention"),
    [
        (lambda: IndividualData(np.full((5, 2), np.nan), np.arange(5.0)), "X[0, 0] = nan"),
        (lambda: IndividualData(np.eye(5)[:, :2], np.array([1, 2, np.nan, 4, 5])), "y[2] = nan"),
        (lambda: IndividualData(np.eye(5)[:, :2], np.ones(5)), "sum of squares 0"),
        (lambda: IndividualData(np.eye(5)[:, :2], np.ones(4)), "shape (5, 2)"),
        (lambda: IndividualData(np.empty((5, 0)), np.arange(5.0)), "shape (5, 0)"),
        (lambda: SummaryStatistics(np.ones(3), R2, 100), "shape (2, 2)"),
        (lambda: SummaryStatistics(np.array([1, np.inf]), R2, 100), "z[1] = inf"),
        (lambda: SummaryStatistics(np.ones(2), np.array([[1, 0.5], [0.1, 1]]), 100), "not symmetric"),
        (lambda: SummaryStatistics(np.ones(2), 3 * R2, 100), "diagonal"),
        (lambda: SummaryStatistics(np.ones(2), R2, np.nan), "n = nan"),
        (lambda: SummaryStatistics(np.ones(2), R2, 100, z_kind="chi2"), "chi2"),
        (lambda: SufficientStatistics(R2, np.ones(2), -1.0, 100), "yty = -1"),
    ],
)
def test_constructor__names_what_is_wrong(make, mention):
    with pytest.raises(DataError) as caught:
        make()
    assert mention in caught.value.received
