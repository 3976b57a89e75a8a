"""The contract: every command with its options and files, read from the declarations of the commands (never from Typer's internals)."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass

from lucidseq.__main__ import TOOLS, module_of
from lucidseq.core.app import Command
from lucidseq.core.declarations import Schema
from lucidseq.core.options import Field, fields_of
from lucidseq.core.roles import OutFile
from lucidseq.core.schema import SCHEMAS


@dataclass(frozen=True)
class CommandContract:
    """One command: options in order (without the output prefix), output files by name, resources."""

    tool: str
    command: str
    summary: str
    description: str
    options: tuple[Field, ...]
    outputs: dict[str, OutFile]
    label: str
    gpu: bool
    image: str

    @property
    def name(self) -> str:
        """Tool and command in one word, as in names of files and forms."""
        return f"{self.tool}_{self.command}".replace("-", "_")

    @property
    def process(self) -> str:
        """Name of the Nextflow process."""
        return self.name.upper()

    @property
    def inputs(self) -> list[Field]:
        """Options that name files to read."""
        return [option for option in self.options if option.role is not None]

    def option(self, name: str) -> Field | None:
        """Return the option of that Python name, None when there is none."""
        return next((option for option in self.options if option.name == name), None)

    @property
    def schemas(self) -> list[Schema]:
        """Schemas of the files it reads and writes."""
        files = [*(option.role for option in self.inputs), *self.outputs.values()]
        return [file.schema for file in files if file is not None and file.schema is not None]


def read_commands() -> list[Command]:
    """Return every declared command of every tool."""
    tools = [importlib.import_module(module_of(name)).tool for name in TOOLS]
    return [command for tool in tools for command in tool.commands.values()]


def read_contract() -> list[CommandContract]:
    """Read every command of every tool."""
    return [read_command(command) for command in read_commands()]


def read_command(command: Command) -> CommandContract:
    """Read one command's declaration."""
    paragraphs = inspect.cleandoc(command.help).split("\n\n")
    return CommandContract(
        command.tool.name,
        command.name,
        " ".join(paragraphs[0].split()),
        "\n\n".join(paragraphs[1:]),
        tuple(fields_of(command.options).values()),
        command.outputs,
        command.label,
        command.gpu,
        command.tool.image,
    )


def images() -> dict[str, str]:
    """Return the container image of every tool."""
    return {command.tool.name: command.tool.image for command in read_commands()}


def read_schemas(contract: list[CommandContract]) -> dict[str, Schema]:
    """Return every schema by name: those of `core.schema`, then those declared with commands.

    Raises
    ------
    ValueError
        If two different schemas have one name.
    """
    known = dict(SCHEMAS)
    for schema in (schema for command in contract for schema in command.schemas):
        if known.setdefault(schema.name, schema) != schema:
            raise ValueError(f"two schemas are named {schema.name}")
    return known
