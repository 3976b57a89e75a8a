"""Options of commands: each is written once, as a field of a frozen dataclass that derives from `Options`.

The command line, the Python function, Nextflow, Galaxy and the reference pages read a field's type, default and `Option`. An options
object is valid once it exists: paths and choices given as text are converted, bounds are checked.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any

from lucidseq.core.errors import UsageError
from lucidseq.core.roles import In, Needs


@dataclass(frozen=True)
class Option:
    """Help text of an option, its bounds, and the environment variable that may set it."""

    help: str
    min: float | None = None
    max: float | None = None
    environment: str | None = None


class Kind(StrEnum):
    """Kind of an option's value."""

    PATH = "path"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "string"
    FLAG = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True)
class Field:
    """One option of a command, read from its field.

    Attributes
    ----------
    name, flag
        Python name and command-line flag.
    kind, type
        Kind of its value; ``type`` is the Python type of a single value.
    many
        Takes several values (a list in Python, a repeated flag on the command line).
    required, default
        The default is None when the option is required or may be absent; that of a choice is its text.
    minimum, maximum, choices
        Bounds and allowed values.
    help, environment
        Help text; environment variable that may set it.
    role
        `In` for input files, None otherwise.
    needs
        The option without which this one has no effect, or None.
    common
        Every command has it.
    """

    name: str
    kind: Kind
    type: type
    many: bool
    required: bool
    default: Any
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    help: str
    environment: str | None
    role: In | None
    needs: str | None
    common: bool

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return flag_of(self.name)

    def convert(self, value: Any) -> Any:
        """Return a value as the run function receives it.

        Raises
        ------
        UsageError
            If the value is not of the option's kind, or out of its bounds.
        """
        if value is None:
            if self.required or self.default is not None:
                raise self._refuse(value, "a value")
            return None
        if not self.many:
            return self._convert_item(value)
        items = [value] if isinstance(value, str | os.PathLike) else list(value)
        if self.required and not items:
            raise self._refuse(value, "at least one value")
        return [self._convert_item(item) for item in items] or None

    def _convert_item(self, value: Any) -> Any:
        converted = _CONVERT[self.kind](self, value)
        low, high = self.minimum, self.maximum
        if (low is not None and converted < low) or (high is not None and converted > high):
            bounds = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
            raise self._refuse(value, " and ".join(filter(None, bounds)))
        return converted

    def _refuse(self, value: Any, expected: str) -> UsageError:
        return UsageError(f"{self.flag} {value}", expected, f"correct the value of {self.flag}")

    def _path(self, value: Any) -> Path:
        if not isinstance(value, str | os.PathLike):
            raise self._refuse(repr(value), "a path")
        return Path(value)

    def _integer(self, value: Any) -> int:
        try:
            if isinstance(value, bool):
                raise TypeError
            return operator.index(value)
        except TypeError:
            raise self._refuse(repr(value), "a whole number") from None

    def _number(self, value: Any) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self._refuse(repr(value), "a number") from None
        if not math.isfinite(number):  # NaN passes every bound check
            raise self._refuse(value, "a finite number")
        return number

    def _text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return str(self._integer(value))  # such as a target by its number

    def _flag(self, value: Any) -> bool:
        if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
            raise self._refuse(repr(value), "True or False")
        return bool(value)

    def _choice(self, value: Any) -> Enum:
        try:
            return typing.cast(Enum, self.type(value))
        except ValueError:
            raise self._refuse(value, f"one of {', '.join(self.choices)}") from None


_CONVERT: Mapping[Kind, typing.Callable[[Field, Any], Any]] = {
    Kind.PATH: Field._path,
    Kind.INTEGER: Field._integer,
    Kind.NUMBER: Field._number,
    Kind.TEXT: Field._text,
    Kind.FLAG: Field._flag,
    Kind.CHOICE: Field._choice,
}

# Options with the same meaning in every command that has them
Seed = Annotated[int, Option("Seed of every random choice of this command.", min=0)]
Threads = Annotated[int, Option("Processor threads to use (default: GALAXY_SLOTS, else 1).", min=1, environment="GALAXY_SLOTS")]
Shard = Annotated[str | None, Option("Do only part i of n, written i/n with i from 1; results do not depend on n.")]
CheckpointDir = Annotated[Path | None, Option("Folder for checkpoints of long work, read again with --resume.")]
Patience = Annotated[int, Option("Stop after this many epochs without a better validation loss.", min=1, max=10000)]
Ensemble = Annotated[int, Option("Networks to train with different seeds, kept in one file.", min=1, max=100)]
Resume = Annotated[bool, Option("Continue from the checkpoints in --checkpoint-dir."), Needs("checkpoint_dir")]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of every command. The options of a command derive from it; the class docstring is the command's help.

    ``out`` is required on the command line; in Python, None means a temporary folder that lives as long as the result.
    """

    out: Annotated[Path | None, Option("Prefix of the output files.")] = None
    force: Annotated[bool, Option("Replace output files that exist.")] = False
    strict: Annotated[bool, Option("End with exit code 5 when the verdict of the trust card is refuse.")] = False
    quiet: Annotated[bool, Option("Log warnings and errors only.")] = False

    def __post_init__(self) -> None:
        """Convert and check every value.

        Raises
        ------
        UsageError
            If a value is not valid, or an option has no effect because the option it needs is absent.
        """
        if self.out is not None:
            object.__setattr__(self, "out", Path(self.out))
        own = fields_of(type(self))
        for item in own.values():
            object.__setattr__(self, item.name, item.convert(getattr(self, item.name)))
        for item in own.values():
            if item.needs is not None and self._given(item) and not self._given(own[item.needs]):
                flag, needed = item.flag, own[item.needs].flag
                raise UsageError(f"{flag} without {needed}, where it has no effect", f"{needed} with it", f"give {needed}, or omit {flag}")

    def _given(self, field: Field) -> bool:
        value = getattr(self, field.name)
        return value is not None and (value.value if isinstance(value, Enum) else value) != field.default


def inputs_of(options: Options) -> dict[str, list[Path]]:
    """Return the files given to each input option."""
    return {field.name: _listed(getattr(options, field.name)) for field in fields_of(type(options)).values() if field.role is not None}


def parameters_of(options: Options) -> dict[str, Any]:
    """Return the values of the options that are not files, for the manifest."""
    own = [field for field in fields_of(type(options)).values() if field.role is None and not field.common]
    return {field.name: getattr(options, field.name) for field in own}


def flag_of(name: str) -> str:
    """Return the command-line flag of an option's Python name.

    Examples
    --------
    >>> flag_of("max_effects")
    '--max-effects'
    """
    return "--" + name.replace("_", "-")


def fields_of(options: type[Options]) -> dict[str, Field]:
    """Return every option of a command by name, except ``out``: its own in the order declared, then those every command has.

    Raises
    ------
    TypeError
        If a field's type is not supported.
    """
    return _fields_of(options)  # type: ignore[arg-type] # a class can be hashed; mypy looks at its instances


@functools.cache
def _fields_of(options: Any) -> dict[str, Field]:
    hints = typing.get_type_hints(options, include_extras=True)
    common = {field.name for field in dataclasses.fields(Options)}
    declared = [field for field in dataclasses.fields(options) if field.name != "out"]
    declared.sort(key=lambda field: field.name in common)
    return {field.name: _read_field(field, hints[field.name], common=field.name in common) for field in declared}


def _read_field(field: dataclasses.Field[Any], annotation: Any, *, common: bool) -> Field:
    base, *extras = typing.get_args(annotation)
    option = next(item for item in extras if isinstance(item, Option))
    role = next((item for item in extras if isinstance(item, In)), None)
    needs = next((item.option for item in extras if isinstance(item, Needs)), None)
    inner, many = _unwrap(base)
    required = field.default is dataclasses.MISSING
    default = None if required else field.default.value if isinstance(field.default, Enum) else field.default
    choices = tuple(item.value for item in inner) if issubclass(inner, Enum) else ()
    kind, bounds, text = _kind(inner, field.name), (option.min, option.max), (option.help, option.environment)
    return Field(field.name, kind, inner, many, required, default, *bounds, choices, *text, role, needs, common)


def _unwrap(base: Any) -> tuple[type, bool]:
    """Return the type inside ``X | None`` and ``list[X]``, and whether there was a list."""
    many = False
    while typing.get_origin(base) in (typing.Union, types.UnionType, list):
        many = many or typing.get_origin(base) is list
        base = next(item for item in typing.get_args(base) if item is not type(None))
    return base, many


def _kind(inner: type, name: str) -> Kind:
    kinds = {Path: Kind.PATH, bool: Kind.FLAG, int: Kind.INTEGER, float: Kind.NUMBER, str: Kind.TEXT}
    if inner in kinds:
        return kinds[inner]
    if issubclass(inner, Enum):
        return Kind.CHOICE
    raise TypeError(f"{name}: {inner} has no form in Nextflow and Galaxy")


def _listed(value: Any) -> list[Path]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def parse_shard(shard: str | None) -> tuple[int, int]:
    """Return (index from 0, number of shards) of an ``i/n`` text; (0, 1) for None.

    Raises
    ------
    UsageError
        If the text is not two whole numbers with 1 <= i <= n.

    Examples
    --------
    >>> parse_shard("2/4")
    (1, 4)
    """
    if shard is None:
        return 0, 1
    index, _, count = shard.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {shard}", "i/n with 1 <= i <= n, such as 2/8", "correct the value of --shard")
    return int(index) - 1, int(count)
