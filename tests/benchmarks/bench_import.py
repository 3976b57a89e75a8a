"""CPU time of the whole command `encode genotypes` beside PLINK 2's import with the same filters, and where ours goes.

Run directly (``python tests/benchmarks/bench_import.py``) or through pytest. The same random genotypes as bench_encode's, 2,000 samples, one thread. PLINK 2 writes its
.pgen with frequencies, missingness and Hardy-Weinberg tables; ours also writes the quality of every variant and sample, a figure, card and manifest, and a compressed
store. The parts come from a profile of the same call, which makes small functions look dearer than they are.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.bench_encode import PEOPLE, write_bed, write_vcf
from lucidseq.__main__ import main
from support import program, run_process

PARTS = {
    "imports": ("<frozen importlib._bootstrap>", "_find_and_load"),
    "Hardy-Weinberg": ("hwe.py", "exact_mid_p"),
    "store": ("genotype_store.py", "add"),
    "table of variants": ("tables.py", "append"),
    "figure": ("quality_figure.py", "draw_quality"),
}
FILTERS = "--maf 0.01 --hwe 1e-6 --geno 0.1 --freq --missing --hardy --make-pgen --threads 1"


def children_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of the processes that a call starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(folder: Path) -> dict[str, float]:
    """Print both programs' CPU seconds and the parts of ours; return the ratios."""
    ratios = {}
    files = {"a .bed of 100,000 variants": (write_bed(folder / "b", 100_000), "--bfile", folder / "b")}
    text = write_vcf(folder / "v.vcf", 20_000)
    files["a VCF of 20,000 variants"] = (text, "--vcf", text)
    for title, (path, flag, name) in files.items():
        words = ["encode", "genotypes", "--genotypes", path, "--out", folder / path.stem, "--quiet", "--force"]
        ours = children_seconds(lambda words=words: run_process(*words))
        line = [program("LUCIDSEQ_PLINK2", "plink2"), flag, name, *FILTERS.split(), "--out", folder / "p"]
        peer = children_seconds(lambda line=line: subprocess.run(list(map(str, line)), check=True, capture_output=True))
        ratios[title] = ours / peer
        print(f"encode genotypes from {title} x {PEOPLE} samples: lucidseq {ours:.2f} CPU s, PLINK 2 {peer:.2f}, ratio {ours / peer:.0f}")
        print("  of which " + ", ".join(f"{part} {seconds:.2f}" for part, seconds in parts(words).items()))
    return ratios


def parts(words: list[object]) -> dict[str, float]:
    """Return the seconds of each part of a call in this process."""
    profile = cProfile.Profile()
    profile.enable()
    with pytest.raises(SystemExit):
        main(list(map(str, words)))
    profile.disable()
    rows: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return {
        part: max((row[3] for (file, _, name), row in rows.items() if file.endswith(end) and name == function), default=0.0)
        for part, (end, function) in PARTS.items()
    }


@pytest.mark.bench
def test_import__costs_what_is_printed(tmp_path: Path) -> None:
    """No bar: PLINK 2 does less, in C; what matters is where the time goes."""
    assert min(compare(tmp_path).values()) > 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name))
