"""Errors that say what was received, what was expected and how to fix it, with the place.

Every error a user can cause is a `LucidseqError`; anything else that reaches the command line is a bug of ours.
"""

from __future__ import annotations

from pathlib import Path


class LucidseqError(Exception):
    """An error in three parts, with the place where it was met.

    Parameters
    ----------
    received
        What was met, with the offending value.
    expected
        What would have been right.
    fix
        What the user can do about it.
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
    """An input file or array is not what it should be (exit code 3)."""

    exit_code = 3


class UsageError(LucidseqError):
    """Options that do not fit together (exit code 2)."""

    exit_code = 2


class MissingExtraError(LucidseqError):
    """A library, program or device that this command needs is not there (exit code 4)."""

    exit_code = 4


class RefusedError(LucidseqError):
    """The trust card refuses a result, and the options ask to stop then (exit code 5)."""

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
    parts = [str(path)]
    if line is not None:
        parts.append(f"line {line}")
    if contig is not None:
        parts.append(f"contig {contig}")
    if variant is not None:
        parts.append(f"variant {variant}")
    if item is not None:
        parts.append(item)
    return ", ".join(parts)


def missing_extra(library: str, extra: str) -> MissingExtraError:
    """Build the error for a library that is not installed, naming the pip line that brings it."""
    return MissingExtraError(
        f"the Python library {library} cannot be imported", f"{library} installed beside lucidseq", f'pip install "lucidseq[{extra}]"'
    )
