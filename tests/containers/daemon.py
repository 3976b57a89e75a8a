"""A Docker daemon of its own for one test run, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import Image, call

SECONDS_TO_START = 60
SECONDS_TO_END = 60


@contextmanager
def docker_daemon() -> Iterator[dict[str, str]]:
    """Start a daemon without bridge or firewall rules; yield the variables by which `docker` finds it.

    Raises
    ------
    AssertionError
        When it does not answer; the end of its log says why.
    """
    folder = Path(tempfile.mkdtemp(prefix="lucidseq-docker-"))  # short: a socket's path has at most 107 characters
    socket = f"unix://{folder / 'docker.sock'}"
    command = ["dockerd", "--host", socket, "--data-root", folder / "data", "--exec-root", folder / "exec"]
    command += ["--pidfile", folder / "pid", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    variables = {"DOCKER_HOST": socket, "DOCKER_CONFIG": str(folder / "config")}
    try:
        with (folder / "log").open("w") as log:
            daemon = subprocess.Popen([*map(str, command)], stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_answer(daemon, variables, folder / "log")
            yield variables
        finally:
            end(daemon, folder / "exec" / "containerd" / "containerd.pid")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_answer(daemon: subprocess.Popen[bytes], variables: dict[str, str], log: Path) -> None:
    """Wait until the daemon answers."""
    limit = time.monotonic() + SECONDS_TO_START
    environment = {**os.environ, **variables}
    while subprocess.run(["docker", "version"], env=environment, capture_output=True, check=False).returncode != 0:
        assert daemon.poll() is None, f"dockerd ended:\n{log.read_text()[-4000:]}"
        assert time.monotonic() < limit, f"dockerd does not answer:\n{log.read_text()[-4000:]}"
        time.sleep(0.2)


def end(daemon: subprocess.Popen[bytes], containerd: Path) -> None:
    """End the daemon, and its containerd when it had no time to do so itself."""
    pid = int(containerd.read_text()) if containerd.exists() else None
    daemon.terminate()
    try:
        daemon.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    if pid and containerd.exists():
        os.kill(pid, signal.SIGKILL)


def load(image: Image, name: str, variables: dict[str, str]) -> None:
    """Copy an image of podman's into the daemon, where it has the same identifier, and name it."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(["podman", "save", "--format", "docker-archive", image.name], stdout=subprocess.PIPE) as saved:
        subprocess.run(["docker", "load", "--quiet"], stdin=saved.stdout, env=environment, check=True, timeout=300)
    assert saved.returncode == 0
    call(["docker", "tag", str(image.facts["Id"]), name], environment=environment)
