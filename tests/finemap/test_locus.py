"""`lucidseq-finemap locus` as a user runs it."""

from __future__ import annotations

import gzip
import json

import h5py
import numpy as np
import pandas as pd
import pytest

from finemap.inputs import (
    make_region,
    simulate_loci,
    summary_inputs,
    sumstats_table,
    write_bed,
    write_genotype_store,
    write_ld_store,
    write_scores,
    write_sumstats,
)
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.schema import CREDIBLE_SETS, FINEMAP_LBF, LOCUS_FITS, PIPS, SUMSTATS
from lucidseq.core.stores import open_store, read_text
from lucidseq.core.tables import read_table
from lucidseq.finemap.regression_data import IndividualData
from lucidseq.finemap.susie import EVIDENCE, SusieSettings, fit_susie
from support import assert_bad_input, run_cli, run_ok


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Three loci with one causal variant each: every input file, the regions, trait and causal indices."""
    folder = tmp_path_factory.mktemp("locus")
    regions, y, causal = simulate_loci(11)
    sumstats, ld = summary_inputs(folder, regions, y)
    genotypes = write_genotype_store(folder / "genotypes.h5", regions, {"height": y})
    return {
        "folder": folder,
        "regions": regions,
        "y": y,
        "causal": causal,
        "sumstats": sumstats,
        "ld": ld,
        "genotypes": genotypes,
        "loci": write_bed(folder / "loci.bed", regions),
    }


def rss(simulated, *more, **changed):
    inputs = {**simulated, **changed}
    return ("finemap", "locus", "--sumstats", inputs["sumstats"], "--ld", inputs["ld"], "--quiet", *more)


def individual(simulated, *more, **changed):
    inputs = {**simulated, **changed}
    return ("finemap", "locus", "--genotypes", inputs["genotypes"], "--trait", "height", "--loci", inputs["loci"], "--quiet", *more)


def read_pips(prefix):
    return read_table(prefix.with_name(prefix.name + ".pips.tsv.gz"), PIPS)


def read_sets(prefix):
    return read_table(prefix.with_name(prefix.name + ".credible_sets.tsv"), CREDIBLE_SETS)


def read_fits(prefix):
    return read_table(prefix.with_name(prefix.name + ".loci.tsv"), LOCUS_FITS)


def checks(prefix):
    card = json.loads(prefix.with_name(prefix.name + ".finemap_locus.card.json").read_text())
    return {check["name"]: check for check in card["checks"]}


# What it finds


def test_individuals__give_what_the_python_interface_gives(simulated, tmp_path):
    out = tmp_path / "run"
    run_ok(*individual(simulated, "--out", out))
    pips = read_pips(out)
    for region, causal in zip(simulated["regions"], simulated["causal"], strict=True):
        rows = pips[pips["locus"] == region.name]
        fit = fit_susie(IndividualData(region.X.astype(np.float32), simulated["y"]))
        np.testing.assert_allclose(rows["pip"], fit.pip, atol=1e-12)
        np.testing.assert_allclose(rows["posterior_mean"], fit.posterior_mean, atol=1e-12)
        assert rows["variant_id"].tolist() == region.ids.tolist()
        assert rows["credible_set"].iloc[causal] == f"{region.name}_L1"
    assert read_fits(out)["converged"].tolist() == [1, 1, 1]


def test_summary_statistics__give_what_individuals_give(simulated, tmp_path):
    run_ok(*rss(simulated, "--out", tmp_path / "rss"))
    run_ok(*individual(simulated, "--out", tmp_path / "ind"))
    np.testing.assert_allclose(read_pips(tmp_path / "rss")["pip"], read_pips(tmp_path / "ind")["pip"], atol=1e-6)
    assert read_sets(tmp_path / "rss")["variants"].tolist() == read_sets(tmp_path / "ind")["variants"].tolist()


@pytest.mark.parametrize("trait", [1, 2])
def test_n3__matches_susier_through_the_files(shared_data, tmp_path, trait):
    folder = shared_data / "finemapping"
    reference = folder / "reference"
    with np.load(folder / "n3.npz") as arrays:
        region = make_region("n3", arrays["X"] + 2 * arrays["allele_freq"], contig="chr19")
        y = arrays["Y"][:, trait - 1]
    z = pd.read_csv(reference / f"n3_trait{trait}.sumstats.tsv", sep="\t")["z"].to_numpy()
    files = {
        "genotypes": write_genotype_store(tmp_path / "g.h5", [region], {"height": y}),
        "loci": write_bed(tmp_path / "l.bed", [region]),
        "sumstats": write_sumstats(tmp_path / "s.tsv.gz", sumstats_table(region, z, len(y))),
        "ld": write_ld_store(tmp_path / "ld.h5", [region]),
    }
    run_ok(*individual(files, "--tolerance", 1e-3, "--out", tmp_path / "susie"))
    run_ok(*rss(files, "--tolerance", 1e-3, "--out", tmp_path / "susie_rss"))
    sets = pd.read_csv(reference / f"n3_trait{trait}_susie.cs.tsv", sep="\t", dtype=str)
    expected_sets = {f"n3_{row.set}": sorted(region.ids[int(index)] for index in row.variants.split(",")) for row in sets.itertuples()}
    for kind in ("susie", "susie_rss"):
        expected = pd.read_csv(reference / f"n3_trait{trait}_{kind}.pip.tsv", sep="\t")["pip"]
        assert np.abs(read_pips(tmp_path / kind)["pip"] - expected).max() < 1e-6
        ours = read_sets(tmp_path / kind).set_index("credible_set")["variants"].str.split(",").map(sorted).to_dict()
        assert ours == expected_sets
        assert checks(tmp_path / kind)["loci converged"]["verdict"] == "ok"


def test_covariates_and_missing_values__are_taken_as_described(simulated, tmp_path):
    rng = np.random.default_rng(5)
    region, y = simulated["regions"][0], simulated["y"].copy()
    covariates = rng.standard_normal((len(y), 2))
    y = y + covariates @ [1.0, -2.0]
    y[:7] = np.nan
    X = region.X.copy()
    X[rng.random(X.shape) < 0.05] = np.nan
    gappy = make_region(region.name, X, first=int(region.position[0]))
    store = write_genotype_store(tmp_path / "g.h5", [gappy], {"height": y}, covariates=covariates, dtype="int8")
    run_ok(*individual(simulated, "--out", tmp_path / "run", genotypes=store, loci=write_bed(tmp_path / "l.bed", [gappy])))
    kept = X[7:]
    filled = np.where(np.isnan(kept), np.nanmean(kept, axis=0), kept)
    fit = fit_susie(IndividualData(filled, y[7:], covariates[7:]))
    np.testing.assert_allclose(read_pips(tmp_path / "run")["pip"], fit.pip, atol=1e-9)
    assert read_fits(tmp_path / "run")["n"].iloc[0] == len(y) - 7 - 2


def test_loci__cut_the_ld_blocks(simulated, tmp_path):
    region = simulated["regions"][1]
    bed = tmp_path / "l.bed"
    bed.write_text(f"chr1\t{region.position[10] - 1}\t{region.position[29]}\tmiddle\n")
    run_ok(*rss(simulated, "--loci", bed, "--out", tmp_path / "run"))
    pips = read_pips(tmp_path / "run")
    assert pips["variant_id"].tolist() == region.ids[10:30].tolist()
    assert set(pips["locus"]) == {"middle"}


def test_swapped_alleles__are_turned_round_and_counted(simulated, tmp_path):
    table = read_table(simulated["sumstats"], SUMSTATS)
    swap = np.arange(len(table)) % 10 == 3
    table.loc[swap, ["effect_allele", "other_allele"]] = ["A", "G"]
    table.loc[swap, "z"] *= -1
    table.loc[swap, "beta"] *= -1
    table.loc[swap, "variant_id"] = [f"chr1:{p}:G:A" for p in table.loc[swap, "base_pair_location"]]
    swapped = write_sumstats(tmp_path / "s.tsv", table)
    run_ok(*rss(simulated, "--out", tmp_path / "swapped", sumstats=swapped))
    run_ok(*rss(simulated, "--out", tmp_path / "plain"))
    ours, plain = read_pips(tmp_path / "swapped"), read_pips(tmp_path / "plain")
    np.testing.assert_allclose(ours["pip"], plain["pip"], atol=1e-9)
    np.testing.assert_allclose(ours["posterior_mean"], plain["posterior_mean"] * np.where(swap, -1, 1), atol=1e-9)
    assert ours["variant_id"].tolist() == table["variant_id"].tolist()
    check = checks(tmp_path / "swapped")["variants with swapped alleles"]
    assert (check["value"], check["verdict"]) == (int(swap.sum()), "caution")


def test_quality_of_the_ld__is_repeated_and_its_flipped_alleles_are_counted(simulated, tmp_path):
    ld = tmp_path / "ld.h5"
    ld.write_bytes(simulated["ld"].read_bytes())
    run_ok(*rss(simulated, "--out", tmp_path / "before", ld=ld))
    assert checks(tmp_path / "before")["samples behind the LD"]["value"] == 400
    assert checks(tmp_path / "before")["variants with swapped alleles"]["value"] == 0
    with h5py.File(ld, "r+") as store:
        store.attrs.update({"qc_repaired": 0.08, "qc_requested": 1176, "qc_unmatched": 996, "qc_flipped": 35})
    run_ok(*rss(simulated, "--out", tmp_path / "after", ld=ld))
    found = checks(tmp_path / "after")
    assert found["largest change of a correlation by the repair of the LD"]["verdict"] == "refuse"
    assert found["share of the variants asked for that the LD panel lacks"]["verdict"] == "caution"
    flipped = found["variants with swapped alleles"]
    assert (flipped["value"], flipped["verdict"]) == (35, "caution")  # of 180, which 5 % would be 9 of


def test_variants_in_one_input_only__are_left_out_and_counted(simulated, tmp_path):
    table = pd.read_csv(simulated["sumstats"], sep="\t").iloc[::2]
    half = tmp_path / "s.tsv"
    table.to_csv(half, sep="\t", index=False)
    run_ok(*rss(simulated, "--out", tmp_path / "run", sumstats=half))
    assert read_pips(tmp_path / "run")["variant_id"].tolist() == table["variant_id"].tolist()
    check = checks(tmp_path / "run")["share of variants fitted"]
    assert (check["value"], check["verdict"]) == (0.5, "caution")


def test_variant_without_ld__is_left_out_and_counted(simulated, tmp_path):
    region = simulated["regions"][0]
    r = np.corrcoef(region.X.T).astype(np.float32)
    r[5] = r[:, 5] = np.nan
    block = LdBlock(region.name, region.contig, region.start, region.end, r, region.ids)
    write_ld(tmp_path / "ld.h5", iter([block]), build="test", method="panel", n_ref=100)
    run_ok(*rss(simulated, "--out", tmp_path / "run", ld=tmp_path / "ld.h5"))
    assert read_pips(tmp_path / "run")["variant_id"].tolist() == np.delete(region.ids, 5).tolist()
    assert checks(tmp_path / "run")["share of variants fitted"]["value"] == pytest.approx(59 / 60)


def test_score__raises_the_variants_it_favours(simulated, tmp_path):
    rng = np.random.default_rng(3)
    ids = np.concatenate([region.ids for region in simulated["regions"]])
    score = rng.exponential(size=(3, 60))
    for row, causal in enumerate(simulated["causal"]):
        score[row, causal] += 4
    first = write_scores(tmp_path / "a.tsv", ids, score.ravel(), "magnitude")
    second = write_scores(tmp_path / "b.tsv", ids[:60], np.zeros(60), "magnitude")  # the largest counts
    more = ("--scores", first, "--scores", second, "--score-column", "magnitude")
    run_ok(*rss(simulated, *more, "--out", tmp_path / "run"))
    pips, fits = read_pips(tmp_path / "run"), read_fits(tmp_path / "run")
    causal = [60 * row + index for row, index in enumerate(simulated["causal"])]
    assert fits["score_weight"].min() > 0
    assert pips["pip"].iloc[causal].mean() > pips["pip_flat"].iloc[causal].mean()
    assert pips.groupby("locus")["prior"].sum().to_numpy() == pytest.approx(1.0)
    run_ok(*rss(simulated, *more, "--score-weight", 0, "--out", tmp_path / "zero"))
    zero = read_pips(tmp_path / "zero")
    np.testing.assert_array_equal(zero["pip"], zero["pip_flat"])


def test_flat_pip__beside_a_score_differs_by_the_prior_alone(tmp_path):
    """A weak effect: the score's threshold removes it, with the score and without."""
    regions, y, _ = simulate_loci(5, loci=1, effect=0.12)
    ids, data = regions[0].ids, IndividualData(regions[0].X, y)
    files = {"genotypes": write_genotype_store(tmp_path / "g.h5", regions, {"height": y}), "loci": write_bed(tmp_path / "l.bed", regions)}
    scores = write_scores(tmp_path / "s.tsv", ids, np.random.default_rng(2).exponential(size=len(ids)))
    for threshold in ((), ("--null-threshold", 1)):
        out = tmp_path / f"run{len(threshold)}"
        run_ok(*individual(files, "--scores", scores, "--score-weight", 0.5, *threshold, "--out", out))
        same = fit_susie(data, SusieSettings(null_threshold=threshold[1] if threshold else EVIDENCE))
        np.testing.assert_allclose(read_pips(out)["pip_flat"], same.pip, atol=1e-6)
    assert fit_susie(data).pip.max() > 0.1 and fit_susie(data, SusieSettings(null_threshold=EVIDENCE)).pip.max() < 0.01


def test_residual_variance__is_kept_at_the_traits_with_panel_ld(simulated, tmp_path):
    panel = write_ld_store(tmp_path / "ld.h5", simulated["regions"], method="panel")
    run_ok(*rss(simulated, "--out", tmp_path / "run", ld=panel))
    assert (read_fits(tmp_path / "run")["residual_variance"] == 1).all()
    assert checks(tmp_path / "run")["LD"]["verdict"] == "caution"
    run_ok(*rss(simulated, "--residual-variance", "estimate", "--out", tmp_path / "estimated", ld=panel))
    assert (read_fits(tmp_path / "estimated")["residual_variance"] < 1).all()


def test_mismatched_ld__is_refused_under_strict(simulated, tmp_path):
    rng = np.random.default_rng(0)
    strangers = [make_region(r.name, rng.permuted(r.X, axis=0), first=int(r.position[0])) for r in simulated["regions"]]
    other = write_ld_store(tmp_path / "ld.h5", strangers, method="panel")
    result = run_cli(*rss(simulated, "--strict", "--out", tmp_path / "run", ld=other))
    assert result.returncode == 5
    assert "largest mismatch of z and LD" in result.stderr


def test_n_that_varies__is_cautioned(simulated, tmp_path):
    table = pd.read_csv(simulated["sumstats"], sep="\t")
    table.loc[5, "n"] = 300
    table.to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    run_ok(*rss(simulated, "--out", tmp_path / "run", sumstats=tmp_path / "s.tsv"))
    assert checks(tmp_path / "run")["largest spread of n within a locus"]["verdict"] == "caution"


def test_bayes_factors__are_kept_for_colocalisation(simulated, tmp_path):
    run_ok(*individual(simulated, "--out", tmp_path / "run"))
    region = simulated["regions"][2]
    fit = fit_susie(IndividualData(region.X, simulated["y"]))
    with open_store(tmp_path / "run.lbf.h5", FINEMAP_LBF) as store:
        assert read_text(store["loci/name"]).tolist() == [one.name for one in simulated["regions"]]
        group = store["locus/000002"]
        np.testing.assert_allclose(group["lbf_variable"][()], fit.lbf_variable, atol=1e-9)
        assert read_text(group["variant_id"]).tolist() == region.ids.tolist()
        assert read_text(group["credible_set"])[0] == f"{region.name}_L1"


def test_one_variant__is_fitted(simulated, tmp_path):
    region, y = simulated["regions"][0], simulated["y"]
    causal = simulated["causal"][0]
    lone = make_region("lone", region.X[:, [causal]])
    store = write_genotype_store(tmp_path / "g.h5", [lone], {"height": y})
    run_ok(*individual(simulated, "--out", tmp_path / "run", genotypes=store, loci=write_bed(tmp_path / "l.bed", [lone])))
    assert read_pips(tmp_path / "run")["pip"].iloc[0] > 0.99


@pytest.mark.parametrize("ld", ["of its own", "that lacks the locus"])
def test_one_variant__is_fitted_from_summary_statistics(simulated, tmp_path, ld):
    """`encode ld` writes no block of one variant, which needs no LD."""
    region, y, causal = simulated["regions"][0], simulated["y"], simulated["causal"][0]
    lone = make_region("lone", region.X[:, [causal]], first=501)
    whole = [lone, *simulated["regions"][1:]]
    tables = [sumstats_table(one, IndividualData(one.X, y).z, len(y)) for one in whole]
    kept = whole if ld == "of its own" else whole[1:]
    blocks = [LdBlock(r.name, r.contig, r.start, r.end, np.atleast_2d(np.corrcoef(r.X.T)).astype(np.float32), r.ids) for r in kept]
    write_ld(tmp_path / "ld.h5", iter(blocks), build="test", method="in-sample", n_ref=len(y))
    sumstats = write_sumstats(tmp_path / "s.tsv", pd.concat(tables))
    run_ok(
        *rss(simulated, "--loci", write_bed(tmp_path / "l.bed", whole), "--out", tmp_path / "run", sumstats=sumstats, ld=tmp_path / "ld.h5")
    )
    fits, pips = read_fits(tmp_path / "run").set_index("locus"), read_pips(tmp_path / "run").set_index("locus")
    assert fits.loc["lone", ["n_variants", "credible_sets", "converged"]].tolist() == [1, 1, 1]
    assert pips.loc["lone", "pip"] > 0.99 and np.isnan(fits.loc["lone", "mismatch"])
    found = checks(tmp_path / "run")
    assert found["loci without a variant to fit"]["verdict"] == found["largest mismatch of z and LD (s)"]["verdict"] == "ok"


def test_locus_without_variants__is_cautioned_beside_others(simulated, tmp_path):
    bed = tmp_path / "l.bed"
    bed.write_text(simulated["loci"].read_text() + "chr1\t900000\t900100\tdesert\n")
    run_ok(*individual(simulated, "--out", tmp_path / "run", loci=bed))
    check = checks(tmp_path / "run")["loci without a variant to fit"]
    assert (check["value"], check["verdict"]) == (1, "caution")
    assert "desert" in check["advice"]


# The same answer however it is run


def test_shards__together_equal_the_whole(simulated, tmp_path):
    ids = np.concatenate([region.ids for region in simulated["regions"]])
    scores = write_scores(tmp_path / "s.tsv", ids, np.random.default_rng(1).exponential(size=len(ids)))
    run_ok(*rss(simulated, "--scores", scores, "--out", tmp_path / "whole"))
    for part in (1, 2):
        run_ok(*rss(simulated, "--scores", scores, "--shard", f"{part}/2", "--out", tmp_path / f"part{part}"))
    whole = read_pips(tmp_path / "whole")
    parts = pd.concat([read_pips(tmp_path / f"part{part}") for part in (1, 2)]).sort_values("variant_id")
    pd.testing.assert_frame_equal(whole.sort_values("variant_id").reset_index(drop=True), parts.reset_index(drop=True))


def test_shard_without_loci__writes_empty_tables(simulated, tmp_path):
    run_ok(*rss(simulated, "--shard", "4/4", "--out", tmp_path / "run"))
    assert read_pips(tmp_path / "run").empty
    assert read_fits(tmp_path / "run").empty


# Bad input


def damaged_sumstats(simulated, path, change):
    table = pd.read_csv(simulated["sumstats"], sep="\t", dtype=str)
    change(table).to_csv(path, sep="\t", index=False)
    return path


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        (lambda t: t.drop(columns="z"), ["no column z", "line 1"]),
        (lambda t: t.assign(z=["x", *t["z"][1:]]), ["z = 'x'", "line 2"]),
        (lambda t: t.assign(n=["#NA", *t["n"][1:]]), ["n = nan", "line 2"]),
        (lambda t: t.assign(z_kind=["score", *t["z_kind"][1:]]), ["score, t"]),
        (lambda t: t.assign(z_kind="chi2"), ["chi2"]),
        (lambda t: pd.concat([t, t.iloc[:1]]), ["twice", "line 182"]),
        (lambda t: t.assign(z="#NA"), ["no variant to fit"]),
        (lambda t: t.assign(chromosome="1", variant_id=t["variant_id"].str[3:]), ["contig chr1", "but 1 in"]),
        (lambda t: t.assign(variant_id=t["variant_id"] + "T"), ["no variant to fit in any of 3 loci"]),
        (lambda t: t.iloc[:0], ["a table without rows"]),
    ],
)
def test_bad_sumstats__are_named(simulated, tmp_path, change, mentions):
    bad = damaged_sumstats(simulated, tmp_path / "bad.tsv", change)
    out = tmp_path / "out"
    assert_bad_input(run_cli(*rss(simulated, "--out", out / "run", sumstats=bad)), *mentions, folder=out)


def test_truncated_gzip__is_named(simulated, tmp_path):
    bad = tmp_path / "bad.tsv.gz"
    bad.write_bytes(simulated["sumstats"].read_bytes()[:500])
    out = tmp_path / "out"
    assert_bad_input(run_cli(*rss(simulated, "--out", out / "run", sumstats=bad)), folder=out)


def test_empty_file__is_named(simulated, tmp_path):
    for name in ("sumstats", "ld"):
        empty = tmp_path / "empty"
        empty.write_bytes(b"")
        out = tmp_path / "out"
        assert_bad_input(run_cli(*rss(simulated, "--out", out / "run", **{name: empty})), "is empty", folder=out)


def test_wrong_store__is_named(simulated, tmp_path):
    out = tmp_path / "out"
    result = run_cli(*rss(simulated, "--out", out / "run", ld=simulated["genotypes"]))
    assert_bad_input(result, "lucidseq.genotypes", "lucidseq.ld", folder=out)


def test_scores__without_the_column_or_without_numbers_are_named(simulated, tmp_path):
    ids = simulated["regions"][0].ids
    out = tmp_path / "out"
    good = write_scores(tmp_path / "a.tsv", ids, np.ones(60))
    result = run_cli(*rss(simulated, "--scores", good, "--score-column", "conservation", "--out", out / "run"))
    assert_bad_input(result, "conservation", folder=out)
    nothing = write_scores(tmp_path / "b.tsv", ids, np.full(60, np.nan))
    assert_bad_input(run_cli(*rss(simulated, "--scores", nothing, "--out", out / "run")), "finite", folder=out)


@pytest.mark.parametrize(
    ("trait", "binary", "mention"),
    [
        (lambda y: np.full_like(y, np.nan), False, "0 samples with trait height"),
        (lambda y: np.ones_like(y), False, "sum of squares"),
        (lambda y: (y > 0).astype(float), True, "binary trait"),
    ],
)
def test_trait_that_cannot_be_fitted__is_named(simulated, tmp_path, trait, binary, mention):
    store = write_genotype_store(tmp_path / "g.h5", simulated["regions"], {"height": trait(simulated["y"])}, binary=binary)
    out = tmp_path / "out"
    assert_bad_input(run_cli(*individual(simulated, "--out", out / "run", genotypes=store)), mention, folder=out)


def test_trait_and_contig_that_are_not_there__are_named(simulated, tmp_path):
    out = tmp_path / "out"
    words = ["weight" if word == "height" else word for word in individual(simulated, "--out", out / "run")]
    assert_bad_input(run_cli(*words), "trait weight", "height", folder=out)
    bed = tmp_path / "l.bed"
    bed.write_text("1\t0\t50000\tlocus1\n")
    assert_bad_input(run_cli(*individual(simulated, "--out", out / "run", loci=bed)), "contig 1", "but chr1", folder=out)
    bed.write_text("chr9\t0\t50000\tlocus1\n")
    assert_bad_input(run_cli(*individual(simulated, "--out", out / "run", loci=bed)), "no variant to fit", folder=out)
    bed.write_text("chr1\t0\t50000\tsame\nchr1\t50000\t60000\tsame\n")
    assert_bad_input(run_cli(*individual(simulated, "--out", out / "run", loci=bed)), "two loci called same", folder=out)


def test_inputs_that_do_not_go_together__are_a_usage_error(simulated, tmp_path):
    out = tmp_path / "out"
    words = ("finemap", "locus", "--sumstats", simulated["sumstats"], "--genotypes", simulated["genotypes"], "--out", out / "run")
    assert_bad_input(run_cli(*words), "--sumstats, --genotypes", folder=out, exit_code=2)
    assert_bad_input(run_cli("finemap", "locus", "--out", out / "run"), "no input", folder=out, exit_code=2)


def test_output__that_exists_or_cannot_be_written_is_named(simulated, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    assert_bad_input(run_cli(*rss(simulated, "--out", file / "run")), "cannot be written", folder=tmp_path / "none")
    run_ok(*rss(simulated, "--out", tmp_path / "run"))
    before = gzip.decompress((tmp_path / "run.pips.tsv.gz").read_bytes())
    assert run_cli(*rss(simulated, "--out", tmp_path / "run")).returncode == 3
    assert gzip.decompress((tmp_path / "run.pips.tsv.gz").read_bytes()) == before
    run_ok(*rss(simulated, "--force", "--out", tmp_path / "run"))


@pytest.mark.parametrize("kind", ["constant", "duplicated", "combined"])
def test_covariates__give_the_z_and_n_of_the_association_tests(simulated, tmp_path, kind):
    rng, n = np.random.default_rng(5), len(simulated["y"])
    age, sex = rng.normal(50, 10, n), rng.integers(0, 2, n).astype(float)
    more = {"constant": np.full(n, 0.1), "duplicated": age, "combined": 3 * age - sex}[kind]
    covariates = np.column_stack([age, sex, more])
    genotypes = write_genotype_store(tmp_path / "g.h5", simulated["regions"], {"height": simulated["y"]}, covariates=covariates)
    run_ok(*individual(simulated, "--out", tmp_path / "f", genotypes=genotypes))
    run_ok("encode", "sumstats", "--genotypes", genotypes, "--trait", "height", "--out", tmp_path / "a")
    tested = read_table(tmp_path / "a.sumstats.tsv.gz", SUMSTATS).set_index("variant_id")["z"]
    pips = read_pips(tmp_path / "f").set_index("variant_id")["z"]
    np.testing.assert_allclose(pips, tested[pips.index], rtol=0, atol=1e-9)
    two = write_genotype_store(tmp_path / "two.h5", simulated["regions"], {"height": simulated["y"]}, covariates=covariates[:, :2])
    run_ok(*individual(simulated, "--out", tmp_path / "two", genotypes=two))
    np.testing.assert_allclose(pips, read_pips(tmp_path / "two").set_index("variant_id")["z"], rtol=0, atol=1e-9)


def test_more_samples_than_in_sample_ld__are_reported(simulated, tmp_path):
    """n a hundred times too large changes effects and shares of variance, but hardly the PIPs: only the LD's own n shows it."""
    table = pd.read_csv(simulated["sumstats"], sep="\t")
    name = "samples behind the statistics"
    run_ok(*rss(simulated), "--out", tmp_path / "o")
    assert checks(tmp_path / "o")[name]["verdict"] == "ok"
    wrong = write_sumstats(tmp_path / "x.tsv.gz", table.assign(n=table["n"] * 100))
    run_ok(*rss(simulated, sumstats=wrong), "--out", tmp_path / "x")
    check = checks(tmp_path / "x")[name]
    assert (check["value"], check["verdict"]) == (40_000, "caution")
