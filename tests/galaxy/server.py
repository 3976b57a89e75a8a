"""A real Galaxy on this machine's loopback: server and client from Python packages, a Celery worker, sqlite, local jobs.

`python tests/galaxy/server.py` (`make galaxy`) serves the project's tools until it is interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "galaxy"
TOOLS = ROOT / "tools" / "galaxy"
REQUIREMENTS = ROOT / "requirements"
USER = "user@example.org"
BOOTSTRAP_KEY = "loopback-only-not-a-secret"
CONFIG = """galaxy:
  data_dir: {folder}/data
  config_dir: {folder}/config
  database_connection: "sqlite:///{folder}/galaxy.sqlite?isolation_level=IMMEDIATE"
  tool_config_file: {folder}/tool_conf.xml
  job_config_file: {folder}/job_conf.yml
  tool_data_table_config_path: {tables}
  dependency_resolvers_config_file: {folder}/dependency_resolvers_conf.xml
  container_resolvers_config_file: {folder}/container_resolvers_conf.yml
  conda_auto_init: false
  conda_auto_install: false
  bootstrap_admin_api_key: {key}
  id_secret: loopback-only-id-secret
  allow_path_paste: true
  enable_celery_tasks: true
  metadata_strategy: directory_celery
  watch_tools: false
  tool_evaluation_strategy: local
"""
JOBS = """runners:
  local:
    load: galaxy.jobs.runners.local:LocalJobRunner
    workers: 2
execution:
  default: local
  environments:
    local:
      runner: local
      local_slots: {slots}
      env:
        - name: PATH
          value: '{programs}:$PATH'
          raw: true
"""
# Galaxy starts jobs in a clean environment; these choose the kernels and block sizes of numeric libraries, and with them last digits
KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Galaxy:
    """A running server: its address, a user's key, and the folder with its logs."""

    url: str
    key: str
    folder: Path

    def get(self, path: str) -> object:
        """Ask the API for something."""
        request = urllib.request.Request(f"{self.url}/api/{path}", headers={"x-api-key": self.key})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, content: object, *, key: str | None = None) -> object:
        """Send something to the API."""
        headers = {"x-api-key": key or self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/{path}", json.dumps(content).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode(errors='replace')[:1000]}") from error


def obstacle() -> str | None:
    """Return why Galaxy cannot run here; None when it can."""
    if sys.platform != "linux":
        return "the locked Galaxy is for Linux"
    return None if sys.version_info[:2] == (3, 11) else "the locked Galaxy is for Python 3.11"


def install() -> None:
    """Make the environments of Galaxy and of planemo under build/galaxy, each by its lock, as far as they are not there."""
    for name, lock in (("uv", "uv.txt"), ("server", "galaxy.txt"), ("planemo", "planemo.txt")):
        folder, text = HOME / name, (REQUIREMENTS / lock).read_text()
        stamp = folder / "complete"
        if stamp.exists() and stamp.read_text() == text:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=name == "uv")
        installer = ["pip"] if name == "uv" else ["uv", "pip"]
        words = [] if name == "uv" else ["--python", str(folder / "bin" / "python")]
        program = [str(HOME / "uv" / "bin" / installer[0]), *installer[1:], "install", "--quiet", *words]
        subprocess.run([*program, "--require-hashes", "--requirement", str(REQUIREMENTS / lock)], check=True)
        stamp.write_text(text)


@contextlib.contextmanager
def serve(folder: Path, more_tools: Sequence[Path] = (), *, port: int = 0, slots: int = 1) -> Iterator[Galaxy]:
    """Run a server with the project's tools, and more forms where given, and its worker until the block ends.

    The server shows tools as they are when it starts: one started before a change tests the old ones.
    """
    port = port or free_port()
    configure(folder, more_tools, slots)
    url, environment = f"http://127.0.0.1:{port}", environ(folder)
    programs = HOME / "server" / "bin"
    subprocess.run(
        [programs / "galaxy-web-client-install", "--mode", "absolute", "--force-overwrite", folder / "static"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (folder / "static" / "lucidseq").symlink_to(TOOLS / "static" / "images" / "lucidseq")
    web = [programs / "galaxy-web", "-c", folder / "galaxy.yml", "-s", USER, "-b", f"127.0.0.1:{port}", "-n", folder / "static"]
    worker = [
        programs / "celery",
        "--app",
        "galaxy.celery",
        "worker",
        "--concurrency",
        "2",
        "--loglevel",
        "INFO",
        "--pool",
        "threads",
        "--queues",
        "celery,galaxy.internal,galaxy.external",
    ]
    with running(web, folder, "web", environment) as process:
        wait(lambda: answers(f"{url}/api/version"), process, folder / "web.log")
        with running(worker, folder, "worker", environment) as process:
            wait(lambda: "ready." in (folder / "worker.log").read_text(), process, folder / "worker.log")
            yield Galaxy(url, user_key(url), folder)


def configure(folder: Path, more_tools: Sequence[Path], slots: int) -> None:
    """Write the server's configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "galaxy.yml": CONFIG.format(folder=folder, key=BOOTSTRAP_KEY, tables=TOOLS / "tool_data_table_conf.xml.test"),
        "job_conf.yml": JOBS.format(slots=slots, programs=Path(sys.executable).parent)
        + "".join(f"        - {{name: {name}, value: '{os.environ[name]}'}}\n" for name in KERNELS if name in os.environ),
        "tool_conf.xml": tool_panel(more_tools),
        "dependency_resolvers_conf.xml": "<dependency_resolvers/>",
        "container_resolvers_conf.yml": "[]",
    }
    for name, text in files.items():
        (folder / name).write_text(text)


def tool_panel(more_tools: Sequence[Path] = ()) -> str:
    """Return the tool panel: upload, the sections of the sample for administrators, and more forms where given."""
    panel = ElementTree.parse(TOOLS / "config-samples" / "tool_conf.xml.sample").getroot()
    for tool in panel.iter("tool"):
        tool.set("file", str(TOOLS / Path(tool.attrib["file"]).name))
    upload = ElementTree.Element("section", id="get", name="Get data")
    ElementTree.SubElement(upload, "tool", file="data_source/upload.xml")
    panel.insert(0, upload)
    if more_tools:
        more = ElementTree.SubElement(panel, "section", id="more", name="More")
        for path in more_tools:
            ElementTree.SubElement(more, "tool", file=str(path))
    return ElementTree.tostring(panel, encoding="unicode")


def environ(folder: Path) -> dict[str, str]:
    """Return the environment of the server's processes."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return kept | {"GALAXY_CONFIG_FILE": str(folder / "galaxy.yml"), "GALAXY_CONFIG_SINGLE_USER": USER, "GALAXY_CONFIG_ADMIN_USERS": USER}


@contextlib.contextmanager
def running(command: list[object], folder: Path, name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of the server in a group of its own; end the group with the block."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 300) -> None:
    """Wait until something is ready; an end of the process, or of patience, shows its log."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"not ready:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.5)


def answers(url: str) -> bool:
    """Return whether a page answers."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def user_key(url: str) -> str:
    """Return an API key of the one user."""
    admin = Galaxy(url, BOOTSTRAP_KEY, Path())
    users = admin.get("users")
    assert isinstance(users, list)
    if users:
        user = users[0]["id"]
    else:
        made = admin.post("users", {"username": "user", "email": USER, "password": "loopback-only"})
        assert isinstance(made, dict)
        user = made["id"]
    return str(admin.post(f"users/{user}/api_key", {}))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Serve the tools for people to try."""
    parser = argparse.ArgumentParser(description="A local Galaxy with the project's tools.")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    if why := obstacle():
        sys.exit(why)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server's processes end too
    install()
    with tempfile.TemporaryDirectory(prefix="lucidseq-galaxy-") as folder, serve(Path(folder), port=arguments.port) as galaxy:
        print(f"Galaxy with lucidseq: {galaxy.url} (Ctrl-C ends it; its data go with it)", flush=True)
        reload = f"curl --request PUT --header 'x-api-key: {galaxy.key}' {galaxy.url}/api/configuration/toolbox"
        print(f"After a change of a form: {reload}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


def tool_files() -> list[Path]:
    """Return the project's forms."""
    return [path for path in sorted(TOOLS.glob("*.xml")) if path.name != "macros.xml"]


if __name__ == "__main__":
    main()
