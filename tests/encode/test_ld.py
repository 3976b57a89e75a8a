"""`encode ld`: correlations against NumPy's, loci that go, and what is refused."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import write_vcf
from fixtures_ld import autoregressive, linked
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.covariates import design
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.ld import open_ld
from lucidseq.core.schema import LD_SCORES
from lucidseq.core.tables import read_table
from lucidseq.encode.ld import correlation as module
from lucidseq.encode.ld import from_genotypes
from lucidseq.encode.ld.correlation import correlation
from lucidseq.encode.ld.from_genotypes import Cohort, score_tables, sweep
from lucidseq.encode.sumstats.association import LinearTest
from support import assert_bad_input, run_cli, run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def test_correlation__equals_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLES", 37)
    dosage = linked(1, 30, 200)
    dosage[5] = 1
    r, keep = correlation(dosage, design(np.empty((0, 200))))
    assert keep.tolist() == [row != 5 for row in range(30)]
    expected = np.corrcoef(dosage[keep])
    assert r.dtype == np.float32
    assert np.abs(r - expected).max() < 1e-6
    assert np.array_equal(r, r.T)
    assert (np.diagonal(r) == 1).all()


@pytest.mark.parametrize("kind", ["calls", "dosages", "covariates"])
def test_correlation__float32_sums_stay_within_1e_5_of_float64(kind: str) -> None:
    """20,000 people, rare variants and copies among them, missing genotypes; float64 written out as the truth."""
    rng = np.random.default_rng(11)
    dosage = autoregressive(11, 60, 20_000, decay=0.99)
    dosage[40:45] = rng.binomial(2, 2e-4, (5, 20_000))
    dosage[45] = dosage[0]
    dosage[46] = 2 - dosage[0]
    dosage[rng.random(dosage.shape) < 0.01] = -1
    values = np.where(dosage < 0, np.nan, dosage.astype(float))
    if kind == "dosages":
        values = np.float32(values * 0.97 + 0.01)
    covariates = rng.normal(size=(3, 20_000)) + np.nan_to_num(values[:3]) if kind == "covariates" else np.empty((0, 20_000))
    r, keep = correlation(values if kind == "dosages" else dosage, design(covariates))
    filled = np.where(np.isnan(values), np.nanmean(values, axis=1, keepdims=True, dtype=np.float64), values)
    basis = np.column_stack([np.ones(20_000), covariates.T])
    residual = filled.T - basis @ np.linalg.lstsq(basis, filled.T, rcond=None)[0]
    expected = np.corrcoef(residual.T)
    assert keep.all()
    assert np.abs(r - expected).max() < 1e-5


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
    pd.DataFrame({"sample": ids, "age": rng.normal(size=90) + calls[0]}).to_csv(tmp_path / "c.tsv", sep="\t", index=False)
    run_ok(
        "encode",
        "genotypes",
        "--genotypes",
        write_vcf(tmp_path / "x.vcf", calls),
        "--phenotypes",
        tmp_path / "p.tsv",
        "--covariates",
        tmp_path / "c.tsv",
        "--out",
        tmp_path / "g",
        "--build",
        "toy",
        *OFF,
    )
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
    run_ok(
        "encode",
        "ld",
        "--genotypes",
        store,
        "--loci",
        tmp_path / "loci.bed",
        "--trait",
        "height",
        "--variants",
        tmp_path / "some.tsv",
        "--no-adjust-covariates",
        "--method",
        "panel",
        "--out",
        tmp_path / "l",
    )
    with open_genotypes(store) as genotypes, open_ld(tmp_path / "l.ld.h5") as ld:
        assert (ld.n_ref, ld.method) == (80, "panel")
        people = ~np.isnan(genotypes.trait("height"))
        for block in ld:
            rows = np.flatnonzero(np.isin(genotypes.variant_id, block.variant_id))
            assert np.abs(block.r - np.corrcoef(genotypes.dosage_float(0, 40)[rows][:, people])).max() < 1e-6
        found = [name for block in ld for name in block.variant_id]
    assert set(found) == set(table["variant_id"][table["base_pair_location"] <= 295])


def test_cli__alleles_of_the_summary_statistics(store: Path, tmp_path: Path) -> None:
    """A variant that is there the other way round keeps the name of the summary statistics, and its sign turns."""
    run_ok("encode", "sumstats", "--genotypes", store, "--trait", "height", "--out", tmp_path / "h")
    table = pd.read_csv(tmp_path / "h.sumstats.tsv.gz", sep="\t")
    table = table[table["base_pair_location"] <= 150].reset_index(drop=True)
    turned = table.index % 2 == 1
    table.loc[turned, ["effect_allele", "other_allele"]] = ["A", "G"]
    table.loc[turned, "variant_id"] = table.loc[turned, "variant_id"].str.replace("A:G", "G:A")
    table.to_csv(tmp_path / "some.tsv", sep="\t", index=False)
    words = ("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--trait", "height")
    run_ok(*words, "--out", tmp_path / "plain")
    run_ok(*words, "--variants", tmp_path / "some.tsv", "--out", tmp_path / "l")
    with open_ld(tmp_path / "plain.ld.h5") as plain, open_ld(tmp_path / "l.ld.h5") as ld:
        sign = np.where(turned, -1, 1)
        assert ld.block(0).variant_id.tolist() == table["variant_id"].tolist()
        assert np.array_equal(ld.block(0).r, plain.block(0).r * sign * sign[:, None])
    qc = pd.read_csv(tmp_path / "l.ld.qc.tsv", sep="\t").set_index("unit")["kept"]
    assert qc["swapped variants"] == turned.sum()


def test_cli__shrinkage_low_rank_and_what_a_block_tells(store: Path, tmp_path: Path) -> None:
    words = ("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--no-adjust-covariates")
    run_ok(*words, "--out", tmp_path / "plain")
    run_ok(*words, "--shrinkage", 0.2, "--out", tmp_path / "shrunk")
    run_ok(*words, "--shrinkage", "auto", "--low-rank", 0.9, "--out", tmp_path / "low")
    with open_ld(tmp_path / "plain.ld.h5") as plain, open_ld(tmp_path / "shrunk.ld.h5") as shrunk, open_ld(tmp_path / "low.ld.h5") as low:
        for one, two, three in zip(plain, shrunk, low, strict=True):
            size = len(one.r)
            assert np.abs(two.r - (0.8 * one.r + 0.2 * np.eye(size))).max() < 1e-6 and two.shrinkage == 0.2
            values, vectors = np.linalg.eigh(one.r.astype(float))
            rank = int(np.searchsorted(np.cumsum(values[::-1]), 0.9 * size)) + 1
            leading = (vectors[:, ::-1][:, :rank] * values[::-1][:rank]) @ vectors[:, ::-1][:, :rank].T
            expected = (1 - three.shrinkage) * (leading - np.diag(np.diagonal(leading))) + np.eye(size)
            assert 0 < three.shrinkage < 0.5 and three.factor is not None and three.factor.vectors.shape == (size, rank)
            assert np.abs(three.r - expected).max() < 1e-5
            assert three.variant_id.tolist() == one.variant_id.tolist()
            for block in (one, two, three):
                assert np.isclose(block.effective_rank, size**2 / np.square(block.r.astype(float)).sum(), rtol=1e-5)
                assert (block.n_ref, block.method) == (90, "in-sample")
    assert "r" not in h5py.File(tmp_path / "low.ld.h5")["block/000000"]


@pytest.fixture
def long_store(tmp_path: Path) -> Path:
    """900 variants in six blocks of 100 to 200, two contigs."""
    sizes = {"chr1": [150, 200, 100], "chr2": [120, 180, 150]}
    files = []
    for number, (contig, parts) in enumerate(sizes.items()):
        calls = np.concatenate([linked(20 + 10 * number + part, size, 200) for part, size in enumerate(parts)])
        files += ["--genotypes", write_vcf(tmp_path / f"{contig}.vcf.gz", calls, contig=contig)]
    run_ok("encode", "genotypes", *files, "--out", tmp_path / "long", *OFF)
    return tmp_path / "long.genotypes.h5"


def test_cli__blocks_are_found_without_loci(long_store: Path, tmp_path: Path) -> None:
    run_ok("encode", "ld", "--genotypes", long_store, "--min-block", 50, "--max-block", 300, "--ld-window", 1.2, "--out", tmp_path / "l")
    rows = [line.split("\t") for line in (tmp_path / "l.blocks.bed").read_text().splitlines()]
    edges = {"chr1": [0, 150, 350, 450], "chr2": [0, 120, 300, 450]}
    with open_ld(tmp_path / "l.ld.h5") as ld:
        assert ld.names == [row[3] for row in rows] and ld.contigs == [row[0] for row in rows]
        for contig, cuts in edges.items():
            found = [block for block in ld if block.contig == contig]
            assert [len(block.r) for block in found] == np.diff(cuts).tolist()
            assert [block.start for block in found] == [99 + 10 * cut for cut in cuts[:-1]]
            assert [block.end for block in found] == [*(99 + 10 * cut for cut in cuts[1:-1]), 99 + 10 * 449 + 1]
    # The blocks that were found are loci like any other
    run_ok("encode", "ld", "--genotypes", long_store, "--loci", tmp_path / "l.blocks.bed", "--out", tmp_path / "again")
    with open_ld(tmp_path / "l.ld.h5") as one, open_ld(tmp_path / "again.ld.h5") as two:
        assert all(np.array_equal(a.r, b.r) for a, b in zip(one, two, strict=True))


def test_cli__ld_scores(long_store: Path, tmp_path: Path) -> None:
    (tmp_path / "loci.bed").write_text("chr1\t0\t2000\ta\n")
    run_ok(
        "encode",
        "ld",
        "--genotypes",
        long_store,
        "--loci",
        tmp_path / "loci.bed",
        "--ld-scores",
        "--ld-window",
        0.5,
        "--out",
        tmp_path / "l",
    )
    assert not (tmp_path / "l.blocks.bed").exists()
    table = read_table(tmp_path / "l.ldscores.tsv.gz", LD_SCORES)
    with open_genotypes(long_store) as store:
        assert table["variant_id"].tolist() == store.variant_id.tolist()
        for contig in ("chr1", "chr2"):
            first, last = store.region(contig, 0, 10**9)
            r2 = np.corrcoef(store.dosage_float(first, last)) ** 2
            near = np.abs(store.start[first:last, None] - store.start[first:last]) <= 500
            expected = np.where(near, r2 - (1 - r2) / 198, 0).sum(axis=1)
            rows = table["chromosome"] == contig
            assert np.abs(table["ld_score"][rows] - expected).max() < 1e-3
            assert table["variants"][rows].tolist() == near.sum(axis=1).tolist()
    assert (table["n"] == 200).all()


@pytest.mark.parametrize(
    ("bed", "mentions"),
    [
        ("1\t0\t500\ta\n", ("contigs 1 (1 for chr1)",)),
        ("scaffold\t0\t500\ta\n", ("contigs scaffold", "such as chr1")),
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
    result = run_cli("encode", "ld", "--genotypes", store, "--loci", tmp_path / "bad.bed", "--out", tmp_path / "out" / "l")
    assert_bad_input(result, *mentions, folder=tmp_path / "out")


def test_low_rank__is_read_by_what_reads_dense_ld(store: Path, tmp_path: Path) -> None:
    """Fine mapping takes a low-rank store as it is; with all of the variance kept it says the same."""
    run_ok("encode", "sumstats", "--genotypes", store, "--trait", "height", "--out", tmp_path / "h")
    pips = []
    for name, words in (("dense", ()), ("low", ("--low-rank", 1))):
        run_ok("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--trait", "height", *words, "--out", tmp_path / name)
        run_ok(
            "finemap",
            "locus",
            "--sumstats",
            tmp_path / "h.sumstats.tsv.gz",
            "--ld",
            tmp_path / f"{name}.ld.h5",
            "--out",
            tmp_path / f"f{name}",
        )
        pips.append(pd.read_csv(tmp_path / f"f{name}.pips.tsv.gz", sep="\t")["pip"].to_numpy())
    assert len(pips[0]) > 10 and np.abs(pips[0] - pips[1]).max() < 1e-3


def test_ld_scores__of_many_people_use_some_of_them(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly spaced, with the covariates of the same people; n tells how many."""
    monkeypatch.setattr(from_genotypes, "MOST_SAMPLES", 40)
    with open_genotypes(store) as genotypes:
        cohort = Cohort(genotypes, np.arange(90), genotypes.covariates())
        ((first, position, sums),) = sweep(cohort, 100)
        (table,) = score_tables(first, position, sums, cohort)
        few = np.linspace(0, 89, 40).round().astype(int)
        basis = design(genotypes.covariates()[:, few])
        dosage = genotypes.dosage(0, 40)[:, few]
        r, keep = correlation(dosage, basis)
    assert (table["n"] == 39).all() and len(table) == keep.sum() == 39
    at = position[keep]
    near = np.abs(at[:, None] - at) <= 100
    expected = np.where(near, r.astype(float) ** 2 - (1 - r.astype(float) ** 2) / 37, 0).sum(axis=1)
    assert np.abs(table["ld_score"] - expected).max() < 1e-4


def test_build__of_genotypes_is_their_own(store: Path, tmp_path: Path) -> None:
    words = ("encode", "ld", "--genotypes", store, "--loci", tmp_path / "loci.bed", "--build")
    run_ok(*words, "toy", "--out", tmp_path / "l")
    run_ok(*words, "unknown", "--out", tmp_path / "m")
    result = run_cli(*words, "GRCh38", "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "--build GRCh38, and genotypes of toy", folder=tmp_path / "o", exit_code=2)
    result = run_cli(*words[:4], "--max-block", 300, "--out", tmp_path / "o" / "l")
    assert_bad_input(result, "--min-block 200 and --max-block 300", folder=tmp_path / "o", exit_code=2)
