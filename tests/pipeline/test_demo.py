"""The demo: what was planted is found, within time and memory; a second run does nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from nextflow import Demo, environment, gigabytes, start_demo

pytestmark = pytest.mark.pipeline


def test_demo__finds_what_was_planted(demo: Demo) -> None:
    run = demo.run
    assert run.exit_code == 0, run.log
    rows = (run.results / "report" / "build" / "discovery.facts.tsv").read_text().splitlines()[1:]
    assert len(rows) == 3
    assert all(row.endswith("\tok") for row in rows), rows
    assert "Read the report: " in run.log


def test_report__names_the_motif_at_every_planted_variant(demo: Demo) -> None:
    """Each planted variant breaks or makes a motif in a peak; the findings score it by what recurs in the explained sequences."""
    page = (demo.run.results / "report" / "build" / "discovery.report.html").read_text()
    findings = page[page.index('id="findings"') : page.index('id="trust"')]
    rows = [row for row in findings.split("<tr>") if re.search(r"locus\d+_L\d+", row)]
    assert len(rows) == 5
    assert all(re.search(r"(breaks|makes) [ACGT]{8} \(", row) for row in rows), rows


def test_demo__within_five_minutes_and_four_gigabytes(demo: Demo) -> None:
    run = demo.run
    assert demo.wall <= 300
    assert max(gigabytes(row["peak_rss"]) for row in run.trace() if row["peak_rss"] not in ("-", "0")) <= 4.0


QUICK = ("ENCODE_GENOTYPES", "ENCODE_SUMSTATS", "ENCODE_LD", "FINEMAP_LOCUS", "ENRICH_GENES", "ENRICH_PATHWAYS", "TRAIN_PREDICT")


@pytest.mark.parametrize("process", QUICK)
def test_plain_call__gives_the_same_bytes(demo: Demo, tmp_path: Path, process: str) -> None:
    """The task's own command line, run without Nextflow in another folder."""
    run = demo.run
    (row,) = (row for row in run.trace() if process in row["name"])
    (work,) = (demo.launched / "work").glob(row["hash"] + "*")
    links = [path for path in work.iterdir() if path.is_symlink()]
    for link in links:
        (tmp_path / link.name).symlink_to(link.resolve())
    subprocess.run(["bash", "-ue", work / ".command.sh"], cwd=tmp_path, env=environment(), check=True, capture_output=True, timeout=300)
    made = sorted(path.name for path in tmp_path.iterdir() if path.is_file() and not path.is_symlink())
    assert len(made) >= 3
    for name in made:
        assert (tmp_path / name).read_bytes() == (work / name).read_bytes(), name


def test_second_run__executes_nothing(demo: Demo) -> None:
    done = start_demo(demo.run.folder)
    assert done.returncode == 0, done.stderr
    assert set(demo.run.statuses().values()) == {"CACHED"}
    assert "Submitted process" not in done.stdout
