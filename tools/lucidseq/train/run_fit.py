"""`lucidseq train fit`: read a dataset, train, write the model file, its history and its card."""

from __future__ import annotations

import json
from dataclasses import asdict
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
from lucidseq.core.sequence_dataset import SequenceDataset, open_sequences
from lucidseq.core.splits import Split
from lucidseq.nets import backend
from lucidseq.train.choices import ClassWeights
from lucidseq.train.cli import FitOptions

if TYPE_CHECKING:
    from lucidseq.nets import heads
    from lucidseq.train.fitting import TrainingData

VALID_SHARE = 0.1
_log = get_logger("lucidseq.train")


def fit(options: FitOptions, out: OutputSet) -> Card:
    """Train (options as in cli.py)."""
    backend.prepare(seed=options.seed, threads=options.threads, mixed_precision=options.mixed_precision)
    from lucidseq.nets import architectures, io
    from lucidseq.nets.checkpoint import Checkpoints
    from lucidseq.nets.training import train_ensemble
    from lucidseq.train import fitting
    from lucidseq.train.card import fit_card
    from lucidseq.train.judgement import describe, judge

    if options.mixed_precision and not backend.has_gpu():
        _log.warning("--mixed-precision: no GPU is available, so the network is trained in 32 bits")
    with open_sequences(options.dataset) as source:
        train, valid, drawn = _splits(source, options.seed)
        design = architectures.Design(
            options.architecture.value,
            source.length,
            len(source.target_names),
            source.task,
            options.first_activation.value,
            options.filters,
            options.dropout_scale,
        )
        recipe = fitting.Recipe(
            design,
            options.epochs or fitting.default_epochs(len(train), options.batch_size),
            options.patience,
            options.batch_size,
            options.learning_rate,
            options.weight_decay,
            options.reverse_complement,
            options.ensemble,
            options.seed,
        )
        data, scale = _prepare(source, train, valid, options.class_weights)
        _log.info(f"{len(train)} training and {len(valid)} validation sequences of {source.length} bp")
        training = {
            **asdict(recipe),
            "class_weights": options.class_weights.value,
            "mixed_precision": options.mixed_precision and backend.has_gpu(),
            "dataset_sha256": manifest.sha256(options.dataset),
            "tool_version": lucidseq.__version__,
            "backend": backend.name(),
            "device": backend.device_name(),
        }
        checkpoints = Checkpoints(options.checkpoint_dir, json.dumps(training, sort_keys=True), resume=options.resume)
        progress = train_ensemble(fitting.SequenceProblem(recipe, data), recipe.schedule, checkpoints)
        model = fitting.assemble(recipe, progress.finished, scale)
        judgement = judge(source, model, train, valid, recipe)
    io.save_model(model, out["model"], describe(source, recipe, training, progress, scale, judgement))
    tables.write_table(pd.DataFrame(progress.history), out["history"], HISTORY)
    return fit_card(judgement, progress, recipe, drawn=drawn)


def _splits(source: SequenceDataset, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return training and validation rows, and whether the latter had to be drawn from the former.

    Raises
    ------
    DataError
        If too few rows remain to train on.
    """
    train, valid = np.flatnonzero(source.split == Split.TRAIN), np.flatnonzero(source.split == Split.VALID)
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


def _prepare(
    source: SequenceDataset, train: np.ndarray, valid: np.ndarray, class_weights: ClassWeights
) -> tuple[TrainingData, heads.Scaling | None]:
    """Check the targets and bring them to the scale of training."""
    from lucidseq.nets import heads, losses
    from lucidseq.nets.batches import CodeRows
    from lucidseq.train.fitting import TrainingData

    train_target, valid_target = source.require_targets(train), source.require_targets(valid)
    _require_variation(source, train_target)
    if class_weights is not ClassWeights.NONE and source.task != "binary":
        raise UsageError(f"--class-weights {class_weights.value} with task {source.task}", "a binary dataset", "omit it")
    scale = heads.scaling(train_target) if source.task == "regression" else None
    if scale is not None:
        train_target, valid_target = (((y - scale.mean) / scale.sd).astype(np.float32) for y in (train_target, valid_target))
    weights = losses.balanced_weights(train_target) if class_weights is ClassWeights.BALANCED else None
    return TrainingData(
        CodeRows(source.codes, train), train_target, CodeRows(source.codes, valid).take(np.arange(len(valid))), valid_target, weights
    ), scale


def _require_variation(source: SequenceDataset, target: np.ndarray) -> None:
    constant = np.ptp(target, axis=0) == 0
    if constant.any():
        column = int(constant.argmax())
        raise DataError(
            f"target {source.target_names[column]} is {target[0, column]:g} in every training row",
            "targets that vary",
            "encode negatives too, or omit this target",
            where=str(source.path),
        )
