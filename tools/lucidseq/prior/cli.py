"""Options of `lucidseq-prior`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.options import CheckpointDir, Ensemble, Option, Options, Patience, Resume, Seed, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import ANNOTATIONS, HISTORY, LD, MODEL, PRIOR, PRIOR_BLOCKS, SUMSTATS
from lucidseq.prior.choices import PriorModel, ResidualScale

tool = Tool("prior", "Learn from summary statistics which variants matter.", image="nets")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class FitOptions(Options):
    """Learn each variant's prior variance from its annotations, by the full likelihood of whole-genome summary statistics.

    Every LD block is one observation. Blocks held out for validation stop the training; blocks held out for testing show whether the annotations help.
    """

    sumstats: Annotated[Path, Option("Summary statistics, made by `lucidseq encode sumstats`."), In(Format.TSV, schema=SUMSTATS)]
    ld: Annotated[Path, Option("LD blocks, made by `lucidseq encode ld`."), In(Format.HDF5, schema=LD)]
    annotations: Annotated[
        Path, Option("Annotations of the variants, made by `lucidseq encode annotations`."), In(Format.HDF5, schema=ANNOTATIONS)
    ]
    model: Annotated[PriorModel, Option("How the prior variance depends on the annotations.")] = PriorModel.LOG_LINEAR
    hidden: Annotated[int, Option("Units of each of the two hidden layers of mlp.", min=1, max=4096)] = 64
    keep: Annotated[
        float, Option("Share of the variance of the LD to keep in each block; the rest is mostly noise of a panel.", min=0.1, max=1.0)
    ] = 0.95
    residual_scale: Annotated[ResidualScale, Option("Whether the residual scale is estimated; fixed needs LD of the same samples.")] = (
        ResidualScale.FREE
    )
    test_share: Annotated[float, Option("Share of the blocks held out for testing.", min=0.0, max=0.8)] = 0.2
    valid_share: Annotated[float, Option("Share of the blocks held out for early stopping.", min=0.01, max=0.8)] = 0.15
    test_contigs: Annotated[str | None, Option("Chromosomes held out for testing, comma separated, instead of a share.")] = None
    epochs: Annotated[int, Option("Largest number of epochs, passes over the blocks.", min=1, max=10000)] = 60
    patience: Patience = 8
    learning_rate: Annotated[
        float | None, Option("Peak of the learning rate (default: 0.02 log-linear, 0.003 mlp).", min=1e-07, max=1.0)
    ] = None
    weight_decay: Annotated[float, Option("Decoupled weight decay (AdamW).", min=0.0, max=10.0)] = 0.01
    ensemble: Ensemble = 1
    seed: Seed = 1
    threads: Threads = 1
    resume: Resume = False
    checkpoint_dir: CheckpointDir = None


fit = tool.command(
    "fit",
    FitOptions,
    run="lucidseq.prior.run:fit",
    outputs={
        "model": OutFile(".prior.keras", Format.KERAS, "Network from annotations to log prior variance.", schema=MODEL),
        "prior": OutFile(".prior.tsv.gz", Format.TSV, "Prior variance and posterior effect of every variant.", schema=PRIOR),
        "blocks": OutFile(".blocks.tsv", Format.TSV, "Log-likelihood, residual scale and counts of each block.", schema=PRIOR_BLOCKS),
        "history": OutFile(".history.tsv", Format.TSV, "Losses by epoch.", schema=HISTORY),
    },
    label="process_medium",
    gpu=True,
    methods=Methods(
        "Prior variances of variants were learned from annotations by the full likelihood of the summary statistics.",
        "Zhu and Stephens 2017, Ann. Appl. Stat. 11:1561 (likelihood of summary statistics)",
    ),
)
