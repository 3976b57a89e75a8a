"""Read a file with a library in a child process: where damaged bytes end the library's process, the reader gets an error.

C libraries end the whole process at some damaged files (a signal, an abort, an exit). Here the reading runs in a forked child, one for
each pass over a file, which streams its results back: large arrays are in memory that both processes share and are not copied, all other
values are sent through a pipe.

The child is forked, not spawned: it starts in milliseconds, needs no pickled arguments, and works wherever the parent does (daemonic
processes, fork servers, interpreters without a main module). It has only the forking thread, so the work must use neither TensorFlow nor
other threads' locks; it runs the library and NumPy, and ends without the parent's exit handlers. It never outlives its parent: a pipe
that only the parent holds open sends it a signal when it closes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import gc
import io
import json
import math
import mmap
import os
import resource
import select
import signal
import struct
import sys
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

from lucidseq.core import errors
from lucidseq.core.errors import DataError, LucidseqError

Piece = tuple[Any, ...]
Space = Callable[[tuple[int, ...], type], np.ndarray]

_SLOTS = 3  # one that the child fills, one that the caller holds, one in transfer
_ALIGNMENT = 64
_SIZES = struct.Struct("<QQ")  # of a message: its text, and the bytes of arrays after it
_OUT_OF_MEMORY, _FAILED = 137, 70  # exit statuses of the child
_MOST_WORDS = 400  # of what a library writes to its standard error before it ends
_STOPPED_BY_OTHERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_parent_ends: set[int] = set()  # file descriptors of all open readings; no child may hold those of another


def stream(path: Path, work: Callable[[Space], Iterator[Piece]], *, piece_bytes: int = 0) -> Iterator[Piece]:
    """Run a generator in a child process and yield what it yields.

    Parameters
    ----------
    path
        The file that is read, for error messages.
    work
        Called with a function that returns an uninitialised array of a shape and a type in shared memory, as far as this piece has
        space. It yields tuples of numeric arrays and JSON values (text, numbers, lists, None). Import the library before: imports of
        the child are lost with it.
    piece_bytes
        Shared memory for the arrays of one piece. Without it arrays are sent through the pipe.

    Yields
    ------
    The tuples. Arrays are the caller's own for as long as they are held.

    Raises
    ------
    DataError
        If the library ends the child.
    MemoryError
        If the child runs out of memory.
    BaseException
        Any exception of the work.

    Examples
    --------
    >>> def work(space):
    ...     for first in range(2):
    ...         numbers = space((3,), np.int64)
    ...         numbers[:] = first
    ...         yield "piece", numbers
    >>> [(text, numbers.tolist()) for text, numbers in stream(Path("x.bcf"), work, piece_bytes=64)]
    [('piece', [0, 0, 0]), ('piece', [1, 1, 1])]
    """
    with tempfile.TemporaryFile() as messages:
        child = _Child.start(work, messages, piece_bytes)
        try:
            while (message := child.receive()) is not None:
                if message.get("end"):
                    return
                if "error" in message:
                    raise _rebuild(message["error"])
                yield child.unpack(message)
            raise _death(path, child.stop(kill=False), messages)
        finally:
            child.stop()


def call(path: Path, work: Callable[[], Piece]) -> Piece:
    """Run a function in a child process and return the tuple that it returns (see `stream`)."""
    (piece,) = stream(path, lambda _: iter([work()]))
    return piece


@dataclass
class _Child:
    """The parent's side of a reading: the process, its pipes, and the shared memory with the slots that the caller still holds."""

    pid: int
    pipe: io.BufferedReader
    free: int
    lifeline: int
    slots: list[mmap.mmap]
    parent: int = field(default_factory=os.getpid)
    held: dict[int, weakref.ref[np.ndarray]] = field(default_factory=dict)
    raw: bytearray = field(default_factory=bytearray)
    status: int | None = None

    @classmethod
    def start(cls, work: Callable[[Space], Iterator[Piece]], messages: IO[bytes], piece_bytes: int) -> _Child:
        """Fork."""
        slots = [mmap.mmap(-1, piece_bytes) for _ in range(_SLOTS if piece_bytes else 0)]
        out_read, out_write = os.pipe()
        free_read, free_write = os.pipe()
        life_read, life_write = os.pipe()
        os.write(free_write, bytes(range(len(slots))))
        ends = {out_read, free_write, life_write}
        with warnings.catch_warnings():  # of threads that the child does not have: see the docstring of this module
            warnings.simplefilter("ignore")
            pid = os.fork()
        if not pid:
            _Worker(out_write, free_read, slots).run(work, messages, ends | _parent_ends, life_read)
        _parent_ends.update(ends)
        for end in (out_write, free_read, life_read):
            os.close(end)
        return cls(pid, io.BufferedReader(io.FileIO(out_read)), free_write, life_write, slots)

    def receive(self) -> dict[str, Any] | None:
        """Return the next message, None where the child has ended without one."""
        sizes = self.pipe.read(_SIZES.size)
        if len(sizes) < _SIZES.size:
            return None
        text_size, raw_size = _SIZES.unpack(sizes)
        text, self.raw = self.pipe.read(text_size), bytearray(raw_size)
        if self.pipe.readinto(self.raw) < raw_size:
            return None
        message: dict[str, Any] = json.loads(text)
        return message

    def unpack(self, message: dict[str, Any]) -> Piece:
        """Return a message's values, arrays in shared memory without a copy; a caller that keeps many of them gets copies."""
        memory: np.ndarray | None = None
        slot = message["slot"]
        if slot is not None:
            memory = np.frombuffer(self.slots[slot], dtype=np.uint8)
            if len(self.held) > _SLOTS - 2:  # the child needs one
                memory = memory[: message["used"]].copy()
                self._release(slot)
            else:
                self.held[slot] = weakref.ref(memory, lambda _: self._release(slot))
        values = message["values"]
        for place, array in message["arrays"].items():
            values[int(place)] = self._array(array, memory)
        return tuple(values)

    def _array(self, described: dict[str, Any], memory: np.ndarray | None) -> np.ndarray:
        shape, dtype, at = described["shape"], np.dtype(described["dtype"]), described["at"]
        size = math.prod(shape) * dtype.itemsize
        source = memory if described["shared"] else np.frombuffer(self.raw, dtype=np.uint8)
        assert source is not None
        array: np.ndarray = source[at : at + size].view(dtype).reshape(shape)
        return array

    def _release(self, slot: int) -> None:
        self.held.pop(slot, None)
        if self.status is None and os.getpid() == self.parent:
            with contextlib.suppress(OSError):  # the child has ended
                os.write(self.free, bytes([slot]))

    def stop(self, *, kill: bool = True) -> int:
        """Wait for the child's end, or kill it, close the pipes and return its exit status (of a signal: its negative number)."""
        if self.status is None and os.getpid() == self.parent:
            if kill:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            self.status = 0
            with contextlib.suppress(ChildProcessError):  # another thread has waited for it
                self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            _parent_ends.difference_update({self.pipe.fileno(), self.free, self.lifeline})
            self.pipe.close()
            os.close(self.free)
            os.close(self.lifeline)
        return self.status or 0


class _Worker:
    """The child's side: runs the work and sends its pieces."""

    def __init__(self, out: int, free: int, slots: list[mmap.mmap]) -> None:
        self._out, self._free, self._slots = out, free, slots
        self._memory, self._slot, self._used = np.empty(0, dtype=np.uint8), -1, 0
        self._released: list[int] = []

    def run(self, work: Callable[[Space], Iterator[Piece]], messages: IO[bytes], foreign: set[int], lifeline: int) -> NoReturn:
        """Do the work and end the process, whatever happens."""
        status = _FAILED
        try:
            _settle(messages, foreign, lifeline)
            try:
                for piece in work(self._space):
                    self._send_piece(piece)
                self._send({"end": True}, [])
            except (MemoryError, BrokenPipeError):
                raise
            except BaseException as error:
                self._send({"error": _describe(error)}, [])
            status = 0
        except MemoryError:
            status = _OUT_OF_MEMORY
        finally:
            os._exit(status)

    def _space(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """Return an array in shared memory, or an ordinary array if there is no space."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if self._slots and self._slot < 0:
            self._slot = self._take_slot()
            self._memory = np.frombuffer(self._slots[self._slot], dtype=np.uint8)
        if self._used + size > len(self._memory):
            return np.empty(shape, dtype=dtype)
        room = self._memory[self._used : self._used + size]
        self._used += -(-size // _ALIGNMENT) * _ALIGNMENT
        return room.view(dtype).reshape(shape)

    def _take_slot(self) -> int:
        """Wait for a slot that the caller has released; of several take the last one, which is still in the processor's cache."""
        while not self._released or select.select([self._free], [], [], 0)[0]:
            tokens = os.read(self._free, _SLOTS)
            if not tokens:  # the parent has ended
                raise BrokenPipeError
            self._released += tokens
        return self._released.pop()

    def _send_piece(self, piece: Piece) -> None:
        raws: list[np.ndarray] = []
        arrays = {place: self._pack(value, raws) for place, value in enumerate(piece) if isinstance(value, np.ndarray)}
        values = [None if place in arrays else value for place, value in enumerate(piece)]
        slot = self._slot if self._slot >= 0 else None
        self._send({"slot": slot, "used": self._used, "values": values, "arrays": arrays}, raws)
        self._memory, self._slot, self._used = np.empty(0, dtype=np.uint8), -1, 0

    def _pack(self, array: np.ndarray, raws: list[np.ndarray]) -> dict[str, Any]:
        """Describe an array by its offset in shared memory; else its bytes follow the message."""
        at = array.__array_interface__["data"][0] - self._memory.__array_interface__["data"][0]
        shared = array.flags.c_contiguous and at >= 0 and at + array.nbytes <= len(self._memory)
        if not shared:
            at = sum(raw.nbytes for raw in raws)
            raws.append(np.ascontiguousarray(array))
        return {"shape": array.shape, "dtype": array.dtype.str, "at": at, "shared": shared}

    def _send(self, message: dict[str, Any], raws: list[np.ndarray]) -> None:
        text = json.dumps(message).encode()
        head = _SIZES.pack(len(text), sum(raw.nbytes for raw in raws)) + text
        for view in (memoryview(head), *(raw.reshape(-1).view(np.uint8).data for raw in raws)):
            while view:
                view = view[os.write(self._out, view) :]


def _settle(messages: IO[bytes], foreign: set[int], lifeline: int) -> None:
    """Make a new child independent of its parent's files, signals and objects."""
    gc.disable()  # no object of the parent is finalised here
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the child when it is interrupted
    for stop in (signal.SIGTERM, signal.SIGHUP, signal.SIGIO):
        signal.signal(stop, signal.SIG_DFL)
    for end in foreign:
        os.close(end)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)  # SIGIO when the parent ends
    for stream_number in (1, 2):
        os.dup2(messages.fileno(), stream_number)


def _describe(error: BaseException) -> list[Any]:
    """Return an exception as JSON: its module, name and arguments."""
    if isinstance(error, LucidseqError):
        return [errors.__name__, type(error).__name__, [error.received, error.expected, error.fix, error.where]]
    arguments = [{"bytes": item.hex()} if isinstance(item, bytes) else item for item in error.args]
    try:
        json.dumps(arguments)
    except TypeError:
        arguments = [str(error)]
    return [type(error).__module__, type(error).__name__, arguments]


def _rebuild(described: list[Any]) -> BaseException:
    """Return the exception that was described; a RuntimeError where this process does not know its class."""
    module, name, arguments = described
    kind = getattr(sys.modules.get(module), name, None)
    values: list[Any] = [bytes.fromhex(item["bytes"]) if isinstance(item, dict) else item for item in arguments]
    try:
        if isinstance(kind, type) and issubclass(kind, LucidseqError):
            return kind(*values[:3], where=values[3])
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return kind(*values)
    except TypeError:
        pass
    return RuntimeError(f"{name}: {', '.join(map(str, values))}")


def _death(path: Path, status: int, messages: IO[bytes]) -> Exception:
    """Return the error for a child that ended before its work did."""
    messages.seek(max(0, messages.seek(0, os.SEEK_END) - _MOST_WORDS))
    lines = messages.read().decode(errors="replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if status in (_OUT_OF_MEMORY, -signal.SIGKILL) or "bad_alloc" in words:
        return MemoryError(f"the reader of {path} ran out of memory")
    if -status in _STOPPED_BY_OTHERS:
        return InterruptedError(f"the reader of {path} was stopped by {signal.Signals(-status).name}")
    cause = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return DataError(
        f"a file at which its reader stopped ({cause}{': ' if words else ''}{words})",
        "a whole file",
        "the file is damaged: copy it again or make it again",
        where=str(path),
    )
