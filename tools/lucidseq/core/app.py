"""Declarations of tools and commands: options, output files, the function that does the work, and its sentences for a paper.

A tool's ``cli.py`` makes one `Tool` and declares its commands with `Tool.command`, which returns the Python function of the command.
The command line (`shell.py`), Nextflow, Galaxy and the reference pages are made from the same declaration.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lucidseq.core.options import Options
from lucidseq.core.roles import Format, OutFile

if TYPE_CHECKING:
    from lucidseq.core.result import Result


@dataclass(frozen=True)
class Methods:
    """Sentences for the methods section of a paper, and the papers to cite."""

    text: str = ""
    citations: tuple[str, ...] = ()

    def __init__(self, text: str = "", *citations: str) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "citations", citations)


@dataclass(frozen=True)
class Command:
    """A declared command.

    Attributes
    ----------
    tool, name
        The tool it belongs to, and its name on the command line.
    options
        Class of its options; its docstring is the help text.
    files
        Files it writes by name, without card and manifest.
    run
        ``"package.module:function"``, called with the options object and an `OutputSet`; returns the `Card` of the result.
    label
        Nextflow resource label (process_single, process_low, process_medium, process_high).
    gpu
        The command can use a GPU.
    methods
        Sentences for a paper, or a function from the options to them.
    """

    tool: Tool
    name: str
    options: type[Options]
    files: dict[str, OutFile]
    run: str
    label: str = "process_single"
    gpu: bool = False
    methods: Methods | Callable[[Any], Methods] = field(default_factory=Methods)

    @property
    def help(self) -> str:
        """Help text: a summary line and further paragraphs."""
        return inspect.getdoc(self.options) or ""

    @property
    def stem(self) -> str:
        """Tool and command as in file names."""
        return f"{self.tool.name}_{self.name}".replace("-", "_")

    @property
    def outputs(self) -> dict[str, OutFile]:
        """Every file the command writes by name, card and manifest included."""
        stem = f".{self.stem}"  # one prefix may serve a whole chain of commands
        return {
            **self.files,
            "card": OutFile(f"{stem}.card.json", Format.JSON, "Trust card: the checks of this result."),
            "manifest": OutFile(f"{stem}.manifest.json", Format.JSON, "Provenance: options, input checksums, versions."),
        }

    def load(self) -> Callable[..., Any]:
        """Import and return the function that does the work."""
        module, _, function = self.run.partition(":")
        loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return loaded

    def describe(self, options: Options) -> Methods:
        """Return the sentences for a paper on a run with these options."""
        return self.methods if isinstance(self.methods, Methods) else self.methods(options)


class Tool:
    """One tool: a set of commands with its own console script.

    Parameters
    ----------
    name
        Name of the tool, such as ``"finemap"``; the console script is ``lucidseq-<name>``.
    help
        One line.
    image
        Container image of its commands.
    """

    def __init__(self, name: str, help: str, *, image: str) -> None:
        self.name, self.help, self.image = name, help, image
        self.commands: dict[str, Command] = {}

    def command(
        self,
        name: str,
        options: type[Options],
        *,
        run: str,
        outputs: dict[str, OutFile],
        label: str = "process_single",
        gpu: bool = False,
        methods: Methods | Callable[[Any], Methods] | None = None,
    ) -> Callable[..., Result]:
        """Declare a command (see `Command` for the parameters) and return its Python function."""
        from lucidseq.core.python_function import python_function

        command = Command(self, name, options, outputs, run, label, gpu, methods or Methods())
        self.commands[name] = command
        return python_function(command)

    def main(self) -> None:
        """Entry point of the console script."""
        from lucidseq.core.shell import command_line

        command_line(self)(prog_name=f"lucidseq-{self.name}")
