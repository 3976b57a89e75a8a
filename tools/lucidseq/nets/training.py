"""Training loop: AdamW under a warm-up and cosine schedule, early stopping on the validation loss, best epoch kept.

It does not depend on the kind of data: a `Problem` provides networks, loss, batches and validation. An interrupted training
continues from its checkpoint to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from lucidseq.core import seeds
from lucidseq.core.errors import DataError
from lucidseq.core.log import get_logger
from lucidseq.nets.checkpoint import Checkpoints, TrainingProgress

_WARM_UP_STEPS = 200
_log = get_logger("lucidseq.nets")
Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes
    ----------
    members
        Networks of the ensemble, each with its own seed.
    epochs, patience
        Largest number of epochs, and epochs without a better validation loss after which a member stops.
    learning_rate
        Peak of the rate, which rises from a tenth of it and falls to a tenth.
    weight_decay
        Decoupled weight decay of kernels.
    seed
        Seed that the members' seeds are derived from.
    """

    members: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    seed: int


class Problem(Protocol):
    """Networks, loss and data of a training.

    Attributes
    ----------
    metric
        Name of the validation metric in the history.
    steps
        Batches of one epoch.
    one_shape
        Whether all batches have the same number of columns; if not, they are given one by one.
    """

    metric: str
    steps: int
    one_shape: bool

    def network(self, seed: int) -> keras.Model:
        """Return a new network, up to the output that the loss is applied to."""
        ...

    def loss(self) -> Loss:
        """Return the loss for `keras.Model.compile`."""
        ...

    def batches(self, *, seed: int, epoch: int) -> keras.utils.PyDataset:
        """Return the batches of one epoch; seed and epoch determine their order."""
        ...

    def validator(self, model: keras.Model) -> Callable[[], tuple[float, float]]:
        """Return a function that gives loss and metric of the model, as trained so far, on the validation rows."""
        ...


def train_ensemble(problem: Problem, schedule: Schedule, checkpoints: Checkpoints) -> TrainingProgress:
    """Train every member, continuing from a checkpoint; return the progress with the finished weights and the history.

    Raises
    ------
    DataError
        If the loss is not finite.
    """
    progress = checkpoints.load()
    while progress.member < schedule.members:
        _train_member(problem, schedule, progress, checkpoints)
        progress.finish_member()
        checkpoints.save(progress)
    return progress


def _train_member(problem: Problem, schedule: Schedule, progress: TrainingProgress, checkpoints: Checkpoints) -> None:
    """Train one network until its epochs are over or validation stops improving."""
    seed = seeds.derive(schedule.seed, "member", progress.member)
    keras.backend.clear_session()
    model = problem.network(seed)
    rate = _compile(model, problem, schedule)
    if progress.current:
        _assign(model.variables, progress.current)
        _assign(model.optimizer.variables, progress.optimizer)
    validate = problem.validator(model)
    while progress.epoch < schedule.epochs and progress.epoch - progress.best_epoch < schedule.patience:
        batches = problem.batches(seed=seed, epoch=progress.epoch)
        learning_rate = float(rate(len(batches) * progress.epoch))
        loss = _epoch(model, batches, one_shape=problem.one_shape)
        valid_loss, metric = validate()
        progress.epoch += 1
        _require_finite(loss, valid_loss, progress.epoch)
        progress.history.append(
            {
                "member": progress.member,
                "epoch": progress.epoch,
                "loss": loss,
                "valid_loss": valid_loss,
                "metric": problem.metric,
                "valid_metric": metric,
                "learning_rate": learning_rate,
            }
        )
        if valid_loss < progress.best_loss:
            progress.best_loss, progress.best_epoch, progress.best = valid_loss, progress.epoch, model.get_weights()
        _log.info(
            f"network {progress.member + 1}/{schedule.members}, epoch {progress.epoch}/{schedule.epochs}: loss {loss:.4f}, "
            f"validation loss {valid_loss:.4f}, {problem.metric} {metric:.4f}"
        )
        progress.current, progress.optimizer = _values(model.variables), _values(model.optimizer.variables)
        checkpoints.save(progress)


def _epoch(model: keras.Model, batches: keras.utils.PyDataset, *, one_shape: bool) -> float:
    """Train on every batch once, in order; return the mean loss."""
    if one_shape:
        return float(model.fit(batches, epochs=1, verbose=0, shuffle=False).history["loss"][0])
    losses = []
    for index in range(len(batches)):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(*batches[index])))
    return float(np.mean(losses))


def _compile(model: keras.Model, problem: Problem, schedule: Schedule) -> Callable[[int], Any]:
    """Give a network its optimizer and loss; return the learning rate by step."""
    steps = problem.steps * schedule.epochs
    warm_up = min(_WARM_UP_STEPS, steps // 10)
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.learning_rate / 10, steps - warm_up, alpha=0.1, warmup_target=schedule.learning_rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=schedule.weight_decay, global_clipnorm=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, problem.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return rate


def _require_finite(loss: float, valid_loss: float, epoch: int) -> None:
    if not (np.isfinite(loss) and np.isfinite(valid_loss)):
        raise DataError(
            f"a loss of {loss} (validation: {valid_loss}) after epoch {epoch}",
            "a loss that stays finite",
            "lower --learning-rate; for counts, look for extreme values in the targets",
        )


def _values(variables: list[Any]) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
