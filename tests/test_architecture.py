"""The architecture, read from the source: layers, light start-up, what is in the wheel."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import time
import tomllib
import typing
import zipfile
from pathlib import Path

import pytest

from lucidseq.__main__ import TOOLS, module_of
from lucidseq.contract.model import read_commands, read_contract
from lucidseq.core.app import Command

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tools" / "lucidseq"
PACKAGES = {"core", "nets", "contract", *(tool for tool in TOOLS if tool != "check")}
HEAVY = {
    "numpy",
    "pandas",
    "scipy",
    "h5py",
    "pysam",
    "bioframe",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "shap",
    "matplotlib",
    "rich",
    "cyvcf2",
    "msprime",
    "jinja2",
    "jsonschema",
    "typer",
}


def imports(path: Path) -> list[str]:
    """Return every module a file imports, at any level, by its full name."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_layers__tool_to_nets_to_core(path: Path) -> None:
    package = path.relative_to(SOURCE).parts[0]
    if package not in PACKAGES:
        return  # __init__, __main__: the dispatcher
    others = {name.split(".")[1] for name in imports(path) if re.match(r"lucidseq\.\w+", name)} & PACKAGES
    allowed = {"core": {"core"}, "nets": {"core", "nets"}}.get(package, {"core", "nets", package})
    assert others <= allowed, f"{package} imports {sorted(others - allowed)}: tools meet through files"


def test_backend__is_the_only_file_that_knows_it() -> None:
    knowing = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if {name.split(".")[0] for name in imports(path)} & {"tensorflow", "jax", "torch"}
    }
    assert knowing <= {"nets/backend.py"}


def test_no_pickle_and_no_evaluation() -> None:
    for path in SOURCE.rglob("*.py"):
        assert not {"pickle", "shelve", "marshal", "joblib"} & {name.split(".")[0] for name in imports(path)}, path
        calls = {
            node.func.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec"}, path


@pytest.mark.parametrize("module", [module_of(tool) for tool in TOOLS])
def test_cli_modules__load_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {HEAVY!r}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("command", read_contract(), ids=lambda command: f"{command.tool}-{command.command}")
def test_help__is_light_and_names_every_option(command) -> None:
    seconds, text = min(run_help(command.tool, command.command) for _ in range(3))
    assert seconds <= 0.2
    for option in command.options:
        assert option.flag in text, option.flag
        assert option.help, f"{option.flag} has no help"
    assert "--out" in text


def run_help(tool: str, command: str) -> tuple[float, str]:
    """Return the CPU seconds of a command's help, and its text."""
    before = os.times()
    words = [sys.executable, "-m", "lucidseq", tool, command, "--help"]
    text = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"}).stdout
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, text


@pytest.mark.parametrize("tool", TOOLS)
def test_version__of_every_tool_is_light(tool: str) -> None:
    start = time.process_time()
    result = subprocess.run([sys.executable, "-m", "lucidseq", tool, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(rf"lucidseq-{tool} \d+\.\d+\.\d+\n", result.stdout)
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize("command", read_commands(), ids=lambda command: f"{command.tool.name}-{command.name}")
def test_run_function__takes_the_options_object(command: Command) -> None:
    """An option is written once, in its dataclass: no run function repeats it."""
    parameters = inspect.signature(command.load()).parameters
    assert list(parameters) == ["options", "out"]
    assert typing.get_type_hints(command.load())["options"] is command.options


def test_console_scripts__are_the_tools() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"lucidseq", *(f"lucidseq-{tool}" for tool in TOOLS)}


def test_folders__bear_no_stdlib_name() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert not folders & set(sys.stdlib_module_names)


def test_every_tool__has_a_readme() -> None:
    assert [tool for tool in TOOLS if tool != "check" and not (SOURCE / tool / "README.md").is_file()] == []


def test_files_and_functions__stay_small() -> None:
    long_files, long_functions = [], []
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > 400:
            long_files.append(path.name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and path.name != "cli.py":
                body = [item for item in node.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
                size = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                if size > 60:
                    long_functions.append(f"{path.name}:{node.name} ({size})")
    assert long_files == []
    assert long_functions == []


def test_public_functions__are_documented_and_annotated() -> None:
    lacking = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.args, *node.args.kwonlyargs]
                if not ast.get_docstring(node) or node.returns is None or any(item.annotation is None for item in arguments):
                    lacking.append(f"{path.name}:{node.name}")
    assert lacking == []


def test_wheel__holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    wanted = {f"lucidseq/{path.relative_to(SOURCE)}" for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert set(names) == wanted
    kinds = {Path(name).suffix for name in names}
    assert kinds <= {".py", ".pyi", ".typed", ".md", ".css", ".html", ".j2"}
