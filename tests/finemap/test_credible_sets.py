"""Credible sets on hand-made posteriors."""

from __future__ import annotations

import numpy as np
import pytest

from lucidseq.finemap.credible_sets import SAMPLE_ABOVE, find_credible_sets, inclusion_probabilities, purity

ALPHA = np.array([[0.05, 0.6, 0.3, 0.05], [0.25, 0.25, 0.25, 0.25], [0.001, 0.001, 0.001, 0.997]])
LBF = np.array([5.0, 0.1, 20.0])


def correlation_of(matrix):
    return lambda variants: matrix[np.ix_(variants, variants)]


def find(alpha=ALPHA, active=(True, True, True), matrix=None, **options):
    matrix = np.full((4, 4), 0.8) if matrix is None else matrix
    lbf = LBF[: len(alpha)]
    return find_credible_sets(alpha, np.array(active), lbf, correlation_of(matrix), **options)


def test_sets__are_the_smallest_that_reach_the_coverage():
    sets, impure = find(coverage=0.89)
    by_effect = {one.effect: one for one in sets}
    assert by_effect[0].variants.tolist() == [1, 2]
    assert by_effect[0].coverage == pytest.approx(0.9)
    assert by_effect[2].variants.tolist() == [3]
    assert by_effect[2].log_bayes_factor == 20
    assert impure == 0


def test_absent_effects__have_no_set():
    sets, _ = find(active=(True, False, True))
    assert sorted(one.effect for one in sets) == [0, 2]


def test_impure_sets__are_left_out_and_counted():
    matrix = np.eye(4)
    matrix[1, 2] = matrix[2, 1] = -0.7  # the sign of a correlation does not matter
    sets, impure = find(coverage=0.89, matrix=matrix)
    assert [one.effect for one in sets] == [2, 0]  # purest first
    assert sets[1].purity_min == pytest.approx(0.7)
    assert impure == 1


def test_equal_sets__stay_once():
    sets, _ = find(np.array([ALPHA[0], ALPHA[0]]), (True, True), coverage=0.89)
    assert [one.effect for one in sets] == [0]


def test_effect_whose_null_takes_the_rest__has_no_set():
    sets, _ = find(0.9 * ALPHA[:1], (True,), coverage=0.95)
    assert sets == ()


def test_purity__of_sampled_sets_repeats_and_bounds_the_exact_one():
    rng = np.random.default_rng(0)
    matrix = np.corrcoef(rng.standard_normal((SAMPLE_ABOVE + 200, 30)))
    members = np.arange(len(matrix))
    first, again = (purity(members, correlation_of(matrix), seed=4, effect=1) for _ in range(2))
    assert first == again
    values = np.abs(matrix[np.triu_indices(len(matrix), 1)])
    assert first[0] >= values.min()
    assert first[1] == pytest.approx(values.mean(), abs=0.01)


def test_pip__is_the_chance_of_at_least_one_active_effect():
    pip = inclusion_probabilities(ALPHA, np.array([True, False, True]))
    np.testing.assert_allclose(pip, 1 - (1 - ALPHA[0]) * (1 - ALPHA[2]))
