"""Results that PLINK itself wrote, against the same genotypes tested here: effect alleles, effects, z, p and N, variant by variant.

Skips without `plink1.9` (or `plink`) and `plink2` on PATH; LUCIDSEQ_PLINK1 and LUCIDSEQ_PLINK2 name them elsewhere.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import random_calls, write_plink1
from fixtures_sumstats import encode_here
from lucidseq.core.card import read_card
from lucidseq.core.schema import DROPPED, SUMSTATS
from lucidseq.core.tables import read_table
from support import program, run_ok

PEOPLE, VARIANTS = 400, 150
OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .bed with A1 = G, rarer than A in half of the variants; a quantitative and a binary trait; their own tests."""
    folder = tmp_path_factory.mktemp("cohort")
    calls = random_calls(5, VARIANTS, PEOPLE, missing=0.02)
    write_plink1(folder / "x", calls)
    rng = np.random.default_rng(8)
    score = np.where(calls[:20] < 0, 1, calls[:20]).T @ rng.normal(0, 0.3, 20)
    frame = pd.DataFrame({"FID": "f", "IID": [f"s{row}" for row in range(PEOPLE)], "q": score + rng.normal(size=PEOPLE)})
    frame["b"] = 1 + (score + rng.normal(size=PEOPLE) > np.median(score)).astype(int)
    frame.to_csv(folder / "p.txt", sep="\t", index=False)
    run_ok("encode", "genotypes", "--genotypes", folder / "x.bed", "--phenotypes", folder / "p.txt", "--out", folder / "g", *OFF)
    for trait in ("q", "b"):
        run_ok("encode", "sumstats", "--genotypes", folder / "g.genotypes.h5", "--trait", trait, "--out", folder / trait)
    return folder


def plink(path: str, folder: Path, *words: str) -> None:
    subprocess.run([path, "--bfile", folder / "x", *words], check=True, capture_output=True, cwd=folder)


def encoded(source: Path, folder: Path, *words: object) -> tuple[pd.DataFrame, str]:
    encode_here("--input", source, *words, "--out", folder / "h", "--force")
    card = {check.name: check.value for check in read_card(folder / "h.encode_sumstats.card.json").checks}
    return read_table(folder / "h.sumstats.tsv.gz", SUMSTATS), str(card["dialect"])


def compare(found: pd.DataFrame, own: pd.DataFrame, *, exact: bool, digits: float, tails: bool = True) -> np.ndarray:
    """Hold PLINK's result against ours; return which rows have the other effect allele."""
    joined = found.merge(own, on="rsid", suffixes=("", "_own"))
    assert len(joined) == len(found) == VARIANTS
    same = (joined["effect_allele"] == joined["effect_allele_own"]).to_numpy()
    assert (same | (joined["effect_allele"] == joined["other_allele_own"])).all()
    assert ((joined["effect_allele"] != joined["other_allele"]) & joined["other_allele"].isin(["A", "G"])).all()
    sign = np.where(same, 1, -1)
    z, truth = sign * joined["z"], joined["z_own"]
    if exact:
        assert np.allclose(z, truth, rtol=digits, atol=digits)
        assert np.allclose(sign * joined["beta"], joined["beta_own"], rtol=digits, atol=digits)
        assert np.allclose(joined["standard_error"], joined["standard_error_own"], rtol=digits)
        assert np.allclose(joined["n"], joined["n_own"])
        if tails:
            assert np.allclose(joined["neg_log_10_p_value"], joined["neg_log_10_p_value_own"], rtol=digits, atol=digits)
    else:  # another test of the same effect: Wald beside score
        assert np.corrcoef(z, truth)[0, 1] > 0.995
        large = np.abs(truth) > 1
        assert (np.sign(z) == np.sign(truth))[large].all()
    return ~same


def test_plink1_linear__with_and_without_errors(cohort: Path, tmp_path: Path) -> None:
    own = read_table(cohort / "q.sumstats.tsv.gz", SUMSTATS)
    path = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    for words in ((), ("--ci", "0.95")):
        plink(path, cohort, "--pheno", "p.txt", "--pheno-name", "q", "--linear", *words, "--allow-no-sex", "--out", "l")
        found, dialect = encoded(cohort / "l.assoc.linear", tmp_path, "--panel", cohort / "x.bim")
        assert dialect == "plink1-regression" and set(found["z_kind"]) == {"t"}
        compare(found, own, exact=True, digits=2e-3)
    # PLINK 1.9 makes A1 the minor allele when it reads: the effect allele is no longer the .bim's A1
    raw = pd.read_csv(cohort / "l.assoc.linear", sep=r"\s+")
    assert 20 < (raw["A1"] == "A").sum() < VARIANTS - 20


def test_plink1_qassoc__takes_the_alleles_of_the_bim(cohort: Path, tmp_path: Path) -> None:
    """Effects of .qassoc are A1's of the data PLINK had in memory: with --keep-allele-order that is the .bim's."""
    own = read_table(cohort / "q.sumstats.tsv.gz", SUMSTATS)
    path = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    plink(path, cohort, "--pheno", "p.txt", "--pheno-name", "q", "--assoc", "--keep-allele-order", "--allow-no-sex", "--out", "k")
    words = ("--panel", cohort / "x.bim", "--dialect", "plink1-qassoc")
    found, _ = encoded(cohort / "k.qassoc", tmp_path, *words)
    turned = compare(found, own, exact=True, digits=2e-3)
    assert not turned.any()
    # Without that option PLINK counts the rarer allele and the file does not say so: why the dialect must be named
    plink(path, cohort, "--pheno", "p.txt", "--pheno-name", "q", "--assoc", "--allow-no-sex", "--out", "r")
    found, _ = encoded(cohort / "r.qassoc", tmp_path, *words)
    both = found.merge(own, on="rsid")
    wrong = both["z_x"] * both["z_y"] < 0
    assert 20 < wrong.sum() < VARIANTS - 20


def test_plink1_cases_and_controls(cohort: Path, tmp_path: Path) -> None:
    own = read_table(cohort / "b.sumstats.tsv.gz", SUMSTATS)
    path = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    plink(path, cohort, "--pheno", "p.txt", "--pheno-name", "b", "--logistic", "--allow-no-sex", "--out", "m")
    found, dialect = encoded(cohort / "m.assoc.logistic", tmp_path, "--panel", cohort / "x.bim")
    assert dialect == "plink1-regression" and set(found["z_kind"]) == {"wald"}
    compare(found, own, exact=False, digits=0)
    for words in ((), ("--ci", "0.95")):
        plink(path, cohort, "--pheno", "p.txt", "--pheno-name", "b", "--assoc", *words, "--allow-no-sex", "--out", "a")
        found, dialect = encoded(cohort / "a.assoc", tmp_path, "--n", PEOPLE)
        assert dialect == "plink1-assoc"
        compare(found, own, exact=False, digits=0)


def test_plink1__alleles_that_cases_or_controls_lack_leave(tmp_path: Path) -> None:
    """PLINK 1.9 writes NA or 0 as their odds ratio, and with --ci an error of inf: their rows go, the file is read."""
    calls = random_calls(6, 30, 60, missing=0)
    calls[3, :30], calls[9, 30:] = 0, 0
    write_plink1(tmp_path / "x", calls)
    table = pd.DataFrame({"FID": "f", "IID": [f"s{row}" for row in range(60)], "b": 1 + (np.arange(60) < 30)})
    table.to_csv(tmp_path / "p.txt", sep="\t", index=False)
    path = program("LUCIDSEQ_PLINK1", "plink1.9", "plink")
    for words in ((), ("--ci", "0.95")):
        plink(path, tmp_path, "--pheno", "p.txt", "--assoc", *words, "--allow-no-sex", "--out", "a")
        raw = pd.read_csv(tmp_path / "a.assoc", sep=r"\s+")
        assert raw["OR"].isna().any() and (raw["OR"] == 0).any() and (not words or np.isinf(raw["SE"]).any())
        found, _ = encoded(tmp_path / "a.assoc", tmp_path, "--n", 60)
        assert set(raw["SNP"]) - set(found["rsid"]) == {"rs3", "rs9"}
        dropped = read_table(tmp_path / "h.sumstats.dropped.tsv.gz", DROPPED).set_index("rsid")["reason"]
        assert sorted(dropped) == ["no finite effect or standard error", "odds ratio of 0"]


def test_plink2__linear_and_logistic(cohort: Path, tmp_path: Path) -> None:
    path = program("LUCIDSEQ_PLINK2", "plink2")
    for words in ((), ("log10", "cols=+a1freq")):
        plink(path, cohort, "--pheno", "p.txt", "--glm", "allow-no-covars", *words, "--out", "g")
        for trait, exact in (("q", True), ("b", False)):
            (source,) = cohort.glob(f"g.{trait}.glm.l*")
            found, dialect = encoded(source, tmp_path)
            assert dialect == "plink2" and set(found["z_kind"]) == {"t" if exact else "wald"}
            own = read_table(cohort / f"{trait}.sumstats.tsv.gz", SUMSTATS)
            compare(found, own, exact=exact, digits=1e-4)
            source.unlink()


@pytest.mark.parametrize(("coding", "model"), [("0-2", 2), ("0-1", 1)])
def test_plink2__frequencies_are_those_of_the_people_tested(coding: str, model: int, tmp_path: Path) -> None:
    """Two populations, of which the trait was measured in one; autosomes and X, with men's X coded either way."""
    rng = np.random.default_rng(3)
    people, variants = 200, 60
    frequency = np.where(np.arange(people) < people // 2, *rng.uniform(0.1, 0.9, (2, variants, 1)))
    calls = rng.binomial(2, frequency)
    calls[rng.random(calls.shape) < 0.05] = -1
    sex = 1 + np.arange(people) % 2
    on_x = np.arange(variants) % 2 == 1
    alone = on_x[:, None] & (sex == 1) & (calls >= 0)
    calls[alone] = 2 * (rng.random(int(alone.sum())) < 0.4)
    write_plink1(tmp_path / "x", calls[np.argsort(on_x, kind="stable")])
    bim = pd.read_csv(tmp_path / "x.bim", sep="\t", header=None)
    bim[0], bim[3] = ["1"] * 30 + ["X"] * 30, 5_000_000 + bim[3]
    bim.to_csv(tmp_path / "x.bim", sep="\t", header=False, index=False)
    fam = pd.DataFrame({"f": "f", "i": [f"s{row}" for row in range(people)], "a": 0, "b": 0, "sex": sex, "p": -9})
    fam.to_csv(tmp_path / "x.fam", sep="\t", header=False, index=False)
    trait = pd.DataFrame({"FID": "f", "IID": fam["i"], "q": rng.normal(size=people)})
    trait.loc[people // 2 :, "q"] = np.nan
    trait.to_csv(tmp_path / "p.txt", sep="\t", index=False, na_rep="NA")
    path = program("LUCIDSEQ_PLINK2", "plink2")
    plink(path, tmp_path, "--pheno", "p.txt", "--glm", "allow-no-covars", "cols=+a1freq", "--xchr-model", str(model), "--out", "g")
    theirs = pd.read_csv(tmp_path / "g.q.glm.linear", sep="\t").query("TEST == 'ADD'").set_index("ID")
    words = ("--build", "GRCh38", "--male-x", coding, *OFF)
    run_ok("encode", "genotypes", "--genotypes", tmp_path / "x.bed", "--phenotypes", tmp_path / "p.txt", *words, "--out", tmp_path / "g")
    run_ok("encode", "sumstats", "--genotypes", tmp_path / "g.genotypes.h5", "--trait", "q", "--out", tmp_path / "q")
    ours = read_table(tmp_path / "q.sumstats.tsv.gz", SUMSTATS).set_index("rsid")
    theirs = theirs.loc[ours.index]
    assert len(ours) == variants
    same = (ours["effect_allele"] == theirs["A1"]).to_numpy()
    assert 0 < same.sum() <= variants
    expected = np.where(same, theirs["A1_FREQ"], 1 - theirs["A1_FREQ"])
    assert np.allclose(ours["effect_allele_frequency"], expected, atol=2e-6)


def test_minus_nine__leaves_the_people_out_that_plink_leaves_out(tmp_path: Path) -> None:
    """PLINK 2's tables without families: -9 is missing as a phenotype and as a covariate."""
    write_plink1(tmp_path / "x", random_calls(6, VARIANTS, PEOPLE, missing=0), family="0")
    trait = np.random.default_rng(9).normal(size=PEOPLE).round(4)
    table = pd.DataFrame({"#IID": [f"s{row}" for row in range(PEOPLE)], "q": trait, "c": np.arange(PEOPLE) % 7})
    table.loc[:9, "q"] = -9
    table.loc[10:29, "c"] = -9
    table[["#IID", "q"]].to_csv(tmp_path / "q.txt", sep="\t", index=False)
    table[["#IID", "c"]].to_csv(tmp_path / "c.txt", sep="\t", index=False)
    plink(
        program("LUCIDSEQ_PLINK2", "plink2"),
        tmp_path,
        "--pheno",
        str(tmp_path / "q.txt"),
        "--covar",
        str(tmp_path / "c.txt"),
        "--glm",
        "hide-covar",
        "--out",
        str(tmp_path / "theirs"),
    )
    run_ok(
        "encode",
        "genotypes",
        "--genotypes",
        tmp_path / "x.bed",
        "--phenotypes",
        tmp_path / "q.txt",
        "--covariates",
        tmp_path / "c.txt",
        "--out",
        tmp_path / "g",
        *OFF,
    )
    run_ok("encode", "sumstats", "--genotypes", tmp_path / "g.genotypes.h5", "--trait", "q", "--out", tmp_path / "ours")
    ours = read_table(tmp_path / "ours.sumstats.tsv.gz", SUMSTATS).set_index("rsid")
    theirs = pd.read_csv(tmp_path / "theirs.q.glm.linear", sep="\t").set_index("ID").loc[ours.index]
    assert np.array_equal(ours["n"], theirs["OBS_CT"])
    assert set(theirs["OBS_CT"]) == {PEOPLE - 30}
    sign = np.where(theirs["A1"] == ours["effect_allele"], 1, -1)
    assert np.allclose(ours["beta"], sign * theirs["BETA"], rtol=1e-4, atol=1e-6)
