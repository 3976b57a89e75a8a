"""CPU time and memory of LD: a block beside the plain float32 product of standardised genotypes, and a contig as variants grow.

Run directly (``python tests/benchmarks/bench_ld.py``) or through pytest. Genotypes are simulated (Hardy-Weinberg proportions, 1 %
missing); each figure is the median of nine, ours and the product by turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fixtures_ld import autoregressive
from lucidseq.core.covariates import design
from lucidseq.core.ld import open_ld
from lucidseq.encode.ld.band import band_sums
from lucidseq.encode.ld.correlation import correlation
from support import peak_memory, run_ok

BLOCK_BAR, ERROR_BAR, MEMORY_BAR = 1.3, 1e-5, 1.10
PEOPLE, VARIANTS, REPEATS = 500, 5000, 9
OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def seconds(*works: Callable[[], object]) -> list[float]:
    """Return the median CPU seconds of each work, done by turns."""
    used: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(REPEATS):
        for work, times in zip(works, used, strict=True):
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
    return [float(np.median(times)) for times in used]


def simulate(variants: int, people: int, seed: int = 1) -> np.ndarray:
    """Draw genotypes, int8 with -1 for missing."""
    rng = np.random.default_rng(seed)
    calls = rng.binomial(2, rng.uniform(0.01, 0.5, (variants, 1)), (variants, people)).astype(np.int8)
    calls[rng.random(calls.shape) < 0.01] = -1
    return calls


def compare_block() -> tuple[float, float]:
    """Print the block's figures; return the ratio to the product and the largest error."""
    calls, basis = simulate(VARIANTS, PEOPLE), design(np.empty((0, PEOPLE)))
    values = np.where(calls < 0, np.nan, calls.astype(np.float64))
    values = np.where(np.isnan(values), 0, values - np.nanmean(values, axis=1, keepdims=True))
    values /= np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    standardised = np.ascontiguousarray(values.T, dtype=np.float32)
    ours, product = seconds(lambda: correlation(calls, basis), lambda: standardised.T @ standardised)
    error = float(np.abs(correlation(calls, basis)[0] - values @ values.T).max())
    print(f"LD block, {PEOPLE} samples x {VARIANTS} variants, int8 with missing to float32 r:")
    print(
        f"  lucidseq {ours:.3f} CPU s, float32 X.T @ X of standardised genotypes {product:.3f}, ratio {ours / product:.2f} (bar {BLOCK_BAR})"
    )
    print(f"  largest error against float64 {error:.1e} (bar {ERROR_BAR:.0e})")
    return ours / product, error


def compare_scores() -> None:
    """Print how fast r squared of a band is summed."""
    calls, basis = autoregressive(2, 5000, PEOPLE), design(np.empty((0, PEOPLE)))
    position = np.arange(5000) * 1000
    (used,) = seconds(lambda: band_sums(lambda first, last: calls[first:last], position, basis, 1_000_000))
    print(
        f"LD scores, {PEOPLE} samples x 5000 variants, 1,000 on either side: {used:.2f} CPU s, {5e6 / used / 1e6:.1f} million pairs a second"
    )


def write_store(folder: Path, variants: int, people: int) -> Path:
    """Write a genotype store of many variants piece by piece, from a .bed."""
    prefix = folder / f"v{variants}"
    rng = np.random.default_rng(3)
    with prefix.with_suffix(".bed").open("wb") as bed, prefix.with_suffix(".bim").open("w") as bim:
        bed.write(b"\x6c\x1b\x01")
        for first in range(0, variants, 1000):
            bits = rng.integers(0, 256, (1000, people // 4), dtype=np.uint8)
            bed.write((bits | (bits & 0x55) << 1).astype(np.uint8).tobytes())  # no missing code (01)
            bim.writelines(f"chr1\trs{row}\t0\t{row * 100 + 1}\tG\tA\n" for row in range(first, first + 1000))
    prefix.with_suffix(".fam").write_text("".join(f"f s{index} 0 0 0 -9\n" for index in range(people)))
    run_ok("encode", "genotypes", "--genotypes", prefix.with_suffix(".bed"), "--out", prefix, *OFF)
    return prefix.with_name(f"{prefix.name}.genotypes.h5")


def compare_memory(folder: Path) -> float:
    """Print the peak memory of finding blocks, their LD and LD scores at 1 and 10 times the variants; return the ratio."""
    small, large = (
        peak_memory(
            "encode",
            "ld",
            "--genotypes",
            write_store(folder, variants, 2000),
            "--ld-scores",
            "--ld-window",
            100,
            "--min-block",
            500,
            "--max-block",
            1000,
            "--out",
            folder / f"l{variants}",
        )
        for variants in (10_000, 100_000)
    )
    with open_ld(folder / "l100000.ld.h5") as store:
        blocks = len(store)
    print("encode ld along a contig of 2000 samples, blocks found, LD scores of 1,000 variants on either side:")
    print(
        f"  peak {small:.0f} MB at 10,000 variants, {large:.0f} MB at 100,000 ({blocks} blocks), ratio {large / small:.2f} (bar {MEMORY_BAR})"
    )
    return large / small


def alone() -> tuple[float, float]:
    """Run the timings in a process of its own, on one thread, as the command does unless told otherwise; return the block's figures."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    path = os.pathsep.join([str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, __file__, "timings"], env={**os.environ, **threads, "PYTHONPATH": path}, check=True, capture_output=True, text=True
    )
    *lines, figures = done.stdout.splitlines()
    print("\n".join(lines))
    ratio, error = map(float, figures.split())
    return ratio, error


@pytest.mark.bench
def test_block__costs_little_more_than_the_product() -> None:
    ratio, error = alone()
    assert ratio <= BLOCK_BAR and error < ERROR_BAR


@pytest.mark.bench
def test_memory__is_flat_in_the_number_of_variants(tmp_path: Path) -> None:
    assert compare_memory(tmp_path) <= MEMORY_BAR


if __name__ == "__main__":
    if sys.argv[1:] == ["timings"]:
        found = compare_block()
        compare_scores()
        print(*found)
    else:
        alone()
        with tempfile.TemporaryDirectory() as name:
            compare_memory(Path(name))
