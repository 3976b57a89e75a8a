"""Trust card of a training: figures on training and validation rows, and the checks made of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from lucidseq.core import alphabet, seeds
from lucidseq.core.card import Card, Verdict
from lucidseq.core.sequence_dataset import SequenceDataset
from lucidseq.nets import heads, intervals, metrics
from lucidseq.nets.checkpoint import Progress
from lucidseq.nets.data import Rows
from lucidseq.nets.facts import Facts
from lucidseq.nets.predict import Predictor
from lucidseq.train.fitting import METRIC, Recipe

_JUDGED_ROWS = 5000  # training rows whose fit is compared with validation
_SAMPLES = 200
_GAP, _RISE = 0.1, 0.01
_FEW_ROWS = 200


@dataclass(frozen=True)
class Judgement:
    """Figures of a trained model, by target.

    Parameters
    ----------
    metric
        Name of the metric.
    train, valid
        Metric on (some) training rows and, with interval, on validation rows.
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
    codes = Rows(source.codes, train).take(np.arange(len(train)))
    fitted = predictor(codes).mean(axis=1)
    held = predictor(Rows(source.codes, valid).take(np.arange(len(valid)))).mean(axis=1)
    train_target, valid_target = source.require_targets(train), source.require_targets(valid)
    gc = alphabet.gc_content(codes)
    return Judgement(
        source.target_names,
        METRIC[task],
        [metrics.value(score(y, p), len(y)) for y, p in zip(train_target.T, fitted.T, strict=True)],
        [metrics.estimate(score(y, p), len(y), samples=_SAMPLES, generator=generator) for y, p in zip(valid_target.T, held.T, strict=True)],
        len(valid),
        [] if task == "binary" else intervals.conformal_quantiles(valid_target, held, task),
        (float(gc.mean()), float(gc.std())),
    )


def describe(
    source: SequenceDataset, recipe: Recipe, options: dict[str, Any], progress: Progress, scale: heads.Scaling | None, judgement: Judgement
) -> Facts:
    """Return what the model file shall say of itself."""
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
        conformal={"level": intervals.LEVEL, "quantiles": judgement.conformal} if judgement.conformal else None,
    )


def fit_card(judgement: Judgement, progress: Progress, recipe: Recipe, *, drawn: bool) -> Card:
    """Return the checks of a training."""
    card = Card("train", "fit")
    _check_validation(card, judgement)
    _check_gap(card, judgement)
    _check_stopping(card, progress, recipe)
    card.add(
        "validation sequences",
        judgement.valid_rows,
        Verdict.OK if judgement.valid_rows >= _FEW_ROWS else Verdict.CAUTION,
        threshold=f">= {_FEW_ROWS}",
        advice="The validation figures are rough; encode more validation sequences.",
    )
    card.add(
        "validation split",
        "drawn at random from the training split" if drawn else "given by the dataset",
        Verdict.CAUTION if drawn else Verdict.OK,
        threshold="given by the dataset",
        advice="Neighbouring or overlapping sequences on both sides flatter the figures; hold out whole contigs instead.",
    )
    return card


def _check_validation(card: Card, judgement: Judgement) -> None:
    chance = 0.5 if judgement.metric == "auroc" else 0.0
    for name, estimate in zip(judgement.target_names, judgement.valid, strict=True):
        above = estimate.lower > chance
        card.add(
            f"validation {judgement.metric}, {name}",
            estimate.value,
            Verdict.OK if above else Verdict.REFUSE,
            threshold=f"interval above {chance:g}",
            interval=(estimate.lower, estimate.upper),
            level=0.95,
            advice="The network has learnt nothing that carries over; do not explain or apply it.",
        )


def _check_gap(card: Card, judgement: Judgement) -> None:
    for name, fitted, held in zip(judgement.target_names, judgement.train, judgement.valid, strict=True):
        gap = fitted - held.value
        card.add(
            f"training minus validation {judgement.metric}, {name}",
            gap,
            Verdict.OK if gap <= _GAP else Verdict.CAUTION,
            threshold=f"<= {_GAP:g}",
            advice="Overfitted: raise --dropout-scale or --weight-decay, or give more sequences.",
        )


def _check_stopping(card: Card, progress: Progress, recipe: Recipe) -> None:
    """Was the network still getting better when its epochs ran out? (One that stopped early was not.)"""
    rises = [0.0]
    for member, done in enumerate(progress.epochs_done):
        scores = [row["valid_metric"] for row in progress.history if row["member"] == member]
        if done == recipe.epochs and done > 1:
            rises.append(max(scores) - max(scores[: done - max(1, done // 5)]))
    best = ", ".join(f"{epoch}/{recipe.epochs}" for epoch in progress.best_epochs)
    card.add(
        "best epoch of each network",
        best,
        Verdict.OK if max(rises) <= _RISE else Verdict.CAUTION,
        threshold=f"validation {METRIC[recipe.design.task]} rises by <= {_RISE:g} over the last fifth of the epochs",
        advice="Training ended before the network had settled: raise --epochs.",
    )
