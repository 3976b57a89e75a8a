"""A container engine, a base image and the tools' images, made from Debian packages alone under build/containers.

Settings that differ from the engines' own: runc (crun refuses mixed cgroup hierarchies), limits a virtual machine can grant, no
network. Images and containers live in a storage of their own, so that the machine's stays as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "containers"
NOTED = FOLDER / "lock.json"
BASE = "localhost/lucidseq-base:bookworm"
SUITE = "bookworm"
EPOCH = "1700000000"
PROGRAMS = ("podman", "buildah", "runc", "mmdebstrap", "dockerd")
PACKAGES = (
    ["podman", "buildah", "runc", "crun", "fuse-overlayfs", "mmdebstrap", "skopeo", "catatonit", "netavark", "uidmap"],
    ["containernetworking-plugins", "iptables", "docker.io"],
)
INCLUDE = "ca-certificates,procps,python3-venv"
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=20000:20000","nproc=4096:4096"]
netns = "none"
[engine]
runtime = "runc"
"""
BASE_DOCKERFILE = 'FROM scratch\nADD rootfs.tar /\nCMD ["/bin/bash"]\n'


@dataclass(frozen=True)
class Image:
    """A built image: its name, and how it is described."""

    name: str
    facts: dict[str, object]

    @property
    def identity(self) -> tuple[object, object]:
        """Digests of configuration and manifest."""
        return self.facts["Id"], self.facts["Digest"]


def obstacle() -> str | None:
    """Return why no engine can be set up here; None when one can."""
    if all(shutil.which(program) for program in PROGRAMS) and os.geteuid() == 0:
        return None
    if os.geteuid() != 0:
        return "images are built as root"
    return None if shutil.which("apt-get") else "no container engine, and no apt-get to install one"


def prepare() -> None:
    """Install the engine, set it up and make the base image, as far as they are not there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not all(shutil.which(program) for program in PROGRAMS):
        apt = ["apt-get", "--option", "DPkg::Lock::Timeout=500"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        call([*apt, "update"], environment=environment)
        for packages in PACKAGES:
            call([*apt, "install", "--yes", "--no-install-recommends", *packages], environment=environment)
    (FOLDER / "containers.conf").write_text(CONTAINERS_CONF)
    storage = f'[storage]\ndriver = "overlay"\ngraphroot = "{FOLDER / "storage"}"\nrunroot = "{FOLDER / "run"}"\n'
    (FOLDER / "storage.conf").write_text(storage)
    os.environ |= {"CONTAINERS_CONF": str(FOLDER / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(FOLDER / "storage.conf")}
    make_base()
    call(["podman", "image", "prune", "--force"])  # what earlier runs' images left when their names went to new ones


def make_base() -> None:
    """Make the base image: bash, ps, Python and nothing else."""
    folder = FOLDER / "base"
    command = ["mmdebstrap", "--variant=minbase", f"--include={INCLUDE}", *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT), SUITE]
    stamp, wanted = folder / "complete", hashlib.sha256(" ".join([*command, EPOCH]).encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rootfs.tar").unlink(missing_ok=True)
        call([*command, str(folder / "rootfs.tar")], environment={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
        (folder / "Dockerfile").write_text(BASE_DOCKERFILE)
        stamp.write_text(wanted)
    options = "--quiet --layers --timestamp 0 --identity-label=false --isolation chroot"
    call(["buildah", "build", *options.split(), "--tag", BASE, str(folder)])


@cache
def images() -> dict[str, Image]:
    """Build core, nets (CPU), motifs and simulate, once a test run; `NOTED` says what each was made of, as a release's lock does."""
    NOTED.unlink(missing_ok=True)
    return {name: build(name, "--write-lock", str(NOTED)) for name in ("core", "nets", "motifs", "simulate")}


def build(image: str, *words: str) -> Image:
    """Build one image with containers/build.py, without network."""
    command = [sys.executable, str(ROOT / "containers" / "build.py"), "--engine", "buildah", "--image", image]
    printed = call([*command, "--base-image", BASE, "--network", "none", *words])
    print(printed, end="")
    name = printed.split("\t")[0]
    return Image(name, json.loads(call(["podman", "image", "inspect", name]))[0])


def run(image: Image, *words: object, options: tuple[str, ...] = ()) -> str:
    """Run a command in a container as a cluster would: any user, nothing writable but what is mounted, no network."""
    hermetic = ["--read-only", "--user", "12345:12345", "--network", "none", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    return call(["podman", "run", "--rm", *hermetic, *options, image.name, *map(str, words)])


def call(command: list[str], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> str:
    """Run a command that must succeed and return what it prints."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def checksums(folder: Path) -> dict[str, str]:
    """Return sha256 of every file but the manifests, which name all libraries that are installed."""
    files = [path for path in folder.iterdir() if not path.name.endswith(".manifest.json")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
