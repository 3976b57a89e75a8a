"""Sequence networks for the training loop (`nets.training`), and the ensemble made of the trained members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from lucidseq.nets import architectures, heads, io, losses, metrics
from lucidseq.nets.batches import Batches, CodeRows
from lucidseq.nets.predict import Predictor
from lucidseq.nets.training import Loss, Schedule

METRIC = {"binary": "auroc", "regression": "pearson", "counts": "pearson"}


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

    @property
    def schedule(self) -> Schedule:
        """The part that the training loop uses."""
        return Schedule(self.ensemble, self.epochs, self.patience, self.learning_rate, self.weight_decay, self.seed)


@dataclass(frozen=True)
class TrainingData:
    """Training and validation rows; targets on the scale of training, float32 (n, targets).

    ``class_weights`` (2, targets) weigh the labels of binary targets, or are None.
    """

    train: CodeRows
    train_target: np.ndarray
    valid_codes: np.ndarray
    valid_target: np.ndarray
    class_weights: np.ndarray | None


class SequenceProblem:
    """Sequences and targets for `nets.training.train_ensemble` (see `nets.training.Problem`)."""

    one_shape = True

    def __init__(self, recipe: Recipe, data: TrainingData) -> None:
        self._recipe, self._data = recipe, data
        self.metric = METRIC[recipe.design.task]
        self.steps = max(1, len(data.train) // recipe.batch_size)

    def network(self, seed: int) -> keras.Model:
        """Return a network up to its linear output, which predicts the targets' mean."""
        network = architectures.build(self._recipe.design, seed=seed)
        logit = network.get_layer("logit")
        if self._data.class_weights is None:  # balanced labels mean logit 0, the initial value
            logit.bias.assign(heads.initial_bias(self._data.train_target, self._recipe.design.task))
        return keras.Model(network.inputs[0], logit.output, name="training")

    def loss(self) -> Loss:
        """Return the loss of the task on the linear output."""
        return losses.training_loss(self._recipe.design.task, self._data.class_weights)

    def batches(self, *, seed: int, epoch: int) -> Batches:
        """Return one epoch of one-hot sequences, on a random strand each where the recipe asks for it."""
        return Batches(
            self._data.train,
            self._data.train_target,
            batch_size=self._recipe.batch_size,
            seed=seed,
            epoch=epoch,
            reverse_complement=self._recipe.reverse_complement,
        )

    def validator(self, model: keras.Model) -> Callable[[], tuple[float, float]]:
        """Return a function that gives loss and mean metric over the targets on the validation rows now."""
        data, task = self._data, self._recipe.design.task
        predictor = Predictor(model, reverse_complement_average=self._recipe.reverse_complement)  # the model ends with the logit

        def validate() -> tuple[float, float]:
            logit = predictor(data.valid_codes)[:, 0]
            loss = losses.mean_loss(data.valid_target, logit, task, data.class_weights)
            score = metrics.METRICS[self.metric]
            prediction = heads.link(logit.astype(np.float64), task)
            values = [metrics.value(score(t, p), len(t)) for t, p in zip(data.valid_target.T, prediction.T, strict=True)]
            return loss, float(np.mean(values))

        return validate


def default_epochs(rows: int, batch_size: int) -> int:
    """Return the number of epochs that makes about 2,000 steps, 5 to 40: the upper end for few sequences.

    Examples
    --------
    >>> default_epochs(58_770, 64), default_epochs(6_500, 64), default_epochs(1_800, 64)
    (5, 20, 40)
    """
    steps = max(1, rows // batch_size)
    return int(np.clip(round(2000 / steps), 5, 40))


def assemble(recipe: Recipe, weights: list[list[np.ndarray]], scale: heads.Scaling | None) -> keras.Model:
    """Build the ensemble from the members' weights, in float32, predicting in the units of the targets."""
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
