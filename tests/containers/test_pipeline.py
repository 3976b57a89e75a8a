"""The pipeline in containers: each task as any user, on a read-only file system, without network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))
from nextflow import Run, run_nextflow

pytestmark = [pytest.mark.containers, pytest.mark.slow]


def test_discovery__completes(contained_discovery: Run) -> None:
    assert contained_discovery.exit_code == 0, contained_discovery.log
    statuses = contained_discovery.statuses()
    assert set(statuses.values()) == {"COMPLETED"}
    assert {"REPORT_BUILD", "TRAIN_FIT", "FINEMAP_LOCUS"} <= {name.split(" ")[0].split(":")[-1] for name in statuses}


def test_discovery__finds_what_was_planted(contained_discovery: Run) -> None:
    rows = (contained_discovery.results / "report" / "build" / "discovery.facts.tsv").read_text().splitlines()[1:]
    assert len(rows) == 3
    assert all(row.endswith("\tok") for row in rows), rows


def test_discovery__ran_every_task_in_a_container(contained_discovery: Run) -> None:
    scripts = list((contained_discovery.folder / "work").glob("??/*/.command.run"))
    assert len(scripts) == len(contained_discovery.trace())
    for script in scripts:
        line = next(line for line in script.read_text().splitlines() if line.strip().startswith("podman run"))
        assert "--network none --read-only --user 12345:12345" in line
        assert " lucidseq/" in line
        outputs = [path for path in script.parent.iterdir() if path.is_file() and not path.is_symlink() and path.name[0] != "."]
        assert outputs, script
        assert {path.stat().st_uid for path in outputs} == {12345}


def test_missing_images__are_explained(engine: None, tmp_path: Path) -> None:
    nowhere = "localhost:1/nowhere"
    done = run_nextflow(tmp_path, "-profile", "test,podman", "--workflow", "discovery", "--container_registry", nowhere)
    assert done.exit_code != 0
    assert f"{nowhere}/lucidseq/core:" in done.log
    assert "fix: build the images with `make images`" in done.log
