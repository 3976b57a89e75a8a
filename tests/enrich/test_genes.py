"""enrich genes: calibrated under the null, equal to a direct calculation, strict about its inputs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from enrich.inputs import Inputs, make_inputs
from lucidseq.core.gtf import Gene, read_genes
from lucidseq.core.ld import LdBlock, open_ld
from lucidseq.enrich.gene_statistic import GeneAccumulator, evaluate_gene
from support import assert_bad_input, run_cli, run_ok


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("genes"), causal=(5, 20, 40), shift=7.0)


def run_genes(study: Inputs, out: Path, *extra: object) -> pd.DataFrame:
    run_ok("enrich", "genes", "--sumstats", study.sumstats, "--ld", study.ld, "--gtf", study.gtf, "--out", out, *extra)
    return pd.read_csv(f"{out}.genes.tsv", sep="\t")


def test_genes__match_a_direct_calculation(study: Inputs, tmp_path: Path) -> None:
    table = run_genes(study, tmp_path / "g", "--flank", 0, "--pips", study.pips).set_index("gene_id")
    z = pd.read_csv(study.sumstats, sep="\t").set_index("variant_id")["z"]
    with open_ld(study.ld) as store:
        block = store.block(0)
    chosen = block.variant_id[25:30]  # gene 5
    weights = np.linalg.eigvalsh(block.r[25:30, 25:30].astype(float))
    statistic = float((z[chosen] ** 2).sum())
    draws = np.random.default_rng(1).chisquare(1, (400_000, 5)) @ weights
    row = table.loc["G5"]
    assert row["statistic"] == pytest.approx(statistic)
    assert row["n_variants"] == 5
    assert row["pip"] == pytest.approx(1 - 0.9**5)
    null = table.loc["G33"]
    assert null["p_value"] == pytest.approx((draws > null["statistic"]).mean(), abs=0.004)
    assert row["z"] == pytest.approx(stats.norm.isf(row["p_value"]), rel=1e-6)


def test_causal_genes__come_first_and_untested_ones_are_counted(study: Inputs, tmp_path: Path) -> None:
    table = run_genes(study, tmp_path / "g", "--flank", 0)
    assert set(table["gene_id"].head(3)) == {"G5", "G20", "G40"}
    assert len(table) == 60
    assert not {"G60", "G61", "G62"} & set(table["gene_id"])
    checks = {check["name"]: check for check in json.loads((tmp_path / "g.enrich_genes.card.json").read_text())["checks"]}
    assert checks["genes tested"]["value"] == 60
    assert "3 genes" in checks["genes tested"]["advice"]


def test_null__p_values_are_uniform() -> None:
    rng = np.random.default_rng(3)
    r = 0.8 ** np.abs(np.arange(300)[:, None] - np.arange(300))
    factor = np.linalg.cholesky(r)
    genes = [Gene(f"g{i}", f"g{i}", "c", 10 * i, 10 * i + 10, "+") for i in range(30)]
    names = np.array([f"c:{i + 1}:A:G" for i in range(300)], dtype=object)
    p = []
    for _ in range(40):
        accumulator = GeneAccumulator(genes, 0)
        accumulator.add(LdBlock("b", "c", 0, 300, r, names), np.arange(300), factor @ rng.normal(size=300), None)
        p += [np.exp(evaluate_gene(data).log_p) for data in accumulator.data]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_correlations__are_those_of_simulated_statistics() -> None:
    rng = np.random.default_rng(4)
    r = 0.9 ** np.abs(np.arange(40)[:, None] - np.arange(40))
    genes = [Gene("a", "a", "c", 0, 20, "+"), Gene("b", "b", "c", 15, 40, "+")]
    accumulator = GeneAccumulator(genes, 0)
    names = np.array([f"c:{i + 1}:A:G" for i in range(40)], dtype=object)
    accumulator.add(LdBlock("b", "c", 0, 40, r, names), np.arange(40), np.zeros(40), None)
    draws = np.square(rng.normal(size=(40_000, 40)) @ np.linalg.cholesky(r).T)
    wanted = np.corrcoef(draws[:, :20].sum(axis=1), draws[:, 15:].sum(axis=1))[0, 1]
    _, _, correlation = accumulator.correlations()
    assert correlation == pytest.approx([wanted], abs=0.02)


def test_swapped_alleles_and_signs__do_not_matter(study: Inputs, tmp_path: Path) -> None:
    frame = pd.read_csv(study.sumstats, sep="\t")
    frame["variant_id"] = [name.replace(":A:G", ":G:A") for name in frame["variant_id"]]
    frame["effect_allele"], frame["other_allele"], frame["z"] = "A", "G", -frame["z"]
    frame.sample(frac=1, random_state=1).to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    swapped = Inputs(tmp_path / "s.tsv", study.ld, study.gtf, study.gmt, study.pips)
    a, b = run_genes(study, tmp_path / "a"), run_genes(swapped, tmp_path / "b")
    pd.testing.assert_series_equal(a["p_value"], b["p_value"])


def test_extreme_z__keeps_p_finite(tmp_path: Path) -> None:
    study = make_inputs(tmp_path / "in", causal=(5,), shift=80.0)
    table = run_genes(study, tmp_path / "g").set_index("gene_id")
    assert table.loc["G5", "p_value"] == 1e-300
    assert table.loc["G5", "neg_log_10_p_value"] > 1000
    assert np.isfinite(table[["z", "p_value", "q_value"]].to_numpy()).all()


def test_gtf__without_gene_rows_uses_spans(tmp_path: Path) -> None:
    (tmp_path / "x.gtf").write_text(
        'c\tx\texon\t11\t20\t.\t+\t.\tgene_id "A"; transcript_id "t";\nc\tx\texon\t31\t40\t.\t+\t.\tgene_id "A"; transcript_id "t";\n'
    )
    assert read_genes(tmp_path / "x.gtf") == [Gene("A", "A", "c", 10, 40, "+")]


@pytest.mark.parametrize("case", ["contigs", "column", "nan", "truncated", "gtf", "alleles", "far"])
def test_bad_input__is_told_with_its_place(study: Inputs, tmp_path: Path, case: str) -> None:
    sumstats, gtf, mentions, extra = study.sumstats, study.gtf, [], []
    frame = pd.read_csv(study.sumstats, sep="\t")
    if case == "contigs":
        gtf = tmp_path / "x.gtf"
        gtf.write_text(study.gtf.read_text().replace("chr1\t", "1\t"))
        mentions = ["contigs 1 in the GTF and chr1 in the LD"]
    elif case == "gtf":
        gtf = tmp_path / "x.gtf"
        gtf.write_text("chr1\tx\tgene\t5\t9\t.\t+\t.\tname=1\n")
        mentions = ["x.gtf, line 1", "gene_id"]
    elif case == "far":
        gtf = tmp_path / "x.gtf"
        gtf.write_text('chr1\tx\tgene\t90000001\t90000009\t.\t+\t.\tgene_id "A";\n')
        mentions = ["no gene has a tested variant"]
    elif case == "truncated":
        sumstats = tmp_path / "s.tsv.gz"
        sumstats.write_bytes(study.sumstats.read_bytes()[:1500])
        mentions = ["s.tsv.gz"]
    else:
        sumstats = tmp_path / "s.tsv"
        if case == "column":
            frame, mentions = frame.drop(columns="z"), ["no column z", "line 1"]
        elif case == "nan":
            frame.loc[3, "z"], mentions = np.nan, ["z of chr1:2201:A:G is missing"]
        else:
            frame["variant_id"], mentions = (frame["variant_id"].str.replace(":A:G", ":C:T"), ["none of the 300 LD variants"])
        frame.to_csv(sumstats, sep="\t", index=False)
    result = run_cli("enrich", "genes", "--sumstats", sumstats, "--ld", study.ld, "--gtf", gtf, *extra, "--out", tmp_path / "out" / "g")
    assert_bad_input(result, *mentions, folder=tmp_path / "out")
    assert gzip.decompress(study.sumstats.read_bytes())
