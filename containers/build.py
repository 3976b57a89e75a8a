"""Build the images of the tools with docker, podman or buildah: `make images`.

Wheels are downloaded by hash beforehand (requirements/*.txt), so that the build itself needs no network: that of a base image
without `ps` apart, which installs procps. Run with any Python >= 3.11; needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import image_lock

ROOT = Path(__file__).resolve().parent.parent
WHEELHOUSE = ROOT / "build" / "wheelhouse"
LOCK = ROOT / "containers" / "lock.json"
PYTHON = "3.11"  # of the base images
PLATFORMS = ["manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(5, 29))]  # pip matches each by name
# What each image holds beside MIT code, as far as it binds who passes the image on
LICENCES = {
    "core": "MIT",
    "nets": "MIT AND Apache-2.0",
    "simulate": "MIT AND GPL-3.0-or-later",
    "motifs": "MIT AND GPL-2.0-or-later AND GPL-3.0-or-later",
}
USUAL = ("core", "nets", "simulate")  # motifs holds libraries alone, until there are commands for it
CUDA = "nvidia-"  # how the names of CUDA's wheels start


@dataclass(frozen=True)
class Built:
    """A finished image: name with tag, identifier (digest of its configuration), unpacked size in bytes."""

    name: str
    identifier: str
    size: int


def main(words: list[str] | None = None) -> None:
    """Build what the command line asks for, and print size and identifier of each image."""
    arguments = read_arguments(words)
    engine = arguments.engine or find_engine()
    for image in arguments.image or USUAL:
        lock = f"nets-{arguments.accel}" if image == "nets" else image
        wheels = gather_wheels(lock, without_cuda=arguments.without_cuda)
        started = time.monotonic()
        built = build_image(engine, image, wheels, arguments)
        print(f"{built.name}\t{built.size / 1e6:.0f} MB\t{built.identifier}\t{time.monotonic() - started:.0f} s", flush=True)
        if arguments.write_lock or arguments.check_lock:
            entry = {
                "identifier": built.identifier,
                "bytes": built.size,
                "licences": LICENCES[image],
                "inputs": read_inputs(engine, image, built.name, wheels, lock, arguments),
            }
            keep_lock(image_name(image, arguments, registry=False), entry, arguments)


def read_arguments(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--image", action="append", choices=list(LICENCES), help="image to build (may be repeated); default: core, nets and simulate"
    )
    parser.add_argument("--accel", choices=["cpu", "gpu"], default="cpu", help="nets: with or without the CUDA libraries")
    parser.add_argument(
        "--without-cuda",
        action="store_true",
        help="with --accel gpu: leave NVIDIA's wheels out, to test the rest; such an image computes on the processor",
    )
    parser.add_argument("--base-image", help=f"a Linux image with bash, Python {PYTHON} and its venv; default: an official slim image")
    parser.add_argument("--registry", help="goes before the images' names, as --container_registry does in the pipeline")
    parser.add_argument("--engine", choices=["docker", "podman", "buildah"], help="default: the first that works")
    parser.add_argument("--network", choices=["default", "none", "host"], default="default", help="network of the build itself")
    parser.add_argument("--no-cache", action="store_true", help="build every layer again")
    parser.add_argument(
        "--write-lock",
        type=Path,
        nargs="?",
        const=LOCK,
        metavar="FILE",
        help="note identifier and inputs of what is built, at a release (default: containers/lock.json)",
    )
    parser.add_argument(
        "--check-lock",
        type=Path,
        nargs="?",
        const=LOCK,
        metavar="FILE",
        help="compare what is built with that file: the same inputs must make the same image",
    )
    arguments = parser.parse_args(words)
    if arguments.without_cuda and arguments.write_lock:
        parser.error("--without-cuda is for tests: it makes no image of a release")
    if arguments.without_cuda and arguments.accel != "gpu":
        parser.error("--without-cuda goes with --accel gpu")
    return arguments


def find_engine() -> str:
    """Return the first engine that answers.

    Raises
    ------
    SystemExit
        When none does.
    """
    probes = {
        "docker": [["docker", "buildx", "version"], ["docker", "info"]],
        "podman": [["podman", "info"]],
        "buildah": [["buildah", "info"]],
    }
    for engine, commands in probes.items():
        if shutil.which(engine) and all(answers(command) for command in commands):
            return engine
    present = [engine for engine in probes if shutil.which(engine)]
    raise refusal(
        f"no engine that builds images ({', '.join(present)} on PATH, but without an answer)"
        if present
        else "no engine that builds images",
        "docker with buildx and a running daemon, podman 4.1 or buildah 1.26, or newer",
        "install one; on a shared machine, ask for podman or take the images from a registry (--container_registry)",
    )


def answers(command: list[str]) -> bool:
    """Return whether a command ends well within a minute."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def gather_wheels(lock: str, *, without_cuda: bool = False) -> Path:
    """Download the wheels of a lock and build the package's own; return their folder, which holds the lock too.

    Raises
    ------
    SystemExit
        When a wheel cannot be had.
    """
    folder = WHEELHOUSE / (f"{lock}-without-cuda" if without_cuda else lock)
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    if without_cuda:
        text = "".join(entry for entry in re.split(r"(?m)^(?=\S)", text) if not entry.startswith(CUDA))
    requirements = folder / f"{lock}.txt"
    stamp, checksum = folder / "complete", hashlib.sha256(text.encode()).hexdigest()
    if not (requirements.exists() and stamp.exists() and stamp.read_text() == checksum):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        requirements.write_text(text, encoding="utf-8")
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        pip(
            "download",
            "--only-binary=:all:",
            "--no-deps",
            "--require-hashes",
            "--python-version",
            PYTHON,
            "--implementation",
            "cp",
            "--abi",
            "cp311",
            "--abi",
            "abi3",
            "--abi",
            "none",
            *platforms,
            "--dest",
            folder,
            "--requirement",
            requirements,
        )
        stamp.write_text(checksum)
    for old in folder.glob("lucidseq-*.whl"):
        old.unlink()
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    pip("wheel", "--no-deps", *isolation, "--wheel-dir", folder, ROOT)
    return folder


def pip(command: str, *words: object) -> None:
    """Run pip quietly."""
    line = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", *map(str, words)]
    if subprocess.run(line, check=False).returncode != 0:
        raise refusal(
            f"`pip {command}` failed, see above",
            "every wheel of the lock, and the package's own, in build/wheelhouse",
            "see whether the package index can be reached, then call this again",
        )


def build_image(engine: str, image: str, wheels: Path, arguments: argparse.Namespace) -> Built:
    """Build one image.

    Raises
    ------
    SystemExit
        When the engine fails.
    """
    name = image_name(image, arguments)
    command = [engine, *(["buildx", "build", "--load"] if engine == "docker" else ["build"])]
    command += ["--file", str(ROOT / "containers" / f"Dockerfile.{image}"), "--tag", name]
    command += ["--build-context", f"wheels={wheels}"]
    if image == "nets":
        command += ["--build-arg", f"ACCEL={arguments.accel}"]
    if arguments.base_image:
        command += ["--build-arg", f"BASE_IMAGE={arguments.base_image}"]
    for key, value in labels(image).items():
        command += ["--label", f"{key}={value}"]
    # Same content, same digest: no time of build, no version of the builder
    command += ["--build-arg", "SOURCE_DATE_EPOCH=0"] if engine == "docker" else ["--timestamp", "0", "--identity-label=false"]
    command += [] if arguments.network == "default" else ["--network", arguments.network]
    command += ["--no-cache"] if arguments.no_cache else []
    print("building", name, "with", engine, file=sys.stderr, flush=True)
    done = subprocess.run(
        [*command, str(ROOT / "containers")], env={**os.environ, "SOURCE_DATE_EPOCH": "0"}, stdout=sys.stderr, check=False
    )
    if done.returncode != 0:
        raise refusal(
            f"`{engine} build` of {name} failed, see above",
            "a base image that can be had, and room on the disk",
            "name another base with --base-image; if ps is missing in it, omit --network none",
        )
    return inspect_image(engine, name)


def read_inputs(engine: str, image: str, name: str, wheels: Path, lock: str, arguments: argparse.Namespace) -> dict[str, str]:
    """Return all that an image was made of.

    Raises
    ------
    SystemExit
        When the engine cannot build the same image twice.
    """
    if engine == "docker":
        raise refusal(
            "docker as the engine",
            "podman or buildah, whose images have the same identifier when they are built again",
            "add --engine podman or --engine buildah",
        )
    recipe = ROOT / "containers" / f"Dockerfile.{image}"
    base = arguments.base_image or re.search(r"^ARG BASE_IMAGE=(.+)$", recipe.read_text(), re.MULTILINE)[1]
    words = (
        ["inspect", "--type", "image", "--format", "{{.FromImageID}}"]
        if engine == "buildah"
        else ["image", "inspect", "--format", "{{.Id}}"]
    )
    identifier = ask([engine, *words, base])
    return {
        "base_image": base,
        "base_identifier": "sha256:" + identifier.removeprefix("sha256:"),
        "requirements": image_lock.digest([wheels / f"{lock}.txt"]),
        "package": image_lock.digest(wheels.glob("lucidseq-*.whl")),
        "recipe": image_lock.digest([recipe, *(recipe.with_name(name) for name in ("base.sh", "install.sh", "strip_symbols.py"))]),
        "builder": f"{engine} {ask([engine, '--version']).split()[2]}",
        "network": arguments.network,
    }


def keep_lock(name: str, entry: dict[str, object], arguments: argparse.Namespace) -> None:
    """Write an image into the lock, or compare it with the one that is there.

    Raises
    ------
    SystemExit
        When the same inputs have made another image, or the lock lacks it.
    """
    if arguments.check_lock:
        try:
            different = image_lock.compare(entry, image_lock.read(arguments.check_lock)[name])
        except (ValueError, KeyError, OSError) as error:
            raise refusal(f"{name}: {error}", f"the image in {arguments.check_lock}", "check what changed in the build") from error
        print(f"{name}: not compared, since other inputs: {', '.join(different)}" if different else f"{name}: as locked")
    if arguments.write_lock:
        image_lock.write(arguments.write_lock, {name: entry}, version())


def ask(command: list[str]) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def image_name(image: str, arguments: argparse.Namespace, *, registry: bool = True) -> str:
    """Return the name that conf/containers.config asks for."""
    suffix = "-gpu" if image == "nets" and arguments.accel == "gpu" else ""
    suffix += "-without-cuda" if suffix and arguments.without_cuda else ""
    prefix = f"{arguments.registry}/" if registry and arguments.registry else ""
    return f"{prefix}lucidseq/{image}:{version()}{suffix}"


def version() -> str:
    """Return the package's version."""
    text = (ROOT / "tools" / "lucidseq" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]


def labels(image: str) -> dict[str, str]:
    """Return the labels of an image, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    values = {
        "title": f"{project['name']} {image}",
        "description": project["description"],
        "version": version(),
        "licenses": LICENCES[image],
        "authors": ", ".join(author["name"] for author in project["authors"]),
        "vendor": project["name"],
    }
    return {f"org.opencontainers.image.{key}": value for key, value in values.items()}


def inspect_image(engine: str, name: str) -> Built:
    """Read identifier and size of an image."""
    words = ["images", "--json", "--no-trunc", name] if engine == "buildah" else ["image", "inspect", name]
    entry = {key.lower(): value for key, value in json.loads(ask([engine, *words]))[0].items()}
    size = entry["size"]
    if isinstance(size, str):  # buildah reports sizes as rounded text
        value, unit = size.split()
        size = round(float(value) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])
    return Built(name, "sha256:" + entry["id"].removeprefix("sha256:"), size)


def refusal(received: str, expected: str, fix: str) -> SystemExit:
    """Return an error in three parts."""
    return SystemExit(f"received: {received}\nexpected: {expected}\nfix: {fix}")


if __name__ == "__main__":
    main()
