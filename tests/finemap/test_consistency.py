"""The mismatch of z and LD."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from finemap.inputs import make_region, simulate_genotypes, summary_inputs, write_ld_store, write_sumstats
from finemap.test_locus import checks, read_fits
from lucidseq.core.ld import Factor, LdBlock, open_ld, write_ld
from lucidseq.core.schema import SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.finemap.consistency import MOST_TOGETHER, mismatch
from lucidseq.finemap.locus_sources import open_source
from lucidseq.finemap.regression_data import IndividualData, SummaryStatistics
from lucidseq.finemap.run import Fits, _fit_locus
from lucidseq.finemap.susie import SusieSettings, fit_susie
from support import run_ok


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


def test_conditional_distributions__are_those_of_the_multivariate_normal():
    from lucidseq.finemap.consistency import _conditional, _decompose

    z, R = simulated(4, panel=True)
    s = 0.2
    (part,) = _decompose(z, R)
    departure, log_ratio = _conditional(part, s)
    covariance = (1 - s) * R + s * np.eye(len(z))
    for index in (0, 30, 77):
        others = np.delete(np.arange(len(z)), index)
        solved = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, index])
        mean, variance = solved @ z[others], 1 - solved @ covariance[others, index]
        assert departure[index] == pytest.approx((z[index] - mean) / np.sqrt(variance), abs=1e-8)
        exact = ((z[index] - mean) ** 2 - (z[index] + mean) ** 2) / (2 * variance)
        assert log_ratio[index] == pytest.approx(exact, abs=1e-8)


@pytest.fixture
def susier_example(shared_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """z and R of susieR's SummaryConsistency: z of variant 157 belongs to its other allele."""
    path = shared_data.parent / "trials" / "summary_consistency.npz"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    with np.load(path) as arrays:
        return arrays["z"], arrays["R"].astype(np.float64)


def test_flipped_variant__is_named_and_no_other(susier_example: tuple[np.ndarray, np.ndarray]):
    z, R = susier_example
    found = mismatch(SummaryStatistics(z, R, 10_000).shrunk_z, R)
    assert (found.flipped, found.furthest) == ((157,), 157)
    z[157] *= -1
    assert mismatch(SummaryStatistics(z, R, 10_000).shrunk_z, R).flipped == ()


@pytest.mark.parametrize("panel", [False, True])
def test_right_alleles__are_not_named(panel: bool):
    named = sum(len(mismatch(*simulated(seed, panel=panel)).flipped) for seed in range(20))
    assert named <= 3  # 5 % of 20 loci at most: 4 or more have probability .016


def test_parts_of_a_large_locus__are_searched_as_a_small_one(shared_data: Path):
    with np.load(shared_data / "finemapping" / "n3.npz") as arrays:
        X, y = arrays["X"], arrays["Y"][:, 0]
    z, R = IndividualData(X, y).z, np.corrcoef(X.T)
    assert len(z) > 3 * MOST_TOGETHER
    assert mismatch(SummaryStatistics(z, R, 574).shrunk_z, R).flipped == ()
    z[[143, 843]] *= -1  # z = -1.6 and -2.8
    assert mismatch(SummaryStatistics(z, R, 574).shrunk_z, R).flipped == (143, 843)


def test_check__costs_less_than_the_fit():
    rng = np.random.default_rng(0)
    X = simulate_genotypes(rng, 1000, 1500, 0.97)
    data = IndividualData(X, 0.3 * X[:, 500] + 0.3 * X[:, 1200] + rng.standard_normal(1000))
    statistics = SummaryStatistics(data.z, np.corrcoef(X.T), 1000)
    spent = []
    for _ in range(3):
        start = time.process_time()
        fit_susie(statistics)
        middle = time.process_time()
        mismatch(statistics.shrunk_z, statistics.R)
        spent.append((time.process_time() - middle) / (middle - start))
    assert min(spent) <= 1


def test_memory__is_at_most_two_and_a_half_times_the_stored_matrix(tmp_path: Path):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((500, 2000))
    region = make_region("wide", X + np.roll(X, 1, axis=1))
    sumstats, ld = summary_inputs(tmp_path, [region], X[:, 50] + rng.standard_normal(500))
    swapped = read_table(sumstats, SUMSTATS)
    swapped.loc[3, ["effect_allele", "other_allele", "variant_id"]] = ["A", "G", swapped["variant_id"].iloc[3][:-3] + "G:A"]
    write_sumstats(sumstats, swapped)
    with open_source(sumstats=sumstats, ld=ld, genotypes=None, trait=None, loci=None) as source:
        tracemalloc.start()
        locus = source.load(0)
        assert locus is not None
        _fit_locus(locus, Fits(SusieSettings(), SusieSettings()))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert locus.match.flipped == 1 and peak <= 2.5 * 4 * 2000**2


def test_correlations_of_chosen_variants__are_those_of_the_block(tmp_path: Path):
    rng = np.random.default_rng(2)
    region = make_region("one", rng.standard_normal((60, 700)))
    r = np.corrcoef(region.X.T).astype(np.float32)
    values, vectors = np.linalg.eigh(r.astype(np.float64))
    factor = Factor(vectors[:, -40:].astype(np.float32), values[-40:])
    blocks = [LdBlock(name, "chr1", 0, 90_000, r, region.ids, part) for name, part in (("dense", None), ("low", factor))]
    write_ld(tmp_path / "ld.h5", iter(blocks), build="test", method="panel", n_ref=60)
    with open_ld(tmp_path / "ld.h5") as store:
        for index in (0, 1):
            for chosen in (np.arange(700), np.array([0, 255, 256, 257, 600, 699]), np.array([], dtype=int)):
                whole = store.block(index).r[np.ix_(chosen, chosen)]
                np.testing.assert_allclose(store.correlations(index, chosen), whole, atol=1e-6 if index else 0)


def test_card__names_the_flipped_variant_and_so_does_the_table(tmp_path: Path):
    rng = np.random.default_rng(3)
    region = make_region("one", simulate_genotypes(rng, 400, 80, 0.97))
    y = 0.6 * region.X[:, 40] + rng.standard_normal(400)
    sumstats, ld = summary_inputs(tmp_path, [region], y)
    table = read_table(sumstats, SUMSTATS)
    table.loc[42, ["z", "beta"]] *= -1
    run_ok("finemap", "locus", "--sumstats", write_sumstats(sumstats, table), "--ld", ld, "--out", tmp_path / "run")
    check = checks(tmp_path / "run")["variants whose z fits LD with the other alleles"]
    assert (check["value"], check["verdict"]) == (1, "caution") and region.ids[42] in check["advice"]
    row = read_fits(tmp_path / "run").iloc[0]
    assert row["flipped_variants"] == region.ids[42] and row["mismatch"] > row["mismatch_low"] > 0.01


def test_mismatch_that_could_be_anything__is_unknown(tmp_path: Path):
    rng = np.random.default_rng(4)
    independent = make_region("independent", rng.standard_normal((400, 12)))
    y = 0.3 * independent.X[:, 3] + rng.standard_normal(400)
    sumstats, ld = summary_inputs(tmp_path, [independent], y)
    run_ok("finemap", "locus", "--sumstats", sumstats, "--ld", ld, "--out", tmp_path / "run")
    check = checks(tmp_path / "run")["largest mismatch of z and LD (s)"]
    assert check["verdict"] == "caution" and check["interval"][1] == 1 and "unknown" in check["advice"]
    linked = make_region("linked", simulate_genotypes(rng, 400, 80, 0.97), first=50_001)
    both = y + 0.6 * linked.X[:, 40]
    sumstats, _ = summary_inputs(tmp_path, [independent, linked], both)
    ld = write_ld_store(tmp_path / "both.h5", [independent, linked])
    run_ok("finemap", "locus", "--sumstats", sumstats, "--ld", ld, "--out", tmp_path / "both")
    found = checks(tmp_path / "both")
    assert found["largest mismatch of z and LD (s)"]["verdict"] == "ok"
    assert (found["loci whose mismatch is unknown"]["value"], found["loci whose mismatch is unknown"]["verdict"]) == (1, "caution")
