"""Run the discovery workflow on a simulated genome, and report for each planted fact whether it was recovered.

Called by `make demo`. Exit status 1 when a planted fact was not recovered.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLANTED_FACTS = 3


def run_pipeline(folder: Path, outdir: Path, seed: int) -> None:
    """Run Nextflow in a folder that keeps its work; a second run resumes."""
    folder.mkdir(parents=True, exist_ok=True)
    nextflow = (ROOT / "build" / "nextflow.path").read_text().strip()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NXF_ANSI_LOG": "false"}
    command = [nextflow, "run", str(ROOT), "--workflow", "discovery", "-profile", "test", "-resume"]
    command += ["--outdir", str(outdir), "--seed", str(seed)]
    subprocess.run(command, cwd=folder, env=environment, check=True)


def read_facts(outdir: Path) -> list[dict[str, str]]:
    """Return the table of planted facts of the report."""
    with (outdir / "report" / "build" / "discovery.facts.tsv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outdir", type=Path, default=ROOT / "results" / "demo")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "demo", help="where Nextflow keeps its work")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    run_pipeline(arguments.folder, arguments.outdir.resolve(), arguments.seed)
    facts = read_facts(arguments.outdir)
    if len(facts) != PLANTED_FACTS:
        raise SystemExit(f"The demo failed: {len(facts)} facts in the report, {PLANTED_FACTS} expected.")
    width = max(len(fact["fact"]) for fact in facts)
    print(f"\nThe demo took {time.monotonic() - started:.0f} s. Planted facts and results:\n")
    for fact in facts:
        print(f"  {fact['verdict']:<6}{fact['fact']:<{width}}  planted: {fact['planted']}  found: {fact['found']}")
    print(f"\nRead the report: {arguments.outdir / 'report' / 'build' / 'discovery.report.html'}")
    if any(fact["verdict"] != "ok" for fact in facts):
        raise SystemExit("The demo failed: a planted fact was not recovered.")


if __name__ == "__main__":
    main()
