"""Options of `lucidseq-effects`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import Shard, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.effects.choices import RefMismatch

tool = Tool("effects", "Score variants with a network.")
main = tool.main


@tool.command(run="lucidseq.effects.run:variants", label="process_low", gpu=True)
def variants(
    model: Annotated[Path, typer.Option("--model", help="Sequence model (.keras)."), In(Format.KERAS, schema="lucidseq.model")],
    variants: Annotated[list[Path], typer.Option("--variants", help="Variants (VCF or BCF; repeat for several files)."), In(Format.VCF)],
    fasta: Annotated[Path, typer.Option("--fasta", help="Reference genome of the variants (FASTA)."), In(Format.FASTA)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            effects=OutFile(".effects.tsv.gz", Format.TSV, "Scores of every variant and target.", schema="lucidseq.effects"),
            annotated=OutFile(".effects.vcf.gz", Format.VCF, "The variants, with their scores in INFO/LSEQ (no genotypes)."),
            annotated_index=OutFile(".effects.vcf.gz.tbi", Format.TABIX, "Its index."),
        ),
    ],
    regions: Annotated[
        Path | None, typer.Option("--regions", help="Score only variants inside these regions (BED)."), In(Format.BED)
    ] = None,
    ref_mismatch: Annotated[
        RefMismatch, typer.Option("--ref-mismatch", help="When REF is not the genome's base: stop, or skip and count the variant.")
    ] = RefMismatch.ERROR,
    max_allele_length: Annotated[
        int, typer.Option("--max-allele-length", min=1, max=1000, help="Longest allele that is scored (bp).")
    ] = 50,
    window: Annotated[
        int | None, typer.Option("--window", min=10, help="Window around a variant (bp), for models that take any length.")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Sequences of one step.")] = 256,
    shard: Shard = None,
    threads: Threads = 1,
) -> None:
    """Score variants: the model's output with ALT less its output with REF, on the logit or log scale.

    Both alleles stand in the middle of a window of the genome; both strands are averaged; an ensemble gives the spread of its
    members. Deletions take more of the genome on the right, so that both windows have the model's length.
    """
