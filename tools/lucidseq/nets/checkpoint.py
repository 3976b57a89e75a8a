"""Checkpoints of a training, one file, replaced whole after every epoch: arrays and JSON, no pickles."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lucidseq.core.errors import DataError

FILE_NAME = "fit.npz"
Weights = list[np.ndarray]


@dataclass
class TrainingProgress:
    """State of the training of an ensemble.

    Parameters
    ----------
    member, epoch
        Network in training and its finished epochs.
    best_loss, best_epoch
        Best validation loss so far and its epoch.
    history
        Rows of the history table, all members.
    current, optimizer, best
        Variables of the network and of its optimizer now, and the network's weights of the best epoch.
    finished
        Weights of the finished members, with ``best_epochs`` and ``epochs_done`` of each.
    """

    member: int = 0
    epoch: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    current: Weights = field(default_factory=list)
    optimizer: Weights = field(default_factory=list)
    best: Weights = field(default_factory=list)
    finished: list[Weights] = field(default_factory=list)
    best_epochs: list[int] = field(default_factory=list)
    epochs_done: list[int] = field(default_factory=list)

    def finish_member(self) -> None:
        """Keep the best weights of the current network and start the next."""
        self.finished.append(self.best)
        self.best_epochs.append(self.best_epoch)
        self.epochs_done.append(self.epoch)
        self.member, self.epoch, self.best_loss, self.best_epoch = self.member + 1, 0, float("inf"), 0
        self.current, self.optimizer, self.best = [], [], []


_SCALARS = ("member", "epoch", "best_loss", "best_epoch", "history", "best_epochs", "epochs_done")
_LISTS = ("current", "optimizer", "best")


class Checkpoints:
    """Saves and restores `TrainingProgress`.

    Parameters
    ----------
    folder
        Folder of the file; created when missing. None: nothing is saved.
    fingerprint
        Text that is equal only for trainings that may be continued by each other.
    resume
        Whether `load` reads a file.
    """

    def __init__(self, folder: Path | None, fingerprint: str, *, resume: bool) -> None:
        self._folder, self._fingerprint, self._resume = folder, fingerprint, resume

    def save(self, progress: TrainingProgress) -> None:
        """Write the file under another name, then replace the old one."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        state = {"fingerprint": self._fingerprint, **{name: getattr(progress, name) for name in _SCALARS}}
        arrays = {f"{name}/{i}": array for name in _LISTS for i, array in enumerate(getattr(progress, name))}
        arrays |= {f"finished_{m}/{i}": array for m, weights in enumerate(progress.finished) for i, array in enumerate(weights)}
        partial = self._folder / f".{FILE_NAME}.partial"
        with partial.open("wb") as handle:
            np.savez(handle, state=np.frombuffer(json.dumps(state).encode(), dtype=np.uint8), **arrays)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(self._folder / FILE_NAME)

    def load(self) -> TrainingProgress:
        """Return the saved progress, or new progress without a file or without ``resume``.

        Raises
        ------
        DataError
            If the file is damaged, or is of a training with other options or data.
        """
        path = None if self._folder is None else self._folder / FILE_NAME
        if not self._resume or path is None or not path.exists():
            return TrainingProgress()
        try:
            with np.load(path, allow_pickle=False) as file:
                state = json.loads(file["state"].tobytes())
                fingerprint = state.pop("fingerprint")
                progress = TrainingProgress(**state)
                for name in _LISTS:
                    setattr(progress, name, _numbered(file, name))
                progress.finished = [_numbered(file, f"finished_{m}") for m in range(progress.member)]
        except Exception as error:  # zip, JSON and NumPy have many errors for a damaged file
            received, fix = f"a checkpoint that cannot be read ({error})", "remove it, or run without --resume"
            raise DataError(received, "a file this command wrote", fix, where=str(path)) from error
        if fingerprint != self._fingerprint:
            raise DataError(
                "a checkpoint of a training with other data, options or versions",
                "the same command as before",
                "give the same options, another --checkpoint-dir, or no --resume",
                where=str(path),
            )
        return progress


def _numbered(file: Any, name: str) -> Weights:
    count = sum(key.startswith(f"{name}/") for key in file.files)
    return [file[f"{name}/{i}"] for i in range(count)]
