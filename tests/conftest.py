"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import need

pytest_plugins = ["budgets", "fixtures_containers", "fixtures_galaxy", "verify_table"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data (LUCIDSEQ_DATA, default ../shared/data); skips on machines that do not have it."""
    folder = Path(os.environ.get("LUCIDSEQ_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        need(f"no real data at {folder}: set LUCIDSEQ_DATA")
    return folder
