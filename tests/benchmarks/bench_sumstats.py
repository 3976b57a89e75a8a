"""CPU time of reading summary statistics beside a plain pandas.read_csv of the same file, and memory as rows grow.

Run directly (``python tests/benchmarks/bench_sumstats.py``) or through pytest. The file is a simulated regenie result; ours
includes what pandas leaves out: the count of fields, every check of values, z, N, -log10 p, duplicates, and the order of rows.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lucidseq.encode.sumstats.choices import StrandRule
from lucidseq.encode.sumstats.file import References, harmonise_file
from lucidseq.encode.sumstats.read import ReadOptions
from lucidseq.encode.sumstats.sumstats_columns import Ledger
from support import peak_memory

RATIO_BAR, BYTES_BAR = 0.25, 200.0  # of pandas' rows per CPU second; bytes of memory a row
REPEATS, PIECE = 3, 100_000


def write_regenie(path: Path, rows: int) -> Path:
    """Write ``rows`` rows on twenty chromosomes."""
    rng = np.random.default_rng(1)
    bases = np.array(list("ACGT"))
    with path.open("w") as handle:
        handle.write("CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA\n")
        for first in range(0, rows, PIECE):
            size = min(PIECE, rows - first)
            place = np.arange(first, first + size)
            other = rng.integers(0, 4, size)
            effect = (other + rng.integers(1, 4, size)) % 4
            z = rng.normal(size=size)
            tail = -(stats.norm.logsf(np.abs(z)) + np.log(2)) / np.log(10)
            columns = (
                1 + place * 20 // rows,
                100 + place * 30,
                place + 1,
                bases[other],
                bases[effect],
                rng.uniform(0.01, 0.99, size),
                z,
                tail,
            )
            handle.writelines(
                f"{c} {p} rs{k} {a} {b} {q:.6g} 0.98 400000 ADD {0.01 * v:.6g} 0.01 {v * v:.6g} {t:.6g} NA\n"
                for c, p, k, a, b, q, v, t in zip(*(column.tolist() for column in columns), strict=True)
            )
    return path


def rows_per_second(read: Callable[[], int]) -> float:
    """Return the median over repeats of rows per CPU second; ``read`` returns how many it read."""
    rates = []
    for _ in range(REPEATS):
        used = time.process_time()
        rows = read()
        rates.append(rows / (time.process_time() - used))
    return float(np.median(rates))


def compare_time(folder: Path) -> float:
    """Print the rates and return ours over pandas'."""
    rows = 500_000
    path = write_regenie(folder / "r.txt", rows)

    def ours() -> int:
        with Ledger(folder / "dropped.tsv.gz") as ledger:
            references = References(None, None, None, StrandRule.AUTO, 0.4)
            return harmonise_file(path, ReadOptions(), references, ledger).source.read

    rate, peer = rows_per_second(ours), rows_per_second(lambda: len(pd.read_csv(path, sep=" ")))
    started, words = (time.monotonic(), ["encode", "sumstats", "--input", str(path), "--out", str(folder / "o"), "--quiet", "--force"])
    subprocess.run([sys.executable, "-m", "lucidseq", *words], check=True, capture_output=True)
    whole = rows / (time.monotonic() - started)
    print(f"regenie result of {rows} rows x 14 columns, thousand rows per CPU second:")
    print(f"  read and harmonised {rate / 1e3:.0f}, pandas.read_csv {peer / 1e3:.0f}, ratio {rate / peer:.2f} (bar {RATIO_BAR})")
    print(f"  whole command with its gzip output {whole / 1e3:.0f} a second")
    return rate / peer


def compare_memory(folder: Path) -> float:
    """Print the peak memory at two sizes and return the bytes that a row takes."""
    sizes = (250_000, 2_500_000)
    small, large = (
        peak_memory("encode", "sumstats", "--input", write_regenie(folder / f"m{rows}", rows), "--out", folder / f"o{rows}", "--quiet")
        for rows in sizes
    )
    each = (large - small) * 2**20 / (sizes[1] - sizes[0])
    print(
        f"encode sumstats: peak {small:.0f} MB at {sizes[0]} rows, {large:.0f} MB at {sizes[1]}: {each:.0f} bytes a row (bar {BYTES_BAR:.0f}),"
    )
    print(f"  {small / 1024 + each * 1e7 / 2**30:.1f} GB at 10 million rows")
    return each


@pytest.mark.bench
def test_reading__beside_pandas(tmp_path: Path) -> None:
    assert compare_time(tmp_path) >= RATIO_BAR


@pytest.mark.bench
def test_memory__of_a_row(tmp_path: Path) -> None:
    assert compare_memory(tmp_path) <= BYTES_BAR


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        compare_time(Path(name))
        compare_memory(Path(name))
