"""A real Docker daemon: the README's single call, and the pipeline's docker profile."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fixtures_genotypes import random_calls, write_vcf
from support import run_ok, run_process

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
from daemon import docker_daemon, load
from machine import ROOT, Image, call, checksums
from nextflow import Run, run_nextflow

from lucidseq import __version__

pytestmark = pytest.mark.containers
CORE = f"lucidseq/core:{__version__}"
PEOPLE, VARIANTS, CAUSAL = 300, 80, 20


@pytest.fixture(scope="module")
def docker(images: dict[str, Image]) -> Iterator[dict[str, str]]:
    with docker_daemon() as variables:
        load(images["core"], CORE, variables)
        yield variables


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort with one causal variant, as a user's files, and what the plain commands make of it, with the pipeline's threads."""
    folder = tmp_path_factory.mktemp("study")
    calls = random_calls(5, VARIANTS, PEOPLE, missing=0)
    write_vcf(folder / "people.vcf.gz", calls)
    height = 0.6 * calls[CAUSAL] + np.random.default_rng(6).standard_normal(PEOPLE)
    rows = [f"s{index}\t{value:.6f}" for index, value in enumerate(height)]
    (folder / "traits.tsv").write_text("\n".join(["sample\theight", *rows]) + "\n")
    (folder / "loci.bed").write_text("chr1\t99\t891\tlocus\n")
    genes = [
        f'chr1\tx\tgene\t{100 + 100 * index}\t{199 + 100 * index}\t.\t+\t.\tgene_id "G{index}"; gene_name "G{index}";\n'
        for index in range(8)
    ]
    (folder / "genes.gtf").write_text("".join(genes))
    (folder / "sets.gmt").write_text("A\td\tG0\tG1\tG2\nB\td\tG3\tG4\tG5\tG6\n")
    (folder / "cohorts.csv").write_text(f"cohort,genotypes,phenotypes\npeople,{folder / 'people.vcf.gz'},{folder / 'traits.tsv'}\n")
    run_ok("encode", "genotypes", "--genotypes", "people.vcf.gz", "--phenotypes", "traits.tsv", "--out", "people", cwd=folder)
    run_ok("encode", "sumstats", "--genotypes", "people.genotypes.h5", "--trait", "height", "--out", "height", cwd=folder)
    run_ok(
        "encode",
        "ld",
        "--genotypes",
        "people.genotypes.h5",
        "--trait",
        "height",
        "--loci",
        "loci.bed",
        "--out",
        "height",
        "--threads",
        2,
        cwd=folder,
    )
    run_ok("finemap", "locus", "--sumstats", "height.sumstats.tsv.gz", "--ld", "height.ld.h5", "--out", "plain", "--threads", 2, cwd=folder)
    return folder


def test_call_of_the_readme__writes_the_bytes_of_the_plain_call(
    docker: dict[str, str], study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "README.md").read_text()
    line = re.search(r"^docker run .*\\\n.*$", text, re.MULTILINE)[0].replace("\\\n", " ")
    assert f" {CORE} " in line
    plain, contained = tmp_path / "plain", tmp_path / "contained"
    for folder in (plain, contained):
        folder.mkdir()
        for name in ("height.sumstats.tsv.gz", "height.ld.h5"):
            (folder / name).write_bytes((study / name).read_bytes())
    # README's line passes no variables on: both sides take the arithmetic that fits the processor
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        monkeypatch.delenv(name, raising=False)
    call(["bash", "-euc", line], environment={**os.environ, **docker}, folder=contained)
    tool, *words = shlex.split(line[line.index("lucidseq-finemap") :])
    done = run_process(tool.removeprefix("lucidseq-"), *words, cwd=plain)  # OpenBLAS reads them when it loads
    assert done.returncode == 0, done.stderr
    written = checksums(plain)
    assert {"height.pips.tsv.gz", "height.credible_sets.tsv", "height.finemap_locus.card.json"} <= set(written)
    assert checksums(contained) == written


def associate(folder: Path, study: Path, variables: dict[str, str], *words: object) -> Run:
    """Run the association workflow on the study's files under the docker profile."""
    return run_nextflow(
        folder,
        "-profile",
        "docker",
        "--workflow",
        "association",
        "--input",
        study / "cohorts.csv",
        "--loci",
        study / "loci.bed",
        "--gtf",
        study / "genes.gtf",
        "--gene_sets",
        study / "sets.gmt",
        *words,
        variables=variables,
    )


@pytest.mark.slow
def test_association__runs_under_the_docker_profile(docker: dict[str, str], study: Path, tmp_path: Path) -> None:
    run = associate(tmp_path, study, docker)  # the profile passes OPENBLAS_* on, so that bytes are the study's
    assert run.exit_code == 0, run.log
    assert set(run.statuses().values()) == {"COMPLETED"}
    scripts = list((tmp_path / "work").glob("??/*/.command.run"))
    assert len(scripts) == len(run.trace())
    for script in scripts:
        line = next(line for line in script.read_text().splitlines() if line.strip().startswith("docker run"))
        assert f"-u $(id -u):$(id -g) --network none --name $NXF_BOXID {CORE} " in line
    for name in ("pips.tsv.gz", "credible_sets.tsv"):
        made = (run.results / "finemap" / "locus" / f"people.height.{name}").read_bytes()
        assert made == (study / f"plain.{name}").read_bytes(), name


def test_missing_image__is_explained(docker: dict[str, str], study: Path, tmp_path: Path) -> None:
    run = associate(tmp_path, study, docker, "--container_registry", "localhost:1/nowhere")
    assert run.exit_code != 0
    assert f"localhost:1/nowhere/{CORE}" in run.log
    assert_explained(run)


def test_missing_daemon__is_explained(engine: None, study: Path, tmp_path: Path) -> None:
    run = associate(tmp_path, study, {"DOCKER_HOST": f"unix://{tmp_path / 'nobody.sock'}"})
    assert run.exit_code != 0
    assert "Cannot connect to the Docker daemon" in run.log
    assert_explained(run)


def assert_explained(run: Run) -> None:
    """Check the three-part advice in the log."""
    parts = ("received: the container engine could not start", "expected: an engine that runs", "fix: build the images with `make images`")
    for part in parts:
        assert part in run.log, run.log
