"""Training loop: AdamW under a warm-up and cosine schedule, early stopping on the validation loss, best epoch kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lucidseq.core import seeds
from lucidseq.core.errors import DataError
from lucidseq.core.log import get_logger
from lucidseq.nets import architectures, heads, io, losses
from lucidseq.nets.data import Batches, Rows
from lucidseq.nets.predict import Predictor
from lucidseq.train import metrics
from lucidseq.train.checkpoint import Checkpoints, Progress

METRIC = {"binary": "auroc", "regression": "pearson", "counts": "pearson"}
_WARM_UP_STEPS = 200
_log = get_logger("lucidseq.train")


@dataclass(frozen=True)
class Recipe:
    """How to train (see the options of `lucidseq train fit`)."""

    design: architectures.Design
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    reverse_complement: bool
    ensemble: int
    seed: int


@dataclass(frozen=True)
class Data:
    """Training and validation rows; targets on the scale of training, float32 (n, targets).

    ``class_weights`` (2, targets) weigh the labels of binary targets, or are None.
    """

    train: Rows
    train_target: np.ndarray
    valid_codes: np.ndarray
    valid_target: np.ndarray
    class_weights: np.ndarray | None


def default_epochs(rows: int, batch_size: int) -> int:
    """Return the number of epochs that makes about 2,000 steps, 5 to 40: the upper end for few sequences.

    Examples
    --------
    >>> default_epochs(58_770, 64), default_epochs(6_500, 64), default_epochs(1_800, 64)
    (5, 20, 40)
    """
    steps = max(1, rows // batch_size)
    return int(np.clip(round(2000 / steps), 5, 40))


def train_ensemble(recipe: Recipe, data: Data, checkpoints: Checkpoints) -> Progress:
    """Train every member, going on from a checkpoint; return the progress with the finished weights and the history.

    Raises
    ------
    DataError
        If the loss stops being a number.
    """
    progress = checkpoints.load()
    while progress.member < recipe.ensemble:
        _train_member(recipe, data, progress, checkpoints)
        progress.finish_member()
        checkpoints.save(progress)
    return progress


def assemble(recipe: Recipe, weights: list[list[np.ndarray]], scale: heads.Scaling | None) -> keras.Model:
    """Build the ensemble anew from the members' weights, in float32, predicting in the targets' own units."""
    keras.backend.clear_session()
    keras.mixed_precision.set_dtype_policy("float32")
    networks = []
    for index, arrays in enumerate(weights):
        network = architectures.build(recipe.design, seed=recipe.seed, name=f"member_{index}")
        network.set_weights(arrays)
        if scale is not None:
            heads.unscale(network, scale)
        networks.append(network)
    return io.ensemble(networks)


def _train_member(recipe: Recipe, data: Data, progress: Progress, checkpoints: Checkpoints) -> None:
    """Train one network until its epochs are over or validation stops improving."""
    seed = seeds.derive(recipe.seed, "member", progress.member)
    model, rate = _compiled(recipe, data, seed)
    if progress.current:
        _assign(model.variables, progress.current)
        _assign(model.optimizer.variables, progress.optimizer)
    validate = _validator(recipe, data, model)
    while progress.epoch < recipe.epochs and progress.epoch - progress.best_epoch < recipe.patience:
        batches = Batches(
            data.train,
            data.train_target,
            batch_size=recipe.batch_size,
            seed=seed,
            epoch=progress.epoch,
            reverse_complement=recipe.reverse_complement,
        )
        learning_rate = float(rate(len(batches) * progress.epoch))
        loss = float(model.fit(batches, epochs=1, verbose=0, shuffle=False).history["loss"][0])
        valid_loss, metric = validate()
        progress.epoch += 1
        _require_finite(loss, valid_loss, progress.epoch)
        progress.history.append(
            {
                "member": progress.member,
                "epoch": progress.epoch,
                "loss": loss,
                "valid_loss": valid_loss,
                "metric": METRIC[recipe.design.task],
                "valid_metric": metric,
                "learning_rate": learning_rate,
            }
        )
        if valid_loss < progress.best_loss:
            progress.best_loss, progress.best_epoch, progress.best = valid_loss, progress.epoch, model.get_weights()
        _log.info(
            f"network {progress.member + 1}/{recipe.ensemble}, epoch {progress.epoch}/{recipe.epochs}: loss {loss:.4f}, "
            f"validation loss {valid_loss:.4f}, {METRIC[recipe.design.task]} {metric:.4f}"
        )
        progress.current, progress.optimizer = _values(model.variables), _values(model.optimizer.variables)
        checkpoints.save(progress)


def _compiled(recipe: Recipe, data: Data, seed: int) -> tuple[keras.Model, Callable[[int], Any]]:
    """Build a network up to its linear output, with optimizer and loss; return its learning-rate schedule too."""
    keras.backend.clear_session()
    network = architectures.build(recipe.design, seed=seed)
    logit = network.get_layer("logit")
    if data.class_weights is None:  # balanced labels mean logit 0, the initial value
        logit.bias.assign(heads.initial_bias(data.train_target, recipe.design.task))
    model = keras.Model(network.inputs[0], logit.output, name="training")
    steps = max(1, len(data.train) // recipe.batch_size) * recipe.epochs
    warm_up = min(_WARM_UP_STEPS, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10, steps - warm_up, alpha=0.1, warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, global_clipnorm=5.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, losses.training_loss(recipe.design.task, data.class_weights), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model, schedule


def _validator(recipe: Recipe, data: Data, model: keras.Model) -> Callable[[], tuple[float, float]]:
    """Return a function that gives loss and metric on the validation rows now."""
    predictor = Predictor(model, reverse_complement_average=recipe.reverse_complement)  # the model ends with the logit

    def validate() -> tuple[float, float]:
        logit = predictor(data.valid_codes)[:, 0]
        loss = losses.mean_loss(data.valid_target, logit, recipe.design.task, data.class_weights)
        score = metrics.METRICS[METRIC[recipe.design.task]]
        prediction = heads.link(logit.astype(np.float64), recipe.design.task)
        values = [metrics.value(score(t, p), len(t)) for t, p in zip(data.valid_target.T, prediction.T, strict=True)]
        return loss, float(np.mean(values))

    return validate


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
