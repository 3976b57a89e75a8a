"""Genotype files for tests, written from a matrix of dosages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam

CALLS = np.array(["0/0", "0/1", "1/1", "./."])  # by dosage; -1 picks the last


def vcf_header(samples: list[str], contigs: tuple[str, ...] = ("chr1",)) -> str:
    """Return the header of a VCF with GT and DS."""
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={contig},length=1000000>" for contig in contigs)]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    return "\n".join([*lines, "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])]) + "\n"


def write_vcf(path: Path, calls: np.ndarray, *, samples: list[str] | None = None, contig: str = "chr1") -> Path:
    """Write int dosages (-1 missing) of shape (variants, samples) as a VCF of GT; bgzip when the name ends in .gz, BCF in .bcf."""
    names = samples or [f"s{index}" for index in range(calls.shape[1])]
    rows = [
        "\t".join([contig, str(100 + 10 * row), f"rs{row}", "A", "G", ".", "PASS", ".", "GT", *CALLS[values]])
        for row, values in enumerate(calls)
    ]
    return write_text_vcf(path, vcf_header(names, (contig,)) + "\n".join(rows) + "\n")


def write_text_vcf(path: Path, text: str) -> Path:
    """Write VCF text as the suffix says."""
    plain = path.with_name(path.name.split(".")[0] + ".tmp.vcf")
    plain.write_text(text, encoding="utf-8")
    if path.suffix == ".gz":
        pysam.tabix_compress(str(plain), str(path), force=True)
    elif path.suffix == ".bcf":
        with pysam.VariantFile(str(plain)) as reader, pysam.VariantFile(str(path), "wb", header=reader.header) as writer:
            for record in reader:
                writer.write(record)
    else:
        path.write_bytes(plain.read_bytes())
    plain.unlink()
    return path


def write_plink1(prefix: Path, calls: np.ndarray, *, contig: str = "chr1", family: str = "f") -> Path:
    """Write int dosages of A1 (-1 missing) as .bed, .bim and .fam; return the prefix."""
    variants, samples = calls.shape
    codes = np.array([3, 2, 0, 1], dtype=np.uint8)[calls]  # copies of A1 0, 1, 2, missing (-1)
    padded = np.zeros((variants, -(-samples // 4) * 4), dtype=np.uint8)
    padded[:, :samples] = codes
    quads = padded.reshape(variants, -1, 4)
    packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
    prefix.with_name(prefix.name + ".bed").write_bytes(b"\x6c\x1b\x01" + packed.astype(np.uint8).tobytes())
    bim = [f"{contig}\trs{row}\t0\t{100 + 10 * row}\tG\tA" for row in range(variants)]
    prefix.with_name(prefix.name + ".bim").write_text("\n".join(bim) + "\n")
    fam = [f"{family}\ts{index}\t0\t0\t0\t-9" for index in range(samples)]
    prefix.with_name(prefix.name + ".fam").write_text("\n".join(fam) + "\n")
    return prefix


def random_calls(seed: int, variants: int, samples: int, *, missing: float = 0.01) -> np.ndarray:
    """Draw dosages in Hardy-Weinberg proportions with frequencies of 0.1 to 0.9."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.1, 0.9, (variants, 1))
    calls = rng.binomial(2, np.broadcast_to(frequency, (variants, samples)))
    return np.where(rng.random(calls.shape) < missing, -1, calls).astype(np.int8)
