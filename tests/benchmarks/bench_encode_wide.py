"""CPU time of features, haplotypes and near-copies: ours beside bioframe and a loop over cyvcf2 in the same run, and memory as rows grow.

Run directly (``python tests/benchmarks/bench_encode_wide.py``) or through pytest. Files are simulated and read once before the clock starts; one thread.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import bioframe
import cyvcf2
import numpy as np
import pandas as pd
import pytest

from benchmarks.bench_encode import cpu_seconds
from lucidseq.encode.annotations.bed import BedSource
from lucidseq.encode.annotations.choices import BedValue
from lucidseq.encode.annotations.targets import VariantTargets
from lucidseq.encode.haplotypes.open_sites import open_sites
from lucidseq.encode.sequences.near_copies import jaccard, near_copies
from support import peak_memory

ANNOTATIONS_BAR, VCF_BAR, BCF_BAR = 0.8, 1.0, 0.5  # of the peer's pace
MEMORY_BAR = 1.10  # peak memory at 10x the sites
NEAR_COPIES_BAR = 2000  # sequences of 200 bases per CPU second
SAMPLES, LENGTH, PART, REPEATS = 100, 100_000_000, 1 << 17, 3


def per_second(work: Callable[[], int]) -> float:
    """Return the median over repeats of what ``work`` does per CPU second; it returns how much it did."""
    rates = []
    for _ in range(REPEATS):
        used = cpu_seconds()
        count = work()
        rates.append(count / (cpu_seconds() - used))
    return float(np.median(rates))


def write_variants(path: Path, count: int) -> Path:
    rng = np.random.default_rng(1)
    position = np.sort(rng.choice(LENGTH - 1, count, replace=False)) + 1
    rows = "".join(f"chr1\t{at}\trs{at}\tA\tG\n" for at in position.tolist())
    path.write_text("#CHROM\tPOS\tID\tREF\tALT\n" + rows)
    return path


def write_bed(path: Path, count: int) -> Path:
    rng = np.random.default_rng(2)
    start = np.sort(rng.choice(LENGTH - 1000, count, replace=False))
    rows = zip(start.tolist(), (start + rng.integers(50, 800, count)).tolist(), strict=True)
    path.write_text("".join(f"chr1\t{one}\t{other}\n" for one, other in rows))
    return path


def write_haplotypes(path: Path, sites: int) -> Path:
    """Write phased calls of `SAMPLES` people, as bgzip VCF, or BCF by the name."""
    rng = np.random.default_rng(3)
    with path.with_suffix(".text").open("wb") as handle:
        names = "\t".join(f"s{index}" for index in range(SAMPLES))
        handle.write(
            f'##fileformat=VCFv4.2\n##contig=<ID=chr1,length={LENGTH}>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
            f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode()
        )
        position = np.sort(rng.choice(LENGTH - 1, sites, replace=False)) + 1
        for first in range(0, sites, 1000):
            some = position[first : first + 1000]
            carried = rng.random((len(some), SAMPLES, 2)) < rng.beta(0.3, 1.5, (len(some), 1, 1))
            text = np.full((len(some), SAMPLES, 4), ord("\t"), dtype=np.uint8)
            text[..., 0], text[..., 1], text[..., 2] = carried[..., 0] + 48, ord("|"), carried[..., 1] + 48
            text[:, -1, 3] = ord("\n")
            for at, calls in zip(some.tolist(), text.reshape(len(some), -1), strict=True):
                handle.write(f"chr1\t{at}\t.\tA\tG\t.\t.\t.\tGT\t".encode() + calls.tobytes())
    reader = cyvcf2.VCF(str(path.with_suffix(".text")))
    writer = cyvcf2.Writer(str(path), reader, mode="wb" if path.suffix == ".bcf" else "wz")
    for record in reader:
        writer.write_record(record)
    writer.close()
    return path


def compare_memory(folder: Path) -> dict[str, float]:
    """Return the ratio of peak memories at 10x the rows, by command."""
    bed = write_bed(folder / "open.bed", 20_000)
    calls = {
        "haplotypes": lambda sites: ["--genotypes", write_haplotypes(folder / f"{sites}.vcf.gz", sites), "--window-size", 50_000],
        "annotations": lambda sites: ["--variants", write_variants(folder / f"{sites}.pvar", sites), "--bed", bed],
    }
    ratios = {}
    for command, few in (("haplotypes", 50_000), ("annotations", 200_000)):
        one, ten = (
            peak_memory("encode", command, *calls[command](sites), "--out", folder / f"{command}{sites}", "--quiet")
            for sites in (few, 10 * few)
        )
        ratios[command] = ten / one
        print(
            f"encode {command}: peak {one:.0f} MB at {few:,} sites, {ten:.0f} MB at {10 * few:,}, ratio {ten / one:.2f} (bar {MEMORY_BAR})"
        )
    return ratios


def compare_annotations(folder: Path) -> float:
    """Return our pace over bioframe's: 1,000,000 variants and 200,000 intervals."""
    path, bed = write_variants(folder / "v.pvar", 1_000_000), write_bed(folder / "open.bed", 200_000)
    with VariantTargets(path, folder) as variants:
        parts = list(variants.parts(PART))
    source = BedSource(bed, BedValue.OVERLAP, ["chr1"])
    frame = pd.concat([part.frame() for part in parts], ignore_index=True)
    intervals = pd.read_csv(bed, sep="\t", names=["chrom", "start", "end"])

    def ours() -> int:
        for part in parts:
            source.values(part)
        return len(frame)

    def peer() -> int:
        return len(bioframe.coverage(frame, intervals))

    one, other = per_second(ours) / 1e3, per_second(peer) / 1e3
    print("Share of intervals (1,000,000 variants, 200,000 intervals), thousand variants per CPU second:")
    print(f"  lucidseq, in parts, {one:.0f}, bioframe.coverage, in one, {other:.0f}, ratio {one / other:.2f} (bar {ANNOTATIONS_BAR})")
    return one / other


def compare_haplotypes(folder: Path) -> dict[str, float]:
    """Return our pace over that of a loop over cyvcf2, by format."""
    ratios = {}
    for name, bar in (("h.vcf.gz", VCF_BAR), ("h.bcf", BCF_BAR)):
        path = write_haplotypes(folder / name, 100_000)

        def ours(path: Path = path) -> int:
            return sum(len(chunk) for chunk in open_sites(path).chunks())

        def peer(path: Path = path) -> int:
            return len([record.genotype.array()[:, :2].astype(np.int8) for record in cyvcf2.VCF(str(path))])

        one, other = per_second(ours) / 1e3, per_second(peer) / 1e3
        print(f"Phased {name} (100,000 sites x {SAMPLES} samples), thousand sites per CPU second:")
        print(f"  lucidseq {one:.0f}, a loop over cyvcf2 {other:.0f}, ratio {one / other:.2f} (bar {bar})")
        ratios[name] = one / other
    return ratios


def measure_near_copies() -> float:
    """Return sequences per CPU second at 20,000 of 200 bases, a tenth of them mutated copies."""
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 4, (20_000, 200)).astype(np.uint8)
    copies = codes[:2000].copy()
    changed = rng.random(copies.shape) < 0.03
    copies[changed] = (copies[changed] + 1) % 4
    codes[-2000:] = copies
    rate = per_second(lambda: len(near_copies(codes, 0.2)))
    found = near_copies(codes, 0.2)
    linked = int((found[:2000] == found[-2000:]).sum())
    alike = int((jaccard(codes, np.arange(2000), np.arange(18_000, 20_000)) >= 0.2).sum())
    print(f"Near-copies among 20,000 sequences of 200 bases: {rate:.0f} sequences per CPU second (bar {NEAR_COPIES_BAR})")
    print(f"  {linked} pairs linked of {alike} planted ones that reach the threshold")
    return rate


@pytest.mark.bench
def test_memory__is_flat_in_sites_and_small_in_variants(tmp_path: Path) -> None:
    assert all(ratio <= MEMORY_BAR for ratio in compare_memory(tmp_path).values())


@pytest.mark.bench
def test_annotations__are_as_fast_as_bioframe(tmp_path: Path) -> None:
    assert compare_annotations(tmp_path) >= ANNOTATIONS_BAR


@pytest.mark.bench
def test_haplotypes__read_faster_than_record_by_record(tmp_path: Path) -> None:
    ratios = compare_haplotypes(tmp_path)
    assert ratios["h.vcf.gz"] >= VCF_BAR
    assert ratios["h.bcf"] >= BCF_BAR


@pytest.mark.bench
def test_near_copies__at_the_bar() -> None:
    assert measure_near_copies() >= NEAR_COPIES_BAR


if __name__ == "__main__":  # memory first: a child begins with what its parent holds
    with tempfile.TemporaryDirectory() as name:
        compare_memory(Path(name))
        compare_annotations(Path(name))
        compare_haplotypes(Path(name))
    measure_near_copies()
