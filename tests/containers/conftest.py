"""Fixtures of the container tests alone; tests/fixtures_containers.py has those that the pipeline's tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import machine


@pytest.fixture(scope="session")
def gpu_image(engine: None) -> machine.Image:
    """Return nets for GPUs, all but CUDA's wheels."""
    return machine.build("nets", "--accel", "gpu", "--without-cuda")
