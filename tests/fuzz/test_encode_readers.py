"""Damaged input: whatever bytes change, a reader gives data or a three-part error, never another exception."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fixtures_genotypes import random_calls, write_plink1, write_vcf
from lucidseq.core.intervals import read_bed
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.samples import read_sample_table, recognise
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.sequences.fasta_records import read_fasta
from lucidseq.encode.sequences.labels import read_labels
from mutation import TRANSLATED, mutate


def read_genotypes(path: Path) -> None:
    reader = open_reader(path, GenotypeField.AUTO)
    for chunk in reader.chunks():
        assert chunk.dosage.shape == (len(chunk), len(reader.samples))
        known = chunk.dosage[~np.isnan(chunk.dosage)] if chunk.dosage.dtype == np.float32 else chunk.dosage
        assert chunk.dosage.dtype == np.float32 or set(np.unique(known)) <= {-1, 0, 1, 2}


def read_people(path: Path) -> None:
    people = read_sample_table(path)
    for name, values in zip(people.names, people.values, strict=True):
        recognise(name, values, plink=people.plink, where="")


def dosage_vcf() -> bytes:
    header = b'##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    header += b'##FORMAT=<ID=DS,Number=1,Type=Float,Description="d">\n'
    names = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc\n"
    rows = [b"chr1\t%d\t.\tA\tG\t.\t.\t.\tGT:DS\t0|1:0.%d\t1/1:2\t./.:1.50" % (row + 1, row) for row in range(9)]
    return header + names + b"\n".join(rows) + b"\n"


CASES: dict[str, tuple[bytes, Callable[[Path], object]]] = {
    "x.vcf": (dosage_vcf(), read_genotypes),
    "people.tsv": (b"FID\tIID\theight\tcase\nf\ta\t1.5\t1\nf\tb\t2\t2\nf\tc\tNA\t-9\n", read_people),
    "x.fa": (b">a|chr1:10-20\nACGTACGTAC\n>b\nACGTNNACGT\n", read_fasta),
    "labels.tsv": (b"id\ty\tsplit\na\t1\ttrain\nb\t0\ttest\n", read_labels),
    "x.bed": (b"chr1\t10\t20\ta\t5\t+\nchr2\t30\t40\tb\t6\t-\n", read_bed),
}


@pytest.mark.parametrize("name", CASES)
def test_text__changed_bytes(tmp_path: Path, name: str) -> None:
    data, read = CASES[name]
    path, random, refused = tmp_path / name, np.random.default_rng(1), 0
    path.write_bytes(data)
    read(path)
    for _ in range(400):
        path.write_bytes(mutate(data, random))
        try:
            read(path)
        except TRANSLATED:
            refused += 1
    assert 0 < refused < 400


@pytest.mark.parametrize("suffix", [".bed", ".bim", ".fam"])
def test_plink__changed_bytes(tmp_path: Path, suffix: str) -> None:
    prefix = write_plink1(tmp_path / "x", random_calls(1, 8, 6))
    path, random, refused = tmp_path / f"x{suffix}", np.random.default_rng(2), 0
    data = path.read_bytes()
    for _ in range(200):
        path.write_bytes(mutate(data, random))
        try:
            read_genotypes(prefix)
        except TRANSLATED:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("suffix", [".vcf.gz", ".bcf"])
def test_compressed__changed_bytes(tmp_path: Path, suffix: str) -> None:
    path = write_vcf(tmp_path / f"x{suffix}", random_calls(1, 300, 6))
    data, random, refused = path.read_bytes(), np.random.default_rng(3), 0
    for _ in range(150):
        path.write_bytes(mutate(data, random))
        try:
            read_genotypes(path)
        except TRANSLATED:
            refused += 1
    assert refused > 100
