"""Real summary statistics, end to end; and parquet, with and without its library."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_sumstats import Study, simulate
from lucidseq.core.card import read_card
from lucidseq.core.execute import execute
from lucidseq.core.schema import DROPPED, SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.encode.cli import tool
from lucidseq.encode.sumstats.effects import effects_of_z
from support import assert_bad_input, run_cli, run_ok

COMMAND = tool.commands["sumstats"]


def encode(path: Path, folder: Path, *words: object) -> pd.DataFrame:
    run_ok("encode", "sumstats", "--input", path, *words, "--out", folder / "h")
    return read_table(folder / "h.sumstats.tsv.gz", SUMSTATS)


def test_polyfun_locus__against_its_panel(shared_data: Path, tmp_path: Path) -> None:
    """966 variants of chromosome 1 and the 489-person panel they are tested against: every z, in the panel's order of alleles."""
    source = shared_data / "polyfun" / "chr1.finemap_sumstats.txt.gz"
    truth = pd.read_csv(source, sep=r"\s+")
    found = encode(source, tmp_path, "--panel", shared_data / "polyfun" / "chr1.bim")
    listed = read_table(tmp_path / "h.sumstats.dropped.tsv.gz", DROPPED)
    assert len(found) + len(listed) == len(truth) == 966
    bim = pd.read_csv(shared_data / "polyfun" / "chr1.bim", sep="\t", header=None, names=["c", "id", "cm", "bp", "a1", "a2"])
    joined = found.merge(truth, left_on="rsid", right_on="SNP").merge(bim, left_on="rsid", right_on="id")
    assert len(joined) == len(found) > 900
    assert np.array_equal(joined["effect_allele"], joined["a1"]) and np.array_equal(joined["other_allele"], joined["a2"])
    same = joined["A1"] == joined["effect_allele"]
    assert np.allclose(joined["z"], np.where(same, 1, -1) * joined["Z"], rtol=1e-12)
    beta, error = effects_of_z(joined["z"].to_numpy(), joined["N"].to_numpy(), None)
    assert np.allclose(joined["beta"], beta) and np.allclose(joined["standard_error"], error)
    assert set(found["n"]) == {383290}
    card = {check.name: check for check in read_card(tmp_path / "h.encode_sumstats.card.json").checks}
    assert card["dialect"].value == "polyfun"
    assert card["effects"].value == "of standardised genotype and trait, from z"


def test_polyfun_parquet__red_cell_count(shared_data: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow (extra parquet) is not installed")
    source = shared_data / "polyfun" / "RBC.sumstats.small.parquet"
    truth = parquet.read_table(source).to_pandas()
    found = encode(source, tmp_path)
    listed = read_table(tmp_path / "h.sumstats.dropped.tsv.gz", DROPPED)
    assert len(found) + len(listed) == len(truth) == 6419
    assert set(listed["reason"]) <= {"duplicate"}
    keys = ["rsid", "base_pair_location", "effect_allele", "other_allele"]  # 11 names have three alleles
    joined = found.merge(truth, left_on=keys, right_on=["SNP", "BP", "A1", "A2"])
    assert len(joined) == len(found)
    assert np.allclose(joined["z"], joined["Z"], rtol=1e-12)
    assert set(found["n"]) == {383290}


def test_parquet__simulated_study(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow (extra parquet) is not installed")
    from pyarrow import parquet

    study = simulate()
    path = write_parquet(pyarrow, parquet, study, tmp_path / "x.parquet")
    found = encode(path, tmp_path, "--fasta", study.write_fasta(tmp_path / "g.fa"))
    joined = found.merge(study.rows, left_on="rsid", right_on="name")
    assert len(joined) == len(found) == len(study.rows)
    assert (joined["effect_allele"] == joined["effect"]).all()
    assert np.allclose(joined["z_x"], joined["z_y"], rtol=1e-12)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    result = run_cli("encode", "sumstats", "--input", path, "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "x.parquet", "parquet file that cannot be read", folder=tmp_path / "out")


def write_parquet(pyarrow, parquet, study: Study, path: Path) -> Path:
    rows = study.rows
    columns = {"SNP": "name", "CHR": "chromosome", "BP": "position", "A1": "effect", "A2": "other", "Z": "z", "N": "n"}
    parquet.write_table(pyarrow.table({name: rows[column].to_list() for name, column in columns.items()}), path)
    return path


def test_parquet__without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1" + bytes(200) + b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert execute(COMMAND, {"input": path, "out": tmp_path / "h"}) == 4
    said = capfd.readouterr().err
    assert all(part in said for part in ("received: ", "expected: ", "fix: ", "lucidseq[parquet]")), said


def test_graphld_example__columns_of_no_program(shared_data: Path, tmp_path: Path) -> None:
    """999 real rows (N 458,303) whose header no program writes: refused without names of columns, and encoded with them."""
    source = shared_data / "gwas_prior" / "example.sumstats"
    truth = pd.read_csv(source, sep="\t")
    result = run_cli("encode", "sumstats", "--input", source, "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "columns SNP, CHR, POS", "--column", folder=tmp_path / "out")
    named = {
        "rsid": "SNP",
        "chromosome": "CHR",
        "base_pair_location": "POS",
        "effect_allele": "A1",
        "other_allele": "A2",
        "beta": "Beta",
        "standard_error": "se",
        "p_value": "P",
        "effect_allele_frequency": "EAF",
        "n": "N",
    }
    found = encode(source, tmp_path, *(word for meaning, name in named.items() for word in ("--column", f"{meaning}={name}")))
    joined = found.merge(truth, left_on="rsid", right_on="SNP")
    assert len(joined) == len(found) == len(truth) == 999
    assert np.array_equal(joined["effect_allele"], joined["A1"])
    assert np.allclose(joined["z"], joined["Beta"] / joined["se"], rtol=1e-12)
    # Its p-values are those of BOLT-LMM's second test, a third of them far from beta / error: worth a caution
    card = {check.name: check for check in read_card(tmp_path / "h.encode_sumstats.card.json").checks}
    check = card["p-values far from those of effect / standard error"]
    assert check.verdict == "caution" and check.value == pytest.approx(0.358, abs=0.01)


def test_table_without_alleles__is_refused(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "enrichment" / "genee_simulated_sumstats.tsv"
    result = run_cli("encode", "sumstats", "--input", source, "--out", tmp_path / "out" / "h")
    assert_bad_input(result, "columns chr, snp, bp, beta", folder=tmp_path / "out")
