from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from lucidseq.nets import prediction_intervals
from verify_table import replicates


@replicates(300, 10_000)
@pytest.mark.parametrize("task", ["regression", "counts"])
def test_conformal_intervals__hold_the_promised_share(task, replicates, record_property):
    generator = np.random.default_rng(1)
    inside = []
    for _ in range(replicates):
        rate = generator.gamma(2.0, 3.0, (300, 1))
        target = generator.poisson(rate) if task == "counts" else rate + generator.standard_t(3, (300, 1))
        quantiles = prediction_intervals.conformal_quantiles(target[:200], rate[:200], task)
        lower, upper = prediction_intervals.around(rate[200:], quantiles, task)
        inside.append(((target[200:] >= lower) & (target[200:] <= upper)).mean())
    record_property("figure", ("1", f"{np.mean(inside):.4f} of targets inside", "0.95 or slightly more"))
    # at least 0.95 on average (standard error of the mean about 0.0015), and not much more
    assert 0.945 < np.mean(inside) < 0.97


def test_conformal_quantiles__take_the_largest_residual_of_too_few_rows():
    target = np.array([[1.0], [2.0], [5.0]])
    assert prediction_intervals.conformal_quantiles(target, np.zeros((3, 1)), "regression") == [5.0]


def test_around__keeps_counts_above_zero():
    lower, upper = prediction_intervals.around(np.array([[0.5]]), [3.0], "counts")
    assert lower[0, 0] == 0.0 and upper[0, 0] == pytest.approx(0.5 + 3.0 * np.sqrt(1.5))


def test_of_another_network__holds_a_further_member():
    generator = np.random.default_rng(2)
    logit = generator.normal(0.0, 2.0, (4000, 1, 1)) + generator.normal(0.0, 0.7, (4000, 6, 1))
    lower, upper = prediction_intervals.of_another_network(expit(logit[:, :5]))
    share = ((expit(logit[:, 5]) >= lower) & (expit(logit[:, 5]) <= upper)).mean()
    assert 0.935 < share < 0.965  # 0.95 +- 4 standard errors


def test_of_another_network__stays_finite_for_saturated_probabilities():
    lower, upper = prediction_intervals.of_another_network(np.array([[[0.0], [1.0], [1.0]]], dtype=np.float32))
    assert np.isfinite([lower, upper]).all() and 0 <= lower[0, 0] <= upper[0, 0] <= 1
