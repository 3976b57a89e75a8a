"""planemo against the running server."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from server import Galaxy


def check(programs: Path, galaxy: Galaxy, artifacts: list[Path], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Run the tests of forms or workflows, and return what came of each test, by tool or file.

    Two planemo processes share the work: most of a test's time goes into waiting for the server.
    """
    halves = [artifacts[start::2] for start in range(2) if artifacts[start::2]]
    with ThreadPoolExecutor(2) as pool:
        outcomes = pool.map(lambda pair: run(programs, galaxy, pair[1], folder / f"part{pair[0]}"), enumerate(halves))
    found: dict[str, list[dict[str, Any]]] = {}
    for test in (test for outcome in outcomes for test in outcome):
        found.setdefault(name_of(test), []).append(test["data"])
    return found


def run(programs: Path, galaxy: Galaxy, artifacts: list[Path], folder: Path) -> list[dict[str, Any]]:
    """Run one planemo process; its exit status must say whether a test failed."""
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "tests.json"
    command = [
        programs / "planemo",
        "test",
        "--engine",
        "external_galaxy",
        "--galaxy_url",
        galaxy.url,
        "--galaxy_user_key",
        galaxy.key,
        "--galaxy_admin_key",
        galaxy.key,
        "--no_shed_install",
        "--test_output",
        folder / "tests.html",
        "--test_output_json",
        report,
        "--test_output_junit",
        folder / "tests.xml",
        *artifacts,
    ]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=1100, check=False)
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    tests: list[dict[str, Any]] = json.loads(report.read_text())["tests"]
    failed = [test for test in tests if test["data"]["status"] != "success"]
    assert (done.returncode == 0) == (not failed), done.stderr[-3000:]
    return tests


def name_of(test: dict[str, Any]) -> str:
    """Return the tool's id, or the workflow's file name, that a test belongs to."""
    return str(test["data"].get("tool_id") or Path(test["id"].split(".gxwf")[0]).name)


def problem(outcome: dict[str, Any]) -> str:
    """Return in a few lines what went wrong in a test."""
    job = outcome.get("job") or {}
    parts = [
        outcome["status"],
        outcome.get("output_problems"),
        outcome.get("execution_problem"),
        job.get("command_line"),
        job.get("stderr"),
    ]
    return "\n".join(str(part)[-1500:] for part in parts if part)
