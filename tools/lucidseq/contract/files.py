"""The generated files: their paths, and the differences between files on disk and generated text."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from lucidseq.contract import galaxy, nextflow, parameters, python_face, reference_pages
from lucidseq.contract.model import CommandContract, read_commands, read_contract, read_schemas

ROOT = Path(__file__).resolve().parents[3]
OWNED = ("modules/*/*/main.nf", "modules/*/*/meta.yml", "docs/reference/*.md", "tools/lucidseq/*/__init__.pyi")


def render(contract: list[CommandContract] | None = None) -> dict[str, str]:
    """Return every generated file: path from the repository's root to text."""
    contract = read_contract() if contract is None else contract
    included = _included(contract)
    files = {
        "nextflow_schema.json": parameters.render_schema(included),
        "conf/params.config": parameters.render_defaults(included),
        "conf/arguments.config": nextflow.render_arguments(included),
        "conf/containers.config": nextflow.render_containers(contract),
        "tools/galaxy/macros.xml": galaxy.render_macros(contract),
        "docs/reference/files.md": reference_pages.render_files(read_schemas(contract)),
    }
    for command in contract:
        folder = f"modules/{command.tool}/{command.command}"
        files[f"{folder}/main.nf"] = nextflow.render_process(command)
        files[f"{folder}/meta.yml"] = nextflow.render_meta(command)
    for tool in {command.tool: None for command in contract}:
        files[f"docs/reference/{tool}.md"] = reference_pages.render_tool(tool, [item for item in contract if item.tool == tool])
    commands = read_commands()
    files["docs/reference/python.md"] = python_face.render_python(commands)
    for tool in {command.tool.name: None for command in commands if command.tool.name != "check"}:
        own = [command for command in commands if command.tool.name == tool]
        files[f"tools/lucidseq/{tool}/__init__.pyi"] = python_face.render_stub(own)
    return files


def _included(contract: list[CommandContract]) -> list[CommandContract]:
    """Return the commands that a named workflow runs: a parameter of any other would change nothing, and Nextflow warns of its selector."""
    scripts = [ROOT / "main.nf", *sorted((ROOT / "modules" / "workflows").glob("*.nf"))]
    names = {name for script in scripts for name in re.findall(r"include\s*\{\s*(\w+)", script.read_text(encoding="utf-8"))}
    return [command for command in contract if command.process in names]


def differences(root: Path = ROOT) -> list[str]:
    """Return the lines of a unified diff between the files on disk and the generated text; empty when they are equal."""
    generated = render()
    lines: list[str] = []
    for name, text in sorted(generated.items()):
        path = root / name
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        lines += difflib.unified_diff(current.splitlines(), text.splitlines(), f"{name} (on disk)", f"{name} (generated)", lineterm="")
    return lines + [f"{path.relative_to(root)} belongs to no command" for path in _unowned(root, generated)]


def write(root: Path = ROOT) -> None:
    """Write every generated file and remove those that belong to no command any more."""
    generated = render()
    for path in _unowned(root, generated):
        path.unlink()
    for name, text in generated.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _unowned(root: Path, generated: dict[str, str]) -> list[Path]:
    paths = [path for pattern in OWNED for path in sorted(root.glob(pattern))]
    return [path for path in paths if str(path.relative_to(root)) not in generated]
