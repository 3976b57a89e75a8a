"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["fixtures_galaxy"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data (LUCIDSEQ_DATA, default ../shared/data); skips on machines that do not have it."""
    folder = Path(os.environ.get("LUCIDSEQ_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the real data are not at {folder}: set LUCIDSEQ_DATA")
        pytest.skip(f"no real data at {folder}; set LUCIDSEQ_DATA to run this test")
    return folder
