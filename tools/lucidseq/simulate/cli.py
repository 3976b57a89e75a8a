"""Options of `lucidseq-simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import Seed
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("simulate", "Make genomes, sequences and traits with planted truth.")
main = tool.main


@tool.command(run="lucidseq.simulate.run_locus:locus", label="process_low")
def locus(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            fasta=OutFile(".fa", Format.FASTA, "Reference genome."),
            fai=OutFile(".fa.fai", Format.FAI, "Its index."),
            gtf=OutFile(".gtf", Format.GTF, "Genes."),
            gene_sets=OutFile(".gmt", Format.GMT, "Gene sets, one of them causal."),
            peaks=OutFile(".peaks.bed", Format.BED, "Peaks, BED6 with the activity as score (0-1000)."),
            signal=OutFile(".signal.bw", Format.BIGWIG, "Signal over the genome."),
            loci=OutFile(".loci.bed", Format.BED, "Loci that tile the genotyped contig."),
            variants=OutFile(".vcf.gz", Format.VCF, "Phased genotypes of the genotyped contig."),
            variants_index=OutFile(".vcf.gz.tbi", Format.TABIX, "Its index."),
            phenotypes=OutFile(".phenotypes.tsv", Format.TSV, "Sample and trait."),
            recombination=OutFile(".recombination.tsv", Format.TSV, "Hotspot map of the genotyped contig (cM per Mb)."),
            truth_variants=OutFile(".truth.variants.tsv", Format.TSV, "Causal variants.", schema="lucidseq.truth_variants"),
            truth_motifs=OutFile(".truth.motifs.tsv", Format.TSV, "Every planted motif."),
            truth=OutFile(".truth.json", Format.JSON, "Causal gene set, heritability, settings."),
        ),
    ],
    training_contigs: Annotated[
        int, typer.Option("--training-contigs", min=1, max=50, help="Contigs without genotypes, for training networks.")
    ] = 4,
    training_length: Annotated[
        int, typer.Option("--training-length", min=100_000, help="Length of each training contig (bp).")
    ] = 4_500_000,
    genotyped_length: Annotated[
        int, typer.Option("--genotyped-length", min=200_000, help="Length of the genotyped contig, held out from training (bp).")
    ] = 2_000_000,
    peaks: Annotated[int, typer.Option("--peaks", min=20, help="Peaks in the whole genome.")] = 4000,
    peak_width: Annotated[int, typer.Option("--peak-width", min=180, max=2000, help="Width of a peak (bp).")] = 200,
    people: Annotated[int, typer.Option("--people", min=20, help="Genotyped individuals.")] = 1000,
    causal_variants: Annotated[
        int, typer.Option("--causal-variants", min=1, max=100, help="Variants that change the trait, each by breaking a motif.")
    ] = 5,
    heritability: Annotated[
        float, typer.Option("--heritability", min=0.01, max=0.99, help="Share of the trait's variance they explain together.")
    ] = 0.4,
    min_frequency: Annotated[
        float, typer.Option("--min-frequency", min=0.01, max=0.5, help="Smallest minor allele frequency of a causal variant.")
    ] = 0.1,
    min_distance: Annotated[int, typer.Option("--min-distance", min=0, help="Smallest distance between causal variants (bp).")] = 150_000,
    loci: Annotated[int, typer.Option("--loci", min=1, max=1000, help="Loci that the genotyped contig is cut into.")] = 5,
    gene_sets: Annotated[int, typer.Option("--gene-sets", min=2, max=1000, help="Gene sets, one of them causal.")] = 12,
    seed: Seed = 1,
) -> None:
    """Simulate a genome with peaks, genes, genotyped people and a trait whose causal variants break regulatory motifs.

    Haplotypes come first (coalescent with recombination hotspots). Causal variants are then chosen among the common ones, and
    a motif is planted around each so that one allele completes it and the other breaks it. All other peaks follow the same
    grammar: one to three motifs, whose strengths add up to the peak's activity.
    """


@tool.command(run="lucidseq.simulate.run_sequences:sequences")
def sequences(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            fasta=OutFile(".fa", Format.FASTA, "Sequences, named pos_<i> and neg_<i>."),
            labels=OutFile(".labels.tsv", Format.TSV, "id, label and split of every sequence."),
            truth=OutFile(".truth.h5", Format.HDF5, "Per-base probabilities each sequence was drawn from.", schema="lucidseq.base_truth"),
        ),
    ],
    positives: Annotated[int, typer.Option("--positives", min=1, help="Sequences built from core motifs.")] = 10_000,
    negatives: Annotated[int, typer.Option("--negatives", min=1, help="Sequences built from core and background motifs.")] = 10_000,
    length: Annotated[int, typer.Option("--length", min=60, max=10_000, help="Length of a sequence (bp).")] = 200,
    core_motifs: Annotated[
        str, typer.Option("--core-motifs", help="Names of the core motifs, comma separated.")
    ] = "SP1,GABPA,CEBPB,MAX,YY1",
    background_motifs: Annotated[
        int, typer.Option("--background-motifs", min=1, max=1000, help="Other motifs the negatives draw from as well.")
    ] = 50,
    motifs: Annotated[
        Path | None,
        typer.Option("--motifs", help="Count matrices (JASPAR text) to use instead of JASPAR's vertebrate core."),
        In(Format.JASPAR),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Simulate the synthetic regulatory code: sequences of core motifs against sequences of any motifs, with per-base truth.

    Positives hold core motifs only; negatives draw from the core and the background motifs, so that a network has to learn
    which motifs occur together, not that motifs occur.
    """
