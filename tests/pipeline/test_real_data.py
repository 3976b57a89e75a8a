"""Real data under real Nextflow: a real locus against susieR, real peaks against their known motifs."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_n3 import CONTIG, TRAITS, write_n3

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import Run, run_nextflow, seconds

pytestmark = pytest.mark.pipeline
NO_FILTERS = (
    "--encode_genotypes_min_frequency",
    0,
    "--encode_genotypes_max_missing",
    1,
    "--encode_genotypes_max_sample_missing",
    1,
    "--encode_genotypes_min_hwe_p",
    0,
)


@pytest.fixture(scope="module", params=["individual", "summary"])
def n3_run(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    folder = tmp_path_factory.mktemp(f"n3_{request.param}")
    files = write_n3(shared_data, folder / "in")
    (folder / "in" / "cohorts.csv").write_text(f"cohort,genotypes,phenotypes\nn3,{files.vcf},{files.phenotypes}\n")
    position = np.load(shared_data / "finemapping" / "n3.npz")["pos"]
    edges = np.linspace(position.min(), position.max(), 9).astype(int)
    genes = [f'{CONTIG}\tx\tgene\t{a + 1}\t{b}\t.\t+\t.\tgene_id "G{i}"; gene_name "G{i}";\n' for i, (a, b) in enumerate(pairwise(edges))]
    (folder / "in" / "genes.gtf").write_text("".join(genes))
    (folder / "in" / "sets.gmt").write_text("A\td\tG0\tG1\tG2\nB\td\tG3\tG4\tG5\tG6\n")
    run = run_nextflow(
        folder,
        "--workflow",
        "association",
        "--input",
        folder / "in" / "cohorts.csv",
        "--loci",
        files.loci,
        "--gtf",
        folder / "in" / "genes.gtf",
        "--gene_sets",
        folder / "in" / "sets.gmt",
        "--finemap_data",
        request.param,
        "--finemap_locus_tolerance",
        1e-3,
        *NO_FILTERS,
    )
    assert run.exit_code == 0, run.log
    return run, request.param


@pytest.mark.parametrize("trait", TRAITS)
def test_n3__pips_and_credible_sets_are_those_of_susier(n3_run: tuple[Run, str], shared_data: Path, trait: str) -> None:
    run, kind = n3_run
    reference = shared_data / "finemapping" / "reference"
    wanted = pd.read_csv(reference / f"n3_{trait}_susie{'_rss' if kind == 'summary' else ''}.pip.tsv", sep="\t")["pip"]
    found = pd.read_csv(run.results / "finemap" / "locus" / f"n3.{trait}.pips.tsv.gz", sep="\t")
    assert len(found) == len(wanted)
    assert np.abs(found["pip"].to_numpy() - wanted.to_numpy()).max() < 1e-6
    sets = pd.read_csv(run.results / "finemap" / "locus" / f"n3.{trait}.credible_sets.tsv", sep="\t")
    rows = {name: index for index, name in enumerate(found["variant_id"])}
    ours = {frozenset(rows[name] for name in variants.split(",")) for variants in sets["variants"]}
    theirs = pd.read_csv(reference / f"n3_{trait}_susie.cs.tsv", sep="\t")["variants"].astype(str)
    assert ours == {frozenset(map(int, variants.split(","))) for variants in theirs}


def test_n3__z_are_t_statistics(n3_run: tuple[Run, str], shared_data: Path) -> None:
    run, _ = n3_run
    found = pd.read_csv(run.results / "encode" / "sumstats" / "n3.trait1.sumstats.tsv.gz", sep="\t")
    wanted = pd.read_csv(shared_data / "finemapping" / "reference" / "n3_trait1.sumstats.tsv", sep="\t")
    assert (found["z_kind"] == "t").all()
    assert np.abs(found["z"] - wanted["z"]).max() < 1e-5  # float32 dosages


@pytest.fixture(scope="module")
def peaks_run(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("peaks")
    run = run_nextflow(
        folder,
        "--workflow",
        "regulatory",
        "--positive",
        shared_data / "sequences" / "ctcf.fa.gz",
        "--negative",
        shared_data / "sequences" / "pu1.fa.gz",
        "--encode_sequences_test_contigs",
        "chr8,chr9",
        "--encode_sequences_target_name",
        "ctcf",
        "--attribution_shards",
        1,
    )
    assert run.exit_code == 0, run.log
    return run


def test_peaks__auroc_and_training_time(peaks_run: Run) -> None:
    metrics = pd.read_csv(peaks_run.results / "train" / "evaluate" / "model.metrics.tsv", sep="\t")
    overall = metrics[(metrics["metric"] == "auroc") & (metrics["group"] == "all")]
    assert overall["value"].iloc[0] >= 0.995
    (fit,) = (row for row in peaks_run.trace() if "TRAIN_FIT" in row["name"])
    cpu = seconds(fit["realtime"]) * float(fit["%cpu"].rstrip("%")) / 100
    print(f"\nCTCF against PU.1: AUROC {overall['value'].iloc[0]:.4f}, training {cpu:.0f} CPU s")
    assert cpu <= 120


def test_peaks__maps_show_the_known_motifs(peaks_run: Run) -> None:
    from motif_check import motif_correlation

    path, *others = sorted((peaks_run.results / "attribute" / "maps").glob("*.attributions.h5"))
    assert others == []
    ctcf, pu1 = motif_correlation(path, "MA0139.2"), -motif_correlation(path, "MA0080.7")
    print(f"\ncorrelation of mean hypothetical scores with JASPAR: CTCF {ctcf:.3f}, PU.1 {pu1:.3f}")
    assert ctcf >= 0.8
    assert pu1 >= 0.8
