from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lucidseq.nets import architectures, io
from lucidseq.nets.batches import CodeRows
from lucidseq.nets.checkpoint import Checkpoints, TrainingProgress
from lucidseq.nets.training import train_ensemble
from lucidseq.train import fitting
from sequence_sets import planted

DESIGN = architectures.Design("cnn-shallow", 60, 1, "binary", filters=4)
RECIPE = fitting.Recipe(DESIGN, 2, 8, 32, 0.005, 0.01, reverse_complement=True, ensemble=1, seed=1)


@pytest.fixture
def data() -> fitting.TrainingData:
    codes, label = planted(200, 60)
    target = label[:, None].astype(np.float32)
    return fitting.TrainingData(CodeRows(codes, np.arange(160)), target[:160], codes[160:], target[160:], None)


def _train(recipe: fitting.Recipe, data: fitting.TrainingData, folder: Path | None = None) -> TrainingProgress:
    return train_ensemble(fitting.SequenceProblem(recipe, data), recipe.schedule, Checkpoints(folder, "test", resume=False))


def test_train_ensemble__keeps_the_epoch_of_least_validation_loss(data):
    progress = _train(replace(RECIPE, epochs=6), data)
    losses = [row["valid_loss"] for row in progress.history]
    assert progress.best_epochs == [int(np.argmin(losses)) + 1]


def test_train_ensemble__stops_after_patience(data):
    progress = _train(replace(RECIPE, epochs=60, patience=2, learning_rate=0.05), data)
    assert progress.epochs_done[0] < 60
    assert progress.epochs_done[0] - progress.best_epochs[0] == 2


def test_train_ensemble__gives_each_member_a_seed_that_does_not_depend_on_their_number(data):
    one, two = _train(RECIPE, data), _train(replace(RECIPE, ensemble=2), data)
    for first, again in zip(one.finished[0], two.finished[0], strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(two.finished[0][0], two.finished[1][0])


def test_train_ensemble__in_mixed_precision_ends_in_a_float32_model(data, tmp_path):
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        progress = _train(RECIPE, data, tmp_path)
        model = fitting.assemble(RECIPE, progress.finished, None)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert (tmp_path / "fit.npz").exists()
    assert {layer.dtype_policy.name for layer in io.members(model)[0].layers} == {"float32"}
    assert np.isfinite(progress.history[-1]["loss"])
