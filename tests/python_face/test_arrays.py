"""Verbs on arrays: equal to what they stand on, whatever array-like comes in; mistakes are errors in three parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import lucidseq as ls
from finemap.inputs import simulate_genotypes
from fixtures_formats import simulate_alleles, truth, write_sites
from lucidseq.attribute import methods, rules
from lucidseq.attribute.explained import explain
from lucidseq.core import alphabet
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.finemap.regression_data import IndividualData
from lucidseq.finemap.susie import fit_susie
from toy_models import ZOO

RNG = np.random.default_rng(8)
X = simulate_genotypes(np.random.default_rng(2), 250, 10)
Y = 0.5 * X[:, 3] + np.random.default_rng(4).standard_normal(250)


def test_susie__is_the_fit_of_the_command_whatever_comes_in() -> None:
    expected = fit_susie(IndividualData(X, Y))
    frame = pd.DataFrame(X.astype(np.int8), columns=[f"v{i}" for i in range(10)])
    for genotypes, trait in ((X, Y), (X.tolist(), Y.tolist()), (frame, pd.Series(Y)), (X.astype(np.float32), Y)):
        assert np.allclose(ls.susie(genotypes, trait).fit.pip, expected.pip, atol=1e-6)
    assert ls.susie(frame, Y).pip.idxmax() == "v3"


def test_susie_rss__of_in_sample_statistics_is_susie() -> None:
    data = IndividualData(X, Y)
    fit = ls.susie_rss(pd.Series(data.z, index=list("abcdefghij")), np.corrcoef(X.T), 250, in_sample=True)
    assert np.allclose(fit.fit.pip, ls.susie(X, Y).fit.pip, atol=1e-6)
    assert fit.credible_sets["cs1"][0] == "d"
    assert "1 credible sets, converged" in repr(fit)


def test_susie__prior_shifts_probability() -> None:
    X2 = np.column_stack([X[:, 3], X[:, 3]])
    fit = ls.susie(X2, Y, prior=[3, 1])
    assert fit.pip["0"] == pytest.approx(0.75, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "mention"),
    [
        (lambda: ls.susie(X[:, 0], Y), "1-dim|2 dimensions"),
        (lambda: ls.susie(X, Y[:-1]), "shape"),
        (lambda: ls.susie([["a", "b"]] * 3, [1, 2, 3]), "not numbers"),
        (lambda: ls.susie(X, Y, names=["a"]), "names"),
        (lambda: ls.susie(np.where(X == 0, np.nan, X), Y), "finite"),
        (lambda: ls.susie_rss(Y[:3], np.ones((2, 2)), 100), "shape"),
        (lambda: ls.susie_rss([1.0, 2.0], 4 * np.eye(2), 100), "diagonal"),
        (lambda: ls.gene_test([1, 2], np.eye(3)), "R of shape"),
        (lambda: ls.gsea({"a": 1.0}, {"s": ["b"]}), "no set"),
        (lambda: ls.gsea({"a": float("nan")}, {"s": ["a"]}), "finite"),
        (lambda: ls.one_hot(["ACG", "AC"]), "one length"),
        (lambda: ls.one_hot(["AXG"]), "not a base"),
        (lambda: ls.one_hot(np.zeros((3, 4, 9))), "transpose"),
        (lambda: ls.plot_pips(pd.DataFrame({"x": [1]})), "pip"),
        (lambda: ls.plot_logo(np.zeros((4, 9))), "transpose"),
    ],
)
def test_mistakes__are_errors_in_three_parts(call: Any, mention: str) -> None:
    with pytest.raises(ls.DataError, match=mention) as caught:
        call()
    assert "expected: " in str(caught.value) and "fix: " in str(caught.value)


def test_gene_test__is_exact_for_independent_variants() -> None:
    z = RNG.standard_normal(5)
    tested = ls.gene_test(z, np.eye(5))
    assert tested.p_value == pytest.approx(stats.chi2.sf((z**2).sum(), 5), rel=1e-9)
    assert ls.gene_test([40.0], [[1]]).neg_log10_p == pytest.approx(-(stats.norm.logsf(40) + np.log(2)) / np.log(10), rel=1e-9)


def test_gsea__finds_the_shifted_set_and_repeats(tmp_path: Path) -> None:
    scores = pd.Series(RNG.standard_normal(200), index=[f"g{i}" for i in range(200)])
    scores.iloc[:10] += 2
    sets = {"shifted": [f"g{i}" for i in range(10)], "random": [f"g{i}" for i in range(50, 60)]}
    table = ls.gsea(scores, sets)
    assert table["gene_set"].iloc[0] == "shifted" and table["p_value"].iloc[0] < 0.01
    (tmp_path / "s.gmt").write_text("".join(f"{name}\t\t{chr(9).join(genes)}\n" for name, genes in sets.items()))
    pd.testing.assert_frame_equal(table, ls.gsea(scores.to_dict(), tmp_path / "s.gmt"))


@pytest.mark.parametrize("name", ["conv_relu", "max_pool", "two_outputs"])
def test_deepshap__equals_the_explainer_of_the_command(name: str) -> None:
    model = ZOO[name]()
    codes = RNG.integers(0, 4, (3, model.input_shape[1])).astype(np.uint8)
    references = alphabet.one_hot(RNG.integers(0, 4, (3, 4, codes.shape[1])).astype(np.uint8))
    expected = methods.deepshap(explain(model, None))(alphabet.one_hot(codes), references)
    for given in (codes, alphabet.one_hot(codes), [alphabet.decode(row) for row in codes]):
        maps = ls.deepshap(model, given, references=references)
        assert np.allclose(maps.hypothetical, expected.hypothetical, atol=1e-6)
    assert len(maps) == 3 and "completeness error" in repr(maps)


def test_maps__do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    from lucidseq.attribute import arrays

    model = ZOO["max_pool"]()
    codes = RNG.integers(0, 4, (5, model.input_shape[1]))
    whole = [verb(model, codes).contributions for verb in (ls.saliency, ls.ism, ls.deepshap, ls.integrated_gradients)]
    monkeypatch.setattr(arrays, "_ROWS", 45)
    parts = [verb(model, codes).contributions for verb in (ls.saliency, ls.ism, ls.deepshap, ls.integrated_gradients)]
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(whole, parts, strict=True))


class Doubled(keras.layers.Layer):
    """A layer of somebody's own: twice its input, in a way that no rule knows."""

    def call(self, x: Any) -> Any:
        return x + keras.ops.abs(x) * keras.ops.sign(x)


def test_additional_rules__reach_a_layer_of_ones_own() -> None:
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((12, 4)), keras.layers.Conv1D(3, 4), Doubled(), keras.layers.Flatten(), keras.layers.Dense(1)])
    texts = ["ACGTACGTAGCT", "GGGTTTAAACCC"]
    linear = ls.deepshap(model, texts, additional_rules={Doubled: "linear"})
    assert linear.completeness_error.max() < 1e-4
    calls = []

    def watched(layer: Any, args: Any, kwargs: Any) -> Any:
        calls.append(layer)
        return rules.rescale_rule(layer, args, kwargs)

    integrated = ls.deepshap(model, texts, additional_rules={Doubled: watched})
    assert calls and np.allclose(linear.contributions, integrated.contributions, atol=1e-4)
    with pytest.raises(ls.UsageError, match="linear, elementwise, integrated"):
        ls.deepshap(model, texts, additional_rules={Doubled: "cubic"})


def test_explaining__other_lengths_targets_and_references_is_refused() -> None:
    model = ZOO["max_pool"]()
    length = model.input_shape[1]
    with pytest.raises(ls.DataError, match="length of the model"):
        ls.saliency(model, np.zeros((1, length + 1), dtype=int))
    with pytest.raises(ls.UsageError, match="target"):
        ls.saliency(model, np.zeros((1, length), dtype=int), target=99)
    with pytest.raises(ls.DataError, match="references of shape"):
        ls.deepshap(model, np.zeros((1, length), dtype=int), references=np.zeros((2, length + 1, 4)))


def test_genotypes__region_samples_and_imputation(tmp_path: Path) -> None:
    alleles, alternates = simulate_alleles(1, 30, 12)
    write_sites(tmp_path / "x.vcf", alleles, alternates)
    everything = ls.read_genotypes(tmp_path / "x.vcf")
    expected = truth(alleles, alternates)
    assert np.array_equal(everything.dosage.T, np.where(expected < 0, np.nan, expected), equal_nan=True)
    place = everything.variants["base_pair_location"]
    contig = everything.variants["chromosome"].iloc[0]
    first, last = int(place.iloc[3]), int(place.iloc[6])
    part = ls.read_genotypes(tmp_path / "x.vcf", region=f"{contig}:{first:,}-{last:,}", samples=everything.samples[5:3:-1])
    assert part.samples == everything.samples[5:3:-1]
    assert part.variants["base_pair_location"].between(first, last).all()
    rows = everything.variants["variant_id"].isin(part.variants["variant_id"]).to_numpy()
    assert np.array_equal(part.dosage, everything.dosage[[5, 4]][:, rows], equal_nan=True)
    assert not everything.to_frame(impute=True).isna().any().any()
    with pytest.raises(ls.DataError, match="no variant in chrQ"):
        ls.read_genotypes(tmp_path / "x.vcf", region="chrQ")
    with pytest.raises(ls.UsageError, match="chr1:1,000-2,000"):
        ls.read_genotypes(tmp_path / "x.vcf", region="chr1:a-b")
    with pytest.raises(ls.DataError, match="nobody"):
        ls.read_genotypes(tmp_path / "x.vcf", samples=["nobody"])


def test_ld_file__gives_blocks_by_name_and_number(tmp_path: Path) -> None:
    blocks = [
        LdBlock(name, "1", 10 * i, 10 * i + 9, np.eye(2, dtype=np.float32), np.array([f"1:{i}1:A:G", f"1:{i}5:C:T"], dtype=object))
        for i, name in enumerate("ab")
    ]
    write_ld(tmp_path / "x.h5", iter(blocks), build="GRCh38", method="panel", n_ref=500)
    opened = ls.open_ld(tmp_path / "x.h5")
    assert len(opened) == 2 and opened.blocks["name"].tolist() == ["a", "b"] and opened.n_ref == 500
    assert opened.matrix("b").index.tolist() == ["1:11:A:G", "1:15:C:T"]
    assert [block.name for block in opened] == ["a", "b"] and "GRCh38" in repr(opened)
    with pytest.raises(ls.UsageError, match="one of a, b"):
        opened.block("c")
