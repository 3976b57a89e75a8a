"""`encode genotypes` as a user runs it: filters, phenotypes, several files, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fixtures_genotypes import random_calls, write_plink1, write_text_vcf, write_vcf
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.genotypes import open_genotypes
from lucidseq.encode.genotypes.hwe import exact_mid_p
from lucidseq.encode.genotypes.quality import Filters, assess
from support import assert_bad_input, program, run_cli, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def encode(folder: Path, *words: object) -> Path:
    run_ok("encode", "genotypes", "--out", folder / "out" / "g", *words)
    return folder / "out" / "g.genotypes.h5"


def qc(folder: Path) -> dict[str, int]:
    table = pd.read_csv(folder / "out" / "g.genotypes.qc.tsv", sep="\t")
    return dict(zip(table["unit"] + ": " + table["step"], table["removed"], strict=True))


def test_filters_off__everything_stays(tmp_path: Path) -> None:
    calls = random_calls(1, 1100, 12, missing=0.3)
    calls[0], calls[1] = 0, -1
    store = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf.gz", calls), *OFF, "--build", "GRCh38")
    with open_genotypes(store) as found:
        assert found.hard_calls
        assert found.build == "GRCh38"
        assert np.array_equal(found.dosage(0, 1100), calls)
        called = calls >= 0
        with np.errstate(invalid="ignore"):
            frequency = (calls * called).sum(axis=1) / called.sum(axis=1) / 2
        assert np.allclose(found.frequency, frequency, equal_nan=True, rtol=1e-15)
        assert found.variant_id[1] == "chr1:110:A:G"
        assert found.samples.tolist() == [f"s{index}" for index in range(12)]


def test_filters__each_removes_what_it_should(tmp_path: Path) -> None:
    calls = random_calls(2, 50, 200, missing=0)
    calls[3, :20] = -1  # missing rate 0.1
    calls[5] = 0
    calls[5, 0] = 1  # frequency 1/400
    calls[7] = np.where(np.arange(200) < 100, 0, 2)  # no heterozygote
    store = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf", calls))
    assert {key: value for key, value in qc(tmp_path).items() if value} == {
        "variants: missing rate": 1,
        "variants: minor allele frequency": 1,
        "variants: Hardy-Weinberg": 1,
    }
    with open_genotypes(store) as found:
        assert np.array_equal(found.dosage(0, 47), np.delete(calls, [3, 5, 7], axis=0))


def test_sample_filter__comes_first(tmp_path: Path) -> None:
    calls = random_calls(3, 60, 40, missing=0)
    calls[:, 4] = -1  # with this sample every variant misses 2.5 %
    store = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf", calls), "--max-missing", 0.01, "--min-frequency", 0)
    assert qc(tmp_path)["samples: missing rate"] == 1
    with open_genotypes(store) as found:
        assert np.array_equal(found.dosage(0, 60), np.delete(calls, 4, axis=1))
        assert "s4" not in found.samples


def test_inbreeding__is_that_of_the_samples_that_stay(tmp_path: Path) -> None:
    """Of two populations one is kept: F as PLINK's, and as that of the population alone; mixed frequencies would make it inbred."""
    rng = np.random.default_rng(7)
    calls = np.concatenate([rng.binomial(2, rng.uniform(0.1, 0.9, (600, 1)), (600, 80)) for _ in range(2)], axis=1)
    prefix = write_plink1(tmp_path / "x", calls.astype(np.int8))
    (tmp_path / "keep.txt").write_text("".join(f"f s{row}\n" for row in range(80)))
    line = [
        program("LUCIDSEQ_PLINK1", "plink1.9", "plink"),
        "--bfile",
        prefix,
        "--keep",
        tmp_path / "keep.txt",
        "--het",
        "small-sample",
        "--out",
        tmp_path / "theirs",
    ]
    subprocess.run(line, check=True, capture_output=True)
    theirs = pd.read_csv(tmp_path / "theirs.het", sep=r"\s+")["F"].to_numpy()
    encode(tmp_path, "--genotypes", prefix, "--samples", tmp_path / "keep.txt", *OFF)
    ours = pd.read_csv(tmp_path / "out" / "g.samples.tsv", sep="\t")["inbreeding"].to_numpy()
    assert np.allclose(ours[:80], theirs, rtol=0, atol=2e-4)
    assert abs(ours[:80].mean()) < 0.02
    write_plink1(tmp_path / "one", calls[:, :80].astype(np.int8))
    encode(tmp_path / "alone", "--genotypes", tmp_path / "one.bed", *OFF)
    alone = pd.read_csv(tmp_path / "alone" / "out" / "g.samples.tsv", sep="\t")["inbreeding"].to_numpy()
    assert np.array_equal(ours[:80], alone)


def test_hwe__matches_the_definition_and_the_asymptotic_test() -> None:
    def by_definition(a: int, h: int, b: int) -> float:
        rare, people = 2 * min(a, b) + h, a + h + b
        if rare < 2:  # a single possible table
            return 1.0
        tables = [(rare - het) // 2 for het in range(rare % 2, rare + 1, 2)]
        weights = []
        for homozygous in tables:
            het = rare - 2 * homozygous
            counts = (homozygous, het, people - homozygous - het)
            weights.append(2.0**het * stats.multinomial.pmf(counts, people, [1 / 3] * 3))
        p = np.array(weights) / sum(weights)
        seen = p[tables.index((rare - h) // 2)]
        return float(p[p < seen * (1 - 1e-9)].sum() + p[np.abs(p - seen) <= 1e-9 * seen].sum() / 2)

    tables = [(10, 5, 3), (0, 7, 30), (0, 0, 12), (25, 0, 25), (3, 18, 4), (1, 0, 0), (40, 1, 0), (0, 0, 0), (9, 9, 9)]
    ours = exact_mid_p(*np.array(tables).T)
    expected = [by_definition(*table) for table in tables]
    assert np.allclose(ours, expected, rtol=1e-9)


def test_hwe__mid_p_is_uniform_under_the_null() -> None:
    rng = np.random.default_rng(11)
    calls = rng.binomial(2, 0.4, (4000, 500))
    p = exact_mid_p(*((calls == copies).sum(axis=1) for copies in range(3)))
    assert abs((p < 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4000)
    assert abs(p.mean() - 0.5) < 4 / np.sqrt(12 * 4000)


def test_assess__dosages_as_their_hard_calls() -> None:
    calls = random_calls(6, 300, 80, missing=0.03)
    dosage = np.where(calls < 0, np.nan, calls).astype(np.float32)
    filters = Filters(0.2, 0.03, 0.05)
    ours, theirs = assess(calls, filters), assess(dosage, filters)
    assert np.array_equal(ours.keep, theirs.keep)
    assert 0 < ours.keep.sum() < 300
    assert ours.removed == theirs.removed
    assert np.array_equal(ours.frequency, theirs.frequency)


def test_several_files_and_formats__one_store(tmp_path: Path) -> None:
    calls = random_calls(4, 30, 9)
    first = write_vcf(tmp_path / "a.vcf.gz", calls[:10], contig="chr1")
    second = write_plink1(tmp_path / "b", calls[10:20], contig="chr2")
    third = write_vcf(tmp_path / "c.bcf", calls[20:], contig="chr3")
    store = encode(tmp_path, *(word for path in (first, second, third) for word in ("--genotypes", path)), *OFF)
    with open_genotypes(store) as found:
        assert np.array_equal(found.dosage(0, 30), calls)
        assert found.region("chr2", 0, 10**6) == (10, 20)


def test_region__keeps_what_is_inside(tmp_path: Path) -> None:
    (tmp_path / "r.bed").write_text("chr1\t119\t140\nchr1\t109\t120\nchr9\t0\t5\n")
    calls = random_calls(5, 10, 8)
    store = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf", calls), "--region", tmp_path / "r.bed", *OFF)
    with open_genotypes(store) as found:
        assert found.start.tolist() == [109, 119, 129, 139]


def test_duplicates__the_first_stays(tmp_path: Path) -> None:
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 3, 8))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    encode(tmp_path, "--genotypes", path, *OFF)
    assert qc(tmp_path)["variants: duplicate"] == 1


PHENOTYPES = {
    "plink coding": ("FID\tIID\tt\nf\ts0\t1\nf\ts1\t2\nf\ts2\t-9\nf\ts3\t2\nf\ts4\t0\n", "binary", [0, 1, np.nan, 1, np.nan], "PLINK"),
    "spaces": ("#FID IID t\nf s0 1\nf s1 2\nf s2 1\nf s3 2\nf s4 NA\n", "binary", [0, 1, 0, 1, np.nan], "PLINK"),
    "zero one": ("sample\tt\ns4\t1\ns3\t0\ns2\t1\ns1\t0\ns0\tNA\n", "binary", [np.nan, 0, 1, 0, 1], "0 control"),
    "quantitative": ("id\tt\ns0\t1.5\ns1\t-9\ns2\t2\ns3\t3\ns4\t1e-3\n", "quantitative", [1.5, -9, 2, 3, 0.001], "quantitative"),
    "plink 2 without families": ("#IID t\ns0 1.5\ns1 -9\ns2 2\ns3 3\ns9 4\n", "quantitative", [1.5, np.nan, 2, 3, np.nan], "-9"),
    "plink 2 without families, cases": ("IID t\ns0 1\ns1 2\ns2 0\ns3 1\ns4 -9\n", "binary", [0, 1, np.nan, 0, np.nan], "PLINK"),
    "-9 is a value elsewhere": ("sample t\ns0 1.5\ns1 -9\ns2 2\ns3 3\ns9 4\n", "quantitative", [1.5, -9, 2, 3, np.nan], "kept"),
    "plink quantitative": ("FID IID t\nf s0 1.5\nf s1 -9\nf s2 2\nf s3 3\nf s9 4\n", "quantitative", [1.5, np.nan, 2, 3, np.nan], "-9"),
}


@pytest.mark.parametrize("name", PHENOTYPES)
def test_phenotypes__coding_is_recognised_and_said(tmp_path: Path, name: str) -> None:
    text, kind, values, said = PHENOTYPES[name]
    (tmp_path / "p.tsv").write_text(text)
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 5))
    result = run_ok("encode", "genotypes", "--genotypes", path, "--phenotypes", tmp_path / "p.tsv", "--out", tmp_path / "g", *OFF)
    assert said in result.stderr
    assert any(said in str(check.value) for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks)
    with open_genotypes(tmp_path / "g.genotypes.h5") as store:
        assert store.trait_kind("t") == kind
        assert np.array_equal(store.trait("t"), values, equal_nan=True)


@pytest.mark.parametrize(
    ("kind", "values"), [("quantitative", [0, 1, 2, 0, 1]), ("binary", [np.nan, 0, 1, np.nan, 0]), (None, None)], ids=str
)
def test_phenotypes__of_few_whole_numbers_are_asked_about(tmp_path: Path, kind: str | None, values: list[float] | None) -> None:
    (tmp_path / "p.tsv").write_text("sample\tcc\n" + "".join(f"s{row}\t{value}\n" for row, value in enumerate((0, 1, 2, 0, 1))))
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 5))
    words = ("encode", "genotypes", "--genotypes", path, "--phenotypes", tmp_path / "p.tsv", *OFF)
    if kind is None:
        mentions = ("trait cc of the values 0, 1, 2", "--trait-kind quantitative", "--trait-kind binary")
        assert_bad_input(run_cli(*words, "--out", tmp_path / "out" / "g"), *mentions, folder=tmp_path / "out")
        return
    run_ok(*words, "--trait-kind", kind, "--out", tmp_path / "g")
    with open_genotypes(tmp_path / "g.genotypes.h5") as store:
        assert store.trait_kind("cc") == kind
        assert np.array_equal(store.trait("cc"), values, equal_nan=True)


@pytest.mark.parametrize("suffix", [".vcf", ".bcf"])
def test_rows_without_calls__are_removed_on_request(tmp_path: Path, suffix: str) -> None:
    head = '##fileformat=VCFv4.2\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    head += '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts0\ts1\n'
    rows = "1\t100\t.\tA\tG\t.\t.\t.\tGT\t0/1\t0/0\n1\t200\t.\tA\tG\t.\t.\t.\tDP\t12\t13\n"
    path = write_text_vcf(tmp_path / f"x{suffix}", head + rows)
    words = ("encode", "genotypes", "--genotypes", path, *OFF)
    assert_bad_input(run_cli(*words, "--out", tmp_path / "out" / "g"), "FORMAT DP", "--drop-incomplete", folder=tmp_path / "out")
    run_ok(*words, "--drop-incomplete", "--out", tmp_path / "g")
    with open_genotypes(tmp_path / "g.genotypes.h5") as store:
        assert store.start.tolist() == [99]
    assert "without the sample field\t1" in (tmp_path / "g.genotypes.qc.tsv").read_text()
    card = {check.name: check for check in read_card(tmp_path / "g.encode_genotypes.card.json").checks}
    assert (card["rows without the sample field"].value, card["rows without the sample field"].verdict) == (0.5, Verdict.CAUTION)


@pytest.mark.parametrize(("header", "missing"), [("#FID IID age", True), ("IID age", True), ("sample age", False)])
def test_covariates__of_minus_nine_are_missing_in_plink_tables(tmp_path: Path, header: str, missing: bool) -> None:
    family = "f " if header.startswith("#FID") else ""
    rows = [f"{family}s{row} {age}" for row, age in enumerate((31, -9, 40, 52.5, 61))]
    (tmp_path / "c.txt").write_text("\n".join([header, *rows]) + "\n")
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 5))
    store = encode(tmp_path, "--genotypes", path, "--covariates", tmp_path / "c.txt", *OFF)
    with open_genotypes(store) as found:
        expected = [31, np.nan if missing else -9, 40, 52.5, 61]
        assert np.array_equal(found.covariates()[0], expected, equal_nan=True)
    (check,) = [check for check in read_card(store.with_name("g.encode_genotypes.card.json")).checks if check.name == "covariates of -9"]
    assert check.verdict is (Verdict.OK if missing else Verdict.CAUTION)
    assert "age 1" in str(check.value)


def test_fam__its_phenotype_is_taken_when_it_says_something(tmp_path: Path) -> None:
    prefix = write_plink1(tmp_path / "x", random_calls(5, 4, 5))
    with open_genotypes(encode(tmp_path, "--genotypes", prefix, *OFF)) as store:
        assert store.trait_names == []
    (tmp_path / "x.fam").write_text("".join(f"f s{row} 0 0 0 {value}\n" for row, value in enumerate((1, 2, -9, 2, 0))))
    files = [word for suffix in (".bed", ".bim", ".fam") for word in ("--genotypes", tmp_path / f"x{suffix}")]
    with open_genotypes(encode(tmp_path / "again", *files, *OFF)) as store:
        assert (store.trait_names, store.trait_kinds) == (["phenotype"], ["binary"])
        assert np.array_equal(store.trait("phenotype"), [0, 1, np.nan, 1, np.nan], equal_nan=True)


def test_manifest__names_all_three_files_of_a_plink_set(tmp_path: Path) -> None:
    prefix = write_plink1(tmp_path / "x", random_calls(5, 4, 5))
    for name in (prefix, f"{prefix}.bed"):
        encode(tmp_path, "--genotypes", name, "--force", *OFF)
        document = json.loads((tmp_path / "out" / "g.encode_genotypes.manifest.json").read_text())
        digests = {item["name"]: item["sha256"] for item in document["inputs"]["genotypes"]}
        assert digests == {
            f"x{suffix}": hashlib.sha256((tmp_path / f"x{suffix}").read_bytes()).hexdigest() for suffix in (".bed", ".bim", ".fam")
        }


def test_phenotypes_and_covariates__several_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("sample\theight\tcase\ns2\t1\t0\ns0\t2.5\t1\nother\t9\t1\n")
    (tmp_path / "c.tsv").write_text("sample\tage\tpc1\ns0\t30\t0.5\ns1\t40\tNA\ns2\t50\t-0.5\n")
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 3))
    store = encode(tmp_path, "--genotypes", path, "--phenotypes", tmp_path / "p.tsv", "--covariates", tmp_path / "c.tsv", *OFF)
    with open_genotypes(store) as found:
        assert found.trait_names == ["height", "case"]
        assert found.trait_kinds == ["quantitative", "binary"]
        assert np.array_equal(found.trait("height"), [2.5, np.nan, 1], equal_nan=True)
        assert found.covariate_names == ["age", "pc1"]
        assert np.array_equal(found.covariates(), [[30, 40, 50], [0.5, np.nan, -0.5]], equal_nan=True)


def bad(tmp_path: Path, *mentions: str, words: tuple[object, ...], exit_code: int = 3) -> None:
    (tmp_path / "out").mkdir(exist_ok=True)
    result = run_cli("encode", "genotypes", "--out", tmp_path / "out" / "g", *words)
    assert_bad_input(result, *mentions, folder=tmp_path / "out", exit_code=exit_code)


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("sample\tt\nx1\t1\nx2\t2\n", ("s0", "x1", "no sample in common")),
        ("sample\tt\ns0\tabc\n", ("t = 'abc'", "line 2")),
        ("sample\tt\ns0\t1,5\n", ("1,5", "line 2")),
        ("sample\tt\ns0\tinf\n", ("inf", "line 2")),
        ("sample\tt\ns0\n", ("1 fields", "line 2")),
        ("sample\tt\ns0\t1\ns0\t2\n", ("more than once", "line 3")),
        ("sample\tt\ns0\tNA\n", ("trait t has no value",)),
        ("sample\tt\n", ("no samples",)),
        ("sample\n", ("header",)),
    ],
)
def test_bad_phenotypes(tmp_path: Path, text: str, mentions: tuple[str, ...]) -> None:
    (tmp_path / "p.tsv").write_text(text)
    vcf = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 3))
    bad(tmp_path, *mentions, words=("--genotypes", vcf, "--phenotypes", tmp_path / "p.tsv"))


def test_bad_files(tmp_path: Path) -> None:
    calls = random_calls(5, 2000, 30)
    whole = write_vcf(tmp_path / "x.vcf.gz", calls)
    data = whole.read_bytes()
    (tmp_path / "cut.vcf.gz").write_bytes(data[:-28])
    bad(tmp_path, "cut off", words=("--genotypes", tmp_path / "cut.vcf.gz"))
    (tmp_path / "cut.vcf.gz").write_bytes(gzip.compress(gzip.decompress(data))[:-3000])
    bad(tmp_path, "ends too early", words=("--genotypes", tmp_path / "cut.vcf.gz"))
    (tmp_path / "empty.vcf").write_text("")
    bad(tmp_path, "is empty", words=("--genotypes", tmp_path / "empty.vcf"))
    bad(tmp_path, "does not exist", words=("--genotypes", tmp_path / "absent.vcf"))
    (tmp_path / "text.vcf").write_text("hello\n")
    bad(tmp_path, "no #CHROM line", words=("--genotypes", tmp_path / "text.vcf"))
    none = write_vcf(tmp_path / "none.vcf", np.zeros((2, 0), dtype=np.int8))
    bad(tmp_path, "zero samples", words=("--genotypes", none))
    other = write_vcf(tmp_path / "other.vcf", calls[:5, :29], contig="chr2")
    bad(tmp_path, "samples that differ", "s29", words=("--genotypes", whole, "--genotypes", other))
    bad(tmp_path, "out of order", words=("--genotypes", whole, "--genotypes", whole))
    (tmp_path / "r.bed").write_text("1\t0\t10000\n")
    bad(tmp_path, "regions on 1, genotypes on chr1", words=("--genotypes", whole, "--region", tmp_path / "r.bed"))
    constant = write_vcf(tmp_path / "constant.vcf", np.zeros((3, 5), dtype=np.int8))
    bad(tmp_path, "no variants left (minor allele frequency: 3)", words=("--genotypes", constant))


def test_unwritable_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = write_vcf(tmp_path / "x.vcf", random_calls(5, 4, 3))
    result = run_cli("encode", "genotypes", "--genotypes", path, "--out", tmp_path / "file" / "g", *OFF)
    assert_bad_input(result, "cannot be written", folder=tmp_path / "absent")


def test_one_variant_one_sample(tmp_path: Path) -> None:
    store = encode(tmp_path, "--genotypes", write_vcf(tmp_path / "x.vcf", np.array([[1]], dtype=np.int8)), *OFF)
    with open_genotypes(store) as found:
        assert found.dosage(0, 1).tolist() == [[1]]
