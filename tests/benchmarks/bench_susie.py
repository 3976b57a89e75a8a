"""CPU time of one SuSiE fit of N3 (574 samples, 1,001 variants), ours beside susieR's in the same run.

Run directly (``python tests/benchmarks/bench_susie.py``) or through pytest. Each fits in a process of its own on one thread, with
the reference's tolerance and L = 10; data are read before the clock starts, centring and scaling are timed in both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

import lucidseq
from lucidseq.finemap.regression_data import IndividualData
from lucidseq.finemap.susie import SusieSettings, fit_susie

BAR = 0.4
REPEATS = 5
R_SCRIPT = """
suppressMessages(library(susieR))
arguments <- commandArgs(trailingOnly = TRUE)
X <- as.matrix(read.csv(arguments[1], header = FALSE))
y <- scan(arguments[2], quiet = TRUE)
seconds <- numeric(0)
for (i in seq_len(as.integer(arguments[3]) + 1)) {
  used <- proc.time()
  fit <- susie(X, y, L = 10, tol = 1e-3)
  used <- proc.time() - used
  seconds <- c(seconds, used[["user.self"]] + used[["sys.self"]])
}
cat(format(median(seconds[-1]), digits = 10), format(max(fit$elbo), digits = 15), as.character(packageVersion("susieR")), "\\n")
"""


def fit_here(folder: Path) -> None:
    """Print the median CPU seconds of our fit (after one to warm up) and its ELBO."""
    X, y = read_n3(folder)
    seconds, elbo = [], float("nan")
    for _ in range(REPEATS + 1):
        used = time.process_time()
        elbo = fit_susie(IndividualData(X, y), SusieSettings(tolerance=1e-3)).elbo[-1]
        seconds.append(time.process_time() - used)
    print(np.median(seconds[1:]), elbo, lucidseq.__version__)


def read_n3(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return genotypes and the first trait."""
    with np.load(folder / "finemapping" / "n3.npz") as arrays:
        return arrays["X"], arrays["Y"][:, 0]


def run(command: list[str]) -> tuple[float, float, str]:
    """Run a fitting process on one thread; return the seconds, ELBO and version that it prints."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **one_thread})
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed: {result.stderr}")
    seconds, elbo, version = result.stdout.split()
    return float(seconds), float(elbo), version


def ours(folder: Path) -> tuple[float, float, str]:
    """Return CPU seconds, ELBO and version of lucidseq."""
    return run([sys.executable, __file__, str(folder)])


def susier(folder: Path) -> tuple[float, float, str]:
    """Return the same of susieR."""
    X, y = read_n3(folder)
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        np.savetxt(here / "X.csv", X, delimiter=",", fmt="%.17g")
        np.savetxt(here / "y.txt", y, fmt="%.17g")
        (here / "fit.R").write_text(R_SCRIPT)
        return run(["Rscript", "--vanilla", *(str(here / file) for file in ("fit.R", "X.csv", "y.txt")), str(REPEATS)])


def compare(folder: Path) -> float:
    """Print both figures and return the ratio of ours to susieR's."""
    mine, elbo, own_version = ours(folder)
    theirs, their_elbo, version = susier(folder)
    assert abs(elbo - their_elbo) < 1e-6, (elbo, their_elbo)
    ratio = mine / theirs
    print(f"SuSiE on N3 (finemapping/n3.npz, trait 1, L = 10, one thread, median of {REPEATS}):")
    print(f"  lucidseq {own_version} {mine:.4f} CPU s, susieR {version} {theirs:.4f} CPU s, ratio {ratio:.3f} (bar {BAR})")
    return ratio


@pytest.mark.bench
def test_susie__takes_less_cpu_time_than_susier(shared_data: Path) -> None:
    if shutil.which("Rscript") is None and os.environ.get("CI") != "true":
        pytest.skip("Rscript is not installed")
    assert compare(shared_data) <= BAR


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fit_here(Path(sys.argv[1]))
    else:
        root = Path(__file__).resolve().parents[2]
        compare(Path(os.environ.get("LUCIDSEQ_DATA", root.parent / "shared" / "data")))
