"""Prior weights from tables of several kinds."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finemap.inputs import Region, simulate_loci, summary_inputs, write_bed
from finemap.test_locus import checks, read_pips
from lucidseq.core.schema import ANNOTATIONS
from lucidseq.core.stores import create_store, write_array
from lucidseq.finemap.prior_weights import PriorWeights
from lucidseq.finemap.regression_data import IndividualData
from lucidseq.finemap.susie import EVIDENCE, SusieSettings, fit_susie
from support import assert_bad_input, run_cli, run_ok


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Region], np.ndarray, np.ndarray, tuple[object, ...]]:
    """Two loci, their trait, a weight for each variant, and the command."""
    folder = tmp_path_factory.mktemp("weights")
    regions, y, _ = simulate_loci(21, loci=2)
    sumstats, ld = summary_inputs(folder, regions, y)
    weights = np.random.default_rng(1).exponential(size=(2, 60)).round(6) + 0.01
    return regions, y, weights, ("finemap", "locus", "--sumstats", sumstats, "--ld", ld, "--quiet")


def named(regions: list[Region], weights: np.ndarray, column: str = "weight") -> pd.DataFrame:
    return pd.DataFrame({"variant_id": np.concatenate([region.ids for region in regions]), column: weights.ravel()})


def polyfun(regions: list[Region], weights: np.ndarray) -> pd.DataFrame:
    """PolyFun's columns: contigs without chr, and alleles of every other variant in the other order."""
    position = np.concatenate([region.position for region in regions])
    first = np.where(np.arange(120) % 2, "A", "G")
    second = np.where(first == "A", "G", "A")
    columns = {"CHR": 1, "SNP": "rs", "BP": position, "A1": first, "A2": second, "SNPVAR": weights.ravel() * 1e-7, "MAF": 0.1}
    return pd.DataFrame(columns)


def write_annotations(path: Path, regions: list[Region], columns: dict[str, np.ndarray], unit: str = "variant") -> Path:
    ids, position = np.concatenate([region.ids for region in regions]), np.concatenate([region.position for region in regions])
    with create_store(path, ANNOTATIONS, build="test", unit=unit) as store:
        write_array(store, "values", np.column_stack([values.ravel() for values in columns.values()]).astype(np.float32))
        write_array(store, "rows/contig", np.full(len(ids), "chr1", dtype=object))
        write_array(store, "rows/start", position - 1)
        write_array(store, "rows/end", position)
        write_array(store, "rows/id", ids)
        for name, values in (("name", list(columns)), ("kind", ["table"] * len(columns)), ("source", ["x"] * len(columns))):
            write_array(store, f"features/{name}", np.array(values, dtype=object))
    return path


def write(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, sep="\t", index=False)
    return path


def expected(study: tuple[list[Region], np.ndarray, np.ndarray, tuple[object, ...]], prior: bool = True) -> np.ndarray:
    regions, y, weights, _ = study
    settings = SusieSettings(null_threshold=EVIDENCE)
    fits = [fit_susie(IndividualData(region.X, y), settings, prior=weights[row] if prior else None) for row, region in enumerate(regions)]
    return np.concatenate([fit.pip for fit in fits])


@pytest.mark.parametrize("kind", ["ours", "PolyFun", "PolyFun gzip", "annotations", "named column"])
def test_weights__of_every_kind_of_table_give_the_same_fit(study, tmp_path: Path, kind: str):
    regions, _, weights, command = study
    more: tuple[object, ...] = ()
    if kind == "ours":
        path = write(tmp_path / "w.tsv", named(regions, weights))
    elif kind == "annotations":
        path = write_annotations(tmp_path / "w.h5", regions, {"conserved": weights * 0, "h2": weights})
        more = ("--prior-column", "h2")
    elif kind == "named column":
        path = write(tmp_path / "w.tsv", named(regions, weights, "my h2").assign(weight=1.0))
        more = ("--prior-column", "my h2")
    else:
        path = write(tmp_path / ("w.gz" if "gzip" in kind else "w.tsv"), polyfun(regions, weights))
    if kind == "PolyFun gzip":
        assert gzip.decompress(path.read_bytes()).startswith(b"CHR")
    run_ok(*command, "--prior-weights", path, *more, "--out", tmp_path / "run")
    pips = read_pips(tmp_path / "run")
    np.testing.assert_allclose(pips["prior"], (weights / weights.sum(axis=1, keepdims=True)).ravel(), rtol=1e-5)
    np.testing.assert_allclose(pips["pip"], expected(study), atol=1e-5)
    np.testing.assert_allclose(pips["pip_flat"], expected(study, prior=False), atol=1e-6)
    assert checks(tmp_path / "run")["share of variants with a prior weight"]["value"] == 1


def test_variants_and_weights_without_partner__are_counted_on_both_sides(study, tmp_path: Path):
    regions, _, weights, command = study
    table = named(regions, weights)
    table = table.drop(index=range(20))  # 20 variants without a weight
    table.loc[30:34, "variant_id"] += "T"  # 5 weights of other alleles
    far = pd.DataFrame({"variant_id": ["chr1:5:A:G", "chr2:10051:A:G"], "weight": 1.0})  # outside the loci: not counted
    path = write(tmp_path / "w.tsv", pd.concat([table, far]))
    run_ok(*command, "--prior-weights", path, "--out", tmp_path / "run")
    found = checks(tmp_path / "run")
    assert found["share of variants with a prior weight"]["value"] == pytest.approx(95 / 120)
    assert "25 of 120 variants have no weight" in found["share of variants with a prior weight"]["advice"]
    unmatched = found["prior weights in the loci that match no variant"]
    assert (unmatched["value"], unmatched["threshold"]) == (5, "<= 10% of 100")
    prior = read_pips(tmp_path / "run")["prior"].to_numpy()[:60]
    known = np.r_[20:30, 35:60]
    np.testing.assert_allclose(prior[:20] / prior[known].mean(), 1)  # as the mean of the others


def test_locus_without_weights__has_a_flat_prior(study, tmp_path: Path):
    regions, _, weights, command = study
    path = write(tmp_path / "w.tsv", named(regions, weights).iloc[:60])
    run_ok(*command, "--prior-weights", path, "--out", tmp_path / "run")
    np.testing.assert_allclose(read_pips(tmp_path / "run")["prior"][60:], 1 / 60)


def test_loci_cut_by_bed__count_their_own_weights(study, tmp_path: Path):
    regions, _, weights, command = study
    path, bed = write(tmp_path / "w.tsv", named(regions, weights)), write_bed(tmp_path / "l.bed", regions[:1])
    run_ok(*command, "--prior-weights", path, "--loci", bed, "--out", tmp_path / "run")
    assert checks(tmp_path / "run")["prior weights in the loci that match no variant"]["threshold"].endswith("of 60")


def test_polyfun_table__is_read_as_it_is(shared_data: Path, tmp_path: Path):
    table = pd.read_csv(shared_data / "polyfun" / "gold.testrun.22.snpvar_ridge.gz", sep="\t")
    path = write(tmp_path / "w.gz", table.assign(SNPVAR=table["SNPVAR"].clip(lower=1e-9)))
    row = table.iloc[7]
    ids = np.array([f"chr22:{row['BP']}:{row['A1']}:{row['A2']}", f"22:{row['BP']}:{row['A2']}:{row['A1']}", "chr22:1:A:C"], dtype=object)
    weights, known = PriorWeights(path, None).of(ids)
    assert weights is not None and known == 2
    np.testing.assert_allclose(weights, max(row["SNPVAR"], 1e-9))


@pytest.mark.parametrize(
    ("change", "mentions"),
    [
        (lambda t: t.assign(weight=[-1.0, *t["weight"][1:]]), ["weight = -1", "1:10001:A:G"]),
        (lambda t: t.assign(weight=[np.inf, *t["weight"][1:]]), ["weight = inf"]),
        (lambda t: t.assign(weight=["x", *t["weight"][1:]]), ["weight = 'x'", "line 2"]),
        (lambda t: t.assign(weight="#NA"), ["no number in column weight"]),
        (lambda t: t.assign(weight=0), ["is 0 for all variants"]),
        (lambda t: t.rename(columns={"weight": "w"}), ["variant_id, w", "--prior-column"]),
        (lambda t: t.rename(columns={"variant_id": "name"}), ["CHR, BP, A1, A2"]),
        (lambda t: pd.concat([t, t.iloc[:1].assign(weight=7.0)]), ["two values of weight", "1:10001:A:G"]),
    ],
)
def test_bad_weights__are_named(study, tmp_path: Path, change, mentions: list[str]):
    regions, _, weights, command = study
    path = write(tmp_path / "w.tsv", change(named(regions, weights)))
    out = tmp_path / "out"
    assert_bad_input(run_cli(*command, "--prior-weights", path, "--out", out / "run"), *mentions, folder=out)


def test_bad_annotations__are_named(study, tmp_path: Path):
    regions, _, weights, command = study
    out, two = tmp_path / "out", {"one": weights, "two": weights}
    path = write_annotations(tmp_path / "w.h5", regions, two)
    assert_bad_input(run_cli(*command, "--prior-weights", path, "--out", out / "run"), "features one, two", folder=out)
    windows = write_annotations(tmp_path / "windows.h5", regions, two, unit="window")
    assert_bad_input(run_cli(*command, "--prior-weights", windows, "--out", out / "run"), "annotations of windows", folder=out)


def test_weights_with_scores__and_a_column_alone_are_usage_errors(study, tmp_path: Path):
    regions, _, weights, command = study
    path, out = write(tmp_path / "w.tsv", named(regions, weights)), tmp_path / "out"
    both = run_cli(*command, "--prior-weights", path, "--scores", path, "--out", out / "run")
    assert_bad_input(both, "--scores and --prior-weights", folder=out, exit_code=2)
    assert_bad_input(run_cli(*command, "--prior-column", "x", "--out", out / "run"), "--prior-weights", folder=out, exit_code=2)


@pytest.mark.parametrize("kind", ["one huge", "lead 0", "moderate"])
def test_weights_that_exclude_the_strongest_variant__are_reported(study, tmp_path: Path, kind: str):
    """A weight in another unit takes the whole prior, and the signal of the locus disappears or moves to a neighbour."""
    regions, y, weights, command = study
    lead = int(np.abs(IndividualData(regions[0].X, y).z).argmax())
    weights = weights.copy()
    if kind == "one huge":
        weights[0, (lead + 30) % 60] = 1e300
    elif kind == "lead 0":
        weights[0, lead] = 0
    run_ok(*command, "--prior-weights", write(tmp_path / "w.tsv", named(regions, weights)), "--out", tmp_path / "o")
    check = checks(tmp_path / "o")["loci whose strongest variant has a prior weight below 0.001 of the mean"]
    assert (check["value"], check["verdict"]) == ((0, "ok") if kind == "moderate" else (1, "caution"))
