"""Log and progress, always to stderr: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType

LINE_EVERY_SECONDS = 10.0


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a module; messages reach stderr once `configure` has run."""
    return logging.getLogger(name)


class _Formatter(logging.Formatter):
    """Log lines without control characters of inputs."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def printable(text: str) -> str:
    """Return text whose control characters are spelled out: what a file holds must not steer a terminal.

    Examples
    --------
    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(letter if letter in "\n\t" or letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def configure(*, quiet: bool = False) -> None:
    """Send log lines to stderr; with ``quiet``, warnings and errors only."""
    logger = logging.getLogger("lucidseq")
    logger.handlers.clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False


class Progress:
    """Progress of a long step, as a context manager.

    Parameters
    ----------
    what
        Unit that is counted, such as ``"variants"``.
    total
        Their number, if known.

    Examples
    --------
    >>> with Progress("variants", total=2) as progress:
    ...     progress.step(2)
    """

    def __init__(self, what: str, *, total: int | None = None) -> None:
        self.what, self.total, self.done = what, total, 0
        self._start = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._log = get_logger("lucidseq.progress")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._terminal and self._log.isEnabledFor(logging.INFO) and self.done:
            sys.stderr.write("\n")

    def step(self, count: int = 1) -> None:
        """Count ``count`` more items as done."""
        self.done += count
        now = time.monotonic()
        if not self._log.isEnabledFor(logging.INFO) or now - self._last < (0.1 if self._terminal else LINE_EVERY_SECONDS):
            return
        self._last = now
        share = f"/{self.total} ({self.done / self.total:.0%})" if self.total else ""
        rate = self.done / max(now - self._start, 1e-9)
        text = f"{self.what}: {self.done}{share}, {rate:.0f}/s"
        if self._terminal:
            sys.stderr.write(f"\r{text:<78}")
            sys.stderr.flush()
        else:
            self._log.info(text)
