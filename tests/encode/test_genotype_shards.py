"""Shards of genotypes, gathered, are the whole; a store can be read again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from fixtures_genotypes import random_calls, write_plink1, write_vcf
from lucidseq.core.genotypes import open_genotypes
from lucidseq.encode.genotypes.shards import shares
from lucidseq.encode.readers.open import open_reader
from support import assert_bad_input, run_cli, run_ok

WHOLE = ("--max-sample-missing", 1, "--min-hwe-p", 1e-4, "--min-frequency", 0.05, "--build", "GRCh38")

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def encode(out: Path, *words: object) -> Path:
    run_ok("encode", "genotypes", "--out", out, *words)
    return out.with_name(out.name + ".genotypes.h5")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def given(paths: list[Path]) -> list[object]:
    return [word for path in paths for word in ("--genotypes", path)]


@pytest.mark.parametrize("count", [2, 3])
def test_shards__gathered_are_the_whole(tmp_path: Path, count: int) -> None:
    calls = random_calls(1, 3000, 40, missing=0.02)
    files = [
        write_vcf(tmp_path / "a.vcf.gz", calls[:1300], contig="chr1"),
        Path(f"{write_plink1(tmp_path / 'b', calls[1300:2900], contig='chr2')}.bed"),
        write_vcf(tmp_path / "c.bcf", calls[2900:], contig="chrX"),
    ]
    (tmp_path / "sex.tsv").write_text("sample\tsex\n" + "".join(f"s{row}\t{1 + row % 2}\n" for row in range(40)))
    (tmp_path / "p.tsv").write_text("sample\theight\n" + "".join(f"s{row}\t{row / 7}\n" for row in range(40)))
    words = (*WHOLE, "--sex", tmp_path / "sex.tsv", "--phenotypes", tmp_path / "p.tsv")
    whole = encode(tmp_path / "whole", *given(files), *words)
    parts = [encode(tmp_path / f"s{part}", *given(files), *words, "--shard", f"{part}/{count}") for part in range(1, count + 1)]
    gathered = encode(tmp_path / "gathered", *given(parts), *WHOLE)
    assert digest(gathered) == digest(whole)
    with open_genotypes(whole) as store:
        assert 1000 < len(store.start) < 3000
        assert store.trait_names == ["height"]


def test_shares__are_contiguous_and_keep_positions_together(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(1, 60, 4))
    lines = path.read_text().splitlines()
    header = [line for line in lines if line.startswith("#")]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    for at, fields in enumerate(rows):
        fields[1] = str(100 + at // 7)  # seven rows a position
    path.write_text("\n".join([*header, *("\t".join(fields) for fields in rows)]) + "\n")
    for count in (1, 2, 5, 13):
        found = [share for index in range(count) for share in shares([open_reader(path)], index, count)]
        ends = [60 if share.last is None else share.last for share in found]
        assert [share.first for share in found] == [0, *ends[:-1]]
        assert ends[-1] == 60
        assert all(end % 7 == 0 or end == 60 for end in ends)


def test_store__filtered_again_is_the_file_filtered_at_once(tmp_path: Path) -> None:
    calls = random_calls(2, 500, 30)
    path = write_vcf(tmp_path / "x.vcf", calls)
    loose = encode(tmp_path / "loose", "--genotypes", path, *OFF, "--build", "GRCh38")
    (tmp_path / "keep.txt").write_text("".join(f"s{row}\n" for row in range(20)))
    strict = ("--min-minor-count", 12, "--samples", tmp_path / "keep.txt")
    again = encode(tmp_path / "again", "--genotypes", loose, *strict)
    once = encode(tmp_path / "once", "--genotypes", path, *strict, "--build", "GRCh38")
    assert digest(again) == digest(once)
    with open_genotypes(again) as store:
        assert store.build == "GRCh38"
        assert len(store.samples) == 20
        copies = np.where(calls[:, :20] < 0, 0, calls[:, :20]).sum(axis=1)
        called = (calls[:, :20] >= 0).sum(axis=1)
        wanted = np.minimum(copies, 2 * called - copies) >= 12
        assert len(store.start) <= wanted.sum()


def test_shards__refuse_filters_of_samples(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(1, 10, 5))
    (tmp_path / "out").mkdir()
    result = run_cli("encode", "genotypes", "--genotypes", path, "--shard", "1/2", "--out", tmp_path / "out" / "g")
    assert_bad_input(result, "--max-sample-missing 1", "--samples", folder=tmp_path / "out", exit_code=2)


def test_store__of_another_ploidy_is_refused(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(1, 10, 5))
    store = encode(tmp_path / "g", "--genotypes", path, "--min-frequency", 0)
    (tmp_path / "out").mkdir()
    result = run_cli("encode", "genotypes", "--genotypes", store, "--ploidy", 4, "--out", tmp_path / "out" / "g")
    assert_bad_input(result, "a store of ploidy 2", folder=tmp_path / "out")
