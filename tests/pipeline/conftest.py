"""The demo, run once for its own tests and for the comparison with plain calls."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import Demo, Run, start_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    started = time.monotonic()
    done = start_demo(folder)
    return Demo(Run(folder, done.returncode, done.stdout + done.stderr), time.monotonic() - started)
