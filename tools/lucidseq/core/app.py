"""The house: how every command is declared, run, and ended.

A tool's ``cli.py`` makes one `Tool` and declares its commands with `Tool.command`. The declared function has options and a
docstring and no body: the house checks the inputs, opens the outputs as one transaction, calls the function named by ``run``,
writes the trust card and the manifest beside the results, and turns errors into messages and exit codes.
"""

from __future__ import annotations

import errno
import functools
import importlib
import inspect
import math
import os
import resource
import sys
import time
import traceback
import typing
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import lucidseq
from lucidseq.core import log
from lucidseq.core.errors import DataError, LucidseqError, MissingExtraError, UsageError
from lucidseq.core.inputs import check_readable, find_damaged
from lucidseq.core.options import HOUSE
from lucidseq.core.roles import Format, In, Needs, OutFile, OutputPrefix

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
REFUSED, OUT_OF_MEMORY, BUG = 5, 137, 1
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Command:
    """A declared command: its signature (with the house options), the function that does the work, and its resources."""

    tool: str
    name: str
    signature: inspect.Signature
    help: str
    run: str
    label: str
    gpu: bool

    def roles(self, kind: type) -> dict[str, Any]:
        """Return the roles of one kind (`In`, `OutputPrefix` or `Needs`) by parameter name."""
        found = {}
        for name, parameter in self.signature.parameters.items():
            for item in typing.get_args(parameter.annotation)[1:]:
                if isinstance(item, kind):
                    found[name] = item
        return found

    @property
    def stem(self) -> str:
        """Tool and command as file names have them."""
        return f"{self.tool}_{self.name}".replace("-", "_")

    @property
    def outputs(self) -> dict[str, OutFile]:
        """Every file the command writes by name, card and manifest included."""
        (prefix,) = self.roles(OutputPrefix).values()
        stem = f".{self.stem}"  # one prefix may serve a whole chain of commands
        return {
            **prefix.files,
            "card": OutFile(f"{stem}.card.json", Format.JSON, "Trust card: the checks of this result."),
            "manifest": OutFile(f"{stem}.manifest.json", Format.JSON, "Provenance: options, input checksums, versions."),
        }

    def load(self) -> Callable[..., Any]:
        """Import and return the function that does the work."""
        module, _, function = self.run.partition(":")
        loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
        return loaded


class Tool:
    """One tool: a Typer application whose commands follow the house rules.

    Parameters
    ----------
    name
        Name of the tool, such as ``"finemap"``; the console script is ``lucidseq-<name>``.
    help
        One line.
    """

    def __init__(self, name: str, help: str) -> None:
        self.name, self.help = name, help
        self.commands: dict[str, Command] = {}
        self.app = typer.Typer(
            name=f"lucidseq-{name}",
            help=help,
            no_args_is_help=True,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )

        def print_version(value: bool) -> None:
            if value:
                typer.echo(f"lucidseq-{name} {lucidseq.__version__}")
                raise typer.Exit

        version_option = typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and end.")

        def options(version: bool = False) -> None:  # a callback also keeps a lone command's name in the line
            pass

        options.__annotations__["version"] = Annotated[bool, version_option]  # not a text: it names what is local here
        self.app.callback()(options)

    def command(
        self, *, run: str, label: str = "process_single", gpu: bool = False
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Declare a command.

        Parameters
        ----------
        run
            ``"package.module:function"``, called with the declared options by name; ``out`` arrives as an `OutputSet`. It
            returns the `Card` of the result.
        label
            Nextflow resource label (process_single, process_low, process_medium, process_high).
        gpu
            The command can use a GPU.
        """

        def declare(function: Callable[..., None]) -> Callable[..., None]:
            hints = typing.get_type_hints(function, include_extras=True)
            own = [
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
                for parameter in inspect.signature(function).parameters.values()
            ]
            signature = inspect.Signature([*own, *HOUSE], return_annotation=None)
            name = function.__name__.replace("_", "-")
            command = Command(self.name, name, signature, inspect.getdoc(function) or "", run, label, gpu)
            self.commands[name] = command

            @functools.wraps(function)
            def call(**arguments: Any) -> None:
                raise typer.Exit(execute(command, arguments))

            call.__signature__ = signature  # type: ignore[attr-defined]
            call.__annotations__ = {key: item.annotation for key, item in signature.parameters.items()}
            del call.__wrapped__  # Typer would read the undecorated signature
            self.app.command(name)(call)
            return call

        return declare

    def main(self) -> None:
        """Entry point of the console script."""
        self.app(prog_name=f"lucidseq-{self.name}")


def execute(command: Command, arguments: dict[str, Any]) -> int:
    """Run a command as the command line does and return its exit code."""
    arguments = dict(arguments)
    house = {parameter.name: arguments.pop(parameter.name, False) for parameter in HOUSE}
    log.configure(quiet=house["quiet"])
    started, used = time.monotonic(), time.process_time()
    try:
        verdict = _run(command, arguments, force=house["force"])
    except LucidseqError as error:
        _say(f"error in lucidseq-{command.tool} {command.name}\n{error}")
        return error.exit_code
    except Exception as error:
        if _out_of_memory(error):
            _say(
                "received: out of memory\nexpected: enough memory\nfix: give more memory, or use a smaller --batch-size or --shard where the command has them"
            )
            return OUT_OF_MEMORY
        known = _explain(error)
        if known is not None:
            if known.where is None:
                known.where = find_damaged(_inputs(command, arguments), command.roles(In))
            _say(f"error in lucidseq-{command.tool} {command.name}\n{known}")
            return known.exit_code
        traceback.print_exc()
        _say(f"this is a bug in lucidseq {lucidseq.__version__}: please report the lines above with the command you ran")
        return BUG
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    log.get_logger("lucidseq").info(
        f"{command.tool} {command.name}: {time.monotonic() - started:.1f} s, {time.process_time() - used:.1f} CPU s, {peak:.0f} MB"
    )
    return REFUSED if verdict == "refuse" and house["strict"] else 0


def _run(command: Command, arguments: dict[str, Any], *, force: bool) -> str:
    """Check inputs, do the work inside the outputs' transaction, write card and manifest; return the verdict."""
    _refuse_no_numbers(arguments)
    _refuse_without_effect(command, arguments)
    inputs = _inputs(command, arguments)
    for name, paths in inputs.items():
        for path in paths:
            check_readable(path, name, command.roles(In)[name])
    for variable in _THREAD_VARIABLES:  # read by the numerical libraries when they load
        # One where there is no --threads: the machine's number of cores must not change last digits, nor exceed what a task has
        os.environ[variable] = str(arguments.get("threads", 1))

    from lucidseq.core import manifest
    from lucidseq.core.outputs import OutputSet

    (prefix,) = command.roles(OutputPrefix)
    outputs = OutputSet(arguments[prefix], command.outputs, command=command.stem, force=force)
    with outputs.transaction():
        card = command.load()(**{**arguments, prefix: outputs})
        outputs["card"].write_text(card.to_json(), encoding="utf-8")
        parameters = {key: value for key, value in arguments.items() if key not in inputs and key != prefix}
        document = manifest.build(command.tool, command.name, parameters, inputs)
        outputs["manifest"].write_text(manifest.to_json(document), encoding="utf-8")
    logger = log.get_logger("lucidseq")
    (logger.info if card.verdict == "ok" else logger.warning)(card.to_text())
    return str(card.verdict.value)


def _refuse_no_numbers(arguments: dict[str, Any]) -> None:
    """Refuse NaN and infinity: they pass every bound of a number, and no check could fail beyond them."""
    for name, value in arguments.items():
        if any(isinstance(item, float) and not math.isfinite(item) for item in (value if isinstance(value, list) else [value])):
            raise UsageError(f"--{name.replace('_', '-')} {value}", "a finite number", "give a number")


def _refuse_without_effect(command: Command, arguments: dict[str, Any]) -> None:
    """Refuse options that do nothing because the option they need (see `roles.Needs`) is not given."""

    def given(name: str) -> bool:
        return arguments.get(name) not in (None, [], command.signature.parameters[name].default)

    for name, needs in command.roles(Needs).items():
        if given(name) and not given(needs.option):
            flag, other = (f"--{item.replace('_', '-')}" for item in (name, needs.option))
            raise UsageError(f"{flag} without {other}, where it does nothing", f"{other} with it", f"give {other}, or leave {flag} out")


def _inputs(command: Command, arguments: dict[str, Any]) -> dict[str, list[Path]]:
    return {name: _paths(arguments.get(name)) for name in command.roles(In)}


def _paths(value: Any) -> list[Path]:
    if value is None:
        return []
    return [Path(item) for item in value] if isinstance(value, list | tuple) else [Path(value)]


def _out_of_memory(error: Exception) -> bool:
    """Whether memory ended: mapping a file says so with an OSError (a scheduler's limit of address space does that)."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


def _explain(error: Exception) -> LucidseqError | None:
    """Translate what the libraries below raise for conditions that are not bugs of ours."""
    if isinstance(error, EOFError | zlib.error) or "BadGzipFile" in type(error).__name__:
        return DataError(f"a compressed file ends too early or is damaged ({error})", "a whole file", "copy or make it again")
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("lucidseq"):
        library = str(error.name).partition(".")[0]
        return MissingExtraError(
            f"the Python library {library} is not installed",
            "every library of this tool",
            'pip install "lucidseq[all]", or the extra that bears the tool\'s name',
        )
    full = next((words for words in map(os.strerror, _FULL) if words in str(error)), None)
    unwritable = isinstance(error, OSError) and error.errno in (*_FULL, errno.EACCES, errno.EROFS)
    if unwritable or full is not None:  # HDF5 tells of a full disk in words alone when it closes a file
        return DataError(
            f"writing failed: {full or getattr(error, 'strerror', error)}",
            "free space and write permission",
            "free some space, or give another --out",
            where=str(getattr(error, "filename", None) or ""),
        )
    if isinstance(error, UnicodeDecodeError):
        return DataError(f"bytes that are not text ({error.reason})", "UTF-8 text", "check the file's type and compression")
    return None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
