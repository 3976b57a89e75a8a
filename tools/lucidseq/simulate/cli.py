"""Options of `lucidseq-simulate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.options import Option, Options, Seed
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import BASE_TRUTH, TRUTH_VARIANTS

tool = Tool("simulate", "Make genomes, sequences and traits with planted truth.", image="simulate")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class SimulateLocusOptions(Options):
    """Simulate a genome with peaks, genes, genotyped samples and a trait whose causal variants break regulatory motifs.

    Haplotypes come first (coalescent with recombination hotspots). Causal variants are then chosen among the common ones, and
    a motif is planted around each so that one allele completes it and the other breaks it. All other peaks follow the same
    grammar: one to three motifs, whose strengths add up to the peak's activity.
    """

    training_contigs: Annotated[int, Option("Contigs without genotypes, for training networks.", min=1, max=50)] = 4
    training_length: Annotated[int, Option("Length of each training contig (bp).", min=100000)] = 4500000
    genotyped_length: Annotated[int, Option("Length of the genotyped contig, held out from training (bp).", min=200000)] = 2000000
    peaks: Annotated[int, Option("Peaks in the whole genome.", min=20)] = 4000
    peak_width: Annotated[int, Option("Width of a peak (bp).", min=180, max=2000)] = 200
    samples: Annotated[int, Option("Genotyped samples.", min=20)] = 1000
    causal_variants: Annotated[int, Option("Variants that change the trait, each by breaking a motif.", min=1, max=100)] = 5
    heritability: Annotated[float, Option("Share of the trait's variance they explain together.", min=0.01, max=0.99)] = 0.4
    min_frequency: Annotated[float, Option("Smallest minor allele frequency of a causal variant.", min=0.01, max=0.5)] = 0.1
    min_distance: Annotated[int, Option("Smallest distance between causal variants (bp).", min=0)] = 150000
    loci: Annotated[int, Option("Loci that the genotyped contig is cut into.", min=1, max=1000)] = 5
    gene_sets: Annotated[int, Option("PlacedGene sets, one of them causal.", min=2, max=1000)] = 12
    seed: Seed = 1


locus = tool.command(
    "locus",
    SimulateLocusOptions,
    run="lucidseq.simulate.run_locus:locus",
    outputs={
        "fasta": OutFile(".fa", Format.FASTA, "Reference genome."),
        "fai": OutFile(".fa.fai", Format.FAI, "Its index."),
        "gtf": OutFile(".gtf", Format.GTF, "Genes."),
        "gene_sets": OutFile(".gmt", Format.GMT, "PlacedGene sets, one of them causal."),
        "peaks": OutFile(".peaks.bed", Format.BED, "Peaks, BED6 with the activity as score (0-1000)."),
        "signal": OutFile(".signal.bw", Format.BIGWIG, "Signal over the genome."),
        "loci": OutFile(".loci.bed", Format.BED, "Loci that tile the genotyped contig."),
        "variants": OutFile(".vcf.gz", Format.VCF, "Phased genotypes of the genotyped contig."),
        "variants_index": OutFile(".vcf.gz.tbi", Format.TABIX, "Its index."),
        "phenotypes": OutFile(".phenotypes.tsv", Format.TSV, "Sample and trait."),
        "recombination": OutFile(".recombination.tsv", Format.TSV, "Hotspot map of the genotyped contig (cM per Mb)."),
        "truth_variants": OutFile(".truth.variants.tsv", Format.TSV, "Causal variants.", schema=TRUTH_VARIANTS),
        "truth_motifs": OutFile(".truth.motifs.tsv", Format.TSV, "Every planted motif."),
        "truth": OutFile(".truth.json", Format.JSON, "Causal gene set, heritability, settings."),
    },
    label="process_low",
    methods=Methods(
        "Genotypes were simulated by the coalescent with recombination hotspots; causal variants were planted in regulatory motifs.",
        "Baumdicker et al. 2022, Genetics 220:iyab229 (msprime)",
        "Rauluseviciute et al. 2024, Nucleic Acids Res. 52:D174 (JASPAR)",
    ),
)


@dataclass(frozen=True, kw_only=True)
class SimulateSequencesOptions(Options):
    """Simulate the synthetic regulatory code: sequences of core motifs against sequences of any motifs, with per-base truth.

    Positives hold core motifs only; negatives draw from the core and the background motifs, so that a network has to learn
    which motifs occur together, not that motifs occur.
    """

    positives: Annotated[int, Option("Sequences built from core motifs.", min=1)] = 10000
    negatives: Annotated[int, Option("Sequences built from core and background motifs.", min=1)] = 10000
    length: Annotated[int, Option("Length of a sequence (bp).", min=60, max=10000)] = 200
    core_motifs: Annotated[str, Option("Names of the core motifs, comma separated.")] = "SP1,GABPA,CEBPB,MAX,YY1"
    background_motifs: Annotated[int, Option("Other motifs the negatives draw from as well.", min=1, max=1000)] = 50
    motifs: Annotated[
        Path | None, Option("Count matrices (JASPAR text) to use instead of JASPAR's vertebrate core."), In(Format.JASPAR)
    ] = None
    seed: Seed = 1


sequences = tool.command(
    "sequences",
    SimulateSequencesOptions,
    run="lucidseq.simulate.run_sequences:sequences",
    outputs={
        "fasta": OutFile(".fa", Format.FASTA, "Sequences, named pos_<i> and neg_<i>."),
        "labels": OutFile(".labels.tsv", Format.TSV, "id, label and split of every sequence."),
        "truth": OutFile(".truth.h5", Format.HDF5, "Per-base probabilities each sequence was drawn from.", schema=BASE_TRUTH),
    },
    methods=Methods("Sequences of the synthetic regulatory code were simulated.", "Koo and Ploenzke 2021, Nat. Mach. Intell. 3:258"),
)
