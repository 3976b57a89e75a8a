"""Options of `lucidseq-attribute`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.attribute.choices import Engine, Method, Reduce, Reference, Select
from lucidseq.core.app import Methods, Tool
from lucidseq.core.choices import SplitChoice
from lucidseq.core.options import Option, Options, Seed, Shard, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import ATTRIBUTIONS, MODEL, SEQUENCES

tool = Tool("attribute", "Explain networks base by base.", image="nets")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class MapsOptions(Options):
    """Score every base of sequences by its contribution to a prediction (on the logit or log scale).

    Works with networks of lucidseq and any functional or sequential Keras model with one sequence input. Every file carries how
    closely the scores of a sequence sum to the difference they explain (completeness error).
    """

    model: Annotated[
        Path, Option("Network, made by `lucidseq train fit` or any Keras model of sequences."), In(Format.KERAS, Format.HDF5, schema=MODEL)
    ]
    dataset: Annotated[Path, Option("Sequences to explain, made by `lucidseq encode sequences`."), In(Format.HDF5, schema=SEQUENCES)]
    method: Annotated[Method, Option("How the prediction is shared among the bases.")] = Method.DEEPSHAP
    engine: Annotated[Engine, Option("Implementation of deepshap: lucidseq's own, or the shap package (no hypothetical scores).")] = (
        Engine.OWN
    )
    target: Annotated[str | None, Option("Target to explain, by name or number from 0 (default: the first).")] = None
    output: Annotated[str | None, Option("Output of a model with several, by name or number from 0 (default: the first).")] = None
    reduce: Annotated[Reduce, Option("How a profile over positions becomes the one number explained.")] = Reduce.SUM
    split: Annotated[SplitChoice, Option("Part of the dataset.")] = SplitChoice.TEST
    max_sequences: Annotated[int, Option("Largest number of sequences to explain; 0 for all.", min=0)] = 500
    select: Annotated[
        Select, Option("Sequences to take when there are more: a random sample, the highest predictions, or the first in the file.")
    ] = Select.RANDOM
    reference: Annotated[Reference, Option("What deepshap and integrated-gradients compare a sequence with.")] = (
        Reference.DINUCLEOTIDE_SHUFFLE
    )
    references: Annotated[int, Option("Shuffles of each sequence.", min=1, max=1000)] = 20
    steps: Annotated[int, Option("Steps of each path of integrated-gradients.", min=2, max=10000)] = 50
    correct: Annotated[bool, Option("Subtract from gradients the mean over the four bases (saliency and integrated-gradients).")] = True
    reverse_complement_average: Annotated[bool, Option("Explain the average over both strands; switch off for strand-specific models.")] = (
        True
    )
    logos: Annotated[int, Option("Logos to draw.", min=0, max=1000)] = 10
    batch_size: Annotated[int, Option("Sequences, references or mutants that pass the network at once.", min=1)] = 512
    shard: Shard = None
    seed: Seed = 1
    threads: Threads = 1


_PUBLISHED = {
    Method.DEEPSHAP: Methods(
        "differences from reference sequences (DeepLIFT, averaged over references as in DeepSHAP)",
        "Shrikumar et al. 2017, ICML (DeepLIFT)",
        "Lundberg and Lee 2017, NeurIPS (SHAP)",
    ),
    Method.INTEGRATED_GRADIENTS: Methods("integrated gradients", "Sundararajan et al. 2017, ICML (integrated gradients)"),
    Method.SALIENCY: Methods("gradients (saliency)", "Simonyan et al. 2014, ICLR workshop (saliency)"),
    Method.ISM: Methods("mutagenesis in silico", "Zhou and Troyanskaya 2015, Nat. Methods 12:931"),
}
_CORRECTION = "Majdandzic et al. 2023, Genome Biol. 24:109 (gradient correction)"


def _maps_methods(options: MapsOptions) -> Methods:
    published = _PUBLISHED[options.method]
    text = f"Predictions were attributed to bases by {published.text}."
    if options.correct and options.method in (Method.INTEGRATED_GRADIENTS, Method.SALIENCY):
        return Methods(f"{text} Gradients were corrected for the simplex of one-hot sequences.", *published.citations, _CORRECTION)
    return Methods(text, *published.citations)


maps = tool.command(
    "maps",
    MapsOptions,
    run="lucidseq.attribute.run:maps",
    outputs={
        "attributions": OutFile(".attributions.h5", Format.HDF5, "Scores of every base.", schema=ATTRIBUTIONS),
        "track": OutFile(".attributions.bw", Format.BIGWIG, "Contributions along the genome, overlapping windows averaged.", optional=True),
        "logos": OutFile(".logos", Format.DIRECTORY, "Logos of the sequences with the strongest scores (PNG).", optional=True),
    },
    label="process_medium",
    gpu=True,
    methods=_maps_methods,
)
