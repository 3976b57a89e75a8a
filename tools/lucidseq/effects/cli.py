"""Options of `lucidseq-effects`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.options import Option, Options, Shard, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import EFFECTS, MODEL
from lucidseq.effects.choices import RefMismatch

tool = Tool("effects", "Score variants with a network.", image="nets")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class VariantsOptions(Options):
    """Score variants: the model's output with ALT less its output with REF, on the logit or log scale.

    Both alleles are placed in the middle of a window of the genome; both strands are averaged; an ensemble gives the spread of
    its members. Deletions take more of the genome on the right, so that both windows have the model's length.
    """

    model: Annotated[
        Path, Option("Network, made by `lucidseq train fit` or any Keras model of sequences."), In(Format.KERAS, Format.HDF5, schema=MODEL)
    ]
    variants: Annotated[list[Path], Option("Variants (VCF or BCF; repeat for several files)."), In(Format.VCF)]
    fasta: Annotated[Path, Option("Reference genome of the variants (FASTA)."), In(Format.FASTA)]
    regions: Annotated[Path | None, Option("Score only variants inside these regions (BED)."), In(Format.BED)] = None
    ref_mismatch: Annotated[RefMismatch, Option("When REF is not the genome's base: stop, or skip and count the variant.")] = (
        RefMismatch.ERROR
    )
    max_allele_length: Annotated[int, Option("Longest allele that is scored (bp).", min=1, max=1000)] = 50
    window: Annotated[int | None, Option("Window around a variant (bp), for models that take any length.", min=10)] = None
    info_key: Annotated[str, Option("Name of the scores in the annotated variants; scores of a second model need another.")] = "LSEQ"
    batch_size: Annotated[int, Option("Sequences of one step.", min=1)] = 256
    shard: Shard = None
    threads: Threads = 1


variants = tool.command(
    "variants",
    VariantsOptions,
    run="lucidseq.effects.run:variants",
    outputs={
        "effects": OutFile(".effects.tsv.gz", Format.TSV, "Scores of every variant and target.", schema=EFFECTS),
        "annotated": OutFile(".effects.vcf.gz", Format.VCF, "The variants, with their scores in an INFO field (no genotypes)."),
        "annotated_index": OutFile(".effects.vcf.gz.tbi", Format.TABIX, "Its index."),
    },
    label="process_low",
    gpu=True,
    methods=Methods(
        "Variants were scored by the difference of the network's output between alleles.", "Zhou and Troyanskaya 2015, Nat. Methods 12:931"
    ),
)
