"""Command line of `lucidseq-train`: options only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.choices import SplitChoice
from lucidseq.core.options import CheckpointDir, Ensemble, Option, Options, Patience, Resume, Seed, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import CURVES, HISTORY, METRICS, MODEL, PREDICTIONS, SEQUENCES
from lucidseq.train.choices import Architecture, ClassWeights, FirstActivation

tool = Tool("train", "Train, apply and evaluate sequence networks.", image="nets")
main = tool.main
_Dataset = Annotated[Path, Option("Sequences, made by `lucidseq encode sequences`."), In(Format.HDF5, schema=SEQUENCES)]
_BatchSize = Annotated[int, Option("Sequences a step.", min=1, max=65536)]


@dataclass(frozen=True, kw_only=True)
class FitOptions(Options):
    """Train a convolutional network, or an ensemble, on the training split of a dataset.

    The dataset's task chooses the output: probability (binary), mean (regression) or rate (counts). The validation split
    decides when to stop and which epoch is kept; the test split is never read.
    """

    dataset: _Dataset
    architecture: Annotated[Architecture, Option("cnn-deep pools in small steps; cnn-shallow holds whole motifs in its filters.")] = (
        Architecture.CNN_DEEP
    )
    first_activation: Annotated[FirstActivation, Option("Activation of the first layer; exponential gives clearer motifs.")] = (
        FirstActivation.EXPONENTIAL
    )
    filters: Annotated[int, Option("Filters of the first layer; later layers grow with it.", min=2, max=2048)] = 32
    epochs: Annotated[
        int | None,
        Option("Largest number of passes over the training sequences (default: about 2,000 steps, 5 to 40 passes).", min=1, max=10000),
    ] = None
    patience: Patience = 8
    batch_size: _BatchSize = 64
    learning_rate: Annotated[float, Option("Peak of the learning rate, which rises, then falls to a tenth.", min=1e-07, max=1.0)] = 0.005
    weight_decay: Annotated[float, Option("Decoupled weight decay (AdamW) of kernels.", min=0.0, max=1.0)] = 0.01
    dropout_scale: Annotated[float, Option("Factor on the dropout rates, 0.1 to 0.5 from first to last.", min=0.0, max=2.0)] = 1.0
    reverse_complement: Annotated[bool, Option("Train on either strand at random; switch off for strand-specific targets.")] = True
    ensemble: Ensemble = 1
    class_weights: Annotated[ClassWeights, Option("balanced gives both labels the same weight; predictions are then no frequencies.")] = (
        ClassWeights.NONE
    )
    mixed_precision: Annotated[bool, Option("Compute in 16 bits where there is a GPU.")] = False
    seed: Seed = 1
    threads: Threads = 1
    resume: Resume = False
    checkpoint_dir: CheckpointDir = None


fit = tool.command(
    "fit",
    FitOptions,
    run="lucidseq.train.run_fit:fit",
    outputs={
        "model": OutFile(".keras", Format.KERAS, "Trained network or ensemble.", schema=MODEL),
        "history": OutFile(".history.tsv", Format.TSV, "Losses by epoch.", schema=HISTORY),
    },
    label="process_medium",
    gpu=True,
    methods=Methods(
        "Convolutional networks were trained with reverse-complement augmentation and early stopping on a validation split.",
        "Koo and Ploenzke 2021, Nat. Mach. Intell. 3:258 (exponential activations)",
        "Chollet et al. 2015, Keras",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PredictOptions(Options):
    """Apply a network to the sequences of a dataset."""

    model: Annotated[
        Path, Option("Network, made by `lucidseq train fit` or any Keras model of sequences."), In(Format.KERAS, Format.HDF5, schema=MODEL)
    ]
    dataset: _Dataset
    split: Annotated[SplitChoice, Option("Part of the dataset to predict.")] = SplitChoice.ALL
    reverse_complement_average: Annotated[bool, Option("Average the predictions of both strands.")] = True
    batch_size: _BatchSize = 512
    threads: Threads = 1


predict = tool.command(
    "predict",
    PredictOptions,
    run="lucidseq.train.run_predict:predict",
    outputs={"predictions": OutFile(".predictions.tsv.gz", Format.TSV, "Predictions.", schema=PREDICTIONS)},
    label="process_low",
    gpu=True,
    methods=Methods("Predictions were averaged over both strands."),
)


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(Options):
    """Measure predictions against observed targets, with bootstrap intervals and calibration."""

    predictions: Annotated[
        Path, Option("Predictions with observed targets, made by `lucidseq train predict`."), In(Format.TSV, schema=PREDICTIONS)
    ]
    split: Annotated[SplitChoice, Option("Rows to judge the predictions by.")] = SplitChoice.TEST
    bootstrap_samples: Annotated[int, Option("Resamples behind each interval.", min=20, max=100000)] = 500
    seed: Seed = 1
    threads: Threads = 1


evaluate = tool.command(
    "evaluate",
    EvaluateOptions,
    run="lucidseq.train.run_evaluate:evaluate",
    outputs={
        "metrics": OutFile(".metrics.tsv", Format.TSV, "Metrics, overall and by contig.", schema=METRICS),
        "curves": OutFile(".curves.tsv", Format.TSV, "ROC, precision-recall and reliability.", schema=CURVES),
    },
    label="process_single",
    methods=Methods(
        "Predictions were evaluated on held-out sequences with bootstrap intervals.",
        "Efron and Tibshirani 1993, An Introduction to the Bootstrap",
    ),
)
