"""Command line of `lucidseq encode sequences`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options, Seed
from lucidseq.core.roles import Format, In, Needs, OutFile
from lucidseq.core.schema import SEQUENCES
from lucidseq.encode.haplotypes.choices import PhaseSets
from lucidseq.encode.options import Build, qc, tool
from lucidseq.encode.sequences.choices import LabelColumn, NearCopies, Negatives, SignalStatistic, SignalTransform, Task


@dataclass(frozen=True, kw_only=True)
class SequencesOptions(Options):
    """Encode sequences with targets and splits.

    Sequences are windows of a genome (--fasta with --regions or --gtf), records of a FASTA (--fasta), or two classes (--positive and
    --negative). Contigs are read from headers such as name|chr1:100-200.
    """

    fasta: Annotated[Path | None, Option("Genome (with --regions), or sequences, one per record."), In(Format.FASTA)] = None
    regions: Annotated[Path | None, Option("BED or narrowPeak file of regions of the genome."), In(Format.BED)] = None
    gtf: Annotated[
        Path | None,
        Option("Genes: windows around their transcription start sites instead of --regions; --stranded reads them along the gene."),
        In(Format.GTF),
    ] = None
    gene_type: Annotated[
        str | None, Option("gene_type or gene_biotype of --gtf to keep, such as protein_coding; default: all."), Needs("gtf")
    ] = None
    one_hot: Annotated[
        Path | None, Option("HDF5 file with arrays x_train, y_train, x_valid, ... of one-hot sequences and targets."), In(Format.HDF5)
    ] = None
    signal: Annotated[
        list[Path] | None, Option("bigWig whose signal over each window is the target. Repeat for more targets."), In(Format.BIGWIG)
    ] = None
    positive: Annotated[Path | None, Option("FASTA of the positive class, with --negative."), In(Format.FASTA)] = None
    negative: Annotated[Path | None, Option("FASTA of the negative class."), In(Format.FASTA)] = None
    labels: Annotated[
        Path | None, Option("TSV of id, targets and optionally split (train, valid, test), for --fasta or --regions."), In(Format.TSV)
    ] = None
    window: Annotated[
        int | None, Option("Length (bp) to cut around the centre; records are cropped or padded to it.", min=8, max=1000000)
    ] = None
    stranded: Annotated[bool, Option("Read regions on the minus strand as reverse complements.")] = False
    label_column: Annotated[LabelColumn, Option("Column of --regions that holds the target: score, or name (one class per name).")] = (
        LabelColumn.NONE
    )
    signal_statistic: Annotated[SignalStatistic, Option("How the signal of a window becomes one number."), Needs("signal")] = (
        SignalStatistic.MEAN
    )
    signal_transform: Annotated[SignalTransform, Option("Transformation of that number."), Needs("signal")] = SignalTransform.NONE
    bin_size: Annotated[int | None, Option("Also store the signal of bins of so many bases along the window; 1 is every base.", min=1)] = (
        None
    )
    target_window: Annotated[
        int | None, Option("Bases in the middle of the window that the bins cover; default: the whole window.", min=1)
    ] = None
    negatives: Annotated[
        Negatives,
        Option(
            "gc-matched: windows outside --regions with the same GC share, as class 0; gc-repeat-matched: with the same share of soft-masked repeats too."
        ),
    ] = Negatives.NONE
    negatives_per_positive: Annotated[int, Option("Negatives drawn for each region.", min=1, max=20), Needs("negatives")] = 1
    negatives_from: Annotated[
        Path | None,
        Option("BED file, such as accessible regions, on whose middles negatives are centred; default: anywhere."),
        In(Format.BED),
    ] = None
    blacklist: Annotated[
        Path | None, Option("BED file; windows that overlap it are removed, and no negatives are drawn there."), In(Format.BED)
    ] = None
    variants: Annotated[
        Path | None,
        Option("Phased VCF (bgzip) or BCF: every window is written once for each haplotype of each sample, with its alleles."),
        In(Format.VCF),
    ] = None
    phase_sets: Annotated[
        PhaseSets,
        Option(
            "Windows in which a sample of --variants has heterozygous calls of several phase sets (PS): refuse the file, or break: alleles of other sets than that at the window's middle stay as the reference."
        ),
        Needs("variants"),
    ] = PhaseSets.REFUSE
    samples: Annotated[
        Path | None, Option("Text file of the samples of --variants to use, one name per line; default: all."), In(Format.TSV)
    ] = None
    near_copies: Annotated[
        NearCopies, Option("separate: similar sequences (shifted, mutated, on either strand) are kept in one split.")
    ] = NearCopies.KEEP
    near_copy_similarity: Annotated[
        float, Option("Least share (Jaccard) of 12-mers in common that makes two sequences near-copies.", min=0.05, max=1)
    ] = 0.2
    task: Annotated[Task, Option("auto: regression for signal and other numbers, binary where all targets are 0 or 1.")] = Task.AUTO
    target_name: Annotated[str, Option("Name of the target of classes or --negatives.")] = "label"
    test_contigs: Annotated[str | None, Option("Contigs held out for testing, comma separated.")] = None
    valid_contigs: Annotated[str | None, Option("Contigs for early stopping, comma separated.")] = None
    test_share: Annotated[float, Option("Random share held out for testing, without --test-contigs.", min=0, max=0.9)] = 0.1
    valid_share: Annotated[float, Option("Random share of the rest for early stopping, without --valid-contigs.", min=0, max=0.9)] = 0.1
    max_n_share: Annotated[float, Option("Largest share of N of a sequence.", min=0, max=1)] = 0.1
    build: Build = "unknown"
    seed: Seed = 1


def _methods(options: SequencesOptions) -> Methods:
    genome = options.regions is not None or options.gtf is not None
    sentences = ["Sequences were taken from the reference genome." if genome else "Sequences were encoded."]
    if options.variants is not None:
        sentences.append("The alleles of each sample's haplotypes were inserted.")
    if options.test_contigs:
        sentences.append("Whole contigs were held out for testing.")
    if options.near_copies is not NearCopies.SEPARATE:
        return Methods(" ".join(sentences))
    sentences.append("Sequences that share many 12-mers were kept on one side of the split.")
    return Methods(" ".join(sentences), "Broder 1997, Compression and Complexity of Sequences 21 (MinHash)")


sequences = tool.command(
    "sequences",
    SequencesOptions,
    run="lucidseq.encode.sequences.run:sequences",
    outputs={"dataset": OutFile(".sequences.h5", Format.HDF5, "Sequence dataset.", schema=SEQUENCES), "qc": qc("sequences")},
    label="process_low",
    methods=_methods,
)
