"""The Python function of a command: signature, exceptions and `Result`; it prints nothing and restores the state of the process."""

from __future__ import annotations

import inspect
import os
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lucidseq.core.app import Command
from lucidseq.core.errors import LucidseqError
from lucidseq.core.options import Field, Kind, fields_of, flag_of

if TYPE_CHECKING:
    from lucidseq.core.result import Result

_NOT_IN_PYTHON = ("quiet",)


def python_function(command: Command) -> Callable[..., Result]:
    """Return the function that runs a command from Python."""

    def call(**arguments: Any) -> Result:
        return _call(command, arguments)

    call.__name__ = call.__qualname__ = command.name.replace("-", "_")
    call.__module__ = f"lucidseq.{command.tool.name}"
    call.__signature__ = signature(command)  # type: ignore[attr-defined]
    call.__doc__ = docstring(command)
    return call


def signature(command: Command) -> inspect.Signature:
    """Return the signature of a command's Python function: keywords only, required ones first."""
    fields = [field for field in fields_of(command.options).values() if field.name not in _NOT_IN_PYTHON]
    fields.sort(key=lambda field: not field.required)
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.required else field.default,
            annotation=_annotation(field),
        )
        for field in fields
    ]
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=str | os.PathLike[str] | None)
    required = sum(field.required for field in fields)
    return inspect.Signature([*parameters[:required], out, *parameters[required:]], return_annotation="Result")


def _annotation(field: Field) -> Any:
    types: dict[Kind, Any] = {Kind.PATH: str | os.PathLike[str], Kind.CHOICE: Literal[field.choices] if field.choices else None}
    base: Any = types.get(field.kind, field.type)
    if field.many:
        base = list[base] | base if field.kind is Kind.PATH else list[base]
    return base if field.required or field.default is not None else base | None


def docstring(command: Command) -> str:
    """Return the NumPy docstring of a command's Python function."""
    lines = [_in_python(command.help, command), "", "Parameters", "----------"]
    for name, parameter in signature(command).parameters.items():
        if name == "out":
            lines += ["out", "    Prefix of the output files; None for a temporary folder that lives as long as the result."]
            continue
        field = fields_of(command.options)[name]
        choices = f" One of {', '.join(map(repr, field.choices))}." if field.choices else ""
        bounds = _bounds(field)
        default = "" if parameter.default in (inspect.Parameter.empty, None) else f" Default: {parameter.default!r}."
        lines += [name, f"    {_in_python(field.help, command)}{choices}{bounds}{default}"]
    lines += ["", "Returns", "-------", "Result", "    Paths by name, ``card``, and the contents of:", ""]
    lines += [f"    - ``{name}``: {_in_python(file.help, command)}" for name, file in command.outputs.items()]
    lines += ["", "Raises", "------", "UsageError", "    If options do not fit together or are out of bounds."]
    lines += ["DataError", "    If an input is not valid.", "MissingExtraError", "    If a library or device is missing."]
    lines += ["RefusedError", "    With ``strict``, if the trust card refuses the result."]
    return "\n".join(lines)


def _bounds(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is None and high is None:
        return ""
    return f" At least {low:g}." if high is None else f" At most {high:g}." if low is None else f" From {low:g} to {high:g}."


def _call(command: Command, arguments: dict[str, Any]) -> Result:
    from lucidseq.core.execute import refuse_if_strict, run, threads_of
    from lucidseq.core.result import Result

    folder = None
    if arguments.get("out") is None:
        folder = tempfile.TemporaryDirectory(prefix="lucidseq-")
        arguments = {**arguments, "out": Path(folder.name) / command.stem}
    try:
        options = command.options(**arguments)
        with _process_unchanged(threads_of(options)):
            card = run(command, options)
        refuse_if_strict(command, options, card)
    except LucidseqError as error:
        raise _reworded(error, command) from error.__cause__
    assert options.out is not None
    return Result(command, options.out, card, folder)


@contextmanager
def _process_unchanged(threads: int) -> Iterator[None]:
    """Limit the threads of loaded libraries; afterwards, restore thread counts, environment, random generators and precision."""
    from threadpoolctl import threadpool_limits

    from lucidseq.core.execute import THREAD_VARIABLES

    numpy, before = sys.modules.get("numpy"), dict(os.environ)
    states = random.getstate(), numpy.random.get_state() if numpy else None
    keras = sys.modules.get("keras")
    policy = keras.config.dtype_policy() if keras else None
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(limits=threads))
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
        try:
            yield
        finally:
            for name in THREAD_VARIABLES:
                if name in before:
                    os.environ[name] = before[name]
                else:
                    os.environ.pop(name, None)
            random.setstate(states[0])
            if numpy is not None:
                numpy.random.set_state(states[1])
            if keras is not None:
                keras.config.set_dtype_policy(policy)


def _reworded(error: LucidseqError, command: Command) -> LucidseqError:
    """Return the error with options named as in Python (``max_effects``, not ``--max-effects``)."""
    for part in ("received", "expected", "fix"):
        setattr(error, part, _in_python(getattr(error, part), command))
    error.args = (error.received,)
    return error


def _in_python(text: str, command: Command) -> str:
    flags = {flag_of(name): name for name in (*fields_of(command.options), "out")}
    return re.sub(r"--[a-z0-9]+(?:-[a-z0-9]+)*", lambda match: flags.get(match[0], match[0]), text)
