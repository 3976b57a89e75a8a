"""SuSiE against susieR 0.12.35 on its own examples, against exact cases, and over simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from finemap.inputs import simulate_genotypes
from lucidseq.core.errors import DataError
from lucidseq.finemap.regression_data import IndividualData, SufficientStatistics, SummaryStatistics
from lucidseq.finemap.susie import SusieSettings, fit_susie
from verify_table import replicates

REFERENCE = SusieSettings(tolerance=1e-3)  # the tolerance of susieR 0.12.35


@pytest.fixture(scope="module")
def n3(shared_data):
    with np.load(shared_data / "finemapping" / "n3.npz") as arrays:
        return {name: arrays[name] for name in arrays}


@pytest.fixture(scope="module")
def convergence(shared_data):
    with np.load(shared_data / "finemapping" / "convergence.npz") as arrays:
        return SufficientStatistics(arrays["XtX"], arrays["Xty"], float(arrays["yty"]), float(arrays["n"]))


def reference_table(shared_data, name):
    return pd.read_csv(shared_data / "finemapping" / "reference" / f"{name}.tsv", sep="\t")


def fit_n3(n3, shared_data, trait, kind):
    if kind == "susie":
        return fit_susie(IndividualData(n3["X"], n3["Y"][:, trait - 1]), REFERENCE)
    z = reference_table(shared_data, f"n3_trait{trait}.sumstats")["z"].to_numpy()
    return fit_susie(SummaryStatistics(z, np.corrcoef(n3["X"].T), len(n3["Y"])), REFERENCE)


@pytest.mark.parametrize("kind", ["susie", "susie_rss"])
@pytest.mark.parametrize("trait", [1, 2])
def test_fit__matches_susier_on_n3(n3, shared_data, trait, kind):
    fit = fit_n3(n3, shared_data, trait, kind)
    expected = reference_table(shared_data, f"n3_trait{trait}_{kind}.pip")["pip"].to_numpy()
    assert np.abs(fit.pip - expected).max() < 1e-6
    row = reference_table(shared_data, "fits").set_index("fit").loc[f"n3_trait{trait}_{kind}"]
    assert fit.elbo[-1] == pytest.approx(row["elbo"], abs=1e-6)
    assert fit.residual_variance == pytest.approx(row["sigma2"], abs=1e-8)
    assert fit.iterations == row["niter"]
    assert fit.converged


@pytest.mark.parametrize("kind", ["susie", "susie_rss"])
@pytest.mark.parametrize("trait", [1, 2])
def test_credible_sets__match_susier_on_n3(n3, shared_data, trait, kind):
    fit = fit_n3(n3, shared_data, trait, kind)
    expected = reference_table(shared_data, f"n3_trait{trait}_susie.cs").set_index("set")
    ours = {f"L{one.effect + 1}": one for one in fit.credible_sets}
    assert sorted(ours) == sorted(expected.index)
    for name, row in expected.iterrows():
        assert sorted(ours[name].variants) == sorted(map(int, str(row["variants"]).split(",")))
        assert ours[name].coverage == pytest.approx(row["coverage"], abs=1e-6)
        assert ours[name].purity_min == pytest.approx(row["min_abs_corr"], abs=1e-6)


@pytest.mark.parametrize(("refine", "name", "elbo"), [(False, "plain", -70832.272), (True, "refine", -70814.813)])
def test_refine__leaves_the_local_optimum_as_susier_does(convergence, shared_data, refine, name, elbo):
    fit = fit_susie(convergence, SusieSettings(tolerance=1e-3, min_purity=0.1, refine=refine))
    assert fit.elbo[-1] == pytest.approx(elbo, abs=1e-3)
    expected = reference_table(shared_data, f"convergence_{name}.pip")["pip"].to_numpy()
    assert np.abs(fit.pip - expected).max() < 1e-6
    sets = sorted(sorted(one.variants.tolist()) for one in fit.credible_sets)
    assert sets == ([[33], [86, 90]] if refine else [[32], [35], [86, 90]])  # causal: 33 and 86


def simulate(seed, *, n=300, p=80, effects=((20, 0.8), (60, -0.8))):
    rng = np.random.default_rng(seed)
    X = simulate_genotypes(rng, n, p)
    return X, rng.standard_normal(n) + sum(size * X[:, index] for index, size in effects)


def test_elbo__never_falls():
    X, y = simulate(1)
    fit = fit_susie(IndividualData(X, y), SusieSettings(tolerance=1e-10))
    assert fit.converged
    assert np.diff(fit.elbo).min() > -1e-9


def test_one_effect__elbo_is_the_exact_evidence():
    X, y = simulate(2, p=10, effects=((4, 0.4),))
    settings = SusieSettings(max_effects=1, estimate_residual_variance=False, residual_variance=1.3, estimate_prior_variance=False)
    data = IndividualData(X, y)
    fit = fit_susie(data, settings)
    V = 0.2 * data.yty / (data.n - 1)
    Xs, yc = (X - X.mean(0)) / X.std(0, ddof=1), y - y.mean()
    # log N(y; 0, s I + V x x') by the matrix determinant and inversion lemmas
    ratio = V * np.sum(Xs**2, axis=0) / 1.3
    quadratic = yc @ yc / 1.3 - (Xs.T @ yc) ** 2 * V / 1.3**2 / (1 + ratio)
    evidence = -0.5 * (len(y) * np.log(2 * np.pi * 1.3) + np.log1p(ratio) + quadratic)
    assert fit.elbo[-1] == pytest.approx(np.logaddexp.reduce(evidence - np.log(10)), abs=1e-8)
    np.testing.assert_allclose(fit.pip, np.exp(evidence) / np.exp(evidence).sum(), atol=1e-10)


def test_order_of_variants__does_not_matter():
    X, y = simulate(3)
    order = np.random.default_rng(0).permutation(X.shape[1])
    plain, shuffled = fit_susie(IndividualData(X, y)), fit_susie(IndividualData(X[:, order], y))
    np.testing.assert_allclose(shuffled.pip, plain.pip[order], atol=1e-9)
    assert [sorted(order[one.variants]) for one in shuffled.credible_sets] == [sorted(one.variants) for one in plain.credible_sets]


def test_counted_allele__changes_the_sign_of_the_effect_alone():
    X, y = simulate(4)
    flipped = X.copy()
    flipped[:, ::2] = 2 - flipped[:, ::2]
    plain, other = fit_susie(IndividualData(X, y)), fit_susie(IndividualData(flipped, y))
    np.testing.assert_allclose(other.pip, plain.pip, atol=1e-9)
    np.testing.assert_allclose(other.posterior_mean[::2], -plain.posterior_mean[::2], atol=1e-9)


def test_max_effects__limits_the_effects_and_spare_ones_vanish():
    X, y = simulate(5, effects=((20, 1.2), (60, -0.7)))
    assert len(fit_susie(IndividualData(X, y), SusieSettings(max_effects=1)).credible_sets) == 1
    few, many = (fit_susie(IndividualData(X, y), SusieSettings(max_effects=L, tolerance=1e-8)) for L in (3, 12))
    assert len(few.credible_sets) == len(many.credible_sets) == 2
    assert [sorted(one.variants) for one in few.credible_sets] == [sorted(one.variants) for one in many.credible_sets]


def test_max_effects__is_at_most_the_number_of_variants():
    X, y = simulate(6, p=1, effects=((0, 0.6),))
    fit = fit_susie(IndividualData(X, y))
    assert fit.alpha.shape == (1, 1)
    assert fit.pip[0] == pytest.approx(1)


def test_prior__moves_the_probability_between_variants_in_perfect_ld():
    X, y = simulate(7, p=30, effects=((10, 0.6),))
    X[:, 11] = X[:, 10]
    flat = fit_susie(IndividualData(X, y))
    assert flat.pip[10] == pytest.approx(flat.pip[11])
    prior = np.ones(30)
    prior[11] = 4
    fit = fit_susie(IndividualData(X, y), prior=prior)
    assert fit.alpha[0, 11] / fit.alpha[0, 10] == pytest.approx(4)


def test_null_weight__lowers_the_probability_of_weak_effects():
    X, y = simulate(8, effects=((20, 0.35),))
    plain, sceptical = (fit_susie(IndividualData(X, y), SusieSettings(null_weight=w, max_effects=1)) for w in (0, 0.5))
    assert sceptical.alpha.sum() < 1
    assert sceptical.pip.sum() < plain.pip.sum()


def test_max_iterations__ends_a_fit_that_has_not_settled():
    X, y = simulate(9)
    fit = fit_susie(IndividualData(X, y), SusieSettings(max_iterations=2, tolerance=1e-12))
    assert fit.iterations == 2
    assert not fit.converged


@pytest.mark.parametrize("prior", [np.zeros(5), np.ones(4), np.array([1, 1, -1, 1, 1.0]), np.array([1, np.nan, 1, 1, 1])])
def test_prior__that_is_none_is_refused(prior):
    X, y = simulate(10, p=5, effects=())
    with pytest.raises(DataError):
        fit_susie(IndividualData(X, y), prior=prior)


def test_ld_that_contradicts_z__does_not_count_as_converged():
    rng = np.random.default_rng(1)
    R = np.clip(np.corrcoef(rng.standard_normal((40, 60))) + 0.6 * np.sign(rng.standard_normal((40, 40))), -0.99, 0.99)
    R = np.triu(R, 1) + np.triu(R, 1).T + np.eye(40)
    assert np.linalg.eigvalsh(R).min() < -1
    assert not fit_susie(SummaryStatistics(8 * rng.standard_normal(40), R, 500)).converged


@replicates(60, 1000)
def test_null_trait__rarely_gives_a_credible_set(replicates, record_property):
    sets = sum(len(fit_susie(IndividualData(*simulate(100 + seed, effects=()))).credible_sets) for seed in range(replicates))
    record_property("figure", ("100 and on", f"{sets / replicates:.3f} credible sets a data set", "about 0.05 at most"))
    assert sets <= stats.binom.ppf(0.97, replicates, 0.05)  # 6 of 60: an honest 5 % gives 3; 7 or more have probability .03


@replicates(60, 1000)
def test_credible_sets__hold_a_causal_variant_as_often_as_they_say(replicates, record_property):
    held = found = causal_found = 0
    for seed in range(replicates):
        rng = np.random.default_rng(1000 + seed)
        causal = rng.choice(80, size=2, replace=False)
        X, y = simulate(1000 + seed, n=400, effects=tuple((int(index), 0.45) for index in causal))
        sets = fit_susie(IndividualData(X, y)).credible_sets
        found += len(sets)
        held += sum(bool(np.isin(one.variants, causal).any()) for one in sets)
        causal_found += len({int(v) for one in sets for v in one.variants if v in causal})
    record_property("figure", ("1000 and on", f"{held / found:.3f} of {found} sets hold a causal variant", "0.95 or more"))
    assert found >= replicates
    assert held / found >= max(0.90, 0.95 - 2.3 * np.sqrt(0.05 * 0.95 / found))  # 2 standard errors of about 100 sets
    assert causal_found / (2 * replicates) >= 0.6


@replicates(80, 1000)
def test_pip__is_calibrated(replicates, record_property):
    pips, truth = [], []
    for seed in range(replicates):
        rng = np.random.default_rng(2000 + seed)
        causal = int(rng.integers(80))
        X, y = simulate(2000 + seed, effects=((causal, 0.5),))
        # Spare effects of tiny prior variance spread 1/p each over all variants, which is not what is looked at here
        pips.append(fit_susie(IndividualData(X, y), SusieSettings(max_effects=2)).pip)
        truth.append(np.arange(80) == causal)
    pip, true = np.concatenate(pips), np.concatenate(truth)
    middle = (pip >= 0.4) & (pip < 0.8)
    figure = f"{true[middle].mean():.3f} of {middle.sum()} variants of PIP 0.4 to 0.8 are causal"
    record_property("figure", ("2000 and on", figure, f"{pip[middle].mean():.3f}, their mean PIP"))
    for low, high in ((0.1, 0.4), (0.4, 0.8), (0.8, 1.01)):
        chosen = (pip >= low) & (pip < high)
        expected, spread = pip[chosen].sum(), np.sqrt(np.sum(pip[chosen] * (1 - pip[chosen])))
        assert abs(true[chosen].sum() - expected) < 3 * spread + 1


def strong_statistics(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """z and LD of 2,000 samples with two strong effects."""
    rng = np.random.default_rng(seed)
    X = simulate_genotypes(rng, 2000, 60, correlation=0.97)
    data = IndividualData(X, X[:, 20] + 0.8 * X[:, 40] + rng.standard_normal(2000))
    return data.z, np.corrcoef(X.T)


@pytest.mark.parametrize("mistake", ["n a tenth", "flipped alleles"])
def test_fit_that_broke_down__has_no_sets_and_no_pips(mistake: str) -> None:
    z, R = strong_statistics()
    n = 200 if mistake == "n a tenth" else 2000
    z = np.where(np.arange(60) % 10 == 0, -z, z) if mistake == "flipped alleles" else z
    fit = fit_susie(SummaryStatistics(z, R, n), SusieSettings(max_iterations=1000))
    assert fit.broke_down and not fit.converged and fit.iterations < 1000
    assert fit.credible_sets == () and np.isnan(fit.pip).all()


def test_fit_that_ran_out_of_sweeps__did_not_break_down() -> None:
    z, R = strong_statistics()
    fit = fit_susie(SummaryStatistics(z, R, 2000), SusieSettings(max_iterations=1))
    assert not fit.converged and not fit.broke_down and np.isfinite(fit.pip).all() and fit.credible_sets
