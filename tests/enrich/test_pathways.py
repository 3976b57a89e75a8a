"""enrich pathways: calibrated under the null, right against textbook versions, strict about its inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from enrich.inputs import Inputs, make_inputs
from lucidseq.core.seeds import stream
from lucidseq.enrich.competitive import CompetitiveTest
from lucidseq.enrich.gsea import PrerankedGsea
from support import assert_bad_input, run_cli, run_ok
from verify_table import replicates

NO_PAIRS = (np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0))


@pytest.fixture(scope="module")
def gene_tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Inputs]:
    folder = tmp_path_factory.mktemp("pathways")
    study = make_inputs(folder, causal=(5, 12, 20, 33, 40, 50), shift=6.0)
    run_ok("enrich", "genes", "--sumstats", study.sumstats, "--ld", study.ld, "--gtf", study.gtf, "--flank", 0, "--out", folder / "g")
    return folder / "g", study


def run_pathways(prefix: Path, gmt: Path, out: Path, *extra: object) -> pd.DataFrame:
    run_ok(
        "enrich",
        "pathways",
        "--genes",
        f"{prefix}.genes.tsv",
        "--correlations",
        f"{prefix}.gene_correlations.tsv.gz",
        "--gene-sets",
        gmt,
        "--out",
        out,
        *extra,
    )
    return pd.read_csv(f"{out}.pathways.tsv", sep="\t")


def test_causal_set__comes_first_by_both_methods(gene_tables: tuple[Path, Inputs], tmp_path: Path) -> None:
    table = run_pathways(gene_tables[0], gene_tables[1].gmt, tmp_path / "p")
    for method in ("competitive", "gsea"):
        rows = table[table["method"] == method]
        assert rows.iloc[0]["gene_set"] == "CAUSAL"
        assert len(rows) == 13
        assert rows.iloc[0]["p_value"] < 0.01
        assert "N5" in rows.iloc[0]["genes"].split(",")


def test_competitive__without_ld_is_ordinary_least_squares() -> None:
    rng = np.random.default_rng(1)
    z, sizes, member = rng.normal(size=80), rng.normal(size=80), (np.arange(80) < 10).astype(float)
    found = CompetitiveTest(z, sizes[:, None], *NO_PAIRS).test(member)
    design = np.column_stack([np.ones(80), sizes, member])
    beta, rest, *_ = np.linalg.lstsq(design, z, rcond=None)
    error = np.sqrt(rest[0] / 77 * np.linalg.inv(design.T @ design)[2, 2])
    assert found.estimate == pytest.approx(beta[2])
    assert found.standard_error == pytest.approx(error)
    assert found.p_value == pytest.approx(stats.t.sf(beta[2] / error, 77))


def test_competitive__constant_and_repeated_covariates_change_nothing() -> None:
    rng = np.random.default_rng(2)
    z, sizes, member = rng.normal(size=60), rng.normal(size=60), (np.arange(60) < 9).astype(float)
    plain = CompetitiveTest(z, sizes[:, None], *NO_PAIRS).test(member)
    crowded = CompetitiveTest(z, np.column_stack([sizes, 2 * sizes + 1, np.full(60, 3.0)]), *NO_PAIRS).test(member)
    assert crowded.p_value == pytest.approx(plain.p_value)


@replicates(400, 10_000)
def test_competitive__is_calibrated_under_ld_where_ignoring_it_is_not(
    replicates: int, record_property: Callable[[str, object], None]
) -> None:
    """A set of neighbours in strong LD: 5 % of null p-values below .05 with LD, far more without."""
    rng = np.random.default_rng(3)
    block, genes = np.full((10, 10), 0.8) + 0.2 * np.eye(10), 200
    factor = np.linalg.cholesky(block)
    first, second = np.triu_indices(10, k=1)
    pairs = np.concatenate([first + 10 * b for b in range(20)]), np.concatenate([second + 10 * b for b in range(20)])
    member = (np.arange(genes) < 10).astype(float)
    honest, naive = [], []
    for _ in range(replicates):
        z = (factor @ rng.normal(size=(10, 20))).T.ravel()
        honest.append(CompetitiveTest(z, np.empty((genes, 0)), *pairs, np.full(len(pairs[0]), 0.8)).test(member).p_value)
        naive.append(CompetitiveTest(z, np.empty((genes, 0)), *NO_PAIRS).test(member).p_value)
    figure = f"{(np.array(honest) < 0.05).mean():.4f} of null p below 0.05 ({(np.array(naive) < 0.05).mean():.2f} without LD)"
    record_property("figure", ("3", figure, "0.05"))
    low, high = stats.binom.interval(0.999, replicates, 0.05)
    assert low <= (np.array(honest) < 0.05).sum() <= high
    assert (np.array(naive) < 0.05).sum() > high


def test_gsea__score_equals_a_walk_down_the_ranking() -> None:
    rng = np.random.default_rng(4)
    z, members = rng.normal(size=50), np.array([3, 8, 11, 30])
    order = np.argsort(-z)
    total, best, height = np.abs(z[members]).sum(), -np.inf, 0.0
    for gene in order:
        height += abs(z[gene]) / total if gene in members else -1 / 46
        best = max(best, height)
    assert PrerankedGsea(z, 99, lambda size: stream(1, size)).test(members).score == pytest.approx(best)


@replicates(400, 4000)
def test_gsea__null_p_values_are_uniform(replicates: int, record_property: Callable[[str, object], None]) -> None:
    rng = np.random.default_rng(5)
    ranking = PrerankedGsea(rng.normal(size=300), 1000, lambda size: stream(1, size))
    p = [ranking.test(rng.choice(300, 10, replace=False)).p_value for _ in range(replicates)]
    record_property(
        "figure", ("5", f"{np.mean(np.array(p) < 0.05):.4f} of null p below 0.05", "0.05, within 0.014 as all share 1000 null scores")
    )
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_gsea__does_not_depend_on_the_other_sets() -> None:
    z = np.random.default_rng(6).normal(size=100)
    alone = PrerankedGsea(z, 500, lambda size: stream(1, size)).test(np.arange(7))
    together = PrerankedGsea(z, 500, lambda size: stream(1, size))
    together.test(np.arange(20))
    assert together.test(np.arange(7)).p_value == alone.p_value


def test_gene_names__serve_when_they_find_more(gene_tables: tuple[Path, Inputs], tmp_path: Path) -> None:
    (tmp_path / "x.gmt").write_text("BYNAME\td\tN1\tN2\tN3\tN4\n")
    assert run_pathways(gene_tables[0], tmp_path / "x.gmt", tmp_path / "p")["n_genes"].tolist() == [4, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A\td\n", "line 1"),
        ("A\td\tG1\tG2\tG3\nA\td\tG1\n", "line 2"),
        ("A\td\tENSG1\tENSG2\tENSG3\n", "ENSG1"),
        ("A\td\tG1\tG2\n", "no set has 3"),
    ],
)
def test_bad_sets__are_told(gene_tables: tuple[Path, Inputs], tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.gmt").write_text(text)
    result = run_cli(
        "enrich",
        "pathways",
        "--genes",
        f"{gene_tables[0]}.genes.tsv",
        "--correlations",
        f"{gene_tables[0]}.gene_correlations.tsv.gz",
        "--gene-sets",
        tmp_path / "x.gmt",
        "--out",
        tmp_path / "out" / "p",
    )
    assert_bad_input(result, said, folder=tmp_path / "out")


@pytest.mark.parametrize("versions", ["table", "sets", "different", "neither"])
def test_ensembl_versions__are_stripped_where_nothing_matches(gene_tables: tuple[Path, Inputs], tmp_path: Path, versions: str) -> None:
    prefix, study = gene_tables
    genes = pd.read_csv(f"{prefix}.genes.tsv", sep="\t")
    pairs = pd.read_csv(f"{prefix}.gene_correlations.tsv.gz", sep="\t")
    bare = {gene: f"ENSG{number:011d}" for number, gene in enumerate(genes["gene_id"])}
    by_name = {name: bare[gene] for gene, name in zip(genes["gene_id"], genes["gene_name"], strict=True)}
    of_table, of_sets = {"table": (".3", ""), "sets": ("", ".12"), "different": (".3", ".12"), "neither": ("", "")}[versions]
    for column in ("gene_id_1", "gene_id_2"):
        pairs[column] = [bare[gene] + of_table for gene in pairs[column]]
    genes["gene_id"] = genes["gene_name"] = [bare[gene] + of_table for gene in genes["gene_id"]]
    genes.to_csv(tmp_path / "g.genes.tsv", sep="\t", index=False)
    pairs.to_csv(tmp_path / "g.gene_correlations.tsv.gz", sep="\t", index=False)
    rows = [line.split("\t") for line in study.gmt.read_text().splitlines()]
    known = {**by_name, **bare}
    gmt = tmp_path / "sets.gmt"
    gmt.write_text("".join("\t".join([*row[:2], *[known[gene] + of_sets for gene in row[2:] if gene in known]]) + "\n" for row in rows))
    found = run_pathways(tmp_path / "g", gmt, tmp_path / "p").drop(columns="genes")
    expected = run_pathways(prefix, study.gmt, tmp_path / "q").drop(columns="genes")
    pd.testing.assert_frame_equal(found, expected)
    card = json.loads((tmp_path / "p.enrich_pathways.card.json").read_text())
    (check,) = [check for check in card["checks"] if check["name"] == "genes matched by"]
    assert check["value"] == ("gene_id" if versions == "neither" else "gene_id without Ensembl versions")
