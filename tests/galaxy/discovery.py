"""The discovery workflow in a running Galaxy through its API, as the web client does it: upload, invoke, wait, read."""

from __future__ import annotations

import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import TOOLS, Galaxy

# Input of the workflow -> file of `simulate locus`, and Galaxy's datatype
FILES = {
    "Genome": ("simulated.fa", "fasta"),
    "Peaks": ("simulated.peaks.bed", "bed"),
    "Signal": ("simulated.signal.bw", "bigwig"),
    "Genotypes": ("simulated.vcf.gz", "vcf_bgzip"),
    "Phenotypes": ("simulated.phenotypes.tsv", "tabular"),
    "Loci": ("simulated.loci.bed", "bed"),
    "Genes": ("simulated.gtf", "gtf"),
    "Gene sets": ("simulated.gmt", "tabular"),
    "Causal variants (truth)": ("simulated.truth.variants.tsv", "tabular"),
    "Settings of the simulation (truth)": ("simulated.truth.json", "json"),
}
WORKFLOW = (TOOLS / "workflows" / "discovery" / "discovery.gxwf.yml").read_text()
STEPS = WORKFLOW.count("tool_id: ")
SETTINGS = {"Sequence length": 200, "Test chromosomes": "chr5", "Validation chromosomes": "chr4", "Trait": "trait"}


@dataclass(frozen=True)
class Invocation:
    """A finished run of the workflow: ids of its history, of the workflow and of itself."""

    galaxy: Galaxy
    history: str
    workflow: str
    identifier: str

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return each step's job by the step's label."""
        steps = self.galaxy.get(f"invocations/{self.identifier}")["steps"]
        return {step["workflow_step_label"]: self.galaxy.get(f"jobs/{step['job_id']}?full=true") for step in steps if step["job_id"]}

    def read(self, dataset: str) -> bytes:
        """Return a dataset's content."""
        address = f"{self.galaxy.url}/api/histories/{self.history}/contents/{dataset}/display?raw=true"
        request = urllib.request.Request(address, headers={"x-api-key": self.galaxy.key})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()


def run_discovery(galaxy: Galaxy, folder: Path, name: str = "Discovery", seconds: int = 900) -> Invocation:
    """Upload the files of a simulation and run the workflow on them; every step must succeed."""
    history = galaxy.post("histories", {"name": name})["id"]
    inputs: dict[str, Any] = dict(SETTINGS)
    for label, dataset in upload(galaxy, history, folder).items():
        inputs[label] = {"src": "hda", "id": dataset}
    workflow = galaxy.post("workflows", {"workflow": {"class": "GalaxyWorkflow", "yaml_content": WORKFLOW}})["id"]
    started = galaxy.post(
        f"workflows/{workflow}/invocations",
        {"history_id": history, "inputs": inputs, "inputs_by": "name", "require_exact_tool_versions": True},
    )
    invocation = Invocation(galaxy, history, workflow, started["id"])
    wait(lambda: finished(invocation), seconds)
    return invocation


def upload(galaxy: Galaxy, history: str, folder: Path) -> dict[str, str]:
    """Upload the workflow's files under their own names, and return their ids by input."""
    elements = [{"src": "path", "path": str(folder / name), "name": name, "ext": kind} for name, kind in FILES.values()]
    targets = [{"destination": {"type": "hdas"}, "elements": elements}]
    made = galaxy.post("tools/fetch", {"history_id": history, "targets": targets})["outputs"]
    wait(lambda: ready(galaxy, history, {item["id"] for item in made}), 300)
    by_name = {item["name"]: item["id"] for item in made}
    return {label: by_name[name] for label, (name, _) in FILES.items()}


def ready(galaxy: Galaxy, history: str, wanted: set[str]) -> bool:
    """Return whether datasets are there."""
    states = {item["id"]: item["state"] for item in galaxy.get(f"histories/{history}/contents") if item["id"] in wanted}
    assert "error" not in states.values(), states
    return all(state == "ok" for state in states.values())


def finished(invocation: Invocation) -> bool:
    """Return whether every job of the workflow has ended; one that failed ends the test with its message."""
    galaxy = invocation.galaxy
    now = galaxy.get(f"invocations/{invocation.identifier}")
    jobs = [step["job_id"] for step in now["steps"] if step["job_id"]]
    states = {job: galaxy.get(f"jobs/{job}")["state"] for job in jobs}
    failed = [job for job, state in states.items() if state == "error"]
    assert not failed, galaxy.get(f"jobs/{failed[0]}?full=true")["stderr"]
    return len(jobs) == STEPS and all(state == "ok" for state in states.values())


def wait(done: Any, seconds: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "Galaxy took too long"
        time.sleep(2)


def run_tool(
    galaxy: Galaxy, tool: str, files: dict[str, list[Path]], settings: dict[str, Any], kinds: dict[str, str], seconds: int = 300
) -> dict[str, bytes]:
    """Run one tool in a history of its own and return its outputs by what follows the prefix in their names.

    Parameters
    ----------
    tool
        Name of its form.
    files
        Files by their parameter's place in the form (``section|parameter``).
    settings
        The other settings, likewise.
    kinds
        Galaxy's datatype by suffix.
    """
    history = galaxy.post("histories", {"name": tool})["id"]
    paths = dict.fromkeys(path for several in files.values() for path in several)
    elements = [
        {"src": "path", "path": str(path), "name": path.name, "ext": next(kind for end, kind in kinds.items() if path.name.endswith(end))}
        for path in paths
    ]
    made = galaxy.post("tools/fetch", {"history_id": history, "targets": [{"destination": {"type": "hdas"}, "elements": elements}]})[
        "outputs"
    ]
    wait(lambda: ready(galaxy, history, {item["id"] for item in made}), seconds)
    ids = {item["name"]: item["id"] for item in made}
    inputs = {place: [{"src": "hda", "id": ids[path.name]} for path in several] for place, several in files.items()}
    inputs = {place: several[0] if len(several) == 1 else several for place, several in inputs.items()}
    started = galaxy.post("tools", {"history_id": history, "tool_id": f"lucidseq_{tool}", "inputs": {**inputs, **settings}})
    job = started["jobs"][0]["id"]
    wait(lambda: galaxy.get(f"jobs/{job}")["state"] in ("ok", "error"), seconds)
    done = galaxy.get(f"jobs/{job}?full=true")
    assert done["state"] == "ok", done["stderr"]
    outputs = Invocation(galaxy, history, "", "")
    return {place: outputs.read(done["outputs"][name]["id"]) for name, place in places(tool).items() if name in done["outputs"]}


def places(tool: str) -> dict[str, str]:
    """Return the file name, after the prefix `out`, behind each output of a form."""
    form = ElementTree.parse(TOOLS / f"{tool}.xml").getroot()
    found = {data.attrib["name"]: data.attrib["from_work_dir"] for data in form.iterfind("outputs/data")}
    return {name: place.removeprefix("out") for name, place in found.items() if place.startswith("out.")}
