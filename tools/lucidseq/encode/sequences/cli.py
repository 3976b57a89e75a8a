"""Command line of `lucidseq encode sequences`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Seed
from lucidseq.core.roles import Format, In, Needs, OutFile, OutputPrefix
from lucidseq.encode.options import Build, qc, tool
from lucidseq.encode.sequences.choices import LabelColumn, NearCopies, Negatives, SignalStatistic, SignalTransform, Task


@tool.command(run="lucidseq.encode.sequences.run:sequences", label="process_low")
def sequences(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(dataset=OutFile(".sequences.h5", Format.HDF5, "Sequence dataset.", schema="lucidseq.sequences"), qc=qc("sequences")),
    ],
    fasta: Annotated[
        Path | None, typer.Option("--fasta", help="Genome (with --regions), or sequences, one a record."), In(Format.FASTA)
    ] = None,
    regions: Annotated[
        Path | None, typer.Option("--regions", help="BED or narrowPeak file of regions of the genome."), In(Format.BED)
    ] = None,
    gtf: Annotated[
        Path | None,
        typer.Option(
            "--gtf",
            help="Genes, to cut windows around transcription start sites instead of --regions; --stranded reads them along the gene.",
        ),
        In(Format.GTF),
    ] = None,
    gene_type: Annotated[
        str | None,
        typer.Option("--gene-type", help="gene_type or gene_biotype of --gtf to take, such as protein_coding; all when not given."),
        Needs("gtf"),
    ] = None,
    one_hot: Annotated[
        Path | None,
        typer.Option("--one-hot", help="HDF5 file with arrays x_train, y_train, x_valid, ... of one-hot sequences and targets."),
        In(Format.HDF5),
    ] = None,
    signal: Annotated[
        list[Path] | None,
        typer.Option("--signal", help="bigWig whose signal over each window is the target; give the option again for more targets."),
        In(Format.BIGWIG),
    ] = None,
    positive: Annotated[
        Path | None, typer.Option("--positive", help="FASTA of the positive class, with --negative."), In(Format.FASTA)
    ] = None,
    negative: Annotated[Path | None, typer.Option("--negative", help="FASTA of the negative class."), In(Format.FASTA)] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="TSV of id, targets and, if wanted, split (train, valid, test), for --fasta or --regions."),
        In(Format.TSV),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option("--window", min=8, max=1_000_000, help="Length (bp) to cut around the centre; records are cropped or padded to it."),
    ] = None,
    stranded: Annotated[
        bool, typer.Option("--stranded/--no-stranded", help="Read regions on the minus strand as reverse complements.")
    ] = False,
    label_column: Annotated[
        LabelColumn, typer.Option("--label-column", help="Column of --regions that holds the target: score, or name (one class a name).")
    ] = LabelColumn.NONE,
    signal_statistic: Annotated[
        SignalStatistic, typer.Option("--signal-statistic", help="How the signal of a window becomes one number."), Needs("signal")
    ] = SignalStatistic.MEAN,
    signal_transform: Annotated[
        SignalTransform, typer.Option("--signal-transform", help="What is done to that number."), Needs("signal")
    ] = SignalTransform.NONE,
    bin_size: Annotated[
        int | None,
        typer.Option("--bin-size", min=1, help="Also store the signal of bins of so many bases along the window; 1 is every base."),
    ] = None,
    target_window: Annotated[
        int | None,
        typer.Option(
            "--target-window", min=1, help="Bases in the middle of the window that the bins cover; the whole window when not given."
        ),
    ] = None,
    negatives: Annotated[
        Negatives,
        typer.Option(
            "--negatives",
            help="gc-matched: windows outside --regions with the same GC share, as class 0; gc-repeat-matched: with the same share of soft-masked repeats too.",
        ),
    ] = Negatives.NONE,
    negatives_per_positive: Annotated[
        int, typer.Option("--negatives-per-positive", min=1, max=20, help="Negatives drawn for each region."), Needs("negatives")
    ] = 1,
    negatives_from: Annotated[
        Path | None,
        typer.Option(
            "--negatives-from",
            help="BED file, such as accessible regions, in whose middles negatives are centred; anywhere when not given.",
        ),
        In(Format.BED),
    ] = None,
    blacklist: Annotated[
        Path | None,
        typer.Option("--blacklist", help="BED file; windows that overlap it are left out, and no negatives are drawn there."),
        In(Format.BED),
    ] = None,
    variants: Annotated[
        Path | None,
        typer.Option(
            "--variants",
            help="Phased VCF (bgzip) or BCF: every window is written once for each haplotype of each sample, with its alleles.",
        ),
        In(Format.VCF),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", help="Text file of the samples of --variants to take, one name a line; all when not given."),
        In(Format.TSV),
    ] = None,
    near_copies: Annotated[
        NearCopies,
        typer.Option("--near-copies", help="separate: sequences alike (shifted, mutated, on either strand) never lie in two splits."),
    ] = NearCopies.KEEP,
    near_copy_similarity: Annotated[
        float,
        typer.Option(
            "--near-copy-similarity",
            min=0.05,
            max=1,
            help="Least share (Jaccard) of 12-mers in common that makes two sequences near-copies.",
        ),
    ] = 0.2,
    task: Annotated[
        Task, typer.Option("--task", help="auto: regression for signal and other numbers, binary where all targets are 0 or 1.")
    ] = Task.AUTO,
    target_name: Annotated[str, typer.Option("--target-name", help="Name of the target that classes or --negatives make.")] = "label",
    test_contigs: Annotated[str | None, typer.Option("--test-contigs", help="Contigs held out for testing, comma separated.")] = None,
    valid_contigs: Annotated[str | None, typer.Option("--valid-contigs", help="Contigs for early stopping, comma separated.")] = None,
    test_share: Annotated[
        float, typer.Option("--test-share", min=0, max=0.9, help="Random share held out for testing where there are no --test-contigs.")
    ] = 0.1,
    valid_share: Annotated[
        float,
        typer.Option(
            "--valid-share", min=0, max=0.9, help="Random share of the rest for early stopping where there are no --valid-contigs."
        ),
    ] = 0.1,
    max_n_share: Annotated[
        float, typer.Option("--max-n-share", min=0, max=1, help="Largest share of N; sequences with more are left out.")
    ] = 0.1,
    build: Build = "unknown",
    seed: Seed = 1,
) -> None:
    """Encode sequences with targets and splits.

    Sequences are windows of a genome (--fasta with --regions or --gtf), records of a FASTA (--fasta), or two classes (--positive and
    --negative). Contigs are read from headers such as name|chr1:100-200.
    """
