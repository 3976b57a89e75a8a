"""The workflows in a real Galaxy: each runs from uploaded files and finds what was planted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import server
from planemo import check, problem

pytestmark = pytest.mark.galaxy
WORKFLOWS = sorted((server.TOOLS / "workflows").glob("*/*.gxwf.yml"))


def test_workflows__pass_their_own_tests(programs: Path, galaxy: server.Galaxy, tmp_path: Path) -> None:
    outcomes = check(programs, galaxy, WORKFLOWS, tmp_path)
    assert sorted(outcomes) == ["association", "discovery", "regulatory"]
    wrong = [f"{name}: {problem(test)}" for name, tests in outcomes.items() for test in tests if test["status"] != "success"]
    assert not wrong, "\n\n".join(wrong)
