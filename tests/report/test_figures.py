"""report: what the figures show, at the edges too."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy import stats

from lucidseq.core import schema as schemas
from lucidseq.core.gtf import read_genes
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.pvalues import neg_log10, neg_log10_p
from lucidseq.core.tables import write_table
from lucidseq.report.effect_figures import strongest_effects, variant_figures
from lucidseq.report.enrichment import enrichment_figures
from lucidseq.report.figure import COLOURS, GREY, new_axes
from lucidseq.report.loci import draw_association, draw_gene_track, draw_inclusion, ld_with_lead, locus_figures
from lucidseq.report.logo_figures import draw_letters, logo_figures, strongest
from lucidseq.report.networks import network_figures
from lucidseq.report.quantiles import expected_and_observed, quantile_figure
from lucidseq.report.result_files import Results, read_results
from lucidseq.report.trust import number
from report.inputs import CAUSAL_NAMES, Study, pip_rows, set_rows, write_attributions


def results(**tables: pd.DataFrame) -> Results:
    """Return results with one table a kind."""
    return Results(tables={f"lucidseq.{kind}": [("trait", table)] for kind, table in tables.items()})


def pips() -> pd.DataFrame:
    return pip_rows(np.random.default_rng(1))


def test_pvalues__agree_with_scipy_and_stay_finite() -> None:
    z = np.array([0.0, -1.3, 5.0, 30.0])
    np.testing.assert_allclose(neg_log10_p(z), -(stats.norm.logsf(np.abs(z)) + np.log(2)) / np.log(10), rtol=1e-12)
    assert np.isfinite(neg_log10_p(np.array([80.0, -1e6]))).all()
    np.testing.assert_array_equal(neg_log10(np.array([1e-300, 0.0, 5e-324, 1.0])), [300, 300, 300, 0])


def test_association__is_grey_without_ld_and_coloured_with_it() -> None:
    _, axes = new_axes(1, 2)
    position, strength = np.arange(3.0), np.array([1.0, 5.0, 2.0])
    draw_association(axes[0, 0], position, strength, 1, None)
    assert {to_hex(colour) for colour in axes[0, 0].collections[0].get_facecolors()} == {GREY.lower()}
    assert axes[0, 0].get_legend() is None
    draw_association(axes[0, 1], position, strength, 1, np.array([0.1, 1.0, np.nan]))
    assert [to_hex(colour) for colour in axes[0, 1].collections[0].get_facecolors()] == [GREY.lower(), "#2b4b9b", "#d7191c"]
    texts = [text.get_text() for text in axes[0, 1].get_legend().get_texts()]
    assert texts == ["0-0.2", "0.2-0.4", "0.4-0.6", "0.6-0.8", "0.8-1", "unknown"]


def test_locus__says_that_ld_is_missing(study: Study) -> None:
    with_ld = read_results(list(study.files.values()))
    without = dataclasses.replace(with_ld, stores={})
    (first,), (second,) = locus_figures(with_ld, study.gtf), locus_figures(without, study.gtf)
    assert "coloured by LD" in first.caption and "no LD of this locus" in second.caption
    assert first.numbers["r2_with_lead"].notna().all() and second.numbers["r2_with_lead"].isna().all()
    assert first.png != second.png


def test_ld__is_the_same_whichever_allele_is_counted(tmp_path: Path) -> None:
    r = np.array([[1, -0.5, 0.3], [-0.5, 1, 0.2], [0.3, 0.2, 1]], dtype=np.float32)
    names = np.array(["1:5:C:T", "1:9:A:G", "1:12:G:C"], dtype=object)
    write_ld(tmp_path / "a.ld.h5", iter([LdBlock("x", "1", 0, 20, r, names)]), build="b", method="panel", n_ref=9)
    names = ["1:5:T:C", "1:9:A:G", "1:15:A:T"]
    r2 = ld_with_lead(names, 0, "x", [tmp_path / "a.ld.h5"])
    assert r2 is not None
    np.testing.assert_allclose(r2, [1, 0.25, np.nan])
    assert ld_with_lead(names, 0, "y", [tmp_path / "a.ld.h5"]) is None
    assert ld_with_lead(names, 2, "x", [tmp_path / "a.ld.h5"]) is None


def test_inclusion__draws_a_variant_of_two_sets_in_both_colours() -> None:
    _, axes = new_axes()
    rows = pips().iloc[:40]
    draw_inclusion(axes[0, 0], np.arange(40.0), rows, {"A": [CAUSAL_NAMES[0]], "B": CAUSAL_NAMES})
    shown = {
        tuple(point): [to_hex(c) for c in (one.get_facecolors() if len(one.get_facecolors()) else one.get_edgecolors())]
        for one in axes[0, 0].collections[2:]
        for point in one.get_offsets().data
    }
    rings = [one for one in axes[0, 0].collections[2:] if len(one.get_offsets()) and not len(one.get_facecolors())]
    assert set(shown) == {(10.0, 0.95), (30.0, 0.95)}
    assert len(rings) == 1 and to_hex(rings[0].get_edgecolors()[0]) == COLOURS[1].lower()
    assert [text.get_text() for text in axes[0, 0].get_legend().get_texts()] == ["flat prior", "A (1)", "B (2)"]


def test_locus__takes_the_sets_of_its_own_trait() -> None:
    found = results(pips=pips(), credible_sets=set_rows())
    found.tables["lucidseq.credible_sets"].insert(0, ("other", set_rows().assign(variants="chr1:501:A:G")))
    assert "locus1_L1 of 1; locus1_L2 of 2" in locus_figures(found, None)[0].alt


def test_locus__is_drawn_from_pips_alone() -> None:
    (figure,) = locus_figures(results(pips=pips()), None)
    assert "locus1_L1 of 1; locus1_L2 of 1" in figure.alt
    assert "The floor, 0.01 here" in figure.caption


def test_loci__without_credible_sets_show_the_strongest_and_say_so(tmp_path: Path) -> None:
    write_table(pip_rows(np.random.default_rng(1), with_sets=False), tmp_path / "a.pips.tsv", schemas.PIPS)
    write_table(set_rows(()), tmp_path / "a.credible_sets.tsv", schemas.CREDIBLE_SETS)
    figures = locus_figures(read_results(sorted(tmp_path.iterdir())), None)
    assert len(figures) == 2 and all("there is no credible set" in figure.caption for figure in figures)


def test_loci__are_at_most_twelve_and_the_strongest() -> None:
    parts = [pips().iloc[:40].assign(locus=f"l{number:02}", z=np.linspace(0, 5 + number, 40)) for number in range(15)]
    names = [figure.name for figure in locus_figures(results(pips=pd.concat(parts)), None)]
    assert names == [f"locus_trait_l{number:02}" for number in range(3, 15)]


@pytest.mark.parametrize("z", [80.0, -80.0, 0.0, 1e5])
def test_locus__of_one_variant_and_extreme_z(z: float) -> None:
    one = pips().iloc[:1].assign(z=z)
    (figure,) = locus_figures(results(pips=one), None)
    assert np.isfinite(figure.numbers["minus_log10_p"]).all() and figure.png.startswith(b"\x89PNG")
    (quantiles,) = quantile_figure(results(sumstats=one))
    assert np.isfinite(quantiles.numbers[["expected", "observed", "band_low", "band_high"]].to_numpy()).all()


def test_locus__leaves_out_variants_without_a_statistic() -> None:
    table = pips()
    table.loc[3, "z"] = np.nan
    (figure,) = locus_figures(results(pips=table), None)
    assert len(figure.numbers) == 39 and CAUSAL_NAMES[0] in figure.alt


def test_gene_track__draws_the_names_of_genes_inside(study: Study) -> None:
    _, axes = new_axes()
    draw_gene_track(axes[0, 0], read_genes(study.gtf), "chr1", 0.0, 0.02)
    assert [text.get_text() for text in axes[0, 0].texts] == ["NAME0", "NAME1", "NAME2"]
    assert len(axes[0, 0].lines) == 3
    draw_gene_track(axes[0, 0], read_genes(study.gtf), "chr2", 0.0, 0.02)
    assert len(axes[0, 0].lines) == 3


def test_quantiles__of_uniform_p_stay_in_the_band_and_keep_the_strongest() -> None:
    rng = np.random.default_rng(3)
    observed = -np.log10(rng.uniform(size=200_000))
    points = expected_and_observed(observed)
    assert len(points) <= 1500 and points["observed"].iloc[0] == observed.max()
    exact = -np.sort(-observed)
    ranks = np.round(10 ** -points["expected"] * 200_000 + 0.5).astype(int)
    np.testing.assert_array_equal(points["observed"], exact[ranks - 1])
    # Beta(k, n - k + 1) quantiles, from scipy's binomial side: P(k-th smallest <= p) = P(Binomial(n, p) >= k)
    low, high = 10 ** -points["band_high"].iloc[5], 10 ** -points["band_low"].iloc[5]
    assert stats.binom.sf(ranks[5] - 1, 200_000, [low, high]) == pytest.approx([0.025, 0.975], abs=1e-6)
    inside = points["observed"].between(points["band_low"], points["band_high"])
    assert inside.mean() > 0.8


def test_quantiles__prefer_the_finest_column_and_give_lambda() -> None:
    z = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    table = pd.DataFrame({"z": z * np.sqrt(1.2)})
    assert "trait 1.200" in quantile_figure(results(sumstats=table))[0].alt
    with_p = table.assign(p_value=1e-300)
    assert quantile_figure(results(sumstats=with_p))[0].numbers["observed"].eq(300).all()
    finest = with_p.assign(neg_log_10_p_value=1234.0)
    assert quantile_figure(results(sumstats=finest))[0].numbers["observed"].eq(1234).all()


def test_quantiles__draw_nine_files_at_most() -> None:
    found = Results(tables={"lucidseq.sumstats": [(f"t{number}", pd.DataFrame({"z": [1.0, 2.0]})) for number in range(11)]})
    (figure,) = quantile_figure(found)
    assert set(figure.numbers["file"]) == {f"t{number}" for number in range(9)}


def effect_rows(study: Study) -> pd.DataFrame:
    return read_results([study.files["effects"]]).table("effects")[0][1]


def test_effects__of_two_shards_count_each_variant_once(study: Study) -> None:
    table = effect_rows(study)
    halves = Results(
        tables={"lucidseq.effects": [("a", table.iloc[:20].reset_index(drop=True)), ("b", table.iloc[20:].reset_index(drop=True))]}
    )
    pd.testing.assert_frame_equal(strongest_effects(halves), strongest_effects(results(effects=table)))
    assert len(strongest_effects(halves)) == 40


def test_effects__take_the_target_of_largest_effect(study: Study) -> None:
    table = effect_rows(study)
    second = table.assign(target_name="PU1", effect=2.0, score=2.0).iloc[:5]
    both = strongest_effects(results(effects=pd.concat([table, second])))
    assert len(both) == 40 and (both["target_name"].iloc[:5] == "PU1").all()


def test_breaking_variants__weigh_effect_by_pip_and_show_the_bases(study: Study) -> None:
    found = read_results([study.files[kind] for kind in ("effects", "pips", "attributions")])
    _, figure = variant_figures(found)
    assert figure.numbers["variant_id"].iloc[0] == CAUSAL_NAMES[0]
    weight = figure.numbers["score"] * figure.numbers["pip"]
    assert weight.is_monotonic_decreasing and "standard deviation over the ensemble" in figure.caption
    with_bases = figure.numbers["bases_around"].str.len() == 29
    assert with_bases.iloc[0] and not with_bases.all()


def test_breaking_variants__alone_go_by_effect_and_say_that_spread_is_unknown(study: Study) -> None:
    table = effect_rows(study).assign(effect_sd=0.0)
    _, figure = variant_figures(results(effects=table))
    assert figure.numbers["score"].is_monotonic_decreasing and "with one network" in figure.caption
    assert (figure.numbers["bases_around"] == "").all()


def test_breaking_variants__of_one_variant_without_scores_elsewhere(study: Study) -> None:
    table = effect_rows(study)
    table.loc[1:, ["effect", "score"]] = np.nan
    assert len(variant_figures(results(effects=table))[1].numbers) == 1
    table.loc[0, ["effect", "score"]] = np.nan
    assert variant_figures(results(effects=table)) == []


def test_logos__show_the_strongest_sequences_and_survive_silence(tmp_path: Path) -> None:
    values = np.zeros((8, 200), dtype=np.float32)
    write_attributions(tmp_path / "zero.h5", np.random.default_rng(1), contributions=values)
    assert not logo_figures([tmp_path / "zero.h5"])[0].numbers[list("ACGT")].to_numpy().any()
    values[5, 150], values[2, 20], values[3, 0] = -3, 2, np.nan
    write_attributions(tmp_path / "two.h5", np.random.default_rng(1), contributions=values)
    numbers = logo_figures([tmp_path / "two.h5"])[0].numbers
    assert list(dict.fromkeys(numbers["sequence"]))[:2] == ["peak5", "peak2"]
    assert 150 in numbers.loc[numbers["sequence"] == "peak5", "position"].tolist()


def test_logos__put_a_contribution_on_the_base_that_is_there() -> None:
    _, axes = new_axes()
    frame = draw_letters(axes[0, 0], np.array([2, 4, 0]), np.array([1.5, 9.0, -0.5]))
    np.testing.assert_array_equal(frame.to_numpy(), [[0, 0, 1.5, 0], [0, 0, 0, 0], [-0.5, 0, 0, 0]])


def test_strongest__is_the_same_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=(23, 7))
    monkeypatch.setattr("lucidseq.report.logo_figures.SLICE", 5)
    np.testing.assert_array_equal(strongest(values), np.abs(values).max(axis=1))
    assert len(strongest(values[:0])) == 0


def test_genes_and_sets__stay_finite_at_p_zero(study: Study) -> None:
    found = read_results([study.files["genes"], study.files["pathways"]])
    found.table("genes")[0][1].loc[0, "p_value"] = 0.0
    found.table("genes")[0][1].loc[1, "p_value"] = np.nan
    found.table("pathways")[0][1].loc[:, "p_value"] = 0.0
    by_gene, by_set = enrichment_figures(found)
    assert by_gene.numbers["minus_log10_p"].max() == 300 and len(by_gene.numbers) == 5
    assert "strongest NAME0" in by_gene.alt and "competitive SET" in by_set.alt


def test_evaluation__explains_each_panel_it_shows(study: Study) -> None:
    curves = read_results([study.files["curves"]]).table("curves")[0][1]
    for kinds in (["scatter"], ["roc", "pr"], ["reliability", "scatter"]):
        (figure,) = network_figures(results(curves=curves[curves["curve"].isin(kinds)]), {})
        assert ("ROC:" in figure.caption) == ("roc" in kinds)
        assert ("calibrated predictions" in figure.caption) == ("reliability" in kinds)
        assert ("each point is a sequence" in figure.caption) == ("scatter" in kinds)


def test_figures__do_not_heed_a_matplotlibrc(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    first = network_figures(read_results([study.files["history"]]), {})[0].png
    monkeypatch.setitem(matplotlib.rcParams, "lines.linewidth", 9.0)
    assert network_figures(read_results([study.files["history"]]), {})[0].png == first


def test_number__reads_as_a_person_would() -> None:
    assert [number(value) for value in (1.0, 1e-300, np.float64(0.5), float("nan"), None, "x", True)] == [
        "1",
        "1e-300",
        "0.5",
        "",
        "",
        "x",
        "True",
    ]
