"""CPU time of one SuSiE fit of N3 (574 people, 1,001 variants), ours beside susieR's in the same run.

Run directly (``python tests/benchmarks/bench_susie.py``) or through pytest (``pytest tests/benchmarks/bench_susie.py``). Both fits
use the reference's tolerance and L = 10; data are read before the clock starts, and centring and scaling are timed in both. Both use
the threads their libraries choose (set OMP_NUM_THREADS to fix them).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from lucidseq.finemap.data import IndividualData
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


def ours(X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the median CPU seconds of a fit (after one to warm up) and its ELBO."""
    seconds, elbo = [], float("nan")
    for _ in range(REPEATS + 1):
        used = time.process_time()
        elbo = fit_susie(IndividualData(X, y), SusieSettings(tolerance=1e-3)).elbo[-1]
        seconds.append(time.process_time() - used)
    return float(np.median(seconds[1:])), float(elbo)


def susier(X: np.ndarray, y: np.ndarray) -> tuple[float, float, str]:
    """Return the same of susieR, and its version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savetxt(folder / "X.csv", X, delimiter=",", fmt="%.17g")
        np.savetxt(folder / "y.txt", y, fmt="%.17g")
        (folder / "fit.R").write_text(R_SCRIPT)
        command = [
            "Rscript",
            "--vanilla",
            str(folder / "fit.R"),
            str(folder / "X.csv"),
            str(folder / "y.txt"),
            str(REPEATS),
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode:
        raise RuntimeError(f"Rscript failed: {result.stderr}")
    seconds, elbo, version = result.stdout.split()
    return float(seconds), float(elbo), version


def compare(folder: Path) -> float:
    """Print both figures and return the ratio of ours to susieR's."""
    with np.load(folder / "finemapping" / "n3.npz") as arrays:
        X, y = arrays["X"], arrays["Y"][:, 0]
    mine, elbo = ours(X, y)
    theirs, their_elbo, version = susier(X, y)
    assert abs(elbo - their_elbo) < 1e-6, (elbo, their_elbo)
    print(f"SuSiE on N3 (finemapping/n3.npz, trait 1, L = 10, median of {REPEATS}):")
    print(f"  lucidseq {mine:.4f} CPU s, susieR {version} {theirs:.4f} CPU s, ratio {mine / theirs:.3f} (bar {BAR})")
    return mine / theirs


@pytest.mark.bench
def test_susie__takes_less_cpu_time_than_susier(shared_data: Path) -> None:
    if shutil.which("Rscript") is None and os.environ.get("CI") != "true":
        pytest.skip("Rscript is not installed")
    assert compare(shared_data) <= BAR


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    compare(Path(os.environ.get("LUCIDSEQ_DATA", root.parent / "shared" / "data")))
