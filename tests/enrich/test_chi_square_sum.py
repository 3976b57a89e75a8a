"""Tail of a weighted sum of chi-squares: against closed forms, Imhof's integral and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import log_ndtr

from lucidseq.enrich.chi_square_sum import log_survival, log_tails, tails_to_z


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 200])
@pytest.mark.parametrize("multiple", [1e-3, 0.1, 0.9, 1.0, 1.1, 3.0, 40.0])
def test_equal_weights__are_a_chi_square(freedom: int, multiple: float) -> None:
    q = min(multiple * freedom, freedom + 1000.0)  # scipy underflows beyond
    upper, lower = log_tails(2.5 * q, np.full(freedom, 2.5))
    assert upper == pytest.approx(stats.chi2.logsf(q, freedom), rel=1e-9, abs=1e-12)
    assert lower == pytest.approx(stats.chi2.logcdf(q, freedom), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("q", [0.01, 0.5, 2.0, 10.0, 100.0, 1380.0])
def test_pairs_of_weights__are_a_hypoexponential(q: float) -> None:
    """Two equal weights a are exponential with mean 2a; the tail reaches 1e-300 at q = 1380."""
    a, b = 1 / 2.0, 1 / 0.6
    exact = np.log((b * np.exp(-a * q) - a * np.exp(-b * q)) / (b - a))
    assert log_survival(q, np.array([1.0, 1.0, 0.3, 0.3])) == pytest.approx(exact, rel=1e-10)


def test_mixed_weights__match_imhof() -> None:
    weights = np.array([3.0, 1.7, 1.0, 0.6, 0.2, 0.05])

    def integrand(u: float, q: float) -> float:
        theta = 0.5 * (np.arctan(weights * u).sum() - q * u)
        return float(np.sin(theta) / (u * np.prod((1 + (weights * u) ** 2) ** 0.25)))

    for q in (1.0, 6.0, 20.0):
        imhof = 0.5 + integrate.quad(integrand, 0, np.inf, args=(q,), limit=2000)[0] / np.pi
        assert np.exp(log_survival(q, weights)) == pytest.approx(imhof, abs=1e-7)


def test_random_weights__match_simulation() -> None:
    rng = np.random.default_rng(1)
    weights = rng.gamma(0.3, 1.0, 50)
    draws = rng.chisquare(1, (200_000, 50)) @ weights
    for share in (0.9, 0.5, 0.1, 0.01):
        q = np.quantile(draws, 1 - share)
        assert np.exp(log_survival(float(q), weights)) == pytest.approx(share, abs=4 * np.sqrt(share / 200_000))


def test_scale__does_not_matter() -> None:
    weights = np.array([2.0, 1.0, 0.1])
    assert log_survival(9.0, weights) == pytest.approx(log_survival(9e6, weights * 1e6), rel=1e-12)


def test_extremes__stay_finite_and_ordered() -> None:
    weights = np.random.default_rng(2).gamma(0.3, 1.0, 300)
    values = [log_survival(float(q), weights) for q in np.geomspace(1e-6, 1e5, 60)]
    assert np.isfinite(values).all()
    assert (np.diff(values) <= 1e-12).all()
    assert log_tails(0.0, weights) == (0.0, -np.inf)


@pytest.mark.parametrize("z", [-30.0, -3.0, 0.0, 2.0, 37.0])
def test_z__survives_both_ends(z: float) -> None:
    assert tails_to_z(float(log_ndtr(-z)), float(log_ndtr(z))) == pytest.approx(z, abs=1e-9)


def test_nonsense__is_refused() -> None:
    for statistic, weights in ((1.0, []), (1.0, [0.0]), (-1.0, [1.0]), (float("nan"), [1.0])):
        with pytest.raises(ValueError, match="positive weights"):
            log_tails(statistic, np.array(weights))
