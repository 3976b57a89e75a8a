"""Python face: type stubs of the tools' packages, and the reference page of functions and verbs."""

from __future__ import annotations

import ast
import inspect
import os
import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import lucidseq
from lucidseq.contract.nextflow import HEADER
from lucidseq.core.app import Command
from lucidseq.core.python_function import docstring, signature

_PATH = str | os.PathLike[str]


def render_stub(commands: list[Command]) -> str:
    """Return ``__init__.pyi`` of a tool: its commands as functions, for editors and type checkers."""
    lines = [f"# {HEADER}", "import os", "from typing import Literal", "", "from lucidseq.core.result import Result", ""]
    for command in commands:
        lines += [f"def {command.name.replace('-', '_')}(", "    *,"]
        for name, parameter in signature(command).parameters.items():
            default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
            lines.append(f"    {name}: {_type(parameter.annotation)}{default},".replace("'", '"'))
        lines += [") -> Result: ...", ""]
    return "\n".join(lines)


def render_python(commands: list[Command]) -> str:
    """Return docs/reference/python.md."""
    lines = [
        f"<!-- {HEADER} -->",
        "# Python",
        "",
        "`import lucidseq as ls` loads nothing; each name below is imported when it is used.",
        "",
    ]
    lines += ["## Verbs on arrays", ""]
    for name, value in verbs().items():
        lines += [f"### ls.{name}", "", f"`{name}{_shown_signature(value)}`", "", *_sections(inspect.getdoc(value) or ""), ""]
    lines += ["## Commands as functions", "", _COMMANDS, ""]
    for command in (item for item in commands if item.tool.name != "check"):
        title = f"lucidseq.{command.tool.name}.{command.name.replace('-', '_')}"
        options = f"[every option]({command.tool.name}.md#{command.tool.name}-{command.name})"
        names = ", ".join(f"`{name}`" for name in command.outputs)
        lines += [f"### {title}", "", docstring(command).split("\n\nParameters\n")[0], "", f"Result: {names}; {options}.", ""]
    return "\n".join(lines)


_COMMANDS = (
    "Each command of the command line is a function with the same options, `--max-effects 5` being `max_effects=5`. It returns a "
    "`Result`: `paths` by name, the trust `card`, and the contents of its files as attributes, read on first use (a table is a "
    "DataFrame, an HDF5 file a mapping of arrays, any other file its path). Errors are exceptions: `ls.UsageError`, `ls.DataError`, "
    "`ls.MissingExtraError`, and, with `strict=True`, `ls.RefusedError`; all are `ls.LucidseqError`. With `out=None` files are in a "
    "temporary folder that lives as long as the result. `threads` limits the loaded numerical libraries for the time of the call; "
    "threads of TensorFlow are fixed when it first runs, so bytes can differ from the command line's where your program used "
    "TensorFlow before."
)


def verbs() -> dict[str, Any]:
    """Return the functions and classes of the package's stub, in alphabetical order, without the exceptions."""
    tree = ast.parse(Path(lucidseq.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    names = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) and node.module for alias in node.names]
    values = {name: getattr(lucidseq, name) for name in sorted(names, key=str.lower)}
    return {name: value for name, value in values.items() if not (isinstance(value, type) and issubclass(value, Exception))}


def _type(annotation: Any) -> str:
    """Return an annotation as source text."""
    if annotation is type(None):
        return "None"
    if annotation == _PATH:
        return "str | os.PathLike[str]"
    origin = get_origin(annotation)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, get_args(annotation)))}]"
    if origin is list:
        return f"list[{_type(get_args(annotation)[0])}]"
    if origin is not None and len(get_args(annotation)) > 1:
        return " | ".join(_type(item) for item in get_args(annotation))
    return str(annotation) if origin is not None else annotation.__name__


def _shown_signature(value: Any) -> str:
    if isinstance(value, type):
        return ""
    parts, keyword = [], False
    declared = inspect.signature(value)  # annotations are texts: the modules postpone their evaluation
    for name, parameter in declared.parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword:
            keyword = True
            parts.append("*")
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{name}: {parameter.annotation}{default}")
    return f"({', '.join(parts)}) -> {declared.return_annotation}"


def _sections(text: str) -> list[str]:
    """Return a NumPy docstring as Markdown: headings of sections in bold, definitions as list items, examples as code."""
    lines, rows, example = text.splitlines(), [], False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if set(following.strip()) == {"-"} and line.strip():
            example = line == "Examples"
            rows += [f"**{line}**", ""] + (["```python"] if example else [])
        elif set(line.strip()) == {"-"}:
            continue
        elif example:
            rows.append(line)
        elif line and not line.startswith((" ", "..")) and following.startswith("    "):
            rows.append(f"- `{line}`:")
        else:
            rows.append(re.sub(r"\[(\d)\]_", r"[\1]", line.replace(".. [", "[").replace("\\|", "|")).rstrip() if line.strip() else "")
    return [*rows, "```"] if example else rows
