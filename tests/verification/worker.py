"""Run many commands quickly: a server loads every library once and forks for each command line.

Each command still runs in a process of its own with its own streams, so that a crash in a library is seen as one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_ENVIRONMENT = {
    # What lucidseq.nets.backend sets before it loads TensorFlow, which is loaded here already
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class Worker:
    """A server process; use as a context manager."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="worker-")
        environment = {**os.environ, **_ENVIRONMENT}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._scratch.cleanup()

    def run(self, *words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``lucidseq WORDS``; the return code of a crash is the signal's number, negative."""
        assert self._process.stdin is not None and self._process.stdout is not None
        streams = [Path(self._scratch.name) / name for name in ("stdout", "stderr")]
        request = {"words": [str(word) for word in words], "cwd": str(cwd or Path.cwd()), "streams": [str(path) for path in streams]}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in streams]
        return subprocess.CompletedProcess(request["words"], code, *texts)


def serve() -> None:
    """Answer requests on stdin, one JSON line each, with exit codes."""
    import importlib

    for name in ("numpy", "pandas", "scipy.stats", "h5py", "pysam", "keras", "jinja2", "matplotlib.pyplot", "jsonschema"):
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            run_child(request)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def run_child(request: dict[str, object]) -> None:
    """Run one command line in this process and end it."""
    from lucidseq.__main__ import main

    for number, path in enumerate(request["streams"], start=1):  # type: ignore[arg-type,var-annotated]
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(str(request["cwd"]))
    sys.argv = ["lucidseq", *request["words"]]  # type: ignore[misc]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
