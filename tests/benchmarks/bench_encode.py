"""CPU time of reading genotypes, ours beside bed-reader, pgenlib, bgen and cyvcf2 in the same run, and memory as variants grow.

Run directly (``python tests/benchmarks/bench_encode.py``) or through pytest. Files are simulated (2,000 samples, Hardy-Weinberg
proportions, 0.3 % missing in the .bed) and read once before the clock starts; every reader gives variant-major int8 (cyvcf2 and
VCF: GT 0-3 codes and ours dosages), the median of five. CPU time is that of the process and of its children.
"""

from __future__ import annotations

import itertools
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pgenlib
import pytest

from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.pgen import PgenReader
from lucidseq.encode.readers.plink1 import decode, decode_sample_major
from lucidseq.encode.readers.reader import Reading
from support import peak_memory

BED_BAR, SAMPLE_MAJOR_BAR, VCF_BAR = 3000.0, 1000.0, 40.0  # million genotypes per CPU second
PGEN_BAR, MEMORY_BAR = 1.2, 1.10  # CPU time beside pgenlib's own; peak memory at 10x the variants
BGEN_BAR, BCF_BAR = 0.6, 0.9  # of the pace of the library, and of a loop over cyvcf2; a child process costs 0.01 s a file
PEOPLE, REPEATS = 2000, 5


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def million_per_second(read: Callable[[], int]) -> float:
    """Return the median over repeats of million genotypes per CPU second; ``read`` returns how many it read."""
    rates = []
    read()
    for _ in range(REPEATS):
        used = cpu_seconds()
        genotypes = read()
        rates.append(genotypes / (cpu_seconds() - used) / 1e6)
    return float(np.median(rates))


def write_bed(prefix: Path, variants: int) -> Path:
    """Write a PLINK 1 file set of random genotypes in pieces; return the .bed."""
    rng = np.random.default_rng(1)
    bed = prefix.with_suffix(".bed")
    with bed.open("wb") as genotypes, prefix.with_suffix(".bim").open("w") as names:
        genotypes.write(b"\x6c\x1b\x01")
        for first in range(0, variants, 1000):
            frequency = rng.beta(0.5, 1.5, (1000, 1))
            copies = (rng.random((1000, PEOPLE)) < frequency).astype(np.uint8) + (rng.random((1000, PEOPLE)) < frequency)
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
    whole = million_per_second(lambda: sum(chunk.dosage.size for chunk in open_reader(path, GenotypeField.AUTO).chunks()))

    def theirs() -> int:
        with open_bed(path, num_threads=1) as bed:
            return sum(bed.read(np.s_[:, first : first + 4096], dtype="int8").size for first in range(0, variants, 4096))

    peer = million_per_second(theirs)
    print(f"PLINK 1 .bed to int8 ({variants} variants x {PEOPLE} samples), million genotypes per CPU second:")
    print(f"  lucidseq decoding {alone:.0f} (bar {BED_BAR:.0f}), with file and .bim {whole:.0f}, bed-reader {peer:.0f}")
    print(f"  ratio {alone / peer:.1f} (decoding), {whole / peer:.1f} (file)")
    return alone


def compare_sample_major(folder: Path) -> float:
    """Print the rates of decoding a .bed into a matrix of samples and return ours."""
    from bed_reader import open_bed

    variants = 50_000
    path = write_bed(folder / "b", variants)
    packed = np.fromfile(path, dtype=np.uint8)[3:].reshape(variants, -1)
    ours = million_per_second(lambda: decode_sample_major(packed, PEOPLE).size)

    def theirs() -> int:
        with open_bed(path, num_threads=1) as bed:
            return bed.read(dtype="int8", order="C").size

    peer = million_per_second(theirs)
    print(f"PLINK 1 .bed to int8 by sample ({variants} variants x {PEOPLE} samples), million genotypes per CPU second:")
    print(f"  lucidseq {ours:.0f} (bar {SAMPLE_MAJOR_BAR:.0f}), bed-reader {peer:.0f}, ratio {ours / peer:.1f}")
    return ours


def write_pgen(prefix: Path, variants: int, people: int) -> Path:
    """Write a PLINK 2 file set of random genotypes; return the .pgen."""
    rng = np.random.default_rng(1)
    path = prefix.with_suffix(".pgen")
    with pgenlib.PgenWriter(str(path).encode(), people, variant_ct=variants, nonref_flags=False) as writer:
        for _ in range(0, variants, 1000):
            frequency = rng.beta(0.5, 1.5, (1000, 1)).astype(np.float32)
            calls = (rng.random((1000, people), dtype=np.float32) < frequency).astype(np.int8)
            calls += rng.random((1000, people), dtype=np.float32) < frequency
            calls[rng.random((1000, people), dtype=np.float32) < 0.003] = -9
            writer.append_biallelic_batch(calls)
    prefix.with_suffix(".psam").write_text("#IID\tSEX\n" + "".join(f"s{index}\tNA\n" for index in range(people)))
    with prefix.with_suffix(".pvar").open("w") as names:
        names.write("#CHROM\tPOS\tID\tREF\tALT\n")
        names.writelines(f"chr1\t{row + 1}\trs{row}\tA\tG\n" for row in range(variants))
    return path


def compare_pgen(folder: Path) -> float:
    """Print rates of reading a .pgen and return the largest ratio of our CPU time to pgenlib's, genotypes alone."""
    ratios = []
    for variants, people in ((200_000, 2000), (10_000, 50_000)):
        path = write_pgen(folder / f"p{people}", variants, people)
        reader = PgenReader(path, Reading())
        blocks = [(first, min(1024, variants - first)) for first in range(0, variants, 1024)]

        def library(path: Path = path, people: int = people, blocks: list[tuple[int, int]] = blocks) -> int:
            genotypes = pgenlib.PgenReader(str(path).encode())
            for first, count in blocks:
                genotypes.read_range(first, first + count, np.empty((count, people), dtype=np.int8))
            return people * sum(count for _, count in blocks)

        def ours(reader: PgenReader = reader, variants: int = variants) -> int:
            return sum(dosage.size for dosage in reader.dosages(0, variants))

        peer, alone = million_per_second(library), million_per_second(ours)
        whole = million_per_second(lambda reader=reader: sum(chunk.dosage.size for chunk in reader.chunks()))
        print(f"PLINK 2 .pgen to int8 ({variants} variants x {people} samples), million genotypes per CPU second:")
        print(f"  lucidseq {alone:.0f}, pgenlib {peer:.0f}: {peer / alone:.2f} times its CPU time (bar {PGEN_BAR})")
        print(f"  lucidseq with the variants' names from the .pvar {whole:.0f}")
        ratios.append(peer / alone)
    return max(ratios)


def compare_bgen(folder: Path) -> float:
    """Print the rates of reading BGEN and return the least of ours as a share of the library's."""
    import bgen

    variants, people = 10_000, 2000
    rng = np.random.default_rng(3)
    some = [rng.dirichlet((0.5, 0.2, 0.2), people) for _ in range(100)]
    ratios = []
    print(f"BGEN to float32 ({variants} variants x {people} samples), million genotypes per CPU second:")
    for bits, compression in itertools.product((8, 16), ("zlib", "zstd")):
        path = folder / f"{bits}{compression}.bgen"
        names = [f"s{index}" for index in range(people)]
        with bgen.BgenWriter(str(path), people, samples=names, compression=compression) as writer:
            for row in range(variants):
                writer.add_variant(f"v{row}", f"rs{row}", "1", row + 1, ["A", "G"], some[row % len(some)], bit_depth=bits)

        def library(path: Path = path) -> int:
            with bgen.BgenReader(str(path)) as file:
                return sum(len(variant.alt_dosage) for variant in file)

        peer = million_per_second(library)
        ours = million_per_second(lambda path=path: sum(chunk.dosage.size for chunk in open_reader(path).chunks()))
        print(f"  {bits} bits, {compression}: lucidseq {ours:.0f}, bgen {peer:.0f}, ratio {ours / peer:.2f} (bar {BGEN_BAR})")
        ratios.append(ours / peer)
    return min(ratios)


def compare_bcf(folder: Path) -> tuple[float, float]:
    """Print the rates of reading BCF and return ours as a share of a cyvcf2 loop's, and of our own from VCF.gz."""
    import cyvcf2
    import pysam

    variants = 20_000
    plain, path = write_vcf(folder / "b.vcf", variants), folder / "b.bcf"
    records = cyvcf2.VCF(str(plain))
    writer = cyvcf2.Writer(str(path), records, mode="wb")
    for record in records:
        writer.write_record(record)
    writer.close()
    pysam.tabix_compress(str(plain), str(folder / "b.vcf.gz"), force=True)
    peer = million_per_second(lambda: sum(len(record.genotype.array()) for record in cyvcf2.VCF(str(path))))
    ours, text = (
        million_per_second(lambda path=path: sum(chunk.dosage.size for chunk in open_reader(path).chunks()))
        for path in (path, folder / "b.vcf.gz")
    )
    print(f"BCF of GT ({variants} variants x {PEOPLE} samples), million genotypes per CPU second:")
    print(f"  lucidseq {ours:.1f}, a loop over cyvcf2 {peer:.1f}, ratio {ours / peer:.2f} (bar {BCF_BAR}); lucidseq from VCF.gz {text:.1f}")
    return ours / peer, ours / text


def compare_vcf(folder: Path) -> tuple[float, float]:
    """Print the rates of reading VCF text and return ours, plain and bgzip."""
    import cyvcf2
    import pysam

    variants = 5000
    plain = write_vcf(folder / "v.vcf", variants)
    pysam.tabix_compress(str(plain), str(folder / "v.vcf.gz"), force=True)
    rates = []
    print(f"VCF of GT ({variants} variants x {PEOPLE} samples), million genotypes per CPU second:")
    for path in (plain, folder / "v.vcf.gz"):
        ours = million_per_second(lambda path=path: sum(c.dosage.size for c in open_reader(path, GenotypeField.AUTO).chunks()))
        peer = million_per_second(lambda path=path: sum(len(r.gt_types) for r in cyvcf2.VCF(str(path), gts012=True)))
        print(f"  {path.name}: lucidseq {ours:.1f} (bar {VCF_BAR:.0f}), cyvcf2 {peer:.1f}, ratio {ours / peer:.1f}")
        rates.append(ours)
    return rates[0], rates[1]


def compare_memory(folder: Path) -> float:
    """Print the peak memory of `encode genotypes` at 1 and 10 times the variants and return the ratio."""
    small, large = (
        peak_memory("encode", "genotypes", "--genotypes", write_bed(folder / f"m{variants}", variants), "--out", folder / f"o{variants}")
        for variants in (20_000, 200_000)
    )
    print(f"encode genotypes from .bed, {PEOPLE} samples: peak {small:.0f} MB at 20,000 variants, {large:.0f} MB at 200,000,")
    print(f"  ratio {large / small:.2f} (bar {MEMORY_BAR})")
    return large / small


@pytest.mark.bench
def test_bed__decodes_at_the_bar(tmp_path: Path) -> None:
    assert compare_bed(tmp_path) >= BED_BAR


@pytest.mark.bench
def test_bed__decodes_by_sample_at_the_bar(tmp_path: Path) -> None:
    assert compare_sample_major(tmp_path) >= SAMPLE_MAJOR_BAR


@pytest.mark.bench
def test_pgen__reads_as_fast_as_its_library(tmp_path: Path) -> None:
    assert compare_pgen(tmp_path) <= PGEN_BAR


@pytest.mark.bench
def test_bgen__reads_nearly_as_fast_as_its_library(tmp_path: Path) -> None:
    assert compare_bgen(tmp_path) >= BGEN_BAR


@pytest.mark.bench
def test_bcf__reads_as_fast_as_a_loop_over_its_library(tmp_path: Path) -> None:
    loop, text = compare_bcf(tmp_path)
    assert loop >= BCF_BAR
    assert text >= 1


@pytest.mark.bench
def test_vcf__reads_at_the_bar(tmp_path: Path) -> None:
    assert min(compare_vcf(tmp_path)) >= VCF_BAR


@pytest.mark.bench
def test_memory__is_flat_in_the_number_of_variants(tmp_path: Path) -> None:
    assert compare_memory(tmp_path) <= MEMORY_BAR


if __name__ == "__main__":  # memory first: a child begins with what its parent holds
    with tempfile.TemporaryDirectory() as name:
        for compare in (compare_memory, compare_bed, compare_sample_major, compare_pgen, compare_bgen, compare_bcf, compare_vcf):
            compare(Path(name))
