"""One simulated set of genotypes in every format, written by plink2 and bcftools."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np

HEADER = (
    '##fileformat=VCFv4.3\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">\n'
)
BASES = np.array(list("ACGT"))


def absent_programs(*names: str) -> str | None:
    """Say which programs are not installed; None when all are."""
    missing = [name for name in names if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed (apt-get install plink2 bcftools)" if missing else None


def run_program(*words: object, cwd: Path) -> None:
    """Run a program that must succeed."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def simulate_alleles(seed: int, sites: int, samples: int, *, missing: float = 0.005) -> tuple[np.ndarray, np.ndarray]:
    """Draw allele numbers of two chromosomes, -1 missing in both, and the number of ALT alleles of each site (1 to 3).

    Returns
    -------
    (int8 of shape (sites, samples, 2); int64 of shape (sites,))
    """
    rng = np.random.default_rng(seed)
    alternates = rng.choice([1, 2, 3], sites, p=[0.97, 0.02, 0.01])
    frequency = rng.beta(0.7, 1.5, (sites, 1))
    alleles = np.zeros((sites, samples, 2), dtype=np.int8)
    for chromosome in range(2):
        carried = rng.random((sites, samples), dtype=np.float32) < frequency
        alleles[:, :, chromosome] = carried
    for row in np.flatnonzero(alternates > 1):
        kinds = rng.integers(1, alternates[row] + 1, alleles[row].shape)
        alleles[row] = np.where(alleles[row] > 0, kinds, 0)
    alleles[rng.random((sites, samples), dtype=np.float32) < missing] = -1
    return alleles, alternates


def truth(alleles: np.ndarray, alternates: np.ndarray) -> np.ndarray:
    """Return copies of every ALT allele, one row an allele, int8 with -1 for missing."""
    rows = [
        np.where(site[:, 0] < 0, -1, (site == allele).sum(axis=1))
        for site, count in zip(alleles, alternates, strict=True)
        for allele in range(1, count + 1)
    ]
    return np.array(rows, dtype=np.int8)


def write_sites(path: Path, alleles: np.ndarray, alternates: np.ndarray) -> None:
    """Write a VCF of GT."""
    names = "\t".join(f"s{index}" for index in range(alleles.shape[1]))
    cells = np.full((alleles.shape[1], 4), ord("\t"), dtype=np.uint8)
    with path.open("wb") as handle:
        handle.write(f"{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode())
        for row, (site, count) in enumerate(zip(alleles, alternates, strict=True)):
            bases = np.roll(BASES, row)
            letters = np.where(site < 0, ord("."), site + ord("0"))
            cells[:, 0], cells[:, 2] = letters[:, 0], letters[:, 1]
            cells[:, 1] = ord("/" if row % 2 else "|")
            start = f"1\t{100 + 3 * row}\trs{row}\t{bases[0]}\t{','.join(bases[1 : count + 1])}\t.\tPASS\t.\tGT\t"
            handle.write(start.encode() + cells.tobytes()[:-1] + b"\n")


def write_dosages(path: Path, hundredths: np.ndarray) -> None:
    """Write a VCF of DS from hundredths of copies, int64 of shape (variants, samples), -1 missing."""
    texts = np.array([f"{value / 100:.2f}" for value in range(201)] + ["."])
    names = "\t".join(f"s{index}" for index in range(hundredths.shape[1]))
    with path.open("w") as handle:
        handle.write(f"{HEADER}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n")
        for row, values in enumerate(hundredths):
            handle.write(f"1\t{100 + 3 * row}\trs{row}\tA\tG\t.\tPASS\t.\tDS\t" + "\t".join(texts[values]) + "\n")
