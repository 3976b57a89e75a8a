"""PLINK 1: what is decoded, against bed-reader, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bed_reader import open_bed

from fixtures_genotypes import random_calls, write_plink1
from lucidseq.core.errors import DataError
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.open import open_reader
from lucidseq.encode.readers.plink1 import Plink1Reader, decode
from lucidseq.encode.readers.reader import Reading


def read_all(reader) -> np.ndarray:
    return np.concatenate([chunk.dosage for chunk in reader.chunks()])


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 7, 8, 9, 61, 64])
def test_decode__matches_bed_reader_at_every_width(tmp_path: Path, samples: int) -> None:
    calls = random_calls(samples, 33, samples, missing=0.2)
    prefix = write_plink1(tmp_path / "x", calls)
    with open_bed(f"{prefix}.bed", count_A1=True) as bed:
        theirs = bed.read(dtype="int8").T
    ours = read_all(Plink1Reader(prefix, Reading()))
    assert np.array_equal(np.where(theirs == -127, -1, theirs), ours)
    assert np.array_equal(ours, calls)


def test_decode__all_byte_values() -> None:
    dosage = decode(np.arange(256, dtype=np.uint8)[:, None], 4)
    by_hand = [[[2, -1, 1, 0][byte >> shift & 3] for shift in (0, 2, 4, 6)] for byte in range(256)]
    assert dosage.tolist() == by_hand


def test_real_panel__matches_bed_reader(shared_data: Path) -> None:
    path = shared_data / "polyfun" / "chr1.bed"
    with open_bed(path, count_A1=True) as bed:
        theirs = bed.read(dtype="int8").T
        alleles = bed.allele_1
    reader = open_reader(path, GenotypeField.AUTO)
    chunks = list(reader.chunks())
    assert np.array_equal(np.where(theirs == -127, -1, theirs), np.concatenate([chunk.dosage for chunk in chunks]))
    assert np.array_equal(np.concatenate([chunk.effect_allele for chunk in chunks]), alleles)


def test_reader__crosses_chunks_and_takes_either_name(tmp_path: Path) -> None:
    calls = random_calls(1, 2500, 6)
    prefix = write_plink1(tmp_path / "x.chr1", calls)
    for name in (prefix, tmp_path / "x.chr1.bed"):
        reader = open_reader(name, GenotypeField.AUTO)
        assert isinstance(reader, Plink1Reader)
        assert np.array_equal(read_all(reader), calls)
        assert reader.samples == [f"s{index}" for index in range(6)]


def test_fam__families_with_the_same_individual_ids(tmp_path: Path) -> None:
    prefix = write_plink1(tmp_path / "x", random_calls(1, 3, 2))
    (tmp_path / "x.fam").write_text("a 1 0 0 0 -9\nb 1 0 0 0 -9\n")
    assert Plink1Reader(prefix, Reading()).samples == ["a_1", "b_1"]


@pytest.mark.parametrize(
    ("suffix", "change", "mention"),
    [
        (".bed", lambda data: data[:-1], "bytes of genotypes"),
        (".bed", lambda data: data[:2] + b"\x00" + data[3:], "sample-major"),
        (".bim", lambda data: data[: data.index(b"\n") + 1], "1 variants in the .bim"),
        (".bim", lambda data: data + data, "more than"),
        (".bim", lambda data: data.replace(b"\t100\t", b"\tx\t"), "line 1"),
        (".fam", lambda data: b"f s0 0 0\n" + data, "line 1"),
        (".fam", lambda data: b"", "zero samples"),
    ],
)
def test_damaged__is_refused(tmp_path: Path, suffix: str, change, mention: str) -> None:
    prefix = write_plink1(tmp_path / "x", random_calls(1, 5, 9))
    path = tmp_path / f"x{suffix}"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        read_all(Plink1Reader(prefix, Reading()))
    assert mention in str(caught.value)
