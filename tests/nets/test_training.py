"""The training loop knows no kind of data: a table of numbers trains, resumes and repeats as sequences do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lucidseq.core import seeds
from lucidseq.core.errors import DataError
from lucidseq.nets.checkpoint import Checkpoints
from lucidseq.nets.training import Schedule, train_ensemble

SCHEDULE = Schedule(members=2, epochs=4, patience=4, learning_rate=0.05, weight_decay=0.0, seed=3)


class Table(keras.utils.PyDataset):
    """Batches of 16 rows in a seeded order."""

    def __init__(self, x: np.ndarray, y: np.ndarray, order: np.ndarray) -> None:
        super().__init__(workers=0)
        self._x, self._y, self._order = x, y, order

    def __len__(self) -> int:
        return len(self._order) // 16

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * 16 : (index + 1) * 16]
        return self._x[rows], self._y[rows]


class Line:
    """A straight line through two numbers a row."""

    metric, steps, one_shape = "mse", 8, True

    def __init__(self, scale: float = 1.0) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.normal(size=(128, 2)).astype(np.float32)
        self.y = (self.x @ np.array([[2.0], [-1.0]], dtype=np.float32)) * np.float32(scale)

    def network(self, seed: int) -> keras.Model:
        return keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed % 2**32))]
        )

    def loss(self) -> Callable[..., object]:
        return lambda target, output: keras.ops.mean(keras.ops.square(target - output), axis=-1)

    def batches(self, *, seed: int, epoch: int) -> Table:
        return Table(self.x, self.y, seeds.stream(seed, "order", epoch).permutation(len(self.x)))

    def validator(self, model: keras.Model) -> Callable[[], tuple[float, float]]:
        def validate() -> tuple[float, float]:
            error = float(np.mean((model.predict_on_batch(self.x) - self.y) ** 2))
            return error, error

        return validate


def test_line__is_learnt_by_every_member() -> None:
    progress = train_ensemble(Line(), replace(SCHEDULE, epochs=12), Checkpoints(None, "", resume=False))
    assert len(progress.finished) == 2 and {row["metric"] for row in progress.history} == {"mse"}
    assert progress.best_epochs == [12, 12]
    for member in (0, 1):
        losses = [row["valid_loss"] for row in progress.history if row["member"] == member]
        assert losses[-1] < 0.2 * losses[0]


def test_resumed__gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train_ensemble(Line(), SCHEDULE, Checkpoints(None, "", resume=False))
    line, done = Line(), 0

    def batches(*, seed: int, epoch: int) -> Table:
        nonlocal done
        done += 1
        if done == 6:
            raise KeyboardInterrupt
        return Line.batches(line, seed=seed, epoch=epoch)

    monkeypatch.setattr(line, "batches", batches)
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(line, SCHEDULE, Checkpoints(tmp_path, "", resume=False))
    resumed = train_ensemble(Line(), SCHEDULE, Checkpoints(tmp_path, "", resume=True))
    assert resumed.history == whole.history
    for first, again in zip(whole.finished, resumed.finished, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_loss_that_is_no_number__stops() -> None:
    with pytest.raises(DataError, match="loss of"):
        train_ensemble(Line(scale=float("inf")), SCHEDULE, Checkpoints(None, "", resume=False))
