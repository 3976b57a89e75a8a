from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from lucidseq.nets import calibration, metrics
from lucidseq.train import curves
from verify_table import replicates

N = 400


@pytest.fixture(params=["continuous", "ties", "perfect"])
def labels_and_scores(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    label = (generator.random(N) < 0.3).astype(float)
    noise = generator.normal(size=N)
    score = {"continuous": label + noise, "ties": np.round(label + noise), "perfect": label + 0.1 * generator.random(N)}
    return label, score[request.param]


def _of(name: str, target: np.ndarray, prediction: np.ndarray) -> float:
    return metrics.value(metrics.METRICS[name](target, prediction), len(target))


def test_auroc__equals_scikit_learn(labels_and_scores):
    label, score = labels_and_scores
    assert _of("auroc", label, score) == pytest.approx(oracle.roc_auc_score(label, score), abs=1e-12)


def test_auprc__equals_scikit_learn_average_precision(labels_and_scores):
    label, score = labels_and_scores
    assert _of("auprc", label, score) == pytest.approx(oracle.average_precision_score(label, score), abs=1e-12)


def test_correlations_and_errors__equal_scipy_and_scikit_learn():
    generator = np.random.default_rng(4)
    x = np.round(generator.gamma(2, 3, N))
    y = x + 1e4 + generator.normal(0, 3, N)  # a large mean must not cost digits
    rate = np.exp(generator.normal(1, 0.5, N))
    assert _of("pearson", x, y) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-12)
    assert _of("spearman", x, y) == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-12)
    assert _of("mse", x, y) == pytest.approx(oracle.mean_squared_error(x, y), rel=1e-12)
    assert _of("poisson_deviance", x, rate) == pytest.approx(oracle.mean_poisson_deviance(x, rate), rel=1e-12)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_weights__equal_repeated_rows(name):
    generator = np.random.default_rng(5)
    target = (generator.random(60) < 0.5).astype(float)
    prediction = np.round(generator.random(60), 1) + 0.05
    weights = metrics.resample(60, 5, generator)
    weighted = metrics.METRICS[name](target, prediction)(weights)
    for row, found in zip(weights, weighted, strict=True):
        drawn = np.repeat(np.arange(60), row.astype(int))
        assert found == pytest.approx(_of(name, target[drawn], prediction[drawn]), abs=1e-12)


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_metric__does_not_depend_on_the_order_of_rows(name):
    generator = np.random.default_rng(6)
    target, prediction = (generator.random(80) < 0.5).astype(float), np.round(generator.random(80), 1) + 0.05
    order = generator.permutation(80)
    assert _of(name, target[order], prediction[order]) == pytest.approx(_of(name, target, prediction), abs=1e-12)


def test_auroc__is_undefined_with_one_label():
    assert np.isnan(_of("auroc", np.ones(5), np.arange(5.0)))
    assert np.isnan(metrics.estimate(metrics.auroc(np.ones(5), np.arange(5.0)), 5, samples=20, generator=np.random.default_rng(0)).lower)


def test_pearson__is_undefined_for_a_constant_prediction():
    assert np.isnan(_of("pearson", np.arange(5.0), np.full(5, 0.3)))


@replicates(200, 4000)
def test_bootstrap_interval__covers_the_true_auroc(replicates, record_property):
    generator = np.random.default_rng(7)
    shift = 1.0
    truth = stats.norm.cdf(shift / np.sqrt(2))
    inside = 0
    for _ in range(replicates):
        label = np.repeat([0.0, 1.0], 100)
        score = generator.normal(size=200) + shift * label
        found = metrics.estimate(metrics.auroc(label, score), 200, samples=200, generator=generator)
        inside += found.lower <= truth <= found.upper
    # 95 % aimed at: 190 expected; below 178 has probability 1e-4 at 93.5 %, which a percentile interval should reach
    record_property("figure", ("7", f"{inside / replicates:.3f} of intervals hold the true AUROC", "0.95, no less than 0.935"))
    assert (178 if replicates == 200 else 0.93 * replicates) <= inside <= replicates


def test_resample__draws_n_of_n_uniformly():
    weights = metrics.resample(50, 4000, np.random.default_rng(8))
    assert (weights.sum(axis=1) == 50).all()
    assert np.abs(weights.mean(axis=0) - 1).max() < 5 * np.sqrt(0.98 / 4000)


def test_curves__integrate_to_the_metrics(labels_and_scores):
    label, score = labels_and_scores
    assert np.trapezoid(*reversed(curves.roc(label, score))) == pytest.approx(oracle.roc_auc_score(label, score), abs=1e-12)
    recall, precision = curves.precision_recall(label, score)
    assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(oracle.average_precision_score(label, score), abs=1e-12)


def test_ece__is_small_for_calibrated_and_large_for_overconfident_probabilities():
    generator = np.random.default_rng(9)
    p = generator.random(5000)
    label = (generator.random(5000) < p).astype(float)
    value = metrics.value(calibration.ece(label, p), 5000)
    bound = calibration.ece_if_calibrated(p, samples=100, generator=generator, quantile=0.999)
    overconfident = 1 / (1 + ((1 - p) / p) ** 3)
    assert value < bound < metrics.value(calibration.ece(label, overconfident), 5000)


def test_ece__equals_its_definition_on_two_bins():
    label, p = np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.7, 0.9])
    # bins {0.1, 0.2} and {0.7, 0.9}: |0.15 - 0.5| and |0.8 - 1.0|, weighted equally
    assert metrics.value(calibration.ece(label, p, bins=2), 4) == pytest.approx(0.275)


def test_reliability__bins_hold_every_row_once():
    generator = np.random.default_rng(10)
    p = np.round(generator.random(333), 1)
    bins = calibration.reliability((generator.random(333) < p).astype(float), p)
    assert bins.n.sum() == 333 and (np.diff(bins.predicted) > 0).all()
