"""Lint of forms, suite and workflows: no warning anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import server

pytestmark = pytest.mark.galaxy
WORKFLOWS = sorted((server.TOOLS / "workflows").glob("*/*.gxwf.yml"))


def passes(program: Path, *words: object) -> None:
    done = subprocess.run([str(program), *map(str, words)], capture_output=True, text=True, timeout=600, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "WARNING" not in said and "ERROR" not in said, said


def test_forms__have_no_warnings(programs: Path) -> None:
    passes(programs / "planemo", "lint", "--fail_level", "warn", *server.tool_files())


def test_suite__has_no_warnings(programs: Path) -> None:
    passes(programs / "planemo", "shed_lint", "--skip", "version_bumped", server.TOOLS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow__has_no_warnings(programs: Path, workflow: Path) -> None:
    passes(programs / "gxwf-lint", workflow)
    passes(programs / "planemo", "workflow_lint", "--iwc", "--fail_level", "warn", workflow.parent)
