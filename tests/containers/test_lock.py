"""The lock of a release's images: what it holds, and what comparing with it says."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from machine import NOTED, ROOT, Image

from lucidseq import __version__

spec = importlib.util.spec_from_file_location("image_lock", ROOT / "containers" / "image_lock.py")
image_lock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(image_lock)

RELEASED = ROOT / "containers" / "lock.json"
A, B = "sha256:" + 64 * "a", "sha256:" + 64 * "b"
NAME = f"lucidseq/core:{__version__}"
ENTRY = {
    "identifier": A,
    "bytes": 570_000_000,
    "licences": "MIT",
    "inputs": {
        "base_image": "python:3.11-slim-bookworm",
        "base_identifier": A,
        "requirements": A,
        "package": A,
        "recipe": A,
        "builder": "buildah 1.28.2",
        "network": "none",
    },
}


def changed(**inputs: str) -> dict[str, object]:
    """Return the entry with other inputs and another identifier."""
    entry = copy.deepcopy(ENTRY)
    entry["identifier"] = B
    entry["inputs"].update(inputs)
    return entry


def test_lock__comes_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    image_lock.write(path, {NAME: ENTRY}, __version__)
    other = {f"lucidseq/nets:{__version__}-gpu": changed()}
    image_lock.write(path, other, __version__)
    assert image_lock.read(path) == {NAME: ENTRY, **other}
    image_lock.write(path, {"lucidseq/core:99.0.0": ENTRY}, "99.0.0")
    assert list(image_lock.read(path)) == ["lucidseq/core:99.0.0"]  # those of another release are gone


@pytest.mark.parametrize(
    ("change", "mention"),
    [
        ({"identifier": "sha256:12"}, "identifier"),
        ({"bytes": 0}, "bytes"),
        ({"licences": None, "more": 1}, "must hold"),
        ({"inputs": {**ENTRY["inputs"], "builder": "docker 28.2"}}, "builder"),
        ({"inputs": {**ENTRY["inputs"], "network": "bridge"}}, "network"),
        ({"inputs": {}}, "must hold"),
    ],
)
def test_lock__with_wrong_content_is_refused(tmp_path: Path, change: dict[str, object], mention: str) -> None:
    path = tmp_path / "lock.json"
    content = {"schema": "lucidseq.images", "schema_version": 1, "images": {NAME: {**ENTRY, **change}}}
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=mention):
        image_lock.read(path)


def test_comparison__of_the_same_inputs_wants_the_same_image() -> None:
    assert image_lock.compare(ENTRY, ENTRY) == []
    with pytest.raises(ValueError, match="was made of what made"):
        image_lock.compare(changed(), ENTRY)


def test_comparison__names_other_inputs() -> None:
    assert image_lock.compare(changed(base_identifier=B, package=B), ENTRY) == ["base_identifier", "package"]
    online = changed(network="default")
    assert image_lock.compare(online, online) == ["network"]


def test_released_lock__is_whole() -> None:
    """There is one from the first release on; it belongs to the newest."""
    if not RELEASED.exists():
        assert "(unreleased)" in (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
        return
    names = {f"lucidseq/{name}" for name in ("core", "nets", "motifs", "simulate")}
    assert names <= {name.split(":")[0] for name in image_lock.read(RELEASED)}


@pytest.mark.containers
def test_images_of_this_run__are_noted_and_compared_with_the_release(images: dict[str, Image]) -> None:
    noted = image_lock.read(NOTED)
    assert set(noted) == {image.name for image in images.values()}
    for image in images.values():
        entry = noted[image.name]
        assert entry["identifier"] == f"sha256:{image.facts['Id']}"
        assert entry["inputs"]["base_image"] == "localhost/lucidseq-base:bookworm"
        assert entry["inputs"]["network"] == "none"
    released = image_lock.read(RELEASED) if RELEASED.exists() else {}
    for name in noted.keys() & released.keys():
        other = image_lock.compare(noted[name], released[name])
        print(f"{name}: {'other ' + ', '.join(other) + ' than the release' if other else 'the image of the release'}")
