"""Run many commands quickly: a server loads every library once and forks for each command line.

Each command runs in a process of its own, with its own streams, folder and environment, so that a crash in a library is seen as one and nothing
of a command stays. The server imports and computes nothing: a process that has run an operation of TensorFlow has threads, and must not fork.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("numpy", "pandas", "scipy.stats", "scipy.sparse.csgraph", "scipy.optimize", "scipy.cluster.hierarchy", "scipy.cluster.vq", "h5py"),
    *("pysam", "cyvcf2", "bioframe", "pybigtools", "tskit", "msprime", "pyjaspar", "keras", "jinja2", "matplotlib.pyplot", "logomaker"),
    "jsonschema",
)
ENVIRONMENT = {
    # What lucidseq.nets.backend sets before it loads TensorFlow, which is loaded here already
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
    # What a command without --threads sets before it loads numerical libraries
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class ForkServer:
    """A server process, started by the first command."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="fork-server-")
        self._lock = threading.Lock()  # one command at a time
        self._asked = 0
        self.cpu_seconds = 0.0  # of the server and its commands; `stop` hands them over to os.times

    def run(
        self, *words: object, cwd: Path | None = None, environment: dict[str, str] | None = None, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run ``lucidseq WORDS``; the return code of a crash is the signal's number, negative.

        Raises
        ------
        subprocess.TimeoutExpired
            When the command takes too long; it is killed.
        """
        with self._lock:
            self._asked += 1
            streams = [Path(self._scratch.name) / f"{self._asked}.{name}" for name in ("stdout", "stderr")]
            request = {
                "words": [str(word) for word in words],
                "cwd": str(cwd or Path.cwd()),
                "environment": {**ENVIRONMENT, **os.environ, **(environment or {})},
                "streams": [str(path) for path in streams],
            }
            code = self._ask(request, timeout)
            texts = [path.read_text(encoding="utf-8", errors="replace") for path in streams]
            for path in streams:
                path.unlink()
        return subprocess.CompletedProcess(request["words"], code, *texts)

    def _ask(self, request: dict[str, Any], timeout: float) -> int:
        """Send a request, wait for its answer, and return the exit code."""
        connection = self._started()
        try:
            connection.send_bytes(json.dumps(request).encode())
            child = json.loads(connection.recv_bytes())["child"]
            late = not connection.poll(timeout)
            if late:
                os.killpg(child, signal.SIGKILL)
            answer = json.loads(connection.recv_bytes())
        except (EOFError, OSError) as error:
            self.stop()
            raise RuntimeError(f"the fork server ended while it ran {request['words']}") from error
        except BaseException:  # such as Ctrl-C: its answer would be taken for that of the next command
            self.stop()
            raise
        self.cpu_seconds = answer["cpu_seconds"]
        if late:
            raise subprocess.TimeoutExpired(request["words"], timeout)
        return int(answer["code"])

    def _started(self) -> Connection[Any, Any]:
        """Return the connection to the server, which is started when there is none."""
        if self._connection is None:
            self._connection, theirs = Pipe()
            line = [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())]
            self._process = subprocess.Popen(
                line, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
            theirs.close()
        return self._connection

    def stop(self) -> None:
        """End the server; the next command starts another."""
        if self._process is None or self._connection is None:
            return
        self._connection.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process, self._connection, self.cpu_seconds = None, None, 0.0


shared = ForkServer()  # that of this process of pytest: one for each worker of xdist
atexit.register(shared.stop)


def serve(connection: Connection[Any, Any]) -> None:
    """Answer each request with the child's number at once, and with its exit code when it has ended."""
    preload()
    children = 0.0
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            connection.close()
            run_child(request)
        connection.send_bytes(json.dumps({"child": child}).encode())
        _, status, used = os.wait4(child, 0)
        children += used.ru_utime + used.ru_stime
        answer = {"code": os.waitstatus_to_exitcode(status), "cpu_seconds": time.process_time() + children}
        connection.send_bytes(json.dumps(answer).encode())


def preload() -> None:
    """Import what commands import."""
    import gc
    import importlib
    import pkgutil

    import lucidseq

    modules = (module.name for module in pkgutil.walk_packages(lucidseq.__path__, "lucidseq."))
    for name in [*LIBRARIES, *modules]:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a child's collector leaves these objects alone, and so their pages shared


def run_child(request: dict[str, Any]) -> None:
    """Run one command line in this process and end it."""
    import traceback

    from lucidseq.__main__ import main

    os.setsid()  # whatever it starts is killed with it
    for number, path in enumerate(request["streams"], start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    code = 1
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        sys.argv = ["lucidseq", *request["words"]]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
