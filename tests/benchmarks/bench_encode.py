"""CPU time of reading genotypes, ours beside bed-reader and cyvcf2 in the same run, and memory as variants grow.

Run directly (``python tests/benchmarks/bench_encode.py``) or through pytest. Files are simulated (2,000 people, Hardy-Weinberg
proportions, 0.3 % missing in the .bed) and read once before the clock starts; every reader gives variant-major int8 (cyvcf2 and
VCF: GT 0-3 codes and ours dosages), on one thread, the median of five.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.open_reader import open_reader
from lucidseq.encode.genotypes.plink1 import decode
from support import peak_memory

BED_BAR, VCF_BAR, MEMORY_BAR = (
    3000.0,
    40.0,
    1.10,
)  # million genotypes per CPU second twice; peak memory at 10x the variants
PEOPLE, REPEATS = 2000, 5


def million_per_second(read: Callable[[], int]) -> float:
    """Return the median over repeats of million genotypes per CPU second; ``read`` returns how many it read."""
    rates = []
    read()
    for _ in range(REPEATS):
        used = time.process_time()
        genotypes = read()
        rates.append(genotypes / (time.process_time() - used) / 1e6)
    return float(np.median(rates))


def write_bed(prefix: Path, variants: int) -> Path:
    """Write a PLINK 1 file set of random genotypes in pieces; return the .bed."""
    rng = np.random.default_rng(1)
    bed = prefix.with_suffix(".bed")
    with bed.open("wb") as genotypes, prefix.with_suffix(".bim").open("w") as names:
        genotypes.write(b"\x6c\x1b\x01")
        for first in range(0, variants, 1000):
            frequency = rng.beta(0.5, 1.5, (1000, 1))
            copies = (rng.random((1000, PEOPLE)) < frequency).astype(np.uint8) + (
                rng.random((1000, PEOPLE)) < frequency
            )
            codes = np.array([3, 2, 0], dtype=np.uint8)[copies]
            codes[rng.random(codes.shape) < 0.003] = 1
            quads = codes.reshape(1000, -1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)
            genotypes.write(np.bitwise_or.reduce(quads, axis=2).tobytes())
            names.writelines(f"chr1\trs{row}\t0\t{row + 1}\tG\tA\n" for row in range(first, first + 1000))
    prefix.with_suffix(".fam").write_text("".join(f"f s{index} 0 0 0 -9\n" for index in range(PEOPLE)))
    return bed


def write_vcf(path: Path, variants: int) -> Path:
    """Write a VCF of GT."""
    rng = np.random.default_rng(2)
    names = "\t".join(f"s{index}" for index in range(PEOPLE))
    header = '##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    with path.open("wb") as handle:
        handle.write(f"{header}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode())
        for row in range(variants):
            alleles = (rng.random((PEOPLE, 2)) < rng.beta(0.5, 1.5)).astype(np.uint8) + ord("0")
            cells = np.full((PEOPLE, 4), ord("\t"), dtype=np.uint8)
            cells[:, 0], cells[:, 1], cells[:, 2] = alleles[:, 0], ord("|"), alleles[:, 1]
            handle.write(f"chr1\t{row + 1}\trs{row}\tA\tG\t.\t.\t.\tGT\t".encode() + cells.tobytes()[:-1] + b"\n")
    return path


def compare_bed(folder: Path) -> float:
    """Print the rates of decoding a .bed and return ours."""
    from bed_reader import open_bed

    variants = 50_000
    path = write_bed(folder / "b", variants)
    packed = np.fromfile(path, dtype=np.uint8)[3:].reshape(variants, -1)
    blocks = [packed[first : first + 1024] for first in range(0, variants, 1024)]
    alone = million_per_second(lambda: sum(decode(block, PEOPLE).size for block in blocks))
    whole = million_per_second(
        lambda: sum(chunk.dosage.size for chunk in open_reader(path, GenotypeField.AUTO).chunks())
    )

    def theirs() -> int:
        with open_bed(path, num_threads=1) as bed:
            return sum(
                bed.read(np.s_[:, first : first + 4096], dtype="int8").size for first in range(0, variants, 4096)
            )

    peer = million_per_second(theirs)
    print(f"PLINK 1 .bed to int8 ({variants} variants x {PEOPLE} people), million genotypes per CPU second:")
    print(f"  lucidseq decoding {alone:.0f} (bar {BED_BAR:.0f}), with file and .bim {whole:.0f}, bed-reader {peer:.0f}")
    print(f"  ratio {alone / peer:.1f} (decoding), {whole / peer:.1f} (file)")
    return alone


def compare_vcf(folder: Path) -> tuple[float, float]:
    """Print the rates of reading VCF text and return ours, plain and bgzip."""
    import cyvcf2
    import pysam

    variants = 5000
    plain = write_vcf(folder / "v.vcf", variants)
    pysam.tabix_compress(str(plain), str(folder / "v.vcf.gz"), force=True)
    rates = []
    print(f"VCF of GT ({variants} variants x {PEOPLE} people), million genotypes per CPU second:")
    for path in (plain, folder / "v.vcf.gz"):
        ours = million_per_second(
            lambda path=path: sum(c.dosage.size for c in open_reader(path, GenotypeField.AUTO).chunks())
        )
        peer = million_per_second(lambda path=path: sum(len(r.gt_types) for r in cyvcf2.VCF(str(path), gts012=True)))
        print(f"  {path.name}: lucidseq {ours:.1f} (bar {VCF_BAR:.0f}), cyvcf2 {peer:.1f}, ratio {ours / peer:.1f}")
        rates.append(ours)
    return rates[0], rates[1]


def compare_memory(folder: Path) -> float:
    """Print the peak memory of `encode genotypes` at 1 and 10 times the variants and return the ratio."""
    small, large = (
        peak_memory(
            "encode",
            "genotypes",
            "--genotypes",
            write_bed(folder / f"m{variants}", variants),
            "--out",
            folder / f"o{variants}",
        )
        for variants in (20_000, 200_000)
    )
    print(
        f"encode genotypes from .bed, {PEOPLE} people: peak {small:.0f} MB at 20,000 variants, {large:.0f} MB at 200,000,"
    )
    print(f"  ratio {large / small:.2f} (bar {MEMORY_BAR})")
    return large / small


@pytest.mark.bench
def test_bed__decodes_at_the_bar(tmp_path: Path) -> None:
    assert compare_bed(tmp_path) >= BED_BAR


@pytest.mark.bench
def test_vcf__reads_at_the_bar(tmp_path: Path) -> None:
    assert min(compare_vcf(tmp_path)) >= VCF_BAR


@pytest.mark.bench
def test_memory__is_flat_in_the_number_of_variants(tmp_path: Path) -> None:
    assert compare_memory(tmp_path) <= MEMORY_BAR


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for compare in (compare_bed, compare_vcf, compare_memory):
            compare(Path(name))
