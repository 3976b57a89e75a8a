"""Three faces, one result: the discovery chain (its regulatory and its association half), and each command beside it, give the same tables and
arrays as plain command lines under Nextflow, under Nextflow in containers, and in Galaxy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "containers"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "galaxy"))
from discovery import Invocation, places, run_tool
from machine import Image
from nextflow import WHOLE, Demo, Run, run_nextflow
from server import Galaxy

import single_calls
from discovery_chain import CHAIN, digest_of, digests, plain_run


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    """Return the digests of the plain calls."""
    found = digests(plain_run())
    assert len(found) >= 25
    assert {path.split("/")[0] for path in found} == {command.split()[0] for command in CHAIN}
    return found


def compare(found: dict[str, str], plain: dict[str, str]) -> None:
    differing = [path for path, value in plain.items() if found.get(path) not in (value, None)]
    missing = sorted(set(plain) - set(found))
    assert (differing, missing) == ([], [])


@pytest.mark.pipeline
def test_nextflow__gives_the_results_of_plain_calls(plain: dict[str, str], demo: Demo) -> None:
    """The demo's tasks, and once more those that it had cut into pieces and what follows from them."""
    assert demo.run.exit_code == 0, demo.run.log
    run = run_nextflow(demo.launched, "-profile", "test", "--workflow", "discovery", "-resume", *WHOLE)
    assert run.exit_code == 0, run.log
    assert {status for name, status in run.statuses().items() if "TRAIN_FIT" in name} == {"CACHED"}
    compare(digests(run.results), plain)


@pytest.mark.containers
@pytest.mark.slow
def test_containers__give_the_results_of_plain_calls(plain: dict[str, str], contained_discovery: Run) -> None:
    assert contained_discovery.exit_code == 0, contained_discovery.log
    compare(digests(contained_discovery.results), plain)


@pytest.mark.galaxy
@pytest.mark.slow
def test_galaxy__gives_the_results_of_plain_calls(plain: dict[str, str], discovered: Invocation, tmp_path: Path) -> None:
    found = {path: value for path, value in plain.items() if path.startswith("simulate/")}  # uploaded, not made in Galaxy
    for job in discovered.jobs().values():
        tool = job["tool_id"].removeprefix("lucidseq_")
        command = tool.replace("_", " ", 1)
        if command not in CHAIN:
            continue
        prefix, _ = CHAIN[command]
        for output, place in places(tool).items():
            if output not in job["outputs"]:
                continue
            path = tmp_path / f"{prefix}{place}"
            path.write_bytes(discovered.read(job["outputs"][output]["id"]))
            name = f"{command.replace(' ', '/')}/{path.name}"
            found[name if name in plain else f"{name}.gz"] = digest_of(path) or ""
    compare(found, plain)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the digests of plain calls of the commands that no named pipeline has yet."""
    found = single_calls.plain_calls(tmp_path_factory.mktemp("calls"))
    assert {place.split("/")[0] for place in found} == set(single_calls.CALLS)
    return found


@pytest.mark.pipeline
def test_processes__give_the_results_of_plain_calls(calls: dict[str, str], tmp_path: Path) -> None:
    run = run_nextflow(tmp_path / "run", script=single_calls.write_pipeline(tmp_path / "pipeline"))
    assert run.exit_code == 0, run.log
    compare(single_calls.digests(run.results), calls)


@pytest.mark.containers
@pytest.mark.slow
def test_processes_in_containers__give_the_results_of_plain_calls(calls: dict[str, str], images: dict[str, Image], tmp_path: Path) -> None:
    script = single_calls.write_pipeline(tmp_path / "pipeline")
    run = run_nextflow(tmp_path / "run", "-profile", "podman", script=script, timeout=1200)
    assert run.exit_code == 0, run.log
    compare(single_calls.digests(run.results), calls)


@pytest.mark.galaxy
@pytest.mark.slow
def test_galaxy_jobs__give_the_results_of_plain_calls(calls: dict[str, str], galaxy: Galaxy, tmp_path: Path) -> None:
    for name, call in single_calls.CALLS.items():
        (tmp_path / name).mkdir()
        files = {call.form.get(option, option): [single_calls.DATA / file for file in files] for option, files in call.files.items()}
        for place, data in run_tool(galaxy, name, files, call.settings, single_calls.KINDS).items():
            (tmp_path / name / f"{single_calls.PREFIX}{place}").write_bytes(data)
    found = single_calls.digests(tmp_path)  # compressed tables are unpacked in Galaxy
    compare({place if place in calls else f"{place}.gz": value for place, value in found.items()}, calls)
