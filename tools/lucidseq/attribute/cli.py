"""Options of `lucidseq-attribute`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.attribute.choices import Engine, Method, Reduce, Reference, Select, Split
from lucidseq.core.app import Tool
from lucidseq.core.options import Seed, Shard, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("attribute", "Explain networks base by base.")
main = tool.main


@tool.command(run="lucidseq.attribute.run:maps", label="process_medium", gpu=True)
def maps(
    model: Annotated[
        Path,
        typer.Option("--model", help="Network, made by `lucidseq train fit` or any Keras model of sequences."),
        In(Format.KERAS, schema="lucidseq.model"),
    ],
    dataset: Annotated[
        Path,
        typer.Option("--dataset", help="Sequences to explain, made by `lucidseq encode sequences`."),
        In(Format.HDF5, schema="lucidseq.sequences"),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            attributions=OutFile(".attributions.h5", Format.HDF5, "Scores of every base.", schema="lucidseq.attributions"),
            track=OutFile(
                ".attributions.bw", Format.BIGWIG, "Contributions along the genome, overlapping windows averaged.", optional=True
            ),
            logos=OutFile(".logos", Format.DIRECTORY, "Logos of the sequences with the strongest scores (PNG).", optional=True),
        ),
    ],
    method: Annotated[Method, typer.Option("--method", help="How the prediction is shared among the bases.")] = Method.DEEPSHAP,
    engine: Annotated[
        Engine, typer.Option("--engine", help="Implementation of deepshap: our own, or the shap package (no hypothetical scores).")
    ] = Engine.OWN,
    target: Annotated[
        str | None, typer.Option("--target", help="Target to explain, by name or number from 0 (default: the first).")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", help="Output of a model with several, by name or number from 0 (default: the first).")
    ] = None,
    reduce: Annotated[Reduce, typer.Option("--reduce", help="How a profile over positions becomes the one number explained.")] = Reduce.SUM,
    split: Annotated[Split, typer.Option("--split", help="Part of the dataset.")] = Split.TEST,
    max_sequences: Annotated[int, typer.Option("--max-sequences", min=0, help="Explain at most so many sequences; 0 for all.")] = 500,
    select: Annotated[
        Select,
        typer.Option("--select", help="Which, when there are more: a random sample, the highest predictions, or the first in the file."),
    ] = Select.RANDOM,
    reference: Annotated[
        Reference, typer.Option("--reference", help="What deepshap and integrated-gradients compare a sequence with.")
    ] = Reference.DINUCLEOTIDE_SHUFFLE,
    references: Annotated[int, typer.Option("--references", min=1, max=1000, help="Shuffles of each sequence.")] = 20,
    steps: Annotated[int, typer.Option("--steps", min=2, max=10000, help="Steps of each path of integrated-gradients.")] = 50,
    correct: Annotated[
        bool,
        typer.Option(
            "--correct/--no-correct", help="Take from gradients the mean over the four bases (saliency and integrated-gradients)."
        ),
    ] = True,
    reverse_complement_average: Annotated[
        bool,
        typer.Option(
            "--reverse-complement-average/--no-reverse-complement-average",
            help="Explain the average over both strands; switch off for strand-specific models.",
        ),
    ] = True,
    logos: Annotated[int, typer.Option("--logos", min=0, max=1000, help="Logos to draw.")] = 10,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Sequences, references or mutants that pass the network at once.")
    ] = 512,
    shard: Shard = None,
    seed: Seed = 1,
    threads: Threads = 1,
) -> None:
    """Score every base of sequences by what it contributes to a prediction (on the logit or log scale).

    Works with networks of lucidseq and any functional or sequential Keras model with one sequence input. Every file carries how
    closely the scores of a sequence sum to the difference they explain (completeness error).
    """
