"""The forms in a real Galaxy: each passes its own tests; a wrong one fails; errors show the tool's own message."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import server
from planemo import check, problem

from lucidseq.contract.model import read_contract

pytestmark = pytest.mark.galaxy
COMMANDS = [command.name for command in read_contract() if command.tool != "check"]


@pytest.fixture(scope="module")
def outcomes(programs: Path, galaxy: server.Galaxy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Return the outcome of every test of every form."""
    return check(programs, galaxy, server.tool_files(), tmp_path_factory.mktemp("forms"))


@pytest.mark.parametrize("command", COMMANDS)
def test_form__passes_its_own_tests(outcomes: dict[str, list[dict[str, Any]]], command: str) -> None:
    tests = outcomes[f"lucidseq_{command}"]
    assert len(tests) >= 2
    wrong = [problem(test) for test in tests if test["status"] != "success"]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("command", COMMANDS)
def test_error__shows_the_tools_own_message(outcomes: dict[str, list[dict[str, Any]]], command: str) -> None:
    """What Galaxy's error pane shows is the job's standard error."""
    failed = [test["job"] for test in outcomes[f"lucidseq_{command}"] if (test.get("job") or {}).get("state") == "error"]
    assert failed
    for job in failed:
        said = job["stderr"]
        assert [said.count(part) for part in ("received: ", "expected: ", "fix: ")] == [1, 1, 1], said
        assert "Traceback" not in said


def test_canary__fails(programs: Path, galaxy: server.Galaxy, canary: Path, tmp_path: Path) -> None:
    tests = check(programs, galaxy, [canary], tmp_path)["lucidseq_canary"]
    assert [test["status"] for test in tests] == ["failure", *["success"] * (len(tests) - 1)]
    assert "somethingelse" in str(tests[0]["output_problems"])


def test_pictures__are_served(galaxy: server.Galaxy) -> None:
    """What the help shows is there; the server says so, not the folder."""
    pictures = sorted((server.TOOLS / "static" / "images").rglob("*.png"))
    assert pictures
    for picture in pictures:
        with urllib.request.urlopen(f"{galaxy.url}/static/lucidseq/{picture.name}", timeout=60) as answer:
            assert answer.headers["content-type"] == "image/png" and answer.read() == picture.read_bytes()
