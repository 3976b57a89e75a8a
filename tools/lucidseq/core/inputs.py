"""Inputs of a command: checked before it runs, and searched for the damaged one when reading fails without a name."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.roles import Format, In

_TEXT = {Format.BED, Format.CHAIN, Format.CSV, Format.FASTA, Format.GMT, Format.GTF, Format.JASPAR, Format.JSON, Format.TSV}
_HDF5_START = b"\x89HDF\r\n"


def check_readable(path: Path, option: str, role: In) -> None:
    """Check that an input is a readable file that is not empty.

    Raises
    ------
    DataError
        Naming the option and the path.
    """
    flag = "--" + option.replace("_", "-")
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
