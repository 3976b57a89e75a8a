"""Inputs of a command: checked before it runs, and searched for the damaged one when reading fails without a name."""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from lucidseq.core.errors import DataError, place
from lucidseq.core.options import Options, flag_of, inputs_of
from lucidseq.core.roles import Format, In

_TEXT = {Format.BED, Format.CHAIN, Format.CSV, Format.FASTA, Format.GMT, Format.GTF, Format.JASPAR, Format.JSON, Format.TSV}
OptionsType = TypeVar("OptionsType", bound=Options)
_HDF5_START = b"\x89HDF\r\n"


@contextmanager
def spooled(options: OptionsType) -> Iterator[OptionsType]:
    """Give options in which every stream among the inputs (a pipe, ``-`` or /dev/stdin) is a temporary file with its content.

    A stream can be read once, and readers look at the beginning of a file before they read it.
    """
    with ExitStack() as stack:
        changed: dict[str, Any] = {}
        for name, paths in inputs_of(options).items():
            if any(_is_stream(path) for path in paths):
                files = [_spool(path, stack) if _is_stream(path) else path for path in paths]
                changed[name] = files if isinstance(getattr(options, name), list) else files[0]
        yield dataclasses.replace(options, **changed) if changed else options


def _is_stream(path: Path) -> bool:
    if str(path) == "-":
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def _spool(path: Path, stack: ExitStack) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lucidseq-stream-")))
    copy = folder / ("stdin" if str(path) == "-" else path.name)
    with ExitStack() as streams:
        source: BinaryIO = sys.stdin.buffer if str(path) == "-" else streams.enter_context(path.open("rb"))
        with copy.open("wb") as target:
            shutil.copyfileobj(source, target)
    return copy


def require_utf8(path: Path, option: str) -> None:
    """Check that a path is UTF-8: provenance names the files, and a name of other bytes would fail after all the work.

    Raises
    ------
    DataError
        Naming the option.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        shown = str(path).encode("utf-8", "backslashreplace").decode()
        raise DataError(f"{flag_of(option)} {shown}, a name that is not UTF-8", "a file name in UTF-8", "rename the file") from None


def check_readable(path: Path, option: str, role: In) -> None:
    """Check that an input is a readable file that is not empty.

    Raises
    ------
    DataError
        Naming the option and the path.
    """
    flag = flag_of(option)
    # A PLINK prefix is a name without a file of its own; its reader looks for .bed, .bim and .fam, or .pgen, .pvar and .psam
    for kind, suffix in ((Format.PLINK, ".bed"), (Format.PGEN, ".pgen")):
        if kind in role.formats and path.with_name(path.name + suffix).exists():
            return
    if path.is_dir() and Format.DIRECTORY not in role.formats:
        raise DataError(f"{flag} {path}, which is a folder", "a file", "give a file in the folder", where=str(path))
    if not path.exists():
        raise DataError(f"{flag} {path}, which does not exist", "a file that exists", "check the path", where=str(path))
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} cannot be read", "a file you may read", "change its permissions", where=str(path))
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path} is empty", "a file with content", "make the file again", where=str(path))


def find_damaged(inputs: Mapping[str, list[Path]], roles: Mapping[str, In]) -> str | None:
    """Return the place of the first byte that is not text, or where a compressed file breaks, in the inputs.

    Libraries raise these errors without the file's name; it is searched for only after an error.
    """
    for name, paths in inputs.items():
        for path in paths:
            damage = _first_damage(path, text=not _TEXT.isdisjoint(roles[name].formats))
            if damage is not None:
                return damage
    return None


def _first_damage(path: Path, *, text: bool) -> str | None:
    from lucidseq.core.tables import is_gzip

    number = 1
    try:
        compressed = is_gzip(path)
        if not (text or compressed):
            return None
        with gzip.open(path) if compressed else path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                if number == 1 and line.startswith(_HDF5_START):
                    return None
                if text:
                    line.decode("utf-8")
                number += 1  # where a break in the compression is found next
    except (UnicodeDecodeError, EOFError, OSError, zlib.error):
        return place(path, line=number)
    return None
