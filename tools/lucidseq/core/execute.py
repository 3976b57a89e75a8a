"""Run a command: check inputs, do the work inside the outputs' transaction, write card and manifest, turn errors into exit codes."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import lucidseq
from lucidseq.core import log
from lucidseq.core.app import Command
from lucidseq.core.errors import DataError, LucidseqError, MissingExtraError, RefusedError, UsageError
from lucidseq.core.inputs import check_readable, find_damaged, require_utf8, spooled
from lucidseq.core.options import Options, fields_of, flag_of, inputs_of

if TYPE_CHECKING:
    from lucidseq.core.card import Card

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
OUT_OF_MEMORY, BUG = 137, 1
_NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "std::bad_alloc")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def execute(command: Command, arguments: dict[str, Any]) -> int:
    """Run a command as the command line does and return its exit code."""
    log.configure(quiet=bool(arguments.get("quiet")))
    logger = log.get_logger("lucidseq")
    started, used = time.monotonic(), time.process_time()
    try:
        options = command.options(**arguments)
        if options.out is None:
            raise UsageError("no --out", "a prefix of the output files", "give --out")
        for variable in THREAD_VARIABLES:  # read by the numerical libraries when they load
            os.environ[variable] = str(threads_of(options))
        with _ended_by_sigterm():
            card = run(command, options)
        (logger.info if card.verdict == "ok" else logger.warning)(card.to_text())
        refuse_if_strict(command, options, card)
    except Exception as error:
        return _report(error, command)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = f"{time.monotonic() - started:.1f} s, {time.process_time() - used:.1f} CPU s, {peak:.0f} MB"
    logger.info(f"{command.tool.name} {command.name}: {cost}")
    return 0


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End the block by an exception when the process is asked to end, so that what it wrote is removed; schedulers ask before they kill."""

    def end(*_: object) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def run(command: Command, options: Options) -> Card:
    """Run a command with checked options and return its card.

    Raises
    ------
    LucidseqError
        For every condition that is not a bug.
    MemoryError
        If memory ran out.
    """
    with spooled(options) as whole:
        return _run(command, whole)


def _run(command: Command, options: Options) -> Card:
    from lucidseq.core import manifest
    from lucidseq.core.outputs import OutputSet

    assert options.out is not None
    inputs, roles = inputs_of(options), _roles(command)
    for name, paths in {**inputs, "out": [options.out]}.items():
        for path in paths:
            require_utf8(path, name)
    for name, paths in inputs.items():
        for path in paths:
            check_readable(path, name, roles[name])
    outputs = OutputSet(options.out, command.outputs, command=command.stem, force=options.force)
    try:
        with outputs.transaction():
            card: Card = command.load()(options, outputs)
            outputs["card"].write_text(card.to_json(), encoding="utf-8")
            outputs["manifest"].write_text(manifest.to_json(manifest.build(command, options)), encoding="utf-8")
    except LucidseqError:
        raise
    except Exception as error:
        known = _explain(error)
        if known is None:
            raise
        if known.where is None:
            known.where = find_damaged(inputs, roles)
        raise known from error
    return card


def refuse_if_strict(command: Command, options: Options, card: Card) -> None:
    """Raise when the card refuses the result and the options ask for that.

    Raises
    ------
    RefusedError
        Naming the checks that refuse.
    """
    if options.strict and card.verdict == "refuse":
        names = ", ".join(check.name for check in card.checks if check.verdict == "refuse")
        raise RefusedError(
            f"a result that its trust card refuses ({names})",
            "no check that refuses",
            "follow the card's advice, or omit --strict",
            where=str(options.out),
        )


def threads_of(options: Options) -> int:
    """Return the number of threads: one where a command has no such option.

    The machine's number of cores must not change last digits, nor exceed what a task has.
    """
    return int(getattr(options, "threads", 1))


def _roles(command: Command) -> dict[str, Any]:
    return {name: field.role for name, field in fields_of(command.options).items() if field.role is not None}


def _report(error: Exception, command: Command) -> int:
    """Print an error for the user and return the exit code."""
    if _out_of_memory(error):
        flags = [flag_of(name) for name in ("batch_size", "shard") if name in fields_of(command.options)]
        smaller = f", or use a smaller {' or '.join(flags)}" if flags else ""
        _print(f"received: out of memory\nexpected: enough memory\nfix: give more memory{smaller}")
        return OUT_OF_MEMORY
    if isinstance(error, LucidseqError):
        _print(f"error in lucidseq-{command.tool.name} {command.name}\n{error}")
        return error.exit_code
    traceback.print_exception(error)
    _print(f"this is a bug in lucidseq {lucidseq.__version__}: please report the lines above with the command you ran")
    return BUG


def _out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: mapping a file reports that as an OSError (under a scheduler's limit of address space)."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # TensorFlow's own error, and a library that finds no room when it is loaded
    return type(error).__name__ == "ResourceExhaustedError" or any(words in str(error) for words in _NO_MEMORY)


def _explain(error: Exception) -> LucidseqError | None:
    """Translate errors of libraries for conditions that are not bugs in lucidseq."""
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
    if unwritable or full is not None:  # HDF5 reports a full disk in words alone when it closes a file
        return DataError(
            f"writing failed: {full or getattr(error, 'strerror', error)}",
            "free space and write permission",
            "free some space, or give another --out",
            where=str(getattr(error, "filename", None) or ""),
        )
    if isinstance(error, UnicodeDecodeError):
        return DataError(f"bytes that are not text ({error.reason})", "UTF-8 text", "check the file's type and compression")
    return None


def _print(text: str) -> None:
    print(log.printable(text), file=sys.stderr, flush=True)
