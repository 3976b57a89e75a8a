"""Helpers the tests share: run a command as a user does, and judge how it failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import fork_server

# Starts of the names of variables that Python, its libraries and the C library read when they load
AT_START = (
    "PYTHON",
    "LD_",
    "MALLOC_",
    "OMP_",
    "OPENBLAS_",
    "MKL_",
    "NUMEXPR_",
    "TF_",
    "XLA_",
    "CUDA_",
    "KERAS_",
    "JAX_",
    "GALAXY_SLOTS",
    "MPL",
)


def need(why_not: str | None) -> None:
    """Skip with the reason when a machine lacks something; in CI, where it must be there, fail."""
    if why_not and os.environ.get("CI") == "true":
        pytest.fail(why_not)
    if why_not:
        pytest.skip(why_not)


def program(variable: str, *names: str) -> str:
    """Return the path of a program: an environment variable's, or the first of the names on PATH; without it, as `need` says."""
    found = os.environ.get(variable) or next((path for name in names if (path := shutil.which(name))), None)
    need(None if found else f"{names[0]} is not on PATH: set {variable}")
    return str(found)


def run_cli(*words: object, cwd: Path | None = None, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``lucidseq WORDS`` through the fork server; variables and threads that libraries read when they load need a process started afresh."""
    run = run_process if starts_afresh(words, environment or {}) else fork_server.shared.run
    return run(*words, cwd=cwd, environment=environment)


def starts_afresh(words: tuple[object, ...], environment: dict[str, str]) -> bool:
    """Whether a command line asks for what only a new process can have: several threads of numerical libraries, or a variable of `AT_START`."""
    threads = [str(value) for flag, value in pairwise(words) if flag == "--threads"]
    return any(value != "1" for value in threads) or any(name.startswith(AT_START) for name in environment)


def run_process(*words: object, cwd: Path | None = None, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python -m lucidseq WORDS`` as a user does, where environment, hash seed, memory or start-up is the point: it costs seconds."""
    command = [sys.executable, "-m", "lucidseq", *map(str, words)]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False)


def peak_memory(*words: object) -> float:
    """Return the peak memory (MB) of a command, run in a process of its own (VmHWM: getrusage's counts what the tests held before it)."""
    code = (
        "import pathlib, re, sys; from lucidseq.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]) / 1024)"
    )
    line = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=600)
    return float(done.stdout.split()[-1])


def run_ok(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    result = run_cli(*words, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result


def assert_bad_input(result: subprocess.CompletedProcess[str], *mentions: str, folder: Path, exit_code: int = 3) -> None:
    """Check a three-part error that mentions ``mentions``, without traceback or partial output in ``folder``."""
    assert result.returncode == exit_code, (result.returncode, result.stderr)
    for part in ("received: ", "expected: ", "fix: "):
        assert part in result.stderr, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    for mention in mentions:
        assert mention in result.stderr, (mention, result.stderr)
    left = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    assert left == [], left


def under_jax(names: Iterable[str], *chosen: str) -> list[Any]:
    """Return the names as parameters of a test, the chosen ones marked to run under JAX too."""
    return [pytest.param(name, marks=pytest.mark.jax) if name in chosen else name for name in names]
