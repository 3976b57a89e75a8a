"""Container images, each built once for all tests, and one run of the discovery workflow in them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from support import need

sys.path.insert(0, str(Path(__file__).parent / "containers"))
sys.path.insert(0, str(Path(__file__).parent / "pipeline"))
import machine
from nextflow import WHOLE, Run, run_nextflow

HERMETIC = "podman.runOptions = '--network none --read-only --user 12345:12345'\n"


@pytest.fixture(scope="session")
def engine() -> None:
    """Set up an engine and the base image; skip where that cannot be, except in CI."""
    need(machine.obstacle())
    machine.prepare()


@pytest.fixture(scope="session")
def images(engine: None) -> dict[str, machine.Image]:
    """Return core, nets (CPU), motifs and simulate."""
    return machine.images()


@pytest.fixture(scope="session")
def contained_discovery(images: dict[str, machine.Image]) -> Run:
    """Return the finished discovery workflow: each task as any user, on a read-only file system, without network."""
    # Nextflow mounts what run and checkout have in common: beside each other, that is no folder of root's alone
    folder = machine.FOLDER / "discovery"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "hermetic.config").write_text(HERMETIC)
    words = ["-c", folder / "hermetic.config", "-profile", "test,podman", "--workflow", "discovery", *WHOLE]
    return run_nextflow(folder, *words, umask=0, timeout=1200)  # umask: a task's user writes into folders of Nextflow's
