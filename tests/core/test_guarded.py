"""Readings in a child process: what a library does to the child, the caller gets as an error or not at all."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.guarded import Piece, Space, call, stream

FILE = Path("damaged.bcf")
READING = """
import signal
import sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in what it runs in the background
from pathlib import Path
from lucidseq.core.guarded import stream

def work(space):
    import os
    yield (os.getpid(),)
    sum(range(10**12))  # never asks for signals

for piece in stream(Path("x"), work):
    print(piece[0], flush=True)
"""


def failing(action: Callable[[], object]) -> Callable[[Space], Iterator[Piece]]:
    def work(_: Space) -> Iterator[Piece]:
        yield ("first",)
        action()

    return work


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("action", "cause"),
    [
        (lambda: ctypes.string_at(0), "SIGSEGV"),
        (os.abort, "SIGABRT"),
        (lambda: os._exit(3), "exit status 3"),
        (lambda: (os.write(2, b"[E::hts] bad record\n"), os.abort()), "SIGABRT: [E::hts] bad record"),
    ],
)
def test_death__is_an_error_that_names_the_file(action: Callable[[], object], cause: str) -> None:
    pieces = stream(FILE, failing(action))
    assert next(pieces) == ("first",)
    with pytest.raises(DataError, match="stopped") as caught:
        next(pieces)
    assert cause in caught.value.received
    assert caught.value.where == str(FILE)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("by zero"),
        KeyError("a"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        UsageError("a", "b", "c", where="d"),
        DataError("a", "b", "c"),
    ],
)
def test_exception__is_raised_as_it_was(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        list(stream(FILE, failing(fail)))
    assert str(caught.value) == str(error)


@pytest.mark.parametrize("action", [lambda: bytearray(1 << 60), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_memory__that_runs_out_is_a_memory_error(action: Callable[[], object]) -> None:
    with pytest.raises(MemoryError):
        list(stream(FILE, failing(action)))


def test_termination__is_no_damage() -> None:
    with pytest.raises(InterruptedError):
        list(stream(FILE, failing(lambda: os.kill(os.getpid(), signal.SIGTERM))))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("piece_bytes", [0, 1000, 100_000])  # no shared memory, too little, enough
def test_arrays__arrive_whole_and_stay(keep: bool, piece_bytes: int) -> None:
    def work(space: Space) -> Iterator[Piece]:
        for number in range(20):
            large = space((100, 10), np.float32)
            large[:] = number
            yield number, large[:50], np.arange(number), {"a": number}, None, ["x"] * number

    held = []
    for number, large, small, some, nothing, texts in stream(FILE, work, piece_bytes=piece_bytes):
        assert (some, nothing, texts) == ({"a": number}, None, ["x"] * number)
        assert small.tolist() == list(range(number))
        held.append(large)
        assert (large == number).all() and large.shape == (50, 10)
        if not keep:
            held.clear()
    assert all((large == number).all() for number, large in enumerate(held))


def test_close__ends_the_child_and_leaves_no_files_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    pieces = stream(FILE, lambda _: ((os.getpid(),) for _ in iter(int, 1)))
    (pid,) = next(pieces)
    assert alive(pid)
    pieces.close()  # type: ignore[attr-defined]
    assert not alive(pid)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_two_readings__at_once() -> None:
    def work(_: Space) -> Iterator[Piece]:
        for number in range(5):
            yield (number,)

    assert list(zip(stream(FILE, work), stream(FILE, work), strict=True)) == [((number,), (number,)) for number in range(5)]


def test_call__works_in_daemons_and_threads() -> None:
    results: list[Piece] = []
    thread = threading.Thread(target=lambda: results.append(call(FILE, lambda: ("thread",))))
    thread.start()
    thread.join()
    assert results == [("thread",)]
    daemon = multiprocessing.get_context("fork").Process(target=lambda: os._exit(call(FILE, lambda: (7,))[0]), daemon=True)
    daemon.start()
    daemon.join()
    assert daemon.exitcode == 7


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_child__never_outlives_its_parent(stop: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", READING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.send_signal(stop)
    parent.wait(timeout=60)
    parent.stdout.close()
    until = time.monotonic() + 30
    while alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(child)
