"""Outputs as one transaction: every file of a command appears whole, or none does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lucidseq.core.errors import DataError
from lucidseq.core.roles import Format, OutFile


class OutputSet:
    """The files of one command: a name gives the temporary path to write to.

    Method code writes to ``outputs["pips"]`` and never thinks of temporary names; `commit` moves every file that was written
    to its final place.

    Parameters
    ----------
    prefix
        The value of ``--out``; its folder is made when it is not there.
    files
        Name to `OutFile`, as declared beside the option.
    force
        Replace existing files.
    """

    def __init__(self, prefix: Path, files: dict[str, OutFile], *, force: bool = False) -> None:
        self.prefix, self.files = Path(prefix), files
        self._folder = self.prefix.parent / f".{self.prefix.name}.partial"
        if not self.prefix.name:
            raise DataError(
                f"--out {prefix}", "a file name prefix such as results/run1", "add a name", where=str(prefix)
            )
        if not force:
            self._refuse_existing()

    def __getitem__(self, name: str) -> Path:
        """Temporary path of the file called ``name``; it ends as the final file will."""
        return self._folder / self._basename(name)

    def final(self, name: str) -> Path:
        """Path the file called ``name`` will have after `commit`."""
        return self.prefix.parent / self._basename(name)

    @contextmanager
    def transaction(self) -> Iterator[OutputSet]:
        """Make the temporary folder; move the files into place on success, remove everything otherwise.

        Raises
        ------
        DataError
            If the folder cannot be written, or a file that is not optional was not.
        """
        try:
            shutil.rmtree(self._folder, ignore_errors=True)  # left by a run that was killed
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise DataError(
                f"{self.prefix.parent} cannot be written: {error.strerror}",
                "a folder in which files can be made",
                "give another --out, or change the folder's permissions",
                where=str(self.prefix.parent),
            ) from error
        try:
            yield self
            self._commit()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _basename(self, name: str) -> str:
        return self.prefix.name + self.files[name].suffix.rstrip("/")

    def _refuse_existing(self) -> None:
        for name in self.files:
            if self.final(name).exists():
                raise DataError(
                    f"{self.final(name)} exists already",
                    "an output that does not exist yet",
                    "choose another --out, or replace it with --force",
                    where=str(self.final(name)),
                )

    def _commit(self) -> None:
        missing = [name for name, file in self.files.items() if not file.optional and not self[name].exists()]
        if missing:
            raise RuntimeError(f"the command did not write {', '.join(missing)}")
        for name, file in self.files.items():
            if not self[name].exists():
                if self.final(name).exists():  # an optional file of an earlier run must not stand beside the new ones
                    _remove(self.final(name))
                continue
            if file.format is Format.DIRECTORY:
                _remove(self.final(name))
            else:
                _sync(self[name])
            self[name].replace(self.final(name))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
