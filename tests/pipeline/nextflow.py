"""Run the pipeline with real Nextflow, and read what it left."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WHOLE = ("--attribution_shards", 1, "--effects_shards", 1)  # work that is not cut into pieces, as in plain calls and in Galaxy


@dataclass(frozen=True)
class Run:
    """One finished run."""

    folder: Path
    exit_code: int
    log: str

    @property
    def results(self) -> Path:
        """Folder of the results."""
        return self.folder / "results"

    def trace(self) -> list[dict[str, str]]:
        """Return the rows of the execution trace."""
        with (self.results / "pipeline_info" / "execution_trace.txt").open() as handle:
            return list(csv.DictReader(handle, delimiter="\t"))

    def statuses(self) -> dict[str, str]:
        """Return each task's status (COMPLETED, CACHED, FAILED) by its name."""
        return {row["name"]: row["status"] for row in self.trace()}


@dataclass(frozen=True)
class Demo:
    """The finished demo: its run, and its wall time (s)."""

    run: Run
    wall: float

    @property
    def launched(self) -> Path:
        """Folder where Nextflow ran and keeps its work."""
        return self.run.folder / "run"


def nextflow() -> str:
    """Return the Nextflow that `make install` chose."""
    path = ROOT / "build" / "nextflow.path"
    if not path.exists():
        raise AssertionError("no Nextflow: run `make install` first")
    return path.read_text().strip()


def environment() -> dict[str, str]:
    """Return the environment of a run: the console scripts on PATH, no colours."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": tools, "NXF_ANSI_LOG": "false", "NXF_OFFLINE": "true"}


def run_nextflow(
    folder: Path,
    *words: object,
    script: Path = ROOT,
    only_config: Path | None = None,
    parser: str = "v1",
    umask: int = -1,
    timeout: int = 540,
    variables: dict[str, str] | None = None,
) -> Run:
    """Run a pipeline in a folder; results go to ``folder/results``.

    Parameters
    ----------
    only_config
        Use this configuration and no other.
    parser
        Nextflow's syntax parser, v1 or v2.
    umask
        File mode bits that are taken away; -1 leaves them as they are.
    variables
        More environment variables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [nextflow(), *(["-C", str(only_config)] if only_config else []), "run", str(script)]
    command += ["--outdir", str(folder / "results"), *map(str, words)]
    full = {**environment(), "NXF_SYNTAX_PARSER": parser, **(variables or {})}
    done = subprocess.run(command, cwd=folder, env=full, capture_output=True, text=True, timeout=timeout, check=False, umask=umask)
    return Run(folder, done.returncode, done.stdout + done.stderr)


def start_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/demo.py, with a work folder of its own."""
    words = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--outdir", str(folder / "results"), "--folder", str(folder / "run")]
    return subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=900, check=False)


def gigabytes(text: str) -> float:
    """Read a size of the trace, such as ``817 MB``."""
    value, unit = text.split()
    return float(value) * {"B": 1e-9, "KB": 1e-6, "MB": 1e-3, "GB": 1.0}[unit]


def seconds(text: str) -> float:
    """Read a duration of the trace, such as ``1m 3.2s``."""
    units = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    total = 0.0
    for word in text.split():
        number = word.rstrip("msh")
        total += float(number) * units[word[len(number) :]]
    return total
