"""The functional prior: its shape, and the weight that the data give it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from finemap.inputs import simulate_loci
from lucidseq.finemap.functional_prior import UNIFORM_SHARE, WEIGHTS, ScoreScale, choose_weight, score_prior
from lucidseq.finemap.regression_data import IndividualData
from lucidseq.finemap.susie import EVIDENCE, SusieSettings, fit_susie
from verify_table import replicates


def test_prior__is_exponential_in_the_score_above_a_uniform_floor():
    score = np.array([0.0, 1.0, -2.0])
    prior = score_prior(score, 1.5)
    assert prior.sum() == pytest.approx(1)
    tilted = prior - UNIFORM_SHARE / 3
    assert np.log(tilted[1] / tilted[0]) == pytest.approx(1.5)
    assert np.log(tilted[2] / tilted[0]) == pytest.approx(-3.0)


def test_prior__never_falls_below_a_tenth_of_the_flat_one():
    assert score_prior(np.array([0.0] * 99 + [500.0]), 4.0).min() == pytest.approx(0.1 / 100)


def test_scale__ignores_missing_scores_and_fills_them_with_the_mean():
    scores = np.array([1.0, np.nan, 3.0])
    np.testing.assert_allclose(ScoreScale.of(scores).standardise(scores), [-1, 0, 1])


def test_score_that_does_not_vary__says_nothing():
    scores = np.full(5, 2.0)
    np.testing.assert_allclose(score_prior(ScoreScale.of(scores).standardise(scores), 4.0), 0.2)


def test_choice__prefers_zero_when_nothing_is_gained():
    assert choose_weight([np.zeros(len(WEIGHTS)), np.zeros(len(WEIGHTS))]).weight == 0


def test_choice__sums_the_evidence_over_loci():
    chosen = choose_weight([np.array([0.0, 2.0, 1.0]), np.array([0.0, 0.0, 3.0])], weights=(0.0, 1.0, 2.0))
    assert (chosen.weight, chosen.gain) == (2.0, 4.0)
    assert chosen.helps


def test_choice__is_zero_when_the_gain_is_within_chance():
    chosen = choose_weight([np.array([0.0, 1.0])], weights=(0.0, 1.0))
    assert (chosen.weight, chosen.gain, chosen.helps) == (0.0, 1.0, False)


def weigh(seed: int, shift: float) -> tuple[float, float, float]:
    """Weight of a score whose causal variants lie ``shift`` standard deviations up; mean causal PIP with and without it."""
    regions, y, causal = simulate_loci(seed, loci=5, p=50, effect=0.2)
    rng = np.random.default_rng(seed + 9999)
    settings = SusieSettings(max_effects=3)
    elbos, flat, tilted = [], [], []
    loci = []
    for region, index in zip(regions, causal, strict=True):
        score = rng.standard_normal(50)
        score[index] += shift
        loci.append((IndividualData(region.X, y), score, index))
        elbos.append(np.array([fit_susie(loci[-1][0], settings, prior=score_prior(score, w)).elbo[-1] for w in WEIGHTS]))
    weight = choose_weight(elbos).weight
    for data, score, index in loci:
        flat.append(fit_susie(data, settings).pip[index])
        tilted.append(fit_susie(data, settings, prior=score_prior(score, weight)).pip[index])
    return weight, float(np.mean(tilted)), float(np.mean(flat))


@replicates(16, 100)
def test_weight__is_near_zero_for_a_score_that_says_nothing(replicates, record_property):
    weights = np.array([weigh(seed, 0.0)[0] for seed in range(replicates)])
    record_property("figure", ("0 and on", f"{(weights > 0).mean():.3f} of weights above 0", "about 0.05"))
    assert (weights > 0).sum() <= stats.binom.ppf(0.993, replicates, 0.05)  # 3 of 16: 5 % each, 4 or more have probability .007


def test_weight__rises_with_what_the_score_knows_and_so_does_the_pip():
    outcomes = np.array([weigh(seed, 3.0) for seed in range(6)])
    assert outcomes[:, 0].min() >= 0.5
    assert (outcomes[:, 1] > outcomes[:, 2]).all()


def test_evidence__a_high_score_alone_does_not_make_a_high_pip():
    """A variant with the best score and no association: its PIP stays near nothing, and the causal variant keeps its own."""
    rng = np.random.default_rng(11)
    false_pips, lax_pips, causal_pips = [], [], []
    for _ in range(20):
        X = rng.normal(size=(500, 60))
        y = 0.35 * X[:, 7] + rng.normal(size=500)
        score = rng.normal(size=60)
        score[7], score[40] = 3.0, 5.0
        prior = score_prior((score - score.mean()) / score.std(), 0.5)
        strict, lax = (
            fit_susie(IndividualData(X, y), SusieSettings(null_threshold=threshold), prior=prior) for threshold in (EVIDENCE, 0.0)
        )
        false_pips.append(strict.pip[40])
        lax_pips.append(lax.pip[40])
        causal_pips.append(strict.pip[7])
    assert np.mean(false_pips) < 0.05
    assert np.mean(lax_pips) > 2 * np.mean(false_pips)
    assert np.mean(causal_pips) > 0.95
