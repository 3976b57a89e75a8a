"""encode genotypes: whom the rows of phenotypes, covariates, sexes and lists of samples mean, with and without families."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from fixtures_genotypes import random_calls, write_plink1, write_vcf
from lucidseq.core.genotypes import open_genotypes
from support import assert_bad_input, program, run_cli, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)
BOTH = [(family, name) for family in "AB" for name in "123456"]


def plink_set(folder: Path, people: list[tuple[str, str]]) -> Path:
    prefix = write_plink1(folder / "x", random_calls(5, 8, len(people)))
    prefix.with_name("x.fam").write_text("".join(f"{family} {name} 0 0 0 -9\n" for family, name in people))
    return prefix


def encode(folder: Path, genotypes: Path, *words: object) -> Path:
    run_ok("encode", "genotypes", "--genotypes", genotypes, "--out", folder / "g", *OFF, *words)
    return folder / "g.genotypes.h5"


def phenotypes(folder: Path, people: list[tuple[str, str]], *, header: str = "FID IID y") -> Path:
    path = folder / "p.txt"
    rows = [f"{family} {name} {row + 1.5}" for row, (family, name) in enumerate(people)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize("order", [1, -1])
def test_phenotypes__are_those_of_the_family(tmp_path: Path, order: int) -> None:
    table = phenotypes(tmp_path, BOTH[::order])
    store = encode(tmp_path, plink_set(tmp_path, BOTH[:6]), "--phenotypes", table, "--covariates", table)
    with open_genotypes(store) as found:
        expected = np.arange(12)[::order][:6] + 1.5
        assert np.array_equal(found.trait("y"), expected)
        assert np.array_equal(found.covariates()[0], expected)


def test_people__as_plink_takes_them(tmp_path: Path) -> None:
    """Phenotypes and a list in which families share names, some of them without a row: the same people and values as PLINK 1.9."""
    people = [*BOTH[:9], ("C", "7"), ("D", "8")]
    prefix = plink_set(tmp_path, people)
    table = phenotypes(tmp_path, [*BOTH[3:], ("C", "8"), ("D", "8")])
    (tmp_path / "keep.txt").write_text("B 1\nA 5\nD 8\nA 1\n")
    line = [
        program("LUCIDSEQ_PLINK1", "plink1.9", "plink"),
        "--bfile",
        prefix,
        "--pheno",
        table,
        "--keep",
        tmp_path / "keep.txt",
        "--make-bed",
        "--out",
        tmp_path / "theirs",
    ]
    subprocess.run(line, check=True, capture_output=True)
    fam = [row.split() for row in (tmp_path / "theirs.fam").read_text().splitlines()]
    store = encode(tmp_path, prefix, "--phenotypes", table, "--samples", tmp_path / "keep.txt")
    with open_genotypes(store) as found:
        assert [str(name) for name in found.samples] == [f"{row[0]}_{row[1]}" for row in fam]
        theirs = np.array([float(row[5]) for row in fam])
        assert np.array_equal(found.trait("y"), np.where(theirs == -9, np.nan, theirs), equal_nan=True)


def test_sexes__are_those_of_the_family(tmp_path: Path) -> None:
    (tmp_path / "sex.txt").write_text("FID IID SEX\nB 1 1\nB 2 1\nA 1 2\nA 2 2\n")
    prefix = plink_set(tmp_path, [("A", "1"), ("A", "2"), ("A", "3")])
    run_ok("encode", "genotypes", "--genotypes", prefix, "--sex", tmp_path / "sex.txt", "--out", tmp_path / "g", *OFF)
    sexes = [row.split("\t")[4] for row in (tmp_path / "g.samples.tsv").read_text().splitlines()[1:]]
    assert sexes == ["female", "female", "unknown"]


@pytest.mark.parametrize(
    ("genotypes", "table"),
    [
        ([("A", "1"), ("B", "2"), ("C", "3")], [("0", "3"), ("0", "1"), ("0", "2")]),
        ([("0", "1"), ("0", "2"), ("0", "3")], [("C", "3"), ("A", "1"), ("B", "2")]),
        (["1", "2", "3"], [("C", "3"), ("A", "1"), ("B", "2")]),
        (["A_1", "A_2", "B_1"], [("B", "1"), ("A", "1"), ("A", "2")]),
        ([("A", "1"), ("A", "2"), ("B", "1")], [("B", "1"), ("A", "1"), ("A", "2")]),
    ],
)
def test_families__that_one_side_does_not_tell(tmp_path: Path, genotypes: list, table: list) -> None:
    if isinstance(genotypes[0], str):
        path = write_vcf(tmp_path / "x.vcf", random_calls(5, 8, 3), samples=genotypes)
    else:
        path = plink_set(tmp_path, genotypes)
    with open_genotypes(encode(tmp_path, path, "--phenotypes", phenotypes(tmp_path, table))) as found:
        assert found.trait("y").tolist() == [2.5, 3.5, 1.5]


def refused(tmp_path: Path, genotypes: Path, option: str, text: str, *mentions: str) -> None:
    (tmp_path / "t.txt").write_text(text)
    result = run_cli("encode", "genotypes", "--genotypes", genotypes, option, tmp_path / "t.txt", "--out", tmp_path / "out" / "g", *OFF)
    assert_bad_input(result, *mentions, folder=tmp_path / "out")


@pytest.mark.parametrize(
    ("option", "text"),
    [("--phenotypes", "FID IID y\nB 1 1.5\nB 2 2.5\n"), ("--sex", "FID IID SEX\nB 1 1\nB 2 2\n"), ("--samples", "B 1\n")],
)
def test_other_families__are_refused(tmp_path: Path, option: str, text: str) -> None:
    refused(tmp_path, plink_set(tmp_path, BOTH[:6]), option, text, "A 1", "B 1", "same FID")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--phenotypes", "FID IID y\n0 1 1.5\n0 2 2.5\n"),
        ("--covariates", "IID y\n1 1.5\n2 2.5\n"),
        ("--sex", "sample sex\n1 1\n2 2\n"),
        ("--samples", "1\n"),
    ],
)
def test_names_of_several_people__are_refused(tmp_path: Path, option: str, text: str) -> None:
    refused(tmp_path, plink_set(tmp_path, BOTH), option, text, "A_1, B_1", "FID and IID")


def test_two_rows_for_one_sample__are_refused(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 8, 6), samples=list("123456"))
    for option, text in (("--phenotypes", "FID IID y\nA 1 1.5\nB 1 2.5\n"), ("--samples", "A 1\nB 1\n")):
        refused(tmp_path, path, option, text, "A 1", "B 1", "both match sample 1")


@pytest.mark.parametrize(
    ("text", "line"),
    [("sample sex\n1 1\n2 2\n1 2\n", "line 4"), ("sample sex\n1 1\n1 1\n", "line 3"), ("FID IID SEX\n0 2 1\n0 1 1\n0 2 2\n", "line 4")],
)
def test_a_sample_twice_in_a_table_of_sexes__is_refused(tmp_path: Path, text: str, line: str) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 8, 6), samples=list("123456"))
    refused(tmp_path, path, "--sex", text, "more than once", "t.txt", line)
