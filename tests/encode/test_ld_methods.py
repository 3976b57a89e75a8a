"""LD scores, blocks found, shrinkage, low rank and repair, as arrays."""

from __future__ import annotations

import itertools

import msprime
import numpy as np
import pytest
from scipy.linalg import toeplitz

from fixtures_ld import autoregressive, linked
from lucidseq.core.covariates import design
from lucidseq.core.ld import Factor, effective_rank
from lucidseq.encode.ld import band
from lucidseq.encode.ld.band import BandSums, band_sums
from lucidseq.encode.ld.blocks import WORTH, crossing, find_blocks
from lucidseq.encode.ld.correlation import correlation, mirror
from lucidseq.encode.ld.shrinkage import shrink, weight_from_dosages, weight_from_size
from lucidseq.encode.ld.spectrum import is_positive, low_rank, make_positive


def plain(samples: int) -> np.ndarray:
    return design(np.empty((0, samples)))


def sums_of(dosage: np.ndarray, position: np.ndarray, window: int) -> BandSums:
    return band_sums(lambda first, last: dosage[first:last], position, plain(dosage.shape[1]), window)


@pytest.mark.parametrize("chunk", [7, 64, 1000])
def test_band_sums__equal_a_dense_computation(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(band, "CHUNK", chunk)
    dosage = autoregressive(1, 260, 150)
    dosage[[20, 21, 199]] = 1  # do not vary
    rng = np.random.default_rng(1)
    position = np.sort(rng.integers(0, 20_000, 260))
    found = sums_of(dosage, position, window=1500)
    varies = dosage.std(axis=1) > 0
    assert np.array_equal(found.varies, varies)
    r = np.zeros((260, 260))
    r[np.ix_(varies, varies)] = np.corrcoef(dosage[varies])
    near = (np.abs(position[:, None] - position) <= 1500) & np.outer(varies, varies)
    adjusted = np.where(near, r**2 - (1 - r**2) / (150 - 2), 0)
    assert np.abs(found.before - np.tril(adjusted, -1).sum(axis=1)).max() < 1e-4
    assert np.abs(found.after - np.triu(adjusted, 1).sum(axis=1)).max() < 1e-4
    assert np.array_equal(found.variants, np.where(varies, near.sum(axis=1) - 1, 0))


def test_band_sums__have_expectation_0_without_ld() -> None:
    dosage = np.random.default_rng(2).binomial(2, 0.4, (800, 60)).astype(np.int8)
    found = sums_of(dosage, np.arange(800), window=100)
    scores = found.before + found.after
    assert abs(scores.mean()) < 4 * scores.std() / np.sqrt(800) + 1e-9 < 0.5
    assert np.mean(found.variants) / 58 > 2  # what the plain sum of r squared would be above 0


def test_crossing__is_the_ld_over_each_cut() -> None:
    dosage = autoregressive(3, 40, 200)
    position = np.arange(40) * 10
    found = sums_of(dosage, position, window=80)
    r = np.corrcoef(dosage)
    adjusted = np.where(np.abs(position[:, None] - position) <= 80, r**2 - (1 - r**2) / 198, 0)
    expected = [adjusted[:cut, cut:].sum() for cut in range(41)]
    assert np.abs(crossing(found.before, found.after) - expected).max() < 1e-4


def test_find_blocks__is_the_optimum_over_all_partitions() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        crossed = np.concatenate([[0], rng.gamma(1, 1, 11), [0]])
        reward = WORTH * np.median(crossed[1:-1])
        best = np.inf
        for count in range(5):
            for cuts in itertools.combinations(range(1, 12), count):
                sizes = np.diff([0, *cuts, 12])
                if sizes.min() >= 2 and sizes.max() <= 5:
                    best = min(best, sum(crossed[cut] - reward for cut in cuts))
        found = find_blocks(crossed, 2, 5)
        assert (np.diff(found) >= 2).all() and (np.diff(found) <= 5).all()
        assert np.isclose(sum(crossed[cut] - reward for cut in found[1:-1]), best)


@pytest.mark.parametrize("variants", [1, 2, 99, 100, 199, 200, 201, 399, 1234])
def test_find_blocks__keeps_the_sizes_and_covers_everything(variants: int) -> None:
    crossed = np.concatenate([[0], np.random.default_rng(variants).gamma(1, 1, variants - 1), [0]])
    cuts = find_blocks(crossed, 100, 200)
    assert cuts[0] == 0 and cuts[-1] == variants and (np.diff(cuts) > 0).all()
    if variants >= 100:
        assert np.diff(cuts).min() >= 100 and np.diff(cuts).max() <= 200


def test_find_blocks__planted_boundaries_are_all_found_and_no_others() -> None:
    sizes = [200, 350, 120, 400, 300, 250, 130]
    dosage = np.concatenate([linked(seed, size, 300) for seed, size in enumerate(sizes)])
    found = sums_of(dosage, np.arange(len(dosage)) * 100, window=20_000)
    cuts = find_blocks(crossing(found.before, found.after), 50, 600)
    assert cuts.tolist() == [0, *np.cumsum(sizes).tolist()]


def test_find_blocks__cuts_lie_in_recombination_hot_spots() -> None:
    """msprime: five stretches of 200 kb that hardly recombine, with hot spots of 5 kb between them."""
    edges, rates = [0.0], []
    for stretch in range(5):
        edges += [stretch * 205e3 + 200e3, stretch * 205e3 + 205e3]
        rates += [2e-10, 2e-6]
    chart = msprime.RateMap(position=edges[:-1], rate=rates[:-1])
    trees = msprime.sim_ancestry(300, population_size=1e4, recombination_rate=chart, random_seed=7)
    trees = msprime.sim_mutations(trees, rate=1.5e-8, random_seed=7)
    haplotypes = trees.genotype_matrix()
    copies = (haplotypes[:, 0::2] + haplotypes[:, 1::2]).astype(np.int8)
    frequency = copies.mean(axis=1) / 2
    common = (np.minimum(frequency, 1 - frequency) > 0.05) & (haplotypes.max(axis=1) == 1)
    position = np.array([site.position for site in trees.sites()])[common].astype(np.int64)
    found = sums_of(copies[common], position, window=200_000)
    cuts = find_blocks(crossing(found.before, found.after), 30, len(position))
    hot = [(start * 205e3 + 200e3, start * 205e3 + 205e3) for start in range(4)]
    made = [(position[cut - 1], position[cut]) for cut in cuts[1:-1]]
    for start, end in hot:  # a cut whose two neighbours span or touch the hot spot
        assert any(left <= end and right >= start for left, right in made), (start, made)
    assert len(made) == len(hot)


def test_weight__equals_the_estimator_written_out() -> None:
    dosage = autoregressive(4, 60, 120)
    r, _ = correlation(dosage, plain(120))
    z = dosage - dosage.mean(axis=1, keepdims=True)
    z = z / np.sqrt(np.square(z).mean(axis=1, keepdims=True))
    products = z[:, None, :] * z[None]
    variance = products.var(axis=2, ddof=1) / 120
    off = ~np.eye(60, dtype=bool)
    expected = variance[off].sum() / np.square(products.mean(axis=2)[off]).sum()
    assert np.isclose(weight_from_dosages(r, dosage, plain(120)), expected, rtol=1e-4)


def test_weight__shrunk_ld_is_nearer_to_the_truth_than_unshrunk() -> None:
    """40 individuals, truth from 20,000: the optimum is not far from the best of a grid."""
    whole = autoregressive(5, 80, 20_000, decay=0.8)
    truth = np.corrcoef(whole)
    r, keep = correlation(whole[:, :40], plain(40))
    target = truth[np.ix_(keep, keep)]

    def error(weight: float) -> float:
        return float(np.square((1 - weight) * (r - np.eye(len(r))) + np.eye(len(r)) - target).sum())

    weight = weight_from_dosages(r, whole[keep][:, :40], plain(40))
    best = min(error(value) for value in np.linspace(0, 1, 51))
    assert error(weight) < 1.1 * best < 0.9 * error(0)
    assert abs(weight_from_size(r, 40) - weight) < 0.1


def test_weight__is_1_without_ld_and_small_with_many_people() -> None:
    rng = np.random.default_rng(6)
    few = rng.binomial(2, 0.3, (50, 40)).astype(np.int8)
    r, _ = correlation(few, plain(40))
    assert weight_from_dosages(r, few, plain(40)) > 0.8
    many = autoregressive(6, 50, 20_000)
    r, _ = correlation(many, plain(20_000))
    assert weight_from_dosages(r, many, plain(20_000)) < 0.005
    assert np.array_equal(shrink(np.array([[1, 0.5], [0.5, 1]], dtype=np.float32), 1.0), np.eye(2))


def test_low_rank__keeps_the_share_and_repeats() -> None:
    r = toeplitz(0.9 ** np.arange(120)).astype(np.float32)
    values = np.linalg.eigvalsh(r.astype(float))[::-1]
    for share in (0.5, 0.9, 0.99):
        factor = low_rank(r, share)
        rank = len(factor.values)
        assert values[: rank - 1].sum() < share * 120 <= values[:rank].sum()
        dense = factor.dense()
        assert (np.diagonal(dense) == 1).all() and np.array_equal(dense, dense.T)
        off = ~np.eye(120, dtype=bool)
        best = (np.linalg.eigh(r.astype(float))[1][:, ::-1][:, :rank] * values[:rank]) @ np.linalg.eigh(r.astype(float))[1][:, ::-1][
            :, :rank
        ].T
        assert np.abs(dense - best)[off].max() < 1e-5
        assert np.linalg.eigvalsh(dense.astype(float))[0] > -1e-6  # the rest of the variance on the diagonal keeps it positive
    assert np.abs(low_rank(r, 1.0).dense() - r).max() < 1e-6


def test_low_rank__of_a_singular_matrix_has_its_rank() -> None:
    dosage = autoregressive(7, 100, 30)
    r, _ = correlation(dosage, plain(30))
    factor = low_rank(r, 1.0)
    assert len(factor.values) == 29
    assert np.abs(factor.dense() - r).max() < 1e-5


def test_effective_rank__is_the_participation_ratio() -> None:
    r = toeplitz(0.7 ** np.arange(50)).astype(np.float32)
    values = np.linalg.eigvalsh(r.astype(float))
    assert np.isclose(effective_rank(r), values.sum() ** 2 / np.square(values).sum(), rtol=1e-6)
    assert effective_rank(Factor(np.ones((3, 1), dtype=np.float32), np.array([1.0])).dense()) == 1.0


def test_make_positive__mends_what_is_broken_alone() -> None:
    good = toeplitz(0.9 ** np.arange(40)).astype(np.float32)
    assert is_positive(good) and make_positive(good)[0] is good
    broken = good.copy()
    broken[0, 1] = broken[1, 0] = -0.9
    fixed, repair = make_positive(broken)
    smallest = np.linalg.eigvalsh(broken.astype(float))[0]
    assert np.isclose(repair.smallest, smallest) and smallest < -0.3
    assert np.linalg.eigvalsh(fixed.astype(float))[0] > -1e-6 and (np.diagonal(fixed) == 1).all()
    assert np.isclose(repair.change, np.abs(fixed - broken).max()) and repair.change > 0.1


def test_mirror__takes_the_lower_triangle() -> None:
    values = np.tril(np.random.default_rng(8).uniform(-1.001, 1.001, (1100, 1100))).astype(np.float32)
    lower = np.tril(np.clip(values, -1, 1), -1)
    assert np.array_equal(mirror(values), lower + lower.T + np.eye(1100, dtype=np.float32))
