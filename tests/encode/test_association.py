"""Association tests against statsmodels-like exact fits, and their p-values against high-precision values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from lucidseq.core.covariates import design
from lucidseq.core.pvalues import neg_log10_p, p_from_neg_log10
from lucidseq.encode.sumstats.association import LinearTest, ScoreTest, fit_logistic


def data(seed: int, variants: int = 12, samples: int = 150, covariates: int = 3, missing: float = 0.0):
    rng = np.random.default_rng(seed)
    dosage = rng.binomial(2, rng.uniform(0.1, 0.6, (variants, 1)), (variants, samples)).astype(float)
    dosage[rng.random(dosage.shape) < missing] = np.nan
    extra = rng.normal(size=(covariates, samples)) * 10 ** rng.uniform(-2, 2, (covariates, 1)) + 50
    trait = 0.3 * np.nan_to_num(dosage[0]) + extra.sum(axis=0) * 0.1 + rng.normal(size=samples)
    return dosage, trait, extra


def least_squares(x: np.ndarray, y: np.ndarray, covariates: np.ndarray) -> tuple[float, float, float]:
    """Beta, its standard error and the degrees of freedom of an ordinary regression of complete cases."""
    called = ~np.isnan(x)
    matrix = np.column_stack([x[called], np.ones(called.sum()), covariates[:, called].T])
    beta, residual, rank, _ = np.linalg.lstsq(matrix, y[called], rcond=None)
    degrees = called.sum() - rank
    variance = residual[0] / degrees * np.linalg.inv(matrix.T @ matrix)[0, 0]
    return beta[0], np.sqrt(variance), degrees


@pytest.mark.parametrize("covariates", [0, 1, 3])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_linear__equals_a_regression_of_each_variant_on_its_complete_cases(covariates: int, missing: float) -> None:
    dosage, trait, extra = data(1, covariates=covariates, missing=missing)
    ours = LinearTest(trait, extra)(dosage)
    for row, x in enumerate(dosage):
        beta, error, degrees = least_squares(x, trait, extra)
        assert np.isclose(ours.beta[row], beta, rtol=1e-8)
        assert np.isclose(ours.standard_error[row], error, rtol=1e-8)
        assert ours.degrees[row] == degrees
        assert ours.n[row] == (~np.isnan(x)).sum()


def test_linear__does_not_depend_on_the_chunk_or_on_the_scale_of_covariates() -> None:
    dosage, trait, extra = data(2, missing=0.05)
    whole = LinearTest(trait, extra)(dosage)
    parts = [LinearTest(trait, extra)(dosage[row : row + 5]).z for row in range(0, 12, 5)]
    assert np.allclose(np.concatenate(parts), whole.z, rtol=1e-10)
    assert np.allclose(LinearTest(trait, extra * 1000 - 7)(dosage).z, whole.z, rtol=1e-7)
    assert np.allclose(LinearTest(trait, np.vstack([extra, extra[:1] * 2, np.ones((1, 150))]))(dosage).z, whole.z, rtol=1e-7)


def test_linear__a_flipped_allele_flips_the_sign() -> None:
    dosage, trait, extra = data(3, missing=0.05)
    assert np.allclose(LinearTest(trait, extra)(2 - dosage).z, -LinearTest(trait, extra)(dosage).z, rtol=1e-9)


def test_untestable_variants__are_nan() -> None:
    dosage, trait, extra = data(4)
    dosage[0], dosage[1], dosage[2] = 1, np.nan, 2 * extra[0]
    binary = (trait > np.median(trait)).astype(float)
    for test in (LinearTest(trait, extra), ScoreTest(binary, extra)):
        assert np.isnan(test(dosage).z).tolist() == [True] * 3 + [False] * 9


def test_score__equals_the_score_statistic_of_the_full_logistic_model() -> None:
    dosage, trait, extra = data(5)
    binary = (trait + np.random.default_rng(1).normal(size=150) * 3 > np.median(trait)).astype(float)
    ours = ScoreTest(binary, extra)(dosage)
    scaled = (extra - extra.mean(axis=1, keepdims=True)) / extra.std(axis=1, keepdims=True)
    null = np.column_stack([np.ones(150), scaled.T])

    def loss(coefficients: np.ndarray) -> float:
        eta = null @ coefficients
        return float(np.sum(np.logaddexp(0, eta) - binary * eta))

    best = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    fitted = 1 / (1 + np.exp(-null @ best))
    for row, x in enumerate(dosage):
        matrix = np.column_stack([x, null])
        score = matrix.T @ (binary - fitted)
        information = matrix.T @ ((fitted * (1 - fitted))[:, None] * matrix)
        statistic = score @ np.linalg.solve(information, score)
        assert np.isclose(ours.z[row] ** 2, statistic, rtol=1e-5)
        assert np.sign(ours.z[row]) == np.sign(score[0])


def test_score__without_covariates_is_the_trend_test() -> None:
    """The Cochran-Armitage chi-square is n times the squared correlation of genotype and case status."""
    dosage, trait, _ = data(6)
    binary = (trait > np.quantile(trait, 0.7)).astype(float)
    ours = ScoreTest(binary, np.empty((0, 150)))(dosage)
    trend = np.array([150 * np.corrcoef(x, binary)[0, 1] ** 2 for x in dosage])
    assert np.allclose(ours.z**2, trend, rtol=1e-9)
    assert np.allclose(ours.beta / ours.standard_error, ours.z)


def test_score__missing_genotypes_count_as_the_mean() -> None:
    dosage, trait, extra = data(7, missing=0.1)
    binary = (trait > np.median(trait)).astype(float)
    filled = np.where(np.isnan(dosage), np.nanmean(dosage, axis=1, keepdims=True), dosage)
    ours = ScoreTest(binary, extra)(dosage)
    assert np.allclose(ours.z, ScoreTest(binary, extra)(filled).z, rtol=1e-9)
    assert ours.n.tolist() == (~np.isnan(dosage)).sum(axis=1).tolist()


@pytest.mark.parametrize("kind", ["linear", "score"])
def test_null__z_is_calibrated(kind: str) -> None:
    rng = np.random.default_rng(8)
    dosage = rng.binomial(2, 0.3, (5000, 400)).astype(float)
    extra = rng.normal(size=(2, 400))
    if kind == "linear":
        found = LinearTest(rng.normal(size=400) + extra[0], extra)(dosage)
    else:
        found = ScoreTest((rng.random(400) < 1 / (1 + np.exp(-extra[0]))).astype(float), extra)(dosage)
    p = 10 ** -neg_log10_p(found.z, found.degrees)
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_logistic__separated_covariates_are_refused() -> None:
    covariate = np.arange(20.0)[None, :]
    with pytest.raises(ValueError, match="converge"):
        fit_logistic((covariate[0] > 9).astype(float), design(covariate))


# -log10 of two-sided p-values, by mpmath with 60 digits
NORMAL = {0.0: 0.0, 1.0: 0.4985155458279893, 5.0: 6.241615676726673, 38.0: 315.2387597082985, 100.0: 2173.5705128733703}
STUDENT = {
    (2.0, 10): 1.134374741945427,
    (10.0, 572): 21.07983633140308,
    (50.0, 572): 210.21958232054578,
    (200.0, 5000): 2387.528274844839,
    (1000.0, 500_000): 119283.1731798782,
    (1e6, 3): 17.656529254007904,
}


@pytest.mark.parametrize("z", NORMAL)
def test_p__normal(z: float) -> None:
    assert np.isclose(neg_log10_p(np.array([-z]), np.array([np.inf]))[0], NORMAL[z], rtol=1e-13, atol=0)


@pytest.mark.parametrize("case", STUDENT)
def test_p__student(case: tuple[float, int]) -> None:
    t, degrees = case
    assert np.isclose(neg_log10_p(np.array([t]), np.array([degrees]))[0], STUDENT[case], rtol=1e-12, atol=0)


def test_p__stays_finite() -> None:
    assert np.isfinite(neg_log10_p(np.array([1e9, 1e200, 1e200]), np.array([np.inf, np.inf, 1000.0]))).all()


def test_p__below_the_smallest_number_is_zero() -> None:
    assert p_from_neg_log10(np.array([2.0, 299.0, 301.0, 5000.0])).tolist() == pytest.approx([0.01, 1e-299, 0, 0], abs=0)
