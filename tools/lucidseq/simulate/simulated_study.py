"""A simulated study: haplotypes, then causal variants, then the sequence around them, then the trait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core import seeds
from lucidseq.simulate import gene_placement
from lucidseq.simulate import haplotypes as coalescent
from lucidseq.simulate import peaks as grammar
from lucidseq.simulate import trait as traits
from lucidseq.simulate.background import background_sequence
from lucidseq.simulate.cli import SimulateLocusOptions
from lucidseq.simulate.motifs import Motif, load_jaspar

STEP = 10  # bin width of the signal (bp)
END_MARGIN = 2000  # no causal variant is closer to an end of the contig (bp)
REGULATORY_REACH = 5000  # largest distance of a causal variant from the gene it acts on (bp)


def genotyped_contig(options: SimulateLocusOptions) -> str:
    """Return the name of the contig with genotypes, the last one."""
    return f"chr{options.training_contigs + 1}"


def contig_lengths(options: SimulateLocusOptions) -> dict[str, int]:
    """Return the length of every contig (bp)."""
    training = {f"chr{index + 1}": options.training_length for index in range(options.training_contigs)}
    return {**training, genotyped_contig(options): options.genotyped_length}


@dataclass(frozen=True)
class Landscape:
    """One contig: its bases, peaks, motifs, activities and signal."""

    contig: str
    codes: np.ndarray
    starts: np.ndarray
    instances: grammar.Instances
    activity: np.ndarray
    track: np.ndarray


@dataclass(frozen=True)
class SimulatedStudy:
    """Everything simulated.

    Attributes
    ----------
    options, motifs, genes
        Options of the command, the motifs of the grammar, and the genes of all contigs.
    breakpoints, rates
        Recombination map of the genotyped contig (rates per bp and generation).
    haplotypes, ref, alt
        Phased genotypes, and the codes of their alleles, of shape (variants,).
    causal, breaks, causal_genes
        Indices of the causal variants, the motifs they break, and the genes they act on.
    landscapes
        Contig to its sequence, peaks and signal.
    trait, beta
        Trait of shape (samples,), and effect of one ALT allele of each causal variant.
    gene_sets, causal_set
        PlacedGene sets, and the name of the causal one.
    """

    options: SimulateLocusOptions
    motifs: list[Motif]
    genes: list[gene_placement.PlacedGene]
    breakpoints: np.ndarray
    rates: np.ndarray
    haplotypes: coalescent.Haplotypes
    ref: np.ndarray
    alt: np.ndarray
    causal: np.ndarray
    breaks: grammar.Breaks
    causal_genes: list[str]
    landscapes: dict[str, Landscape]
    trait: np.ndarray
    beta: np.ndarray
    gene_sets: dict[str, list[str]]
    causal_set: str

    @property
    def realised_heritability(self) -> float:
        """Share of the trait's variance that the causal variants explain in this sample."""
        return float(np.var(self.beta @ self.haplotypes.dosage[self.causal]) / np.var(self.trait))


def simulate_study(options: SimulateLocusOptions) -> SimulatedStudy:
    """Simulate a study.

    Raises
    ------
    UsageError
        If the genotyped contig does not hold enough causal variants.
    """
    contig, length, seed = genotyped_contig(options), options.genotyped_length, options.seed
    lengths = contig_lengths(options)
    motifs = load_jaspar(tuple(grammar.FACTORS))
    genes = place_all_genes(lengths, seed)
    own, other_genes = ([gene for gene in genes if gene.contig == contig], [gene for gene in genes if gene.contig != contig])
    breakpoints, rates = coalescent.hotspot_map(length, seeds.stream(seed, "hotspots"))
    haplotypes = coalescent.simulate_haplotypes(length, options.samples, breakpoints, rates, seeds.derive(seed, "coalescent"))
    causal = traits.choose_causal(
        haplotypes.position,
        eligible_variants(haplotypes, own, length, options.min_frequency),
        count=options.causal_variants,
        min_distance=options.min_distance,
        rng=seeds.stream(seed, "causal"),
    )
    position = haplotypes.position[causal]
    breaks = grammar.plan_breaks(position, options.peak_width, motifs, seeds.stream(seed, "breaks"))
    landscapes = {}
    for name, size in lengths.items():
        count = round(options.peaks * size / sum(lengths.values()))
        planned = (breaks, position) if name == contig else None
        landscapes[name] = make_landscape(name, size, count, options.peak_width, motifs, planned, seed)
    ref, alt = choose_alleles(landscapes[contig].codes, haplotypes.position, causal, breaks, seeds.stream(seed, "alleles"))
    dosage = haplotypes.dosage[causal].astype(np.float64)
    trait, beta = traits.simulate_trait(dosage, heritability=options.heritability, rng=seeds.stream(seed, "trait"))
    causal_genes, _ = gene_placement.nearest_genes(own, position)
    sets, causal_set = gene_placement.make_gene_sets(own, other_genes, causal_genes, options.gene_sets, seeds.stream(seed, "gene sets"))
    genotypes = (breakpoints, rates, haplotypes, ref, alt)
    return SimulatedStudy(options, motifs, genes, *genotypes, causal, breaks, causal_genes, landscapes, trait, beta, sets, causal_set)


def eligible_variants(
    haplotypes: coalescent.Haplotypes, genes: list[gene_placement.PlacedGene], length: int, min_frequency: float
) -> np.ndarray:
    """Return which variants may be causal: common, not at the contig's ends, and near a gene. Bool of shape (variants,)."""
    common = np.minimum(haplotypes.frequency, 1 - haplotypes.frequency) >= min_frequency
    inner = (haplotypes.position >= END_MARGIN) & (haplotypes.position < length - END_MARGIN)
    _, distance = gene_placement.nearest_genes(genes, haplotypes.position)
    return common & inner & (distance <= REGULATORY_REACH)


def make_landscape(
    contig: str, length: int, count: int, width: int, motifs: list[Motif], planned: tuple[grammar.Breaks, np.ndarray] | None, seed: int
) -> Landscape:
    """Make one contig: background, peaks, motifs, signal."""
    rng = seeds.stream(seed, "landscape", contig)
    codes = background_sequence(length, rng)
    causal_starts = np.empty(0, dtype=np.int64) if planned is None else planned[0].peak_start
    neutral_starts = grammar.place_peaks(length, count - len(causal_starts), width, causal_starts, rng)
    starts = np.concatenate([causal_starts, neutral_starts])
    breaks, positions = planned if planned is not None else (None, None)
    instances = grammar.plant_motifs(codes, starts, width, motifs, rng, breaks, positions)
    weights = np.array(list(grammar.FACTORS.values()))
    activity = grammar.activity(instances, len(starts), weights)
    heights = activity * np.exp(rng.normal(0.0, grammar.SIGNAL_NOISE, len(starts)))
    track = grammar.signal_track(starts, width, heights, length, STEP, rng)
    return Landscape(contig, codes, starts, instances, activity, track)


def choose_alleles(
    codes: np.ndarray, position: np.ndarray, causal: np.ndarray, breaks: grammar.Breaks, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return REF (the contig's base) and ALT (any other; planned for causal variants), codes of shape (variants,)."""
    ref = codes[position]
    alt = ((ref + 1 + rng.integers(0, 3, size=len(ref))) % 4).astype(np.uint8)
    alt[causal] = breaks.alt
    return ref, alt


def place_all_genes(lengths: dict[str, int], seed: int) -> list[gene_placement.PlacedGene]:
    """Place the genes of every contig, numbered through."""
    genes: list[gene_placement.PlacedGene] = []
    for contig, length in lengths.items():
        genes += gene_placement.place_genes(contig, length, len(genes) + 1, seeds.stream(seed, "genes", contig))
    return genes
