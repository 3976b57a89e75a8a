"""Fixtures of the container tests: each image is built once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import need

sys.path.insert(0, str(Path(__file__).parent))
import machine


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
def gpu_image(engine: None) -> machine.Image:
    """Return nets for GPUs, all but CUDA's wheels."""
    return machine.build("nets", "--accel", "gpu", "--without-cuda")
