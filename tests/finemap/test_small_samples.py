"""The residual variance integrated (normal-inverse-gamma prior): against numerical integration, and on a small sample that plain SuSiE overfits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import invgamma

import lucidseq as ls
from finemap.inputs import make_region, simulate_genotypes, write_bed, write_genotype_store
from finemap.test_locus import checks, read_fits, read_sets
from lucidseq.finemap.regression_data import IndividualData, SummaryStatistics
from lucidseq.finemap.residual_models import IntegratedResidual
from lucidseq.finemap.single_effect import InverseGamma, LogPrior, Search, integrated_single_effect
from lucidseq.finemap.susie import SusieSettings, fit_susie
from support import assert_bad_input, run_cli, run_ok

N, P, V = 12, 4, 0.6
PRIOR = InverseGamma(0.7, 0.9)
PLAIN = SusieSettings(residual_prior="none")
INTEGRATED = SusieSettings(residual_prior="nig")


def problem(seed: int, effect: float, n: int = N, p: int = P) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, effect * X[:, 1] + rng.standard_normal(n)


def evidence(y: np.ndarray, x: np.ndarray, power: float = 0.0, v: float = V, prior: InverseGamma = PRIOR) -> float:
    """Integral of sigma2^power N(y; 0, sigma2 (I + V x x')) IG(sigma2) over log sigma2."""
    ratio = v * (x @ x)
    quadratic = y @ y - (x @ y) ** 2 * v / (1 + ratio)

    def integrand(log_variance: float) -> float:
        s = np.exp(log_variance)
        log_density = -0.5 * (len(y) * np.log(2 * np.pi * s) + np.log1p(ratio) + quadratic / s)
        return float(np.exp(log_density + invgamma(prior.degrees / 2, scale=prior.scale / 2).logpdf(s) + (1 + power) * log_variance))

    return float(quad(integrand, -12, 14, limit=400, epsabs=0, epsrel=1e-11)[0])


def fit(X: np.ndarray, y: np.ndarray, **options: Any) -> Any:
    search = Search(LogPrior.from_weights(np.full(X.shape[1], 1 / X.shape[1])), **options)
    return integrated_single_effect(X.T @ y, np.sum(X**2, axis=0), float(y @ y), PRIOR, len(y), search, V)


def test_bayes_factors__equal_the_integral_over_the_residual_variance():
    X, y = problem(1, 1.0)
    ours = fit(X, y, estimate_prior_variance=False)
    exact = np.array([evidence(y, x) for x in X.T]) / evidence(y, np.zeros(N))
    np.testing.assert_allclose(ours.lbf_variable, np.log(exact), atol=1e-9)
    np.testing.assert_allclose(ours.alpha, exact / exact.sum(), atol=1e-10)


def test_moments__equal_those_of_the_integral():
    X, y = problem(2, 1.0)
    ours = fit(X, y, estimate_prior_variance=False)
    for index, x in enumerate(X.T):
        kept = V / (1 + V * (x @ x))
        sigma2 = evidence(y, x, power=1.0) / evidence(y, x)
        assert ours.mu[index] == pytest.approx(kept * (x @ y))
        assert ours.mu2[index] == pytest.approx(kept * sigma2 + (kept * (x @ y)) ** 2, rel=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_prior_variance__maximises_the_marginal_likelihood(seed: int):
    X, y = problem(seed, 0.4 * seed)

    def height(v: float) -> float:
        search = Search(LogPrior.from_weights(np.full(P, 1 / P)), estimate_prior_variance=False)
        return float(integrated_single_effect(X.T @ y, np.sum(X**2, axis=0), float(y @ y), PRIOR, N, search, v).lbf)

    best = max([0.0, *(height(float(np.exp(position))) for position in np.linspace(-20, 20, 4001))])
    assert fit(X, y).lbf == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("p", [1, 5])
def test_bound__of_one_effect_is_the_exact_evidence_of_one_variant_and_below_that_of_several(p: int):
    X, y = problem(3, 1.0, n=30, p=p + 1)
    data = IndividualData(X[:, 1:], y)
    settings = SusieSettings(residual_prior="nig", max_effects=1, estimate_prior_variance=False)
    fitted = fit_susie(data, settings)
    prior, v = IntegratedResidual.of(data).prior, 0.2
    standardised = (X[:, 1:] - X[:, 1:].mean(0)) / X[:, 1:].std(0, ddof=1)
    exact = np.log(np.mean([evidence(y - y.mean(), x, v=v, prior=prior) for x in standardised.T]))
    gap = exact - fitted.elbo[-1]
    assert abs(gap) < 1e-8 if p == 1 else -1e-8 < gap < 0.05


def test_large_samples__are_fitted_as_with_the_estimated_variance():
    rng = np.random.default_rng(4)
    X = simulate_genotypes(rng, 3000, 60)
    data = IndividualData(X, 0.2 * X[:, 20] + rng.standard_normal(3000))
    plain, integrated = (fit_susie(data, SusieSettings(residual_prior=prior, null_threshold=0.0)) for prior in ("none", "nig"))
    np.testing.assert_allclose(integrated.pip, plain.pip, atol=0.01)
    assert integrated.residual_variance == pytest.approx(plain.residual_variance, rel=0.01)


def test_scale_of_the_trait__does_not_matter():
    X, y = problem(5, 1.5, n=40, p=30)
    small, large = (fit_susie(IndividualData(X, scale * y), INTEGRATED) for scale in (1.0, 1000.0))
    np.testing.assert_allclose(large.pip, small.pip, atol=1e-9)
    np.testing.assert_allclose(large.prior_variance, 1e6 * small.prior_variance, rtol=1e-9)


@pytest.mark.parametrize(("n", "estimated", "chosen"), [(79, True, "nig"), (80, True, "none"), (79, False, "none")])
def test_default__integrates_what_would_be_estimated_from_fewer_than_80_samples(n: int, estimated: bool, chosen: str):
    X, y = problem(6, 1.0, n=n, p=20)
    assert fit_susie(IndividualData(X, y), SusieSettings(estimate_residual_variance=estimated)).residual_prior == chosen


def test_summary_statistics__are_fitted_as_their_samples():
    X, y = problem(7, 1.0, n=50, p=20)
    data = IndividualData(X, y)
    np.testing.assert_allclose(
        fit_susie(SummaryStatistics(data.z, np.corrcoef(X.T), 50), INTEGRATED).pip, fit_susie(data, INTEGRATED).pip, atol=1e-9
    )


def test_statistics_that_contradict_ld__break_down():
    rng = np.random.default_rng(8)
    X = simulate_genotypes(rng, 70, 40, correlation=0.97)
    z = IndividualData(X, X[:, 10] + X[:, 30] + 0.3 * rng.standard_normal(70)).z
    z[::3] *= -1
    fitted = fit_susie(SummaryStatistics(z, np.corrcoef(X.T), 70), SusieSettings(residual_prior="nig", null_threshold=0.0))
    assert fitted.broke_down and np.isnan(fitted.pip).all() and fitted.credible_sets == ()


@pytest.fixture(scope="module")
def data_small(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """47 samples, 7,430 variants: plain SuSiE explains 99.95 % of the variance with 10 sets (susieR's vignette on small samples)."""
    path = shared_data.parent / "trials" / "data_small.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    with np.load(path) as arrays:
        return arrays["X"].astype(np.float64), arrays["y"]


def test_data_small__has_one_credible_set_with_the_integrated_variance(data_small: tuple[np.ndarray, np.ndarray]):
    data = IndividualData(*data_small)
    plain = fit_susie(data, PLAIN)
    assert len(plain.credible_sets) == 10 and plain.explained == pytest.approx(0.9995, abs=1e-4)
    for most in (1, 10, 20):
        fitted = fit_susie(data, SusieSettings(max_effects=most))
        assert fitted.residual_prior == "nig" and len(fitted.credible_sets) == 1 and fitted.explained < 0.6


def test_data_small__verb_takes_the_prior(data_small: tuple[np.ndarray, np.ndarray]):
    assert len(ls.susie(*data_small).credible_sets) == 1
    assert len(ls.susie(*data_small, residual_prior="none").credible_sets) == 10


@pytest.fixture(scope="module")
def small_files(data_small: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    X, y = data_small
    folder = tmp_path_factory.mktemp("small")
    region = make_region("small", X)
    store, loci = write_genotype_store(folder / "g.h5", [region], {"t": y}), write_bed(folder / "l.bed", [region])
    return ("finemap", "locus", "--genotypes", store, "--trait", "t", "--loci", loci, "--quiet")


@pytest.mark.parametrize("most", [10, 12])
def test_card__of_an_implausible_fit_is_refused_whatever_the_number_of_effects(small_files: tuple[object, ...], tmp_path: Path, most: int):
    out = tmp_path / "run"
    result = run_cli(*small_files, "--residual-prior", "none", "--max-effects", most, "--strict", "--out", out)
    assert result.returncode == 5
    found = checks(out)
    share = found["largest share of the trait's variance that a locus explains"]
    assert share["verdict"] == "refuse" and share["value"] == pytest.approx(0.9995, abs=2e-4)
    assert found["least samples per credible set of a locus"]["verdict"] == "caution"
    assert found["loci with the residual variance estimated from fewer than 80 samples"]["verdict"] == "caution"
    assert "raise --max-effects" not in found["loci that used every effect"]["advice"].replace("do not raise", "")


def test_card__of_the_integrated_fit_is_plausible(small_files: tuple[object, ...], tmp_path: Path):
    out = tmp_path / "run"
    run_ok(*small_files, "--out", out)
    assert len(read_sets(out)) == 1 and read_fits(out)["residual_prior"].tolist() == ["nig"]
    assert {name for name, check in checks(out).items() if check["verdict"] != "ok"} <= {"share of variants fitted"}


def test_integrated_and_fixed__contradict_each_other(small_files: tuple[object, ...], tmp_path: Path):
    words = (*small_files, "--residual-prior", "nig", "--residual-variance", "fixed", "--out", tmp_path / "out" / "run")
    assert_bad_input(run_cli(*words), "--residual-prior nig", folder=tmp_path / "out", exit_code=2)
