"""What a user sees, photographed: each form, a finished discovery history, its results without the HTML allowlist, an error.

The pictures are left in build/galaxy/screenshots; `scripts/galaxy_screenshots.py` copies those that the tutorial shows into docs.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from support import need

sys.path.insert(0, str(Path(__file__).parent))
import browser
from discovery import Invocation
from server import HOME, TOOLS, Galaxy

from lucidseq.contract.model import read_contract

pytestmark = pytest.mark.galaxy
FOLDER = HOME / "screenshots"
COMMANDS = [command.name for command in read_contract() if command.tool != "check"]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a browser profile, kept over the pictures so that the session's history stays."""
    need(browser.obstacle())
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    return tmp_path_factory.mktemp("profile")


def looks_like_something(path: Path) -> bool:
    """Return whether a picture is more than one plain page: an empty page or an error page has few pixels unlike its ground."""
    from PIL import Image

    with Image.open(path) as picture:
        shades = picture.convert("L").histogram()
    return 1 - max(shades) / sum(shades) > 0.08


@pytest.mark.parametrize("command", COMMANDS)
def test_form__is_shown(galaxy: Galaxy, profile: Path, command: str) -> None:
    path = FOLDER / f"form_{command}.png"
    browser.photograph(f"{galaxy.url}/?tool_id=lucidseq_{command}", path, profile)
    assert looks_like_something(path)


def test_discovery__is_read_without_a_terminal(discovered: Invocation, profile: Path) -> None:
    """The workflow's own form, its history, the trust table, the credible sets, figures, the report of the run: no HTML of ours."""
    galaxy, jobs = discovered.galaxy, discovered.jobs()
    report = jobs["Build the report"]["outputs"]
    figures = jobs["Build the report"]["output_collections"]["figures"]["id"]
    elements = galaxy.get(f"dataset_collections/{figures}?instance_type=history")["elements"]
    pictures = {item["element_identifier"]: item["object"]["id"] for item in elements}
    locus = next(identifier for name, identifier in sorted(pictures.items()) if name.startswith("locus"))
    pages = {
        "upload": "?tool_id=upload1",
        "workflow": f"workflows/run?id={discovered.workflow}",
        "history": "",
        "trust": f"datasets/{report['trust']['id']}/preview",
        "credible_sets": f"datasets/{jobs['Fine-map loci']['outputs']['sets']['id']}/preview",
        "figure": f"datasets/{locus}/preview",
        "page_without_allowlist": f"datasets/{report['report']['id']}/preview",
        "run_report": f"workflows/invocations/{discovered.identifier}/report",
    }
    browser.photograph(f"{galaxy.url}/history/set_as_current?id={discovered.history}", FOLDER / "history.png", profile)
    for name, address in pages.items():
        browser.photograph(f"{galaxy.url}/{address}", FOLDER / f"{name}.png", profile)
        assert looks_like_something(FOLDER / f"{name}.png"), name


def test_error__is_shown_with_the_tools_message(galaxy: Galaxy, profile: Path) -> None:
    history = galaxy.post("histories", {"name": "A damaged file"})["id"]
    from discovery import ready, wait

    elements = [
        {"src": "path", "path": str(TOOLS / "test-data" / name), "name": name, "ext": kind}
        for name, kind in (("damaged.h5", "h5"), ("loci.bed", "bed"))
    ]
    made = galaxy.post("tools/fetch", {"history_id": history, "targets": [{"destination": {"type": "hdas"}, "elements": elements}]})[
        "outputs"
    ]
    wait(lambda: ready(galaxy, history, {item["id"] for item in made}), 120)
    by_name = {item["name"]: {"src": "hda", "id": item["id"]} for item in made}
    inputs = {"genotypes": by_name["damaged.h5"], "loci": by_name["loci.bed"]}
    output = galaxy.post("tools", {"history_id": history, "tool_id": "lucidseq_encode_ld", "inputs": inputs})["outputs"][0]["id"]
    wait(lambda: galaxy.get(f"histories/{history}/contents/{output}")["state"] == "error", 120)
    browser.photograph(f"{galaxy.url}/datasets/{output}/error", FOLDER / "error.png", profile)
    assert looks_like_something(FOLDER / "error.png")
