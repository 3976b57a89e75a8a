"""`prior fit`: read blocks, train, write the network, the prior of every variant and the table of blocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import lucidseq
from lucidseq.core import manifest
from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, place
from lucidseq.core.ld import open_ld
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.options import parameters_of
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import HISTORY, PRIOR, PRIOR_BLOCKS
from lucidseq.core.splits import Split
from lucidseq.core.sumstats import read_harmonised
from lucidseq.core.tables import write_table
from lucidseq.nets import backend
from lucidseq.prior.block_data import COLUMNS, Block, read_annotations, read_blocks, split_blocks
from lucidseq.prior.card import fit_card
from lucidseq.prior.choices import PriorModel, ResidualScale
from lucidseq.prior.cli import FitOptions
from lucidseq.prior.likelihood import best_scale, evidence, posterior

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from lucidseq.nets.checkpoint import TrainingProgress
    from lucidseq.prior.networks import Encoding

LEARNING_RATES = {PriorModel.CONSTANT: 0.02, PriorModel.LOG_LINEAR: 0.02, PriorModel.MLP: 0.003}
_log = get_logger("lucidseq.prior")


def fit(options: FitOptions, out: OutputSet) -> Card:
    """Fit a prior (options as in cli.py)."""
    statistics, annotations = read_harmonised(options.sumstats), read_annotations(options.annotations)
    with open_ld(options.ld) as store, Progress("LD blocks", total=len(store)) as progress:
        blocks = []
        for block in read_blocks(statistics, store, annotations, options.keep):
            blocks.append(block)
            progress.step()
        quality, in_sample = store.quality, store.method == "in-sample"
    if not blocks:
        received = f"no LD block with two variants of the summary statistics (first: {statistics['variant_id'].iloc[0]})"
        where = f"{options.sumstats}, {options.ld}"
        raise DataError(received, "LD of the same variants", "encode both from the same build and alleles", where=where)
    contigs = [name.strip() for name in (options.test_contigs or "").split(",") if name.strip()]
    splits = split_blocks(blocks, contigs, options.test_share, options.valid_share, options.seed)
    train, valid = ([block for block, part in zip(blocks, splits, strict=True) if part is which] for which in (Split.TRAIN, Split.VALID))
    if not np.isfinite(np.concatenate([block.features for block in train])).any():
        received = f"no annotation of the variants (first: {blocks[0].variants['variant_id'].iloc[0]})"
        raise DataError(received, "annotations of the same variants", "encode them for these statistics", where=place(options.annotations))
    backend.prepare(seed=options.seed, threads=options.threads)
    median_n = float(np.median(np.concatenate([block.n for block in train])))
    from lucidseq.prior.fitting import constant_evidence, fit_constant

    start = fit_constant(train, median_n, options.residual_scale)
    _log.info(f"{len(train)} training and {len(valid)} validation blocks; constant prior: variance {np.exp(start[0]) / median_n:.3g}")
    model, encoding, history, predict = _train(options, train, valid, annotations.names, median_n, start)
    constant = [constant_evidence(block, start, median_n) for block in blocks]
    predictions = [predict(block) for block in blocks]
    table = pd.DataFrame([_describe(*row) for row in zip(blocks, splits, constant, predictions, strict=True)])
    _save(options, out, model, encoding, annotations.names, median_n, history)
    write_table(
        pd.DataFrame(history.history if history else [], columns=[column.name for column in HISTORY.columns]), out["history"], HISTORY
    )
    write_table(table, out["blocks"], PRIOR_BLOCKS)
    write_table(variant_table(blocks, predictions), out["prior"], PRIOR)
    scale = float(np.exp(predictions[0][1]))
    return fit_card(blocks, table, statistics, quality, options, scale, names=annotations.names, in_sample=in_sample)


def _train(
    options: FitOptions, train: list[Block], valid: list[Block], names: list[str], median_n: float, start: tuple[float, float]
) -> tuple[keras.Model, Encoding, TrainingProgress | None, Callable[[Block], tuple[np.ndarray, float]]]:
    """Return the network (of the constant prior: without training), the encoding, the progress, and a function that predicts a block."""
    from lucidseq.nets import io
    from lucidseq.nets.checkpoint import Checkpoints
    from lucidseq.nets.training import Schedule, train_ensemble
    from lucidseq.prior import fitting, networks

    encoding = networks.Encoding.of(np.concatenate([block.features for block in train]))
    columns, free = 2 * len(names), options.residual_scale is ResidualScale.FREE
    progress: TrainingProgress | None = None
    members = [networks.build(options.model, columns, options.hidden, seed=options.seed, start=start, name="member_0")]
    if options.model is not PriorModel.CONSTANT:
        problem = fitting.PriorProblem(options.model, options.hidden, options.residual_scale, train, valid, encoding, median_n, start)
        rate = options.learning_rate or LEARNING_RATES[options.model]
        schedule = Schedule(options.ensemble, options.epochs, options.patience, rate, options.weight_decay, options.seed)
        checkpoints = Checkpoints(options.checkpoint_dir, json.dumps(_recipe(options), sort_keys=True), resume=options.resume)
        progress = train_ensemble(problem, schedule, checkpoints)
        members = []
        for number, weights in enumerate(progress.finished):
            network = networks.build(options.model, columns, options.hidden, seed=options.seed, start=start, name=f"member_{number}")
            network.set_weights(weights)
            members.append(network)

    def predict(block: Block) -> tuple[np.ndarray, float]:
        outputs = [fitting.predict(member, block, encoding, median_n, free_scale=free) for member in members]
        return np.mean([log_f for log_f, _ in outputs], axis=0), float(np.mean([scale for _, scale in outputs]))

    return io.ensemble(members), encoding, progress, predict


def _recipe(options: FitOptions) -> dict[str, object]:
    """Return what a resumed training must have in common."""
    files = {name: manifest.sha256(getattr(options, name)) for name in ("sumstats", "ld", "annotations")}
    chosen = {name: value for name, value in parameters_of(options).items() if name not in ("threads", "resume", "checkpoint_dir")}
    return {**files, **chosen, "tool_version": lucidseq.__version__}


def _describe(block: Block, split: Split, constant: float, prediction: tuple[np.ndarray, float]) -> dict[str, object]:
    """Return a row of the table of blocks."""
    log_f, log_scale = prediction
    value = evidence(block.white, log_f, log_scale).value
    rank = len(block.white.w)
    none = -0.5 * rank * (np.log(float(block.white.w @ block.white.w) / rank) + 1)
    return {
        "block": block.name,
        "contig": block.contig,
        "start": block.start,
        "end": block.end,
        "split": split.name.lower(),
        "variants": len(block.n),
        "without_ld": block.without_ld,
        "rank": rank,
        "gain": value - constant,
        "gain_over_none": value - none,
        "residual_scale": best_scale(block.white, log_f),
        "mean_prior_variance": float(np.mean(np.exp(log_f) / block.n)),
    }


def variant_table(blocks: list[Block], predictions: list[tuple[np.ndarray, float]]) -> pd.DataFrame:
    """Return prior and posterior of every variant; one that is in several blocks is of the first."""
    parts = []
    for block, (log_f, log_scale) in zip(blocks, predictions, strict=True):
        mean, variance = posterior(block.white, log_f, log_scale)
        part = block.variants[COLUMNS].assign(
            prior_variance=np.exp(log_f) / block.n,
            posterior_mean=mean / np.sqrt(block.n),
            posterior_sd=np.sqrt(np.maximum(variance, 0) / block.n),
            block=block.name,
        )
        parts.append(part)
    return pd.concat(parts, ignore_index=True).drop_duplicates("variant_id").reset_index(drop=True)


def _save(
    options: FitOptions,
    out: OutputSet,
    model: keras.Model,
    encoding: Encoding,
    names: list[str],
    median_n: float,
    progress: TrainingProgress | None,
) -> None:
    from lucidseq.nets import io
    from lucidseq.nets.facts import Facts

    training = {**_recipe(options), "median_n": median_n, "backend": backend.name(), "device": backend.device_name()}
    if progress is not None:
        training |= {"best_epochs": progress.best_epochs, "epochs_done": progress.epochs_done}
    facts = Facts(
        "prior",
        ["log_variance", "log_residual_scale"],
        len(names),
        members=len(progress.finished) if progress else 1,
        architecture={"model": options.model.value, "hidden": options.hidden},
        training=training,
        normalisation={"features": names, "mean": encoding.mean.tolist(), "sd": encoding.sd.tolist()},
        dataset_kind="annotations",
        encoding="standardised values, 0 where missing; then 1 where missing",
    )
    io.save_model(model, out["model"], facts)
