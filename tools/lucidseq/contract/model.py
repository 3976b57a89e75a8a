"""The contract: every command with its options and files, read from the Python signatures alone (never Typer's internals)."""

from __future__ import annotations

import importlib
import inspect
import types
import typing
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

from typer.models import OptionInfo

from lucidseq.core.app import Command
from lucidseq.core.options import HOUSE
from lucidseq.core.roles import In, OutFile, OutputPrefix

TOOLS = ("simulate", "encode", "train", "attribute", "effects", "finemap", "enrich", "report", "check")
MODULES = {"check": "lucidseq.contract.cli"}
# The image that holds what a tool needs
IMAGES = {
    "simulate": "simulate",
    "encode": "core",
    "train": "nets",
    "attribute": "nets",
    "effects": "nets",
    "finemap": "core",
    "enrich": "core",
    "report": "core",
    "check": "core",
}


class Kind(StrEnum):
    """What an option takes."""

    PATH = "path"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "string"
    FLAG = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes
    ----------
    name, flag
        Python name and command-line flag.
    kind
        What it takes.
    many
        May be given several times.
    required, default
        Default is None when the option is required or may be left out.
    minimum, maximum, choices
        Bounds and allowed values.
    help
        Help text.
    role
        `In` for input files, None otherwise.
    house
        The option belongs to every command.
    """

    name: str
    flag: str
    kind: Kind
    many: bool
    required: bool
    default: Any
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    help: str
    role: In | None
    house: bool


@dataclass(frozen=True)
class CommandContract:
    """One command: options in order (the output prefix apart), output files by name, resources."""

    tool: str
    command: str
    summary: str
    description: str
    options: tuple[Option, ...]
    outputs: dict[str, OutFile]
    label: str
    gpu: bool
    image: str

    @property
    def name(self) -> str:
        """Tool and command in one word, as files and forms are named."""
        return f"{self.tool}_{self.command}".replace("-", "_")

    @property
    def process(self) -> str:
        """Name of the Nextflow process."""
        return self.name.upper()

    @property
    def inputs(self) -> list[Option]:
        """Options that name files to read."""
        return [option for option in self.options if option.role is not None]

    def option(self, name: str) -> Option | None:
        """Return the option of that Python name, None when there is none."""
        return next((option for option in self.options if option.name == name), None)


def read_contract() -> list[CommandContract]:
    """Read every command of every tool."""
    contract = []
    for tool in TOOLS:
        module = importlib.import_module(MODULES.get(tool, f"lucidseq.{tool}.cli"))
        contract += [read_command(command) for command in module.tool.commands.values()]
    return contract


def read_command(command: Command) -> CommandContract:
    """Read one command's signature."""
    house = {parameter.name for parameter in HOUSE}
    options = tuple(
        read_option(parameter, house=name in house)
        for name, parameter in command.signature.parameters.items()
        if name not in command.roles(OutputPrefix)
    )
    paragraphs = inspect.cleandoc(command.help).split("\n\n")
    return CommandContract(
        command.tool,
        command.name,
        " ".join(paragraphs[0].split()),
        "\n\n".join(paragraphs[1:]),
        options,
        command.outputs,
        command.label,
        command.gpu,
        IMAGES[command.tool],
    )


def read_option(parameter: inspect.Parameter, *, house: bool) -> Option:
    """Read one parameter.

    Raises
    ------
    TypeError
        If its type is not one that three faces can show.
    """
    base, *extras = typing.get_args(parameter.annotation)
    info = next(item for item in extras if isinstance(item, OptionInfo))
    role = next((item for item in extras if isinstance(item, In)), None)
    inner, many = _unwrap(base)
    required = parameter.default is inspect.Parameter.empty
    default = None if required else parameter.default
    default = default.value if isinstance(default, Enum) else default
    if isinstance(default, list | tuple):
        default = [item.value if isinstance(item, Enum) else item for item in default] or None
    return Option(
        parameter.name,
        "--" + parameter.name.replace("_", "-"),
        _kind(inner, parameter.name),
        many,
        required,
        default,
        info.min,
        info.max,
        tuple(item.value for item in inner) if issubclass(inner, Enum) else (),
        info.help or "",
        role,
        house,
    )


def _unwrap(base: Any) -> tuple[type, bool]:
    """Return the type inside ``X | None`` and ``list[X]``, and whether there was a list."""
    many = False
    while typing.get_origin(base) in (typing.Union, types.UnionType, list):
        if typing.get_origin(base) is list:
            many = True
        base = next(item for item in typing.get_args(base) if item is not type(None))
    return base, many


def _kind(inner: type, name: str) -> Kind:
    kinds = {Path: Kind.PATH, bool: Kind.FLAG, int: Kind.INTEGER, float: Kind.NUMBER, str: Kind.TEXT}
    if inner in kinds:
        return kinds[inner]
    if issubclass(inner, Enum):
        return Kind.CHOICE
    raise TypeError(f"{name}: {inner} has no form in Nextflow and Galaxy")
