"""A chromosome at biobank shape (50,000 samples x 100,000 variants, PLINK 2) through genotypes and LD: time, and memory of at most 4 GB.

Run directly (``python tests/benchmarks/bench_biobank.py [FOLDER]``; files in a folder that is there already are used again) or through pytest.
People are pairs of haplotypes that are copied from 64 founders, anew in each of 100 blocks of 1,000 variants, with 0.1 % of the alleles mutated and 0.3 % of the genotypes missing.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lucidseq.core.ld import open_ld

PEOPLE, BLOCKS, BLOCK, FOUNDERS = 50_000, 100, 1000, 64
MEMORY_BAR = 4.0  # GB
TARGET = (500_000, 10_000_000)  # people and variants that the projection is for


@dataclass(frozen=True)
class Cost:
    """What a command used."""

    cpu: float
    wall: float
    gigabytes: float


def simulate(folder: Path, people: int = PEOPLE, blocks: int = BLOCKS) -> Path:
    """Write a .pgen, .pvar and .psam; return the .pgen."""
    import pgenlib

    path = folder / "chr22.pgen"
    if path.with_suffix(".psam").exists():
        return path
    rng = np.random.default_rng(22)
    writer = pgenlib.PgenWriter(str(path).encode(), people, variant_ct=blocks * BLOCK, nonref_flags=False)
    with path.with_suffix(".pvar").open("w") as variants:
        variants.write("#CHROM\tPOS\tID\tREF\tALT\n")
        for block in range(blocks):
            founders = (rng.random((BLOCK, FOUNDERS)) < rng.beta(0.5, 1.0, (BLOCK, 1))).astype(np.int8)
            calls = founders[:, rng.integers(0, FOUNDERS, people)] + founders[:, rng.integers(0, FOUNDERS, people)]
            changed = rng.integers(0, calls.size, calls.size // 500)
            calls.ravel()[changed] = rng.integers(0, 3, len(changed))
            calls.ravel()[rng.integers(0, calls.size, calls.size * 3 // 1000)] = -9
            writer.append_biallelic_batch(np.ascontiguousarray(calls))
            first = block * BLOCK
            variants.writelines(f"22\t{16_000_000 + 350 * (first + row)}\trs{first + row}\tA\tG\n" for row in range(BLOCK))
    writer.close()
    path.with_suffix(".psam").write_text("#IID\tSEX\n" + "".join(f"p{number}\t{1 + number % 2}\n" for number in range(people)))
    return path


def measure(*words: object) -> Cost:
    """Run a command in a process of its own; print and return what it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = os.times().elapsed
    code = "import resource, sys; from lucidseq.__main__ import main\ntry:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(cpu, os.times().elapsed - started, float(done.stdout.split()[-1]))
    print(
        f"  lucidseq {' '.join(map(str, words[:2]))}: {cost.cpu:.0f} CPU s, {cost.wall:.0f} s, {cost.gigabytes:.2f} GB (bar {MEMORY_BAR:.0f})",
        flush=True,
    )
    return cost


def run(folder: Path, people: int = PEOPLE, blocks: int = BLOCKS) -> list[Cost]:
    """Print the figures and the projection; return the costs."""
    pgen = simulate(folder, people, blocks)
    variants = blocks * BLOCK
    print(f"{people} samples x {variants} variants, .pgen of {pgen.stat().st_size / 1e9:.2f} GB:", flush=True)
    store, out = folder / "chr22.genotypes.h5", folder / "chr22"
    costs = [
        measure("encode", "genotypes", "--genotypes", pgen, "--out", out, "--force", "--quiet"),
        measure("encode", "ld", "--genotypes", store, "--ld-scores", "--threads", 2, "--out", out, "--force", "--quiet"),
    ]
    with open_ld(folder / "chr22.ld.h5") as found:
        sizes = [len(block.variant_id) for block in found]
    print(f"  {len(sizes)} blocks found, {min(sizes)} to {max(sizes)} variants; store {store.stat().st_size / 1e9:.2f} GB")
    scale = TARGET[0] * TARGET[1] / (people * variants)
    hours = [cost.cpu * scale / 3600 for cost in costs]
    print(f"  projected to {TARGET[0]} x {TARGET[1]} by the number of genotypes: genotypes {hours[0]:.0f}, LD {hours[1]:.0f} CPU hours")
    return costs


@pytest.mark.bench
def test_chromosome_at_biobank_shape__within_4_gb(tmp_path: Path) -> None:
    assert max(cost.gigabytes for cost in run(tmp_path)) <= MEMORY_BAR


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            run(Path(scratch))
