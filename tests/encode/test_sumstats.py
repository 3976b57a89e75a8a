"""`encode sumstats` as a user runs it: the N3 reference, GWAS-SSF files, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fixtures_genotypes import random_calls, write_vcf
from fixtures_n3 import TRAITS, write_n3
from lucidseq.core.card import read_card
from lucidseq.core.schema import SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.encode.sumstats.effects import z_of_log_p
from support import assert_bad_input, run_cli, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def test_n3__matches_the_reference(shared_data: Path, tmp_path: Path) -> None:
    files = write_n3(shared_data, tmp_path)
    run_ok("encode", "genotypes", "--genotypes", files.vcf, "--phenotypes", files.phenotypes, "--out", tmp_path / "g", *OFF)
    for trait in TRAITS:
        run_ok("encode", "sumstats", "--genotypes", tmp_path / "g.genotypes.h5", "--trait", trait, "--out", tmp_path / trait)
        ours = read_table(tmp_path / f"{trait}.sumstats.tsv.gz", SUMSTATS)
        theirs = pd.read_csv(shared_data / "finemapping" / "reference" / f"n3_{trait}.sumstats.tsv", sep="\t")
        assert ours["rsid"].tolist() == [f"v{row}" for row in theirs["variant"]]
        for column, name in (("z", "z"), ("beta", "beta"), ("standard_error", "se")):
            assert np.abs(ours[column] - theirs[name]).max() < 1e-9
        assert set(ours["z_kind"]) == {"t"}
        assert set(ours["n"]) == {574}
        assert np.allclose(ours["p_value"], 2 * stats.t.sf(np.abs(ours["z"]), 572), rtol=1e-9)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    calls = random_calls(9, 40, 120, missing=0.02)
    calls[3] = 1  # cannot be tested
    ids = [f"s{index}" for index in range(120)]
    frame = pd.DataFrame({"sample": ids, "height": rng.normal(size=120), "case": rng.integers(0, 2, 120), "flat": 1.5})
    frame.loc[5, "height"] = np.nan
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False, na_rep="NA")
    pd.DataFrame({"sample": ids[1:], "age": rng.normal(size=119)}).to_csv(tmp_path / "c.tsv", sep="\t", index=False)
    vcf = write_vcf(tmp_path / "x.vcf", calls)
    run_ok(
        "encode",
        "genotypes",
        "--genotypes",
        vcf,
        "--phenotypes",
        tmp_path / "p.tsv",
        "--covariates",
        tmp_path / "c.tsv",
        "--out",
        tmp_path / "g",
        *OFF,
    )
    return tmp_path / "g.genotypes.h5"


def test_genotypes__individuals_and_variants_that_are_left_out_are_counted(store: Path, tmp_path: Path) -> None:
    run_ok("encode", "sumstats", "--genotypes", store, "--trait", "height", "--out", tmp_path / "h")
    table = pd.read_csv(tmp_path / "h.sumstats.qc.tsv", sep="\t").set_index("step")
    assert table.loc["trait or covariate missing", ["removed", "kept"]].tolist() == [2, 118]
    assert table.loc["no variation after covariates", ["removed", "kept"]].tolist() == [1, 39]
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert "chr1:130:A:G" not in set(found["variant_id"])
    assert found["n"].max() <= 118
    run_ok("encode", "sumstats", "--genotypes", store, "--trait", "case", "--out", tmp_path / "c")
    assert set(read_table(tmp_path / "c.sumstats.tsv.gz", SUMSTATS)["z_kind"]) == {"score"}
    assert "share of cases" in {check.name for check in read_card(tmp_path / "c.encode_sumstats.card.json").checks}


SEQUENCE = "ACGTACGTACGTACGTACGTACGTACGTAC"  # position 1 is A, 2 C, 3 G, 4 T, 5 A, ...
COLUMNS = "chromosome base_pair_location effect_allele other_allele beta standard_error effect_allele_frequency p_value rsid n"
ROWS = [
    "1 5 g a 0.5 0.1 0.2 1e-6 rs5 1000",  # other allele is the reference
    "1 2 C T -0.5 0.1 0.2 1e-6 rs2 900",  # effect allele is the reference
    "1 3 C G 0.3 0.1 0.2 0.01 rs3 1000",  # palindromic
    "1 6 A G 0.3 0.1 0.2 0.01 rs6 1000",  # reference is C: dropped
    "1 5 A G -0.4 0.1 0.8 1e-4 rs5b 1000",  # the first row again, alleles swapped: dropped
    "1 9 A ACG 0.1 0.1 0.5 0.3 rs9 1000",  # deletion: the reference has ACG
    "X 1 A C 0.2 0.1 0.5 0.05 rsX 1000",
    "HLA 1 A C 0.2 0.1 0.5 0.05 rsH 1000",  # not in the FASTA: dropped
]


def write_input(folder: Path, rows: list[str] = ROWS, columns: str = COLUMNS) -> Path:
    path = folder / "in.tsv"
    path.write_text("\n".join("\t".join(line.split()) for line in [columns, *rows]) + "\n")
    return path


def fasta(folder: Path) -> Path:
    path = folder / "genome.fa"
    path.write_text(f">chrX\n{SEQUENCE}\n>chr1\n{SEQUENCE}\n")
    return path


def test_input__harmonised_against_the_reference(tmp_path: Path) -> None:
    run_ok("encode", "sumstats", "--input", write_input(tmp_path), "--fasta", fasta(tmp_path), "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert found["variant_id"].tolist() == ["chrX:1:C:A", "chr1:2:T:C", "chr1:3:G:C", "chr1:5:A:G", "chr1:9:ACG:A"]
    assert found["z"].tolist() == pytest.approx([2, -5, 3, 5, 1])
    assert found["n"].tolist() == [1000, 900, 1000, 1000, 1000]
    table = pd.read_csv(tmp_path / "h.sumstats.qc.tsv", sep="\t").set_index("step")["removed"]
    assert table["contig not in the FASTA"] == 1
    assert table["reference allele in neither"] == 1
    assert table["duplicate"] == 1
    assert "palindromic, kept: 1" in table.index


def test_input__without_a_reference_keeps_names(tmp_path: Path) -> None:
    path = write_input(tmp_path)
    data = path.read_bytes()
    (tmp_path / "in.tsv.gz").write_bytes(gzip.compress(data))
    run_ok("encode", "sumstats", "--input", tmp_path / "in.tsv.gz", "--z-kind", "score", "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert found["variant_id"].tolist()[:2] == ["1:2:T:C", "1:3:G:C"]
    assert set(found["z_kind"]) == {"score"}


def test_input__numbered_x_and_p_values_without_errors(tmp_path: Path) -> None:
    rows = ["23 1 A C 0.2 1e-40 500", "23 2 C T -0.1 0.5 500", "23 3 G T 0 1 500"]
    path = write_input(tmp_path, rows, "chromosome base_pair_location effect_allele other_allele beta p_value n")
    run_ok("encode", "sumstats", "--input", path, "--fasta", fasta(tmp_path), "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert set(found["chromosome"]) == {"chrX"}
    assert np.allclose(found["z"], [stats.norm.isf(0.5e-40), -stats.norm.isf(0.25), 0], rtol=1e-9)
    assert np.allclose(found["neg_log_10_p_value"], [40, np.log10(2), 0])


def test_input__odds_ratios_and_log_p_beyond_the_smallest_number(tmp_path: Path) -> None:
    rows = ["1 1 A C 2.0 5000", "1 2 C T 0.5 1.5"]
    path = write_input(tmp_path, rows, "chromosome base_pair_location effect_allele other_allele odds_ratio neg_log_10_p_value")
    run_ok("encode", "sumstats", "--input", path, "--n", 1234, "--out", tmp_path / "h")
    found = read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)
    assert np.allclose(found["beta"], [np.log(2), -np.log(2)])
    assert np.allclose(found["neg_log_10_p_value"], [5000, 1.5], rtol=1e-9)
    assert found["p_value"].tolist() == pytest.approx([0, 10**-1.5])
    assert np.allclose(found["standard_error"], np.abs(found["beta"] / found["z"]))
    assert set(found["n"]) == {1234}


def test_z_of_log_p__inverts_the_tail() -> None:
    z = np.array([0.0, 0.5, 3.0, 30.0, 200.0])
    log_p = np.log(2) + stats.norm.logsf(z)
    assert np.allclose(z_of_log_p(log_p), z, rtol=1e-10, atol=1e-12)


def test_z__keeps_its_digits(tmp_path: Path) -> None:
    run_ok("encode", "sumstats", "--input", write_input(tmp_path, ["1 1 A C 0.123456789012 0.7 0.5 0.8 rs 99"]), "--out", tmp_path / "h")
    assert read_table(tmp_path / "h.sumstats.tsv.gz", SUMSTATS)["z"].iloc[0] == 0.123456789012 / 0.7


BAD_ROWS = {
    "text": (ROWS[0].replace("0.1 0.2", "abc 0.2"), ("standard_error = 'abc'", "line 3")),
    "comma": (ROWS[0].replace("0.5 ", "0,5 "), ("beta = '0,5'", "line 3")),
    "missing": (ROWS[0].replace("0.5 ", "NaN "), ("beta is missing", "--drop-incomplete", "line 3")),
    "infinite": (ROWS[0].replace("0.5 ", "inf "), ("beta = 'inf'", "line 3")),
    "zero error": (ROWS[0].replace("0.1 0.2", "0 0.2"), ("standard_error", "line 3")),
    "position": (ROWS[0].replace("1 5 ", "1 0 "), ("base_pair_location", "line 3")),
    "allele": (ROWS[0].replace(" g ", " Q "), ("effect_allele = 'Q'", "line 3")),
    "same alleles": (ROWS[0].replace(" g ", " A "), ("other than other_allele", "line 3")),
    "frequency": (ROWS[0].replace("0.1 0.2", "0.1 1.2"), ("effect_allele_frequency", "line 3")),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows__are_named_by_line(tmp_path: Path, name: str) -> None:
    row, mentions = BAD_ROWS[name]
    (tmp_path / "out").mkdir()
    result = run_cli("encode", "sumstats", "--input", write_input(tmp_path, [ROWS[1], row]), "--out", tmp_path / "out" / "h")
    assert_bad_input(result, *mentions, folder=tmp_path / "out")


def test_drop_incomplete__counts_what_goes(tmp_path: Path) -> None:
    path = write_input(tmp_path, [ROWS[0], ROWS[1].replace("-0.5", "#NA")])
    run_ok("encode", "sumstats", "--input", path, "--drop-incomplete", "--out", tmp_path / "h")
    assert pd.read_csv(tmp_path / "h.sumstats.qc.tsv", sep="\t").set_index("step").loc["incomplete", "removed"] == 1


def test_bad_files(store: Path, tmp_path: Path) -> None:
    def bad(*words: object, mentions: tuple[str, ...], exit_code: int = 3) -> None:
        (tmp_path / "out").mkdir(exist_ok=True)
        result = run_cli("encode", "sumstats", *words, "--out", tmp_path / "out" / "h")
        assert_bad_input(result, *mentions, folder=tmp_path / "out", exit_code=exit_code)

    rows = ["1 5 A G 0.5 0.1"]
    no_n = "chromosome base_pair_location effect_allele other_allele beta standard_error"
    bad("--input", write_input(tmp_path, rows, no_n), mentions=("no column n", "--n"), exit_code=2)
    bad("--input", write_input(tmp_path, rows, no_n.replace("beta", "b")), mentions=("no column beta", "line 1"))
    bad("--input", write_input(tmp_path, []), mentions=("zero variants",))
    other = tmp_path / "other.fa"
    other.write_text(">scaffold\nACGT\n")
    bad("--input", write_input(tmp_path), "--fasta", other, mentions=("contigs 1, X, HLA", "scaffold"))
    mismatch = write_input(tmp_path, ["1 6 A G 0.3 0.1 0.2 0.01 rs6 1000"])
    bad("--input", mismatch, "--fasta", fasta(tmp_path), mentions=("reference allele in neither: 1",))
    path = write_input(tmp_path)
    path.write_bytes(gzip.compress(path.read_bytes())[:-20])
    bad("--input", path, mentions=("in.tsv",))
    bad("--genotypes", store, "--trait", "weight", mentions=("trait weight", "height, case, flat"))
    bad("--genotypes", store, "--trait", "flat", mentions=("one value",))
    bad("--genotypes", store, mentions=("--trait",), exit_code=2)
    bad(mentions=("--input",), exit_code=2)
    bad("--genotypes", write_input(tmp_path), "--trait", "t", mentions=("not a readable HDF5 file",))
