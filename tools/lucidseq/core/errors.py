"""Errors with what was received, what was expected, how to fix it, and the place.

Every error a user can cause is a `LucidseqError`; any other error that reaches the command line is a bug in lucidseq.
"""

from __future__ import annotations

from pathlib import Path


class LucidseqError(Exception):
    """An error in three parts, with its place.

    Parameters
    ----------
    received
        The input, with the offending value.
    expected
        A correct input.
    fix
        What the user can do, in the imperative.
    where
        File, and line, contig or variant where they are known (``place`` builds it).

    Examples
    --------
    >>> print(DataError("column 'z' is missing", "a column named z", "rename it", where="a.tsv, line 1"))
    received: column 'z' is missing
    expected: a column named z
    fix: rename it
    at: a.tsv, line 1
    """

    exit_code = 3

    def __init__(self, received: str, expected: str, fix: str, *, where: str | None = None) -> None:
        self.received, self.expected, self.fix, self.where = received, expected, fix, where
        super().__init__(received)

    def __str__(self) -> str:
        text = f"received: {self.received}\nexpected: {self.expected}\nfix: {self.fix}"
        return f"{text}\nat: {self.where}" if self.where else text


class DataError(LucidseqError):
    """An input file or array is not valid (exit code 3)."""

    exit_code = 3


class UsageError(LucidseqError):
    """Options that do not fit together (exit code 2)."""

    exit_code = 2


class MissingExtraError(LucidseqError):
    """A library, program or device that this command needs is missing (exit code 4)."""

    exit_code = 4


class RefusedError(LucidseqError):
    """The trust card refuses a result, and the run is strict (exit code 5)."""

    exit_code = 5


def place(
    path: Path | str, *, line: int | None = None, contig: str | None = None, variant: str | None = None, item: str | None = None
) -> str:
    """Describe a place in a file for an error message.

    Examples
    --------
    >>> place("a/b.tsv", line=3)
    'a/b.tsv, line 3'
    """
    details = (("line ", line), ("contig ", contig), ("variant ", variant), ("", item))
    return ", ".join([str(path), *(f"{kind}{value}" for kind, value in details if value is not None)])


def missing_extra(library: str, extra: str) -> MissingExtraError:
    """Return the error for a library that is not installed, with the pip line that installs it."""
    fix = f'pip install "lucidseq[{extra}]"'
    return MissingExtraError(f"the Python library {library} cannot be imported", f"{library} installed with lucidseq", fix)
