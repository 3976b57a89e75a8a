"""containers/lock.json: the images of a release, each with its identifier and its inputs.

Who builds from the same inputs must get the same identifier; who has other inputs learns which ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

SCHEMA, SCHEMA_VERSION = "lucidseq.images", 1
DIGEST = r"sha256:[0-9a-f]{64}"
# What an image is made of, and how each is written
INPUTS = {
    "base_image": r"\S+",
    "base_identifier": DIGEST,
    "requirements": DIGEST,
    "package": DIGEST,
    "recipe": DIGEST,
    "builder": r"(buildah|podman) [0-9.]+\S*",
    "network": r"none|default|host",
}
NAME = r"lucidseq/[a-z]+:[0-9]\S*"


def digest(files: Iterable[Path]) -> str:
    """Return one sha256 of files, in their order."""
    total = hashlib.sha256()
    for file in files:
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return f"sha256:{total.hexdigest()}"


def read(path: Path) -> dict[str, dict[str, object]]:
    """Return the images of a lock by name.

    Raises
    ------
    ValueError
        When the file is not a lock, with what is wrong.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("schema") != SCHEMA or content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"{path}: not {SCHEMA} of version {SCHEMA_VERSION}")
    for name, entry in content["images"].items():
        if not re.fullmatch(NAME, name):
            raise ValueError(f"{path}: {name!r} is no image of the suite")
        fields = {"identifier", "bytes", "licences", "inputs"}
        if set(entry) != fields or set(entry["inputs"]) != set(INPUTS):
            raise ValueError(f"{path}: {name} must hold {', '.join(sorted(fields))}, and as inputs {', '.join(INPUTS)}")
        values = {"identifier": DIGEST, **INPUTS}
        for key, value in {"identifier": entry["identifier"], **entry["inputs"]}.items():
            if not re.fullmatch(values[key], value):
                raise ValueError(f"{path}: {name} has {key} {value!r}")
        if not (isinstance(entry["bytes"], int) and entry["bytes"] > 0):
            raise ValueError(f"{path}: {name} has {entry['bytes']!r} bytes")
    images: dict[str, dict[str, object]] = content["images"]
    return images


def write(path: Path, entries: dict[str, dict[str, object]], version: str) -> None:
    """Write images into a lock; those of the same version that it holds already stay."""
    kept = read(path) if path.exists() else {}
    kept = {name: entry for name, entry in kept.items() if re.search(rf":{re.escape(version)}(-gpu)?$", name)}
    content = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "images": dict(sorted({**kept, **entries}.items()))}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def compare(entry: dict[str, object], locked: dict[str, object]) -> list[str]:
    """Return what of an image's inputs differs from those of the lock; none when it must be, and is, the same image.

    A build with network may have fetched ps in another version, which counts as a difference.

    Raises
    ------
    ValueError
        When the same inputs have made another image.
    """
    inputs, others = entry["inputs"], locked["inputs"]
    different = [name for name in INPUTS if inputs[name] != others[name] or (name == "network" and inputs[name] != "none")]
    if not different and entry["identifier"] != locked["identifier"]:
        raise ValueError(f"{entry['identifier']} was made of what made {locked['identifier']}")
    return different
