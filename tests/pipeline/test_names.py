"""Whatever a trait, an id or a parameter is called: the shell of a task reads none of it, and every process makes its outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import ROOT, run_nextflow

from hostile_names import HONEST, HOSTILE
from lucidseq.contract.model import read_contract

pytestmark = pytest.mark.pipeline
DATA = ROOT / "tools" / "galaxy" / "test-data"
COMMANDS = [command for command in read_contract() if command.tool != "check"]


def quoted(text: str) -> str:
    """Return a text as a Groovy string."""
    return json.dumps(text).replace("$", "\\$")


def write_pipeline(folder: Path, body: str) -> Path:
    folder.mkdir()
    (folder / "main.nf").write_text(body)
    (folder / "nextflow.config").write_text(f"includeConfig '{ROOT}/nextflow.config'\n")
    return folder


def nothing_ran(folder: Path) -> None:
    assert not [path for path in folder.rglob("*PWNED*") if path.name == "PWNED"]


def test_every_process__as_a_stub_under_hostile_ids(tmp_path: Path) -> None:
    """Each process once under each of the hostile names would take minutes: every process gets one, one process gets all."""
    names = [name for name in (*HOSTILE, *HONEST) if "/" not in name]
    lines = [f"include {{ {item.process} }} from '{ROOT}/modules/{item.tool}/{item.command}/main.nf'" for item in COMMANDS]
    lines += ["workflow {", "    main:"]
    for number, item in enumerate(COMMANDS):
        metas = names if item.name == "simulate_sequences" else [names[number % len(names)]]
        rows = [f"[id: {quoted(name)}, trait: {quoted(name)}]" for name in metas]
        empty = "".join(", []" for _ in item.inputs)
        values = ", ".join(f"[{row}{empty}]" if item.inputs else row for row in rows)
        lines.append(f"    {item.process}(channel.fromList([{values}]))")
    pipeline = write_pipeline(tmp_path / "pipeline", "\n".join([*lines, "}", ""]))
    run = run_nextflow(tmp_path / "run", "-stub-run", "-profile", "standard", script=pipeline)
    assert run.exit_code == 0, run.log
    assert len(run.statuses()) == len(COMMANDS) - 1 + len(names)
    nothing_ran(tmp_path)


def test_parameters_and_titles__reach_the_command_as_they_are(tmp_path: Path) -> None:
    """A real task: title and build hold everything at once; the report shows it as text."""
    title = " ".join((*HOSTILE, *HONEST)).replace("\t", " ")
    body = f"""include {{ REPORT_BUILD }} from '{ROOT}/modules/report/build/main.nf'
workflow {{
    main:
    REPORT_BUILD(channel.of([[id: 'x'], file('{DATA}/pips.tsv'), [], [], [], []]))
}}
"""
    (tmp_path / "parameters.json").write_text(json.dumps({"report_build_title": title}))
    pipeline = write_pipeline(tmp_path / "pipeline", body)
    run = run_nextflow(tmp_path / "run", "-profile", "standard", "-params-file", tmp_path / "parameters.json", script=pipeline)
    assert run.exit_code == 0, run.log
    nothing_ran(tmp_path)
    (manifest,) = run.results.rglob("x.report_build.manifest.json")
    assert json.loads(manifest.read_text())["parameters"]["title"] == title
    (page,) = run.results.rglob("x.report.html")
    assert "<script>alert(1)" not in page.read_text() and "crohn&#39;s" in page.read_text()


def test_association__of_traits_with_such_names_works_to_the_end(tmp_path: Path) -> None:
    traits = ["crohn's", "LDL/HDL", "LDL_HDL", "x$(touch${IFS}PWNED)"]
    people = pd.read_csv(DATA / "phenotypes.tsv", sep="\t")
    table = pd.DataFrame({people.columns[0]: people.iloc[:, 0], **dict.fromkeys(traits, people.iloc[:, 1])})
    phenotypes = tmp_path / "people's, sorted [1].tsv"  # [1] would be a pattern of file names, the comma a new column
    table.to_csv(phenotypes, sep="\t", index=False)
    (tmp_path / "cohorts.csv").write_text(f'cohort,genotypes,phenotypes\nc,{DATA}/people.vcf.gz,"{phenotypes}"\n')
    files = {"input": tmp_path / "cohorts.csv", "loci": DATA / "loci.bed", "gtf": DATA / "genes.gtf", "gene_sets": DATA / "pathways.gmt"}
    words = [str(word) for name, path in files.items() for word in (f"--{name}", path)]
    run = run_nextflow(tmp_path / "run", "--workflow", "association", *words, "-profile", "standard")
    assert run.exit_code == 0, run.log
    nothing_ran(tmp_path)
    pips = sorted(path.name for path in run.results.rglob("*.pips.tsv.gz"))
    assert len(pips) == len(traits) and "c.LDL_HDL.pips.tsv.gz" in pips
    manifests = [json.loads(path.read_text()) for path in run.results.rglob("*.encode_sumstats.manifest.json")]
    assert sorted(item["parameters"]["trait"] for item in manifests) == sorted(traits)
