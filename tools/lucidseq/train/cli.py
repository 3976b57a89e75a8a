"""Command line of `lucidseq-train`: options only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import CheckpointDir, Resume, Seed, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.train.choices import Architecture, ClassWeights, FirstActivation, Split

tool = Tool("train", "Train, apply and evaluate sequence networks.")
main = tool.main

_Dataset = Annotated[
    Path, typer.Option("--dataset", help="Sequences, made by `lucidseq encode sequences`."), In(Format.HDF5, schema="lucidseq.sequences")
]
_BatchSize = Annotated[int, typer.Option("--batch-size", min=1, max=65536, help="Sequences a step.")]


@tool.command(run="lucidseq.train.run_fit:fit", label="process_medium", gpu=True)
def fit(
    dataset: _Dataset,
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            model=OutFile(".keras", Format.KERAS, "Trained network or ensemble.", schema="lucidseq.model"),
            history=OutFile(".history.tsv", Format.TSV, "Losses by epoch.", schema="lucidseq.history"),
        ),
    ],
    architecture: Annotated[
        Architecture, typer.Option("--architecture", help="cnn-deep pools in small steps; cnn-shallow holds whole motifs in its filters.")
    ] = Architecture.CNN_DEEP,
    first_activation: Annotated[
        FirstActivation, typer.Option("--first-activation", help="Activation of the first layer; exponential gives clearer motifs.")
    ] = FirstActivation.EXPONENTIAL,
    filters: Annotated[int, typer.Option("--filters", min=2, max=2048, help="Filters of the first layer; later layers grow with it.")] = 32,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            min=1,
            max=10000,
            help="Largest number of passes over the training sequences (default: about 2,000 steps, 5 to 40 passes).",
        ),
    ] = None,
    patience: Annotated[
        int, typer.Option("--patience", min=1, max=10000, help="Stop after this many epochs without a better validation loss.")
    ] = 8,
    batch_size: _BatchSize = 64,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", min=1e-7, max=1.0, help="Peak of the learning rate, which rises, then falls to a tenth.")
    ] = 0.005,
    weight_decay: Annotated[
        float, typer.Option("--weight-decay", min=0.0, max=1.0, help="Decoupled weight decay (AdamW) of kernels.")
    ] = 0.01,
    dropout_scale: Annotated[
        float, typer.Option("--dropout-scale", min=0.0, max=2.0, help="Factor on the dropout rates, 0.1 to 0.5 from first to last.")
    ] = 1.0,
    reverse_complement: Annotated[
        bool,
        typer.Option(
            "--reverse-complement/--no-reverse-complement", help="Train on either strand at random; switch off for strand-specific targets."
        ),
    ] = True,
    ensemble: Annotated[
        int, typer.Option("--ensemble", min=1, max=100, help="Networks to train with different seeds, kept in one file.")
    ] = 1,
    class_weights: Annotated[
        ClassWeights,
        typer.Option("--class-weights", help="balanced gives both labels the same weight; predictions are then no frequencies."),
    ] = ClassWeights.NONE,
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision/--no-mixed-precision", help="Compute in 16 bits where there is a GPU.")
    ] = False,
    seed: Seed = 1,
    threads: Threads = 1,
    resume: Resume = False,
    checkpoint_dir: CheckpointDir = None,
) -> None:
    """Train a convolutional network, or an ensemble, on the training split of a dataset.

    The dataset's task chooses the output: probability (binary), mean (regression) or rate (counts). The validation split
    decides when to stop and which epoch is kept; the test split is never read.
    """


@tool.command(run="lucidseq.train.run_predict:predict", label="process_low", gpu=True)
def predict(
    model: Annotated[
        Path,
        typer.Option("--model", help="Network, made by `lucidseq train fit` or any Keras model of sequences."),
        In(Format.KERAS, schema="lucidseq.model"),
    ],
    dataset: _Dataset,
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(predictions=OutFile(".predictions.tsv.gz", Format.TSV, "Predictions.", schema="lucidseq.predictions")),
    ],
    split: Annotated[Split, typer.Option("--split", help="Part of the dataset to predict.")] = Split.ALL,
    reverse_complement_average: Annotated[
        bool, typer.Option("--reverse-complement-average/--no-reverse-complement-average", help="Average the predictions of both strands.")
    ] = True,
    batch_size: _BatchSize = 512,
    threads: Threads = 1,
) -> None:
    """Apply a network to the sequences of a dataset."""


@tool.command(run="lucidseq.train.run_evaluate:evaluate", label="process_single")
def evaluate(
    predictions: Annotated[
        Path,
        typer.Option("--predictions", help="Predictions with observed targets, made by `lucidseq train predict`."),
        In(Format.TSV, schema="lucidseq.predictions"),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            metrics=OutFile(".metrics.tsv", Format.TSV, "Metrics, overall and by contig.", schema="lucidseq.metrics"),
            curves=OutFile(".curves.tsv", Format.TSV, "ROC, precision-recall and reliability.", schema="lucidseq.curves"),
        ),
    ],
    split: Annotated[Split, typer.Option("--split", help="Rows to judge the predictions by.")] = Split.TEST,
    bootstrap_samples: Annotated[
        int, typer.Option("--bootstrap-samples", min=20, max=100000, help="Resamples behind each interval.")
    ] = 500,
    seed: Seed = 1,
    threads: Threads = 1,
) -> None:
    """Measure predictions against observed targets, with bootstrap intervals and calibration."""
