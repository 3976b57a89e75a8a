"""`encode ld`: correlations against NumPy's, loci that go, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import write_vcf
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.ld import open_ld
from lucidseq.encode.individuals import design
from lucidseq.encode.ld import correlation as module
from lucidseq.encode.ld.correlation import correlation
from lucidseq.encode.sumstats.association import LinearTest
from support import assert_bad_input, run_cli, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def linked(seed: int, variants: int, samples: int) -> np.ndarray:
    """Dosages in LD: neighbours share a latent haplotype."""
    rng = np.random.default_rng(seed)
    latent = np.cumsum(rng.normal(size=(variants, 2 * samples)), axis=0)
    return (latent > 0).reshape(variants, samples, 2).sum(axis=2).astype(np.int8)


def test_correlation__equals_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PEOPLE", 37)
    dosage = linked(1, 30, 200)
    dosage[5] = 1
    r, keep = correlation(dosage, design(np.empty((0, 200))))
    assert keep.tolist() == [row != 5 for row in range(30)]
    expected = np.corrcoef(dosage[keep])
    assert r.dtype == np.float32
    assert np.abs(r - expected).max() < 1e-6
    assert np.array_equal(r, r.T)
    assert (np.diagonal(r) == 1).all()


def test_correlation__missing_dosages_count_as_the_mean() -> None:
    dosage = linked(2, 12, 150).astype(np.float32) * 0.97
    dosage[np.random.default_rng(2).random(dosage.shape) < 0.05] = np.nan
    filled = np.where(np.isnan(dosage), np.nanmean(dosage, axis=1, keepdims=True), dosage)
    r, _ = correlation(dosage, design(np.empty((0, 150))))
    assert np.abs(r - np.corrcoef(filled)).max() < 1e-6


def test_correlation__covariates_are_projected_out_as_in_the_tests() -> None:
    """With in-sample LD and one causal variant without noise, z of the others is r times z of that one."""
    dosage = linked(3, 15, 300)
    covariates = np.random.default_rng(3).normal(size=(2, 300)) + dosage[4]
    r, _ = correlation(dosage, design(covariates))
    basis = np.column_stack([np.ones(300), covariates.T])
    residual = dosage.T - basis @ np.linalg.lstsq(basis, dosage.T.astype(float), rcond=None)[0]
    assert np.abs(r - np.corrcoef(residual.T)).max() < 1e-6
    trait = dosage[7] + covariates.sum(axis=0)
    test = LinearTest(trait + 1e-3 * np.random.default_rng(4).normal(size=300), covariates)
    z = test(dosage.astype(float)).z
    shrunk = z / np.sqrt(z**2 + 300 - 4)  # the correlation of trait and variant
    assert np.allclose(shrunk, r[7], atol=1e-3)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    calls = np.concatenate([linked(5, 20, 90), linked(6, 20, 90)])
    calls[3] = 2
    ids = [f"s{index}" for index in range(90)]
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"sample": ids, "height": rng.normal(size=90)})
    frame.loc[:9, "height"] = np.nan
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False, na_rep="NA")
    pd.DataFrame({"sample": ids, "age": rng.normal(size=90) + calls[0]}).to_csv(
        tmp_path / "c.tsv", sep="\t", index=False
    )
    run_ok("encode", "genotypes", "--genotypes", write_vcf(tmp_path / "x.vcf", calls), "--phenotypes", tmp_path / "p.tsv",
           "--covariates", tmp_path / "c.tsv", "--out", tmp_path / "g", "--build", "toy", *OFF)  # fmt: skip
    (tmp_path / "loci.bed").write_text("chr1\t0\t150\tfirst\nchr1\t150\t295\tsecond\nchr1\t5000\t6000\tnone\n")
    return tmp_path / "g.genotypes.h5"


def test_cli__blocks_ids_and_counts(store: Path, tmp_path: Path) -> None:
    result = run_ok("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--out", tmp_path / "l")
    assert "locus none" in result.stderr
    with open_genotypes(store) as genotypes, open_ld(tmp_path / "l.ld.h5") as ld:
        assert ld.names == ["first", "second"]
        assert (ld.n_ref, ld.method, ld.build) == (90, "in-sample", "toy")
        covariates = np.column_stack([np.ones(90), genotypes.covariates().T])
        for block, (first, last) in zip(ld, ((0, 6), (6, 20)), strict=True):
            rows = [row for row in range(first, last) if row != 3]
            dosage = genotypes.dosage_float(0, 40)[rows].T
            residual = dosage - covariates @ np.linalg.lstsq(covariates, dosage, rcond=None)[0]
            assert np.abs(block.r - np.corrcoef(residual.T)).max() < 1e-6
            assert block.variant_id.tolist() == genotypes.variant_id[rows].tolist()
    table = pd.read_csv(tmp_path / "l.ld.qc.tsv", sep="\t").set_index("step")["removed"]
    assert table["locus with fewer than 2 variants"] == 1
    assert table["no variation after covariates"] == 1
    assert read_card(tmp_path / "l.encode_ld.card.json").verdict is Verdict.CAUTION


def test_cli__trait_variants_and_covariates(store: Path, tmp_path: Path) -> None:
    run_ok("encode", "sumstats", "--genotypes", store, "--trait", "height", "--out", tmp_path / "h")
    table = pd.read_csv(tmp_path / "h.sumstats.tsv.gz", sep="\t").iloc[::2]
    table.to_csv(tmp_path / "some.tsv", sep="\t", index=False)
    run_ok("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--trait", "height", "--variants",
           tmp_path / "some.tsv", "--no-adjust-covariates", "--method", "panel", "--out", tmp_path / "l")  # fmt: skip
    with open_genotypes(store) as genotypes, open_ld(tmp_path / "l.ld.h5") as ld:
        assert (ld.n_ref, ld.method) == (80, "panel")
        people = ~np.isnan(genotypes.trait("height"))
        for block in ld:
            rows = np.flatnonzero(np.isin(genotypes.variant_id, block.variant_id))
            assert np.abs(block.r - np.corrcoef(genotypes.dosage_float(0, 40)[rows][:, people])).max() < 1e-6
        found = [name for block in ld for name in block.variant_id]
    assert set(found) == set(table["variant_id"][table["base_pair_location"] <= 295])


def test_cli__same_bytes_from_another_folder(store: Path, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        run_ok("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--out", tmp_path / name / "l")
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((tmp_path / name).iterdir())])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("bed", "mentions"),
    [
        ("1\t0\t500\ta\n", ("loci on 1, genotypes on chr1",)),
        ("scaffold\t0\t500\ta\n", ("loci on scaffold, genotypes on chr1",)),
        ("chr1\t5000\t6000\ta\n", ("no locus with 2 variants",)),
        ("chr1\t0\t105\ta\n", ("no locus with 2 variants",)),
        ("chr1\t0\t100\ta\nchr1\t100\t400\ta\n", ("two loci called a",)),
        ("chr1\t10\t5\n", ("start 10, end 5", "line 1")),
        ("# nothing\n", ("no intervals",)),
    ],
)
def test_bad_loci(store: Path, tmp_path: Path, bed: str, mentions: tuple[str, ...]) -> None:
    (tmp_path / "bad.bed").write_text(bed)
    (tmp_path / "out").mkdir()
    result = run_cli(
        "encode", "ld", "--genotypes", store, "--loci", tmp_path / "bad.bed", "--out", tmp_path / "out" / "l"
    )
    assert_bad_input(result, *mentions, folder=tmp_path / "out")
