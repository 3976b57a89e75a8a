"""prior: the whitened likelihood is the multivariate normal's, its slopes are its derivatives, and its posterior is Bayes' rule."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from lucidseq.prior.likelihood import WhitenedBlock, best_scale, evidence, posterior, whiten


def problem(rng: np.random.Generator, p: int = 40, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return R, log F and z drawn from the model."""
    base = rng.normal(size=(n, p // 2))
    x = np.hstack([base, base + 0.7 * rng.normal(size=base.shape)])
    r = np.corrcoef(x, rowvar=False)
    log_f = rng.normal(-1, 1, p)
    z = rng.multivariate_normal(np.zeros(p), r @ np.diag(np.exp(log_f)) @ r + r)
    return r, log_f, z


def decomposed(r: np.ndarray, z: np.ndarray, keep: float = 1.0) -> WhitenedBlock:
    values, vectors = np.linalg.eigh(r)
    return whiten(vectors[:, ::-1], values[::-1], z, keep=keep)


def test_value__is_the_normal_density_of_z_in_three_forms() -> None:
    """Whitened, plain (p x p), and by A = I + F^1/2 R F^1/2 / s: differences between two priors agree, since the constants cancel."""
    rng = np.random.default_rng(1)
    r, log_f, z = problem(rng)
    other, s = log_f + rng.normal(size=len(z)), 1.3
    block = decomposed(r, z)
    whitened = evidence(block, log_f, np.log(s)).value - evidence(block, other, np.log(s)).value

    def plain(log_f: np.ndarray) -> float:
        return float(multivariate_normal(np.zeros(len(z)), r @ np.diag(np.exp(log_f)) @ r + s * r).logpdf(z))

    def twin(log_f: np.ndarray) -> float:
        root = np.exp(log_f / 2)
        a = np.eye(len(z)) + root[:, None] * r * root / s
        return float(-0.5 * np.linalg.slogdet(a)[1] + 0.5 * (root * z) @ np.linalg.solve(a, root * z) / s**2)

    assert whitened == pytest.approx(plain(log_f) - plain(other), rel=1e-9)
    assert whitened == pytest.approx(twin(log_f) - twin(other), rel=1e-9)


def test_slopes__are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(2)
    r, log_f, z = problem(rng)
    block = decomposed(r, z, keep=0.97)
    assert len(block.w) < len(z)
    found, step = evidence(block, log_f, 0.2), 1e-5
    for m in range(len(z)):
        up, down = (evidence(block, log_f + sign * step * (np.arange(len(z)) == m), 0.2).value for sign in (1, -1))
        assert found.slope[m] == pytest.approx((up - down) / (2 * step), abs=1e-6)
    up, down = (evidence(block, log_f, 0.2 + sign * step).value for sign in (1, -1))
    assert found.scale_slope == pytest.approx((up - down) / (2 * step), abs=1e-6)


def test_posterior__is_that_of_bayes_rule() -> None:
    rng = np.random.default_rng(3)
    r, log_f, z = problem(rng)
    f, s = np.diag(np.exp(log_f)), 0.8
    mean, variance = posterior(decomposed(r, z), log_f, np.log(s))
    gain = f @ r @ np.linalg.inv(r @ f @ r + s * r)
    np.testing.assert_allclose(mean, gain @ z, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(variance, np.diag(f - gain @ r @ f), rtol=1e-8, atol=1e-9)


def test_order_of_variants__does_not_matter() -> None:
    rng = np.random.default_rng(4)
    r, log_f, z = problem(rng)
    order = rng.permutation(len(z))
    first, second = evidence(decomposed(r, z), log_f), evidence(decomposed(r[np.ix_(order, order)], z[order]), log_f[order])
    assert first.value == pytest.approx(second.value, rel=1e-10)
    np.testing.assert_allclose(first.slope[order], second.slope, rtol=1e-7, atol=1e-10)


def test_flipped_alleles__do_not_matter() -> None:
    rng = np.random.default_rng(5)
    r, log_f, z = problem(rng)
    sign = rng.choice([-1.0, 1.0], len(z))
    assert evidence(decomposed(r, z), log_f).value == pytest.approx(evidence(decomposed(r * np.outer(sign, sign), z * sign), log_f).value)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_best_scale__recovers_the_scale_of_the_data(scale: float) -> None:
    rng = np.random.default_rng(6)
    q = np.linalg.qr(rng.normal(size=(800, 800)))[0][:500] * rng.uniform(0.5, 2, (500, 1))
    log_f = np.full(800, -2.0)
    w = q @ (np.exp(-1) * rng.normal(size=800)) + np.sqrt(scale) * rng.normal(size=500)
    block = WhitenedBlock(q, w)
    best = best_scale(block, log_f)
    grid = np.exp(np.linspace(-1.5, 1.5, 61))
    at_grid = [evidence(block, log_f, float(np.log(value))).value for value in grid]
    assert evidence(block, log_f, float(np.log(best))).value >= max(at_grid)
    assert best == pytest.approx(grid[np.argmax(at_grid)], rel=0.06)
    assert best == pytest.approx(scale, rel=0.4)


def test_null_and_equal_variants__have_finite_evidence() -> None:
    """Two variants in complete LD, and a prior of almost nothing."""
    r = np.array([[1, 1, 0.2], [1, 1, 0.2], [0.2, 0.2, 1]])
    block = decomposed(r, np.array([3.0, 3.0, 0.1]))
    assert len(block.w) == 2
    found = evidence(block, np.array([0.0, 0.0, -40.0]))
    assert np.isfinite([found.value, *found.slope, found.scale_slope]).all()
    assert found.slope[0] == pytest.approx(found.slope[1])


def test_large_block__costs_little() -> None:
    """5,000 variants at rank 500 in float32: 0.1 CPU s; the dense form takes seconds."""
    rng = np.random.default_rng(7)
    q = rng.normal(size=(500, 5000)).astype(np.float32) / 20
    block = WhitenedBlock(q, rng.normal(size=500).astype(np.float32))
    log_f = np.full(5000, -1.0)
    costs = []
    with threadpool_limits(1):
        for _ in range(4):
            started = time.process_time()
            found = evidence(block, log_f)
            costs.append(time.process_time() - started)
    assert found.slope.dtype == np.float32
    exact = evidence(WhitenedBlock(q.astype(np.float64), block.w.astype(np.float64)), log_f)
    assert found.value == pytest.approx(exact.value, rel=1e-5)
    assert np.abs(found.slope - exact.slope).max() <= 1e-4 * np.abs(exact.slope).max()
    assert min(costs) <= 0.1, costs
