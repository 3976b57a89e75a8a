"""Figures of a trained network on training and validation rows, for its model file and its trust card."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from lucidseq.core import alphabet, seeds
from lucidseq.core.sequence_dataset import SequenceDataset
from lucidseq.nets import heads, metrics, prediction_intervals
from lucidseq.nets.batches import CodeRows
from lucidseq.nets.checkpoint import TrainingProgress
from lucidseq.nets.facts import Facts
from lucidseq.nets.predict import Predictor
from lucidseq.train.fitting import METRIC, Recipe

_JUDGED_ROWS = 5000  # training rows whose fit is compared with validation
_SAMPLES = 200


@dataclass(frozen=True)
class Judgement:
    """Figures of a trained model, by target.

    Parameters
    ----------
    metric
        Name of the metric.
    train, valid
        Metric on (some) training rows and, with interval, on validation rows.
    members
        The same of each network on validation rows, by target.
    valid_rows
        Validation rows.
    conformal
        Quantiles of scaled validation residuals; empty for binary targets.
    gc
        Mean and standard deviation over training sequences of the share of G and C.
    """

    target_names: list[str]
    metric: str
    train: list[float]
    valid: list[metrics.Estimate]
    members: list[list[float]]
    valid_rows: int
    conformal: list[float]
    gc: tuple[float, float]


def judge(source: SequenceDataset, model: keras.Model, train: np.ndarray, valid: np.ndarray, recipe: Recipe) -> Judgement:
    """Apply the finished ensemble to validation rows and to at most 5,000 training rows."""
    task = source.task
    generator = seeds.stream(recipe.seed, "judge")
    if len(train) > _JUDGED_ROWS:
        train = np.sort(generator.choice(train, _JUDGED_ROWS, replace=False))
    predictor = Predictor(model, reverse_complement_average=recipe.reverse_complement)
    score = metrics.METRICS[METRIC[task]]
    codes = CodeRows(source.codes, train).take(np.arange(len(train)))
    fitted = predictor(codes).mean(axis=1)
    of_members = predictor(CodeRows(source.codes, valid).take(np.arange(len(valid))))
    valid_prediction = of_members.mean(axis=1)
    train_target, valid_target = source.require_targets(train), source.require_targets(valid)
    gc = alphabet.gc_content(codes)
    return Judgement(
        source.target_names,
        METRIC[task],
        [metrics.value(score(y, p), len(y)) for y, p in zip(train_target.T, fitted.T, strict=True)],
        [
            metrics.estimate(score(y, p), len(y), samples=_SAMPLES, generator=generator)
            for y, p in zip(valid_target.T, valid_prediction.T, strict=True)
        ],
        [
            [metrics.value(score(y, p), len(y)) for p in networks]
            for y, networks in zip(valid_target.T, of_members.transpose(2, 1, 0), strict=True)
        ],
        len(valid),
        [] if task == "binary" else prediction_intervals.conformal_quantiles(valid_target, valid_prediction, task),
        (float(gc.mean()), float(gc.std())),
    )


def describe(
    source: SequenceDataset,
    recipe: Recipe,
    options: dict[str, Any],
    progress: TrainingProgress,
    scale: heads.Scaling | None,
    judgement: Judgement,
) -> Facts:
    """Return the facts that the model file carries."""
    validation = {name: estimate._asdict() for name, estimate in zip(source.target_names, judgement.valid, strict=True)}
    return Facts(
        task=source.task,
        target_names=source.target_names,
        length=source.length,
        members=recipe.ensemble,
        build=source.build,
        architecture=asdict(recipe.design),
        training={
            **{name: value for name, value in options.items() if name != "design"},
            "epochs_done": progress.epochs_done,
            "best_epochs": progress.best_epochs,
            "valid_rows": judgement.valid_rows,
            "validation": {"metric": judgement.metric, "targets": validation},
            "gc": {"mean": judgement.gc[0], "sd": judgement.gc[1]},
        },
        normalisation=None if scale is None else {"mean": scale.mean.tolist(), "sd": scale.sd.tolist()},
        conformal={"level": prediction_intervals.LEVEL, "quantiles": judgement.conformal} if judgement.conformal else None,
    )
