"""The mismatch of z and LD."""

from __future__ import annotations

import numpy as np
from scipy.stats import multivariate_normal

from finemap.inputs import simulate_genotypes
from lucidseq.finemap.consistency import mismatch
from lucidseq.finemap.regression_data import IndividualData, SummaryStatistics


def simulated(seed: int, *, swapped: float = 0.0, panel: bool = False):
    rng = np.random.default_rng(seed)
    X = simulate_genotypes(rng, 600, 120, 0.97)
    z = IndividualData(X[:300], X[:300, 30] * 0.5 + rng.standard_normal(300)).z
    z = z * np.where(rng.random(120) < swapped, -1, 1)
    R = np.corrcoef((X[300:] if panel else X[:300]).T)
    return SummaryStatistics(z, R, 300).shrunk_z, R


def test_mismatch__of_in_sample_ld_is_not_above_zero():
    assert all(mismatch(*simulated(seed)).low < 0.01 for seed in range(8))


def test_mismatch__grows_with_a_panel_and_with_swapped_alleles():
    panel = [mismatch(*simulated(seed, panel=True)).low for seed in range(8)]
    swapped = [mismatch(*simulated(seed, swapped=0.1)).low for seed in range(8)]
    assert min(panel) > 0.01
    assert min(swapped) > 0.1


def test_mismatch__on_n3_is_that_of_susier(shared_data):
    with np.load(shared_data / "finemapping" / "n3.npz") as arrays:
        X, y = arrays["X"], arrays["Y"][:, 0]
    R = np.corrcoef(X.T)
    found = mismatch(SummaryStatistics(IndividualData(X, y).z, R, 574).shrunk_z, R)
    assert found.s < 1e-7  # susieR's estimate_s_rss: 6.5e-9


def test_mismatch__maximises_the_likelihood_it_names():
    z, R = simulated(3, panel=True)
    found = mismatch(z, R)

    def likelihood(s: float) -> float:
        return float(multivariate_normal(np.zeros(len(z)), (1 - s) * R + s * np.eye(len(z))).logpdf(z))

    best = likelihood(found.s)
    assert all(best >= likelihood(found.s * factor) for factor in (0.9, 0.95, 1.05, 1.1))
    assert found.low < found.s < found.high
    assert likelihood(found.low * 0.9) < best - 1.92 < likelihood(found.low * 1.1)
