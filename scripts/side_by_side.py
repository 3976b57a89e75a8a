"""Run make targets beside each other, each with a log of its own that is printed whole when it ends: ``side_by_side.py unit pipeline``.

Tests that wait for a server or for Nextflow leave a processor to the others. The first target gives way to the rest, which hold bars of wall
time. Logs are kept in build/logs. Exit status 1 when one failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "logs"
NICENESS = 5


def run(target: str, niceness: int) -> tuple[str, int, float]:
    """Run one target; return its name, exit status and wall time (s)."""
    started = time.monotonic()
    command = ["nice", "-n", str(niceness), os.environ.get("MAKE", "make"), target]
    with (LOGS / f"{target}.log").open("w") as log:
        status = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
    return target, status.returncode, time.monotonic() - started


def main(targets: list[str]) -> None:
    """Run the targets and print what came of each."""
    LOGS.mkdir(parents=True, exist_ok=True)
    failed = []
    with ThreadPoolExecutor(len(targets)) as pool:
        for ended in as_completed([pool.submit(run, target, 0 if index else NICENESS) for index, target in enumerate(targets)]):
            target, status, seconds = ended.result()
            print(f"==== make {target}\n{(LOGS / f'{target}.log').read_text(errors='replace')}")
            print(f"==== make {target}: {'failed' if status else 'ok'} after {seconds:.0f} s\n", flush=True)
            failed += [target] if status else []
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
