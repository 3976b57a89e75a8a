"""Outputs as one transaction: every file of a command appears whole, or none does."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lucidseq.core.errors import DataError
from lucidseq.core.roles import Format, OutFile

_LOCK = ".lock"


class OutputSet:
    """The files of one command: a name gives the temporary path to write to.

    Method code writes to ``outputs["pips"]``; at the end, every file that was written is moved to its final path.

    Parameters
    ----------
    prefix
        The value of ``--out``; its folder is created if it is missing.
    files
        Name to `OutFile`, as declared with the command.
    command
        Name of the command that writes them, such as ``encode_ld``: other commands may use the prefix at the same time.
    force
        Replace existing files.

    Raises
    ------
    DataError
        If the prefix is not a valid file name, or an output exists that may not be replaced.
    """

    def __init__(self, prefix: Path, files: dict[str, OutFile], *, command: str, force: bool = False) -> None:
        self.prefix, self.files, self._force = Path(prefix), files, force
        self._folder = self.prefix.parent / f".{self.prefix.name}.{command}.partial"
        if not self.prefix.name:
            raise DataError(f"--out {prefix}", "a file name prefix such as results/run1", "add a name", where=str(prefix))
        self._refuse_existing()

    def __getitem__(self, name: str) -> Path:
        """Temporary path of the file called ``name``, with the suffix of the final file."""
        return self._folder / self._basename(name)

    def final(self, name: str) -> Path:
        """Final path of the file called ``name``."""
        return self.prefix.parent / self._basename(name)

    @contextmanager
    def transaction(self) -> Iterator[OutputSet]:
        """Create the temporary folder; move the files to their final paths on success, remove them otherwise.

        Raises
        ------
        DataError
            If the folder cannot be written.
        """
        with self._locked():
            try:
                yield self
                self._refuse_existing()  # files created during the run
                with _request_to_end_deferred():  # all files, or none
                    self._commit()
            finally:
                with _request_to_end_deferred():
                    self._clear()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the temporary folder for this run: two runs that wrote into it would mix their files.

        The lock ends with the process, so that the folder of a killed run is reused. File systems without locks are not locked.
        """
        handle = None
        try:
            with _request_to_end_deferred():  # between the folder and its lock nothing would remove them
                while handle is None:
                    handle = self._lock_folder()
            self._clear()  # left by a run that was killed
            yield
        finally:
            with _request_to_end_deferred():
                if handle is not None:
                    (self._folder / _LOCK).unlink(missing_ok=True)
                    os.close(handle)
                with suppress(OSError):  # it is another run's, or another run has just started in it
                    self._folder.rmdir()

    def _lock_folder(self) -> int | None:
        """Create the temporary folder and lock it (see `_lock`)."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._lock()
        except OSError as error:
            folder, fix = self.prefix.parent, "give another --out, or change the folder's permissions"
            raise DataError(f"{folder} cannot be written: {error.strerror}", "a writable folder", fix, where=str(folder)) from error

    def _lock(self) -> int | None:
        """Return the open lock file; None where another run has just removed it."""
        path = self._folder / _LOCK
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(handle)
                received, fix = f"another run of this command is writing {self.prefix}", "wait for it to end, or choose another --out"
                raise DataError(received, "one run at a time for an --out", fix, where=str(self.prefix.parent)) from error
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)
        return None

    def _clear(self) -> None:
        for path in self._folder.iterdir():
            if path.name != _LOCK:
                with suppress(OSError):  # remaining files are overwritten
                    _remove(path)

    def _basename(self, name: str) -> str:
        return self.prefix.name + self.files[name].suffix.rstrip("/")

    def _refuse_existing(self) -> None:
        for name, file in self.files.items():
            final = self.final(name)
            try:
                kind = final.stat().st_mode
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    continue  # it does not exist; other errors are raised when the folder is created
                received, expected = f"--out {self.prefix}: {error.strerror}", "a file name prefix such as results/run1"
                raise DataError(received, expected, "give a shorter --out", where=str(self.prefix.parent)) from error
            if not self._force:
                fix = "choose another --out, or replace it with --force"
                raise DataError(f"{final} exists already", "an output that does not exist yet", fix, where=str(final))
            if stat.S_ISDIR(kind) and file.format is not Format.DIRECTORY:
                expected, fix = "a file, which --force would replace", "remove it, or choose another --out"
                raise DataError(f"{final} is a folder", expected, fix, where=str(final))

    def _commit(self) -> None:
        missing = [name for name, file in self.files.items() if not file.optional and not self[name].exists()]
        if missing:
            raise RuntimeError(f"the command did not write {', '.join(missing)}")
        for name, file in self.files.items():
            if not self[name].exists():
                if self.final(name).exists():  # no optional file of an earlier run may remain with the new files
                    _remove(self.final(name))
                continue
            if file.format is Format.DIRECTORY:
                _remove(self.final(name))
            else:
                _sync(self[name])
            self[name].replace(self.final(name))


@contextmanager
def _request_to_end_deferred() -> Iterator[None]:
    """Hold a request to end (SIGTERM) back until the block is over. Python calls handlers in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if previous is None else previous)
    if received:
        signal.raise_signal(signal.SIGTERM)


def require_space(folder: Path, needed: int) -> None:
    """Refuse a large file of known size that exceeds the free space: the HDF5 library may crash on a full disk.

    Parameters
    ----------
    folder
        Folder of the file.
    needed
        Bytes.

    Raises
    ------
    DataError
        If less space is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        received, fix = f"writing failed: No space left ({free / 1e6:,.1f} MB free)", "free some space, or give another --out"
        raise DataError(received, f"{needed / 1e6:,.1f} MB for the output", fix, where=str(folder))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
