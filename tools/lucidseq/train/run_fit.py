"""`lucidseq train fit`: read a dataset, train, write the model file, its history and its card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import lucidseq
from lucidseq.core import manifest, seeds, tables
from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.log import get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import HISTORY
from lucidseq.nets import backend
from lucidseq.train.choices import Architecture, ClassWeights, FirstActivation
from lucidseq.train.dataset import TRAIN, VALID, Dataset, open_dataset

if TYPE_CHECKING:
    from lucidseq.nets import heads
    from lucidseq.train.fitting import Data

VALID_SHARE = 0.1
_log = get_logger("lucidseq.train")


def fit(
    *,
    dataset: Path,
    out: OutputSet,
    architecture: Architecture,
    first_activation: FirstActivation,
    filters: int,
    epochs: int | None,
    patience: int,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    dropout_scale: float,
    reverse_complement: bool,
    ensemble: int,
    class_weights: ClassWeights,
    mixed_precision: bool,
    seed: int,
    threads: int,
    resume: bool,
    checkpoint_dir: Path | None,
) -> Card:
    """Train as the options of the command say (see `lucidseq.train.cli`)."""
    if resume and checkpoint_dir is None:
        raise UsageError("--resume without --checkpoint-dir", "the folder of the checkpoints", "add --checkpoint-dir")
    backend.prepare(seed=seed, threads=threads, mixed_precision=mixed_precision)
    from lucidseq.nets import architectures, io
    from lucidseq.train import fitting
    from lucidseq.train.checkpoint import Checkpoints
    from lucidseq.train.judge import describe, fit_card, judge

    if mixed_precision and not backend.has_gpu():
        _log.warning("--mixed-precision: no GPU is seen, so the network is trained in 32 bits")
    with open_dataset(dataset) as source:
        train, valid, drawn = _splits(source, seed)
        design = architectures.Design(
            architecture.value, source.length, len(source.target_names), source.task, first_activation.value, filters, dropout_scale
        )
        recipe = fitting.Recipe(
            design,
            epochs or fitting.default_epochs(len(train), batch_size),
            patience,
            batch_size,
            learning_rate,
            weight_decay,
            reverse_complement,
            ensemble,
            seed,
        )
        data, scale = _prepare(source, train, valid, class_weights)
        _log.info(f"{len(train)} training and {len(valid)} validation sequences of {source.length} bp")
        options = {
            **asdict(recipe),
            "class_weights": class_weights.value,
            "mixed_precision": mixed_precision and backend.has_gpu(),
            "dataset_sha256": manifest.sha256(dataset),
            "tool_version": lucidseq.__version__,
            "backend": backend.name(),
            "device": backend.device_name(),
        }
        checkpoints = Checkpoints(checkpoint_dir, json.dumps(options, sort_keys=True), resume=resume)
        progress = fitting.train_ensemble(recipe, data, checkpoints)
        model = fitting.assemble(recipe, progress.finished, scale)
        judgement = judge(source, model, train, valid, recipe)
    io.save_model(model, out["model"], describe(source, recipe, options, progress, scale, judgement))
    tables.write_table(pd.DataFrame(progress.history), out["history"], HISTORY)
    return fit_card(judgement, progress, recipe, drawn=drawn)


def _splits(source: Dataset, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return training and validation rows, and whether the latter had to be drawn from the former.

    Raises
    ------
    DataError
        If too few rows are left to train on.
    """
    train, valid = np.flatnonzero(source.split == TRAIN), np.flatnonzero(source.split == VALID)
    drawn = len(valid) == 0
    if drawn:
        chosen = seeds.stream(seed, "validation").random(len(train)) < VALID_SHARE
        train, valid = train[~chosen], train[chosen]
    if len(train) < 2 or len(valid) < 2:
        raise DataError(
            f"{len(train)} training and {len(valid)} validation sequences",
            "at least 2 of each (hundreds, for a network)",
            "encode more sequences, or choose other contigs for the splits",
            where=str(source.path),
        )
    return train, valid, drawn


def _prepare(source: Dataset, train: np.ndarray, valid: np.ndarray, class_weights: ClassWeights) -> tuple[Data, heads.Scaling | None]:
    """Check the targets and bring them to the scale of training."""
    from lucidseq.nets import heads, losses
    from lucidseq.nets.data import Rows
    from lucidseq.train.fitting import Data

    train_target, valid_target = source.require_targets(train), source.require_targets(valid)
    _require_variation(source, train_target)
    if class_weights is not ClassWeights.NONE and source.task != "binary":
        raise UsageError(f"--class-weights {class_weights.value} with task {source.task}", "a binary dataset", "leave it out")
    scale = heads.scaling(train_target) if source.task == "regression" else None
    if scale is not None:
        train_target, valid_target = (((y - scale.mean) / scale.sd).astype(np.float32) for y in (train_target, valid_target))
    weights = losses.balanced_weights(train_target) if class_weights is ClassWeights.BALANCED else None
    return Data(
        Rows(source.codes, train), train_target, Rows(source.codes, valid).take(np.arange(len(valid))), valid_target, weights
    ), scale


def _require_variation(source: Dataset, target: np.ndarray) -> None:
    constant = np.ptp(target, axis=0) == 0
    if constant.any():
        column = int(constant.argmax())
        raise DataError(
            f"target {source.target_names[column]} is {target[0, column]:g} in every training row",
            "targets that vary",
            "encode negatives too, or leave this target out",
            where=str(source.path),
        )
