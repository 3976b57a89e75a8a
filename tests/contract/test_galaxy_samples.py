"""The samples for Galaxy's administrators name tools that exist, with the resources that the pipeline gives them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

from lucidseq import __version__
from lucidseq.contract.forms import FOLDER
from lucidseq.contract.model import CommandContract, read_contract

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / FOLDER / "config-samples"
SHED = "shed.example.org/repos/lucidseq/{0}/{0}/0.1.0+galaxy0"
# What conf/base.config says of a label: cores and gigabytes
RESOURCES = {"process_single": (1, 4), "process_low": (2, 8), "process_medium": (4, 24)}


def forms() -> dict[str, ElementTree.Element]:
    """Return the forms by their tools' ids."""
    roots = [ElementTree.parse(path).getroot() for path in (ROOT / FOLDER).glob("*.xml")]
    return {root.attrib["id"]: root for root in roots if root.tag == "tool"}


def commands() -> dict[str, CommandContract]:
    """Return the commands by the ids of their forms."""
    shown = forms()
    return {f"lucidseq_{command.name}": command for command in read_contract() if f"lucidseq_{command.name}" in shown}


def sample(name: str) -> dict[str, Any]:
    content = yaml.safe_load((SAMPLES / name).read_text())
    assert isinstance(content, dict)
    return content


def test_resources__are_those_of_the_pipeline() -> None:
    text = (ROOT / "conf" / "base.config").read_text()
    for label, (cores, gigabytes) in RESOURCES.items():
        assert re.search(rf"{label} \{{\s+cpus   = {cores}\s+memory = \{{ {gigabytes}\.GB", text), label
    assert {command.label for command in commands().values()} <= set(RESOURCES)


def test_job_conf__sends_each_tool_to_what_it_needs() -> None:
    content = sample("job_conf.yml.sample")
    environments = content["execution"]["environments"]
    chosen = {entry["id"]: entry["environment"] for entry in content["tools"]}
    assert set(chosen) <= set(forms())
    for name, command in commands().items():
        environment = environments[chosen.get(name, content["execution"]["default"])]
        cores, gigabytes = RESOURCES[command.label]
        assert environment["local_slots"] >= cores, name
        assert int(environment["docker_memory"].removesuffix("G")) >= gigabytes, name
        assert ("docker_container_id_override" in environment) == command.gpu, name
    steps = [step for environment in environments.values() for step in environment["resubmit"]]
    assert {step["environment"] for step in steps} <= set(environments)


@pytest.mark.parametrize("pattern", ["{0}", SHED])
def test_tpv__gives_each_tool_what_it_needs(pattern: str) -> None:
    rules = sample("tpv.yml.sample")["tools"]
    used = set()
    for name, command in commands().items():
        merged: dict[str, Any] = {}
        for key, rule in rules.items():
            if re.match(key, pattern.format(name)):
                merged |= rule | rule.get("context", {})
                used.add(key)
        assert (merged["cores"], merged["gigabytes"]) == RESOURCES[command.label], name
        assert merged["gpus"] == int(command.gpu), name
    assert used == set(rules)  # none is about a tool that is not there
    named = {word for key in rules for group in re.findall(r"lucidseq_\(([a-z_|]+)\)", key) for word in group.split("|")}
    assert {f"lucidseq_{word}" for word in named} <= set(forms())


@pytest.mark.parametrize("name", ["job_conf.yml.sample", "tpv.yml.sample"])
def test_images__are_of_this_version(name: str) -> None:
    images = re.findall(r"docker_container_id_override: (\S+)", (SAMPLES / name).read_text())
    assert images == [f"lucidseq/nets:{__version__}-gpu"]


@pytest.mark.parametrize("shed", [False, True])
def test_allowlist__shows_the_html_of_the_report_alone(shed: bool) -> None:
    lines = (SAMPLES / "sanitize_allowlist.txt").read_text().splitlines()
    # Galaxy's own reading: lines that do not start with #, each the beginning of an id
    allowed = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if shed:
        allowed = tuple(line[2:].replace("TOOLSHED", "shed.example.org") for line in lines if line.startswith("# TOOLSHED"))
    shown = {name for name in forms() if (SHED.format(name) if shed else name).startswith(allowed)}
    with_html = {name for name, form in forms().items() if form.find("outputs//data[@format='html']") is not None}
    assert shown == with_html == {"lucidseq_report_build"}


def test_tool_shed__does_not_take_the_samples_along() -> None:
    content = yaml.safe_load((ROOT / FOLDER / ".shed.yml").read_text())
    assert {"workflows", "config-samples"} <= set(content["exclude"])


def test_tool_panel__shows_every_form_once() -> None:
    panel = ElementTree.parse(SAMPLES / "tool_conf.xml.sample").getroot()
    shown = [Path(tool.attrib["file"]).name for tool in panel.iter("tool")]
    assert sorted(shown) == sorted(path.name for path in (ROOT / FOLDER).glob("*.xml") if path.name != "macros.xml")
    tools = [name.partition("_")[0] for name in shown]
    assert list(dict.fromkeys(tools)) == ["simulate", "encode", "train", "attribute", "effects", "prior", "finemap", "enrich", "report"]
