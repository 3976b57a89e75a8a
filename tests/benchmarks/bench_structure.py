"""CPU time of kinship, pruning and components beside PLINK 2, of random samples beside bed-reader, and memory as variants grow.

Run directly (``python tests/benchmarks/bench_structure.py``) or through pytest. One simulated set of 2,000 samples x 20,000 unlinked
variants with 0.3 % missing, in the genotype store and in a .bed; one thread; PLINK 2's figures hold its start and its reading of the
.bed, ours the reading of the store. Needs plink2 (LUCIDSEQ_PLINK2 names it elsewhere).
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

if __name__ == "__main__":  # pytest puts this folder on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures_genotypes import write_plink1
from fixtures_structure import write_store
from lucidseq.core.codings import Coding
from lucidseq.core.genotype_matrix import open_matrix
from lucidseq.core.genotypes import open_genotypes
from lucidseq.encode.structure import pca
from lucidseq.encode.structure.ancestry import pieces, prune, standardise
from lucidseq.encode.structure.autosomal_panel import AutosomalPanel
from lucidseq.encode.structure.relatives import find_relatives
from support import program, run_ok

PEOPLE, VARIANTS, SPACING, REPEATS = 2000, 20_000, 2000, 3  # one variant every 2 kb
MANY, MANY_BARS = 10_000, (1.0, 180.0)  # people; GB and CPU seconds
FEW = 100_000  # variants of the smaller set that memory is measured with
ROWS_BAR = 1000.0  # million genotypes per CPU second
MEMORY_BARS = {"matrix": 1.10, "structure": 1.10}  # peak memory at 10 times the variants
SLOWEST = {"KING-robust kinship": 1.5, "LD pruning": 2.0, "10 components": 1.0}  # bars: ours / PLINK 2


def draw(variants: int, people: int, seed: int) -> np.ndarray:
    """Return calls in Hardy-Weinberg proportions, 0.3 % missing."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.02, 0.5, (variants, 1))
    calls = sum((rng.random((variants, people), dtype=np.float32) < frequency).astype(np.int8) for _ in range(2))
    calls[rng.random(calls.shape, dtype=np.float32) < 0.003] = -1
    return calls


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a piece of work in this process."""
    found = []
    for _ in range(REPEATS):
        with threadpool_limits(1):  # the libraries' threads wait busily
            used = time.process_time()
            work()
            found.append(time.process_time() - used)
    return float(np.median(found))


def plink2_seconds(folder: Path, *words: object) -> float:
    """Return the median CPU seconds of PLINK 2 on folder/x.bed."""
    line = [program("LUCIDSEQ_PLINK2", "plink2"), "--bfile", folder / "x", "--out", folder / "p", "--threads", 1, *words]
    found = []
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(word) for word in line], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return float(np.median(found))


def compare_plink2(folder: Path) -> dict[str, float]:
    """Print CPU seconds of ours and PLINK 2 and return the ratios."""
    calls = draw(VARIANTS, PEOPLE, 1)
    write_plink1(folder / "x", calls)
    rows = (f"chr1\trs{row}\t0\t{row * SPACING + 1}\tG\tA\n" for row in range(VARIANTS))
    (folder / "x.bim").write_text("".join(rows))
    everybody = np.ones(PEOPLE, dtype=bool)
    with open_genotypes(write_store(folder / "g.h5", calls, spacing=SPACING)) as store:
        panel = AutosomalPanel(store, np.ones(VARIANTS, dtype=bool), 0.1)
        frequency = np.where(calls < 0, 0, calls).sum(axis=1) / (2 * (calls >= 0).sum(axis=1))
        works = {
            "KING-robust kinship": (lambda: find_relatives(panel, 0.0442, defined=True), ("--make-king-table",)),
            "LD pruning": (lambda: prune(panel, everybody, 0.01), ("--maf", 0.01, "--indep-pairwise", "1000kb", 1, 0.2)),
            "10 components": (
                lambda: pca.fit_exact(lambda: (standardise(v, frequency[at]) for at, v in pieces(panel)), PEOPLE, 10),
                ("--pca", 10),
            ),
        }
        print(f"{PEOPLE} samples x {VARIANTS} variants, CPU seconds, one thread, median of {REPEATS}:")
        ratios = {}
        for name, (work, words) in works.items():
            ours, peer = cpu_seconds(work), plink2_seconds(folder, *words)
            ratios[name] = ours / peer
            print(f"  {name}: lucidseq {ours:.2f}, PLINK 2 {peer:.2f}, ratio {ours / peer:.2f} (bar {SLOWEST[name]})")
    return ratios


def compare_rows(folder: Path) -> float:
    """Print rates of reading random samples and return ours as int8."""
    from bed_reader import open_bed

    calls = draw(50_000, PEOPLE, 2)
    write_plink1(folder / "x", calls)
    store = write_store(folder / "g.h5", calls)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run_ok("encode", "matrix", "--genotypes", store, "--out", folder / "m")
    written = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    rng = np.random.default_rng(3)
    batches = [np.sort(rng.choice(PEOPLE, 64, replace=False)) for _ in range(20)]
    genotypes = sum(map(len, batches)) * len(calls) / 1e6

    def theirs() -> None:
        with open_bed(folder / "x.bed", num_threads=1) as bed:
            for batch in batches[:5]:
                bed.read(np.s_[batch, :], dtype="int8")

    with open_matrix(folder / "m.matrix.h5") as matrix:
        assert np.array_equal(matrix.rows(batches[0]), calls.T[batches[0]])
        rate = genotypes / cpu_seconds(lambda: [matrix.rows(batch) for batch in batches])
        coded = {
            coding: genotypes / cpu_seconds(lambda coding=coding: [matrix.batch(batch, coding) for batch in batches])
            for coding in (Coding.ADDITIVE_HWE, Coding.DOMINANCE_NOIA, Coding.ONE_HOT)
        }
    peer = genotypes / 4 / cpu_seconds(theirs)
    print(f"batches of 64 random samples ({PEOPLE} samples x {len(calls)} variants), million genotypes per CPU second:")
    print(f"  int8 from the genotype matrix {rate:.0f} (bar {ROWS_BAR:.0f}), bed-reader from .bed {peer:.0f}, ratio {rate / peer:.0f}")
    print("  float32 " + ", ".join(f"{coding} {value:.0f}" for coding, value in coded.items()))
    print(f"  the matrix was written at {calls.size / 1e6 / written:.0f} (with the start of the program)")
    return rate


def apart(code: str, *words: object) -> str:
    """Run code of this module in a small process: a child's peak memory begins with its parent's."""
    paths = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    start = f"import sys; from pathlib import Path; sys.path[:0] = {paths!r}; from support import peak_memory\n"
    heavy = "" if "peak_memory" in code else "from bench_structure import draw, write_store\n"
    line = [sys.executable, "-c", start + heavy + code, *map(str, words)]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def compare_memory(folder: Path) -> dict[str, float]:
    """Print peak memory at 1 and 10 times the variants; return the ratios."""
    stores = {variants: folder / f"{variants}.h5" for variants in (FEW, 10 * FEW)}
    for variants, store in stores.items():
        apart(f"write_store(Path(sys.argv[1]), draw({variants}, 200, 4), spacing=500)", store)
    ratios = {}
    for command in ("matrix", "structure"):
        peaks = []
        for variants, store in stores.items():
            words = (command, "--genotypes", store, "--out", folder / f"{command}{variants}")
            peaks.append(float(apart('print(peak_memory("encode", *sys.argv[1:]))', *words)))
        ratios[command] = peaks[1] / peaks[0]
        print(
            f"encode {command}, 200 samples: peak {peaks[0]:.0f} MB at {FEW} variants, {peaks[1]:.0f} MB at {10 * FEW}, "
            f"ratio {ratios[command]:.2f} (bar {MEMORY_BARS[command]})"
        )
    return ratios


def measure_many(folder: Path) -> tuple[float, float]:
    """Print CPU seconds and peak memory of 10,000 samples, split by clusters; return the memory (GB) and the CPU seconds."""
    store = folder / "many.h5"
    apart(f"write_store(Path(sys.argv[1]), draw({VARIANTS}, {MANY}, 3), spacing={SPACING})", store)
    words = ("structure", "--genotypes", store, "--split-by", "clusters", "--threads", 1, "--out", folder / "many")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = float(apart('print(peak_memory("encode", *sys.argv[1:]))', *words)) / 1024
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(
        f"encode structure --split-by clusters, {MANY} samples x {VARIANTS} variants: {cpu:.0f} CPU s (bar {MANY_BARS[1]:.0f}), "
        f"peak {peak:.2f} GB (bar {MANY_BARS[0]:.0f})"
    )
    return peak, cpu


@pytest.mark.bench
def test_structure__beside_plink2(tmp_path: Path) -> None:
    ratios = compare_plink2(tmp_path)
    assert {name: ratio for name, ratio in ratios.items() if ratio > SLOWEST[name]} == {}


@pytest.mark.bench
def test_matrix__random_samples_at_the_bar(tmp_path: Path) -> None:
    assert compare_rows(tmp_path) >= ROWS_BAR


@pytest.mark.bench
def test_memory__is_flat_in_the_number_of_variants(tmp_path: Path) -> None:
    ratios = compare_memory(tmp_path)
    assert {command: ratio for command, ratio in ratios.items() if ratio > MEMORY_BARS[command]} == {}


@pytest.mark.bench
def test_many_people__in_time_and_memory(tmp_path: Path) -> None:
    peak, cpu = measure_many(tmp_path)
    assert peak <= MANY_BARS[0] and cpu <= MANY_BARS[1]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for compare in (compare_plink2, compare_rows, compare_memory, measure_many):
            compare(Path(name))
