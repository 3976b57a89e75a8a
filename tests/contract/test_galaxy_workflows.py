"""The Galaxy workflows are those that scripts/galaxy_workflows.py writes, and their steps use outputs that exist."""

from __future__ import annotations

import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from lucidseq.contract.forms import FOLDER, expand

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("galaxy_workflows", ROOT / "scripts" / "galaxy_workflows.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["galaxy_workflows"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_workflows__are_up_to_date(script: ModuleType) -> None:
    for name, text in script.render().items():
        assert (ROOT / FOLDER / "workflows" / name).read_text() == text, f"run scripts/galaxy_workflows.py ({name})"


def outputs_of(tool: str) -> set[str]:
    macros = ElementTree.parse(ROOT / FOLDER / "macros.xml").getroot()
    form = expand(ElementTree.parse(ROOT / FOLDER / f"{tool}.xml").getroot(), macros)
    outputs = form.find("outputs")
    assert outputs is not None
    return {element.attrib["name"] for element in outputs}


def test_steps__use_outputs_that_exist(script: ModuleType) -> None:
    for text in script.render().values():
        workflow = yaml.safe_load(text)
        tools = {label: step["tool_id"].removeprefix("lucidseq_") for label, step in workflow["steps"].items()}
        sources = [link["source"] for step in workflow["steps"].values() for link in step["in"].values()]
        sources += [output["outputSource"] for output in workflow["outputs"].values()]
        for source in (one for given in sources for one in (given if isinstance(given, list) else [given])):
            label, _, output = source.rpartition("/")
            assert source in workflow["inputs"] or output in outputs_of(tools[label]), source
        for label, step in workflow["steps"].items():
            assert set(step["out"]) <= outputs_of(tools[label]), label


def test_tutorial__shows_pictures_that_exist() -> None:
    tutorial = ROOT / "docs" / "tutorials" / "discovery" / "tutorial.md"
    named = re.findall(r"!\[[^]]+\]\(([^ )]+)", tutorial.read_text())
    assert len(named) >= 6
    assert not [name for name in named if not (tutorial.parent / name).is_file()]
