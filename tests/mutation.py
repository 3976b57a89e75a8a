"""Damage to files, as disks, networks, editors and other programs do it."""

from __future__ import annotations

import gzip
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from lucidseq.core.errors import LucidseqError

# What the framework translates for the user (core/execute.py)
TRANSLATED = (LucidseqError, UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile)
PIECES = [
    b"\t",
    b"\n",
    b"0",
    b"-1",
    b".",
    b":",
    b"|",
    b"NA",
    b"nan",
    b"inf",
    b"1e400",
    b"1e-400",
    b"\xff",
    b"\x00",
    b",",
    b"chr1",
    b" ",
    b"",
    b"\r",
    b'"',
    b"99999999999999999999",
    b"ACGTACGTACGT",
    b"#",
    b"##",
    b"\xe2\x80\xa8",
    b"0x1",
    b"True",
    b"\x1f\x8b",
    b";",
    b"\x0c",
]
_NUMBERS = [0, 1, 255, 2**16, 2**31 - 1, 2**32 - 1, 2**40]


class Damageable(Protocol):
    """A file whose inside is damaged."""

    def write(self, path: Path, random: np.random.Generator) -> None:
        """Write it, damaged."""


def survive(
    cases: Mapping[str, tuple[bytes | Damageable, Callable[[Path], object]]],
    folder: Path,
    rounds: int,
    seed: int,
    *,
    prefix: str = "damaged_",
    pieces: list[bytes] = PIECES,
    seconds: float = 10.0,
) -> Counter[str]:
    """Damage the file of each case ``rounds`` times and read it; return how many were read and refused, and the slowest (in ms).

    A case is a whole file, or what writes a damaged one itself, and its reader. Any error but those in `TRANSLATED`, and any file that takes
    longer than ``seconds``, is a failure.
    """
    random, outcome, slowest = np.random.default_rng(seed), Counter[str](), 0.0
    for name, (data, reader) in cases.items():
        path = folder / f"{prefix}{name.replace(',', '')}"
        if isinstance(data, bytes):
            path.write_bytes(data)
            reader(path)  # the whole file is read
        for _ in range(rounds):
            if isinstance(data, bytes):
                path.write_bytes(mutate(data, random, pieces))
            else:
                data.write(path, random)
            started = time.monotonic()
            try:
                reader(path)
                outcome["read"] += 1
            except TRANSLATED:
                outcome["refused"] += 1
            except Exception as error:
                raise AssertionError(f"{name}: {error!r} from {path.read_bytes()!r}") from error
            slowest = max(slowest, time.monotonic() - started)
    assert slowest < seconds
    outcome["slowest, ms"] = round(1000 * slowest)
    return outcome


def mutate(data: bytes, random: np.random.Generator, pieces: list[bytes] = PIECES) -> bytes:
    """Once or twice: replace a little by a piece, flip a bit, exchange blocks, repeat a block, write a number that lies, or cut off."""
    for _ in range(random.integers(1, 3)):
        at, end = sorted(random.integers(0, len(data) + 1, 2).tolist())
        kind = random.random()
        if kind < 0.45:
            short = min(end, at + int(random.integers(0, 12)))
            data = data[:at] + pieces[random.integers(len(pieces))] + data[short:]
        elif kind < 0.65 and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << int(random.integers(8)))]) + data[at + 1 :]
        elif kind < 0.75:
            data = data[:at] + data[end : end + 200] + data[at:end] + data[end + 200 :]
        elif kind < 0.82:
            data = data[:end] + data[at : at + 300] + data[end:]
        elif kind < 0.92:
            data = data[:at] + int(random.choice(_NUMBERS)).to_bytes(8, "little") + data[at + 8 :]
        else:
            data = data[:at]
    return data
