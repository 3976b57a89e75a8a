"""The pipeline's own text: strict syntax, profiles that parse, defaults that agree everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import ROOT, environment, nextflow, run_nextflow

pytestmark = pytest.mark.pipeline
PROFILES = (
    "standard",
    "docker",
    "podman",
    "singularity",
    "apptainer",
    "gpu",
    "arm64",
    "slurm",
    "awsbatch",
    "googlebatch",
    "k8s",
    "test",
    "test_full",
)


def test_lint__finds_no_error() -> None:
    words = [nextflow(), "lint", "main.nf", "modules"]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "had no errors" in done.stdout


@pytest.mark.parametrize("profile", PROFILES)
def test_profile__parses(profile: str) -> None:
    words = [nextflow(), "config", "-flat", "-profile", profile, str(ROOT)]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    values = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    engine = {"docker": "docker", "podman": "podman", "singularity": "singularity", "apptainer": "apptainer"}.get(profile)
    executor = {"slurm": "slurm", "awsbatch": "awsbatch", "googlebatch": "google-batch", "k8s": "k8s"}.get(profile)
    if engine:
        assert values[f"{engine}.enabled"] == "true"
    if executor:
        assert values["process.executor"] == f"'{executor}'"
    limited = profile in ("standard", "docker", "podman", "singularity", "apptainer", "gpu", "arm64")
    if limited or executor:  # a task of a cluster may ask for more than the machine that submits it has
        assert ("cpus:" in values["process.resourceLimits"]) == limited
    if profile == "gpu":
        assert values["params.gpu"] == "true"
    if profile == "standard":
        check_defaults(values)


def check_defaults(values: dict[str, str]) -> None:
    """Compare the configuration's defaults with the schema's."""
    groups = json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
    for name, rule in ((name, rule) for group in groups for name, rule in group["properties"].items()):
        default = rule.get("default")
        wanted = "null" if default is None else str(default).lower() if isinstance(default, bool) else default
        found = values[f"params.{name}"].strip("'")
        if isinstance(wanted, int | float) and not isinstance(wanted, bool):
            assert float(found) == wanted, name
        else:
            assert found == wanted, name


@pytest.mark.parametrize("workflow", ["association", "regulatory", "discovery"])
def test_stub__runs_every_process_within_a_minute(workflow: str, tmp_path: Path) -> None:
    import time

    started = time.monotonic()
    run = run_nextflow(tmp_path, "-profile", "test", "-stub", "--workflow", workflow)
    assert run.exit_code == 0, run.log
    assert time.monotonic() - started <= 60
    assert "WARN" not in run.log
    names = {re.sub(r"^.*:|\s.*$", "", name) for name in run.statuses()}
    assert {"CHECK_PIPELINE", "SIMULATE_LOCUS", "REPORT_BUILD"} <= names
    if workflow == "discovery":
        assert {"TRAIN_FIT", "ATTRIBUTE_MAPS", "EFFECTS_VARIANTS", "FINEMAP_LOCUS", "ENRICH_PATHWAYS"} <= names
    versions = (run.results / "pipeline_info" / "software_versions.tsv").read_text()
    assert re.search(r"^REPORT_BUILD\tlucidseq\t\d+\.\d+\.\d+$", versions, re.M)


def test_stub__runs_under_the_strict_parser_too(tmp_path: Path) -> None:
    run = run_nextflow(
        tmp_path,
        "-stub",
        "--workflow",
        "discovery",
        "--simulate",
        "--traits",
        "trait",
        script=ROOT / "main.nf",
        only_config=Path(__file__).with_name("v2.config"),
        parser="v2",
    )
    assert run.exit_code == 0, run.log
    assert "REPORT_BUILD" in run.log


def test_wrong_parameters__stop_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "cohorts.csv").write_text("cohort,genotypes,phenotypes\na b,x.txt,p.tsv\n")
    run = run_nextflow(
        tmp_path, "--workflow", "association", "--input", tmp_path / "cohorts.csv", "--finemap_locus_coverage", 2, "--coverag", 1
    )
    assert run.exit_code != 0
    for wanted in (
        "--finemap_locus_coverage 2",
        "--coverag is not a parameter",
        "cohorts.csv, line 2: cohort 'a b'",
        "needs --loci",
        "line 2: genotypes 'x.txt'",
    ):
        assert wanted in run.log, run.log
    assert set(run.statuses()) == {"CHECK_PIPELINE (checked)"}


def test_module__serves_another_pipeline(tmp_path: Path) -> None:
    """The example of docs/guides/pipelines.md, as a stub."""
    guide = (ROOT / "docs" / "guides" / "pipelines.md").read_text()
    script = re.search(r"```nextflow\n(.*?)```", guide, re.S)
    assert script is not None
    (tmp_path / "lucidseq").symlink_to(ROOT)
    (tmp_path / "main.nf").write_text(script[1])
    config = re.search(r"```groovy\n(.*?)```", guide, re.S)
    assert config is not None
    (tmp_path / "nextflow.config").write_text(config[1])
    for name in ("height.sumstats.tsv.gz", "height.ld.h5"):
        (tmp_path / name).write_bytes(b"x")
    run = run_nextflow(tmp_path, "-stub", script=tmp_path / "main.nf")
    assert run.exit_code == 0, run.log
    assert "height.credible_sets.tsv" in run.log


def test_help__prints_every_parameter(tmp_path: Path) -> None:
    run = run_nextflow(tmp_path, "--help")
    names = [name for group in json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values() for name in group["properties"]]
    assert run.exit_code == 0 and not [name for name in names if f"--{name} " not in run.log]


def test_paths_that_do_not_exist__are_named_all_at_once_with_file_and_line(tmp_path: Path) -> None:
    data = ROOT / "tools" / "galaxy" / "test-data"
    (tmp_path / "cohorts.csv").write_text(
        f"cohort,chromosome,genotypes,phenotypes\na,1,/no/x.bed,/no/p.tsv\na,2,{data}/people.vcf.gz,/no/p.tsv\n"
    )
    words = ["--workflow", "association", "--input", tmp_path / "cohorts.csv", "--loci", data / "loci.bed", "--gtf", "/no/genes.gtf"]
    run = run_nextflow(tmp_path / "run", *words, "--gene_sets", data / "pathways.gmt")
    assert run.exit_code != 0 and "InvocationTargetException" not in run.log
    for place, path in (("--gtf", "/no/genes.gtf"), *(("cohorts.csv, line 2", f"/no/x.{suffix}") for suffix in ("bed", "bim", "fam"))):
        assert f"{place}: {path}" in run.log, path
    assert "cohorts.csv, line 2: /no/p.tsv" in run.log and "people.vcf.gz" not in run.log.partition("received:")[2]
    assert (
        "--input nope.csv, which does not exist" in run_nextflow(tmp_path / "other", "--workflow", "association", "--input", "nope.csv").log
    )
