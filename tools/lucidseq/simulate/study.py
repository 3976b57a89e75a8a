"""A simulated study: haplotypes, then causal variants, then the sequence they stand in, then the trait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core import seeds
from lucidseq.simulate import genes as gene_models
from lucidseq.simulate import haplotypes as coalescent
from lucidseq.simulate import peaks as grammar
from lucidseq.simulate import trait as traits
from lucidseq.simulate.background import background_sequence
from lucidseq.simulate.motifs import Motif, load_jaspar

STEP = 10  # bin width of the signal (bp)
END_MARGIN = 2000  # no causal variant so close to an end of the contig (bp)
REGULATORY_REACH = 5000  # a causal variant lies at most so far from the gene it acts on (bp)


@dataclass(frozen=True)
class Design:
    """What is asked for; the fields are the options of `simulate locus`."""

    training_contigs: int
    training_length: int
    genotyped_length: int
    peaks: int
    peak_width: int
    people: int
    causal_variants: int
    heritability: float
    min_frequency: float
    min_distance: int
    gene_sets: int

    @property
    def genotyped_contig(self) -> str:
        """Name of the contig with genotypes, the last one."""
        return f"chr{self.training_contigs + 1}"

    @property
    def lengths(self) -> dict[str, int]:
        """Length of every contig (bp)."""
        training = {f"chr{index + 1}": self.training_length for index in range(self.training_contigs)}
        return {**training, self.genotyped_contig: self.genotyped_length}


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
class Study:
    """Everything simulated.

    Attributes
    ----------
    design, motifs, genes
        What was asked for, the motifs of the grammar, and the genes of all contigs.
    breakpoints, rates
        Recombination map of the genotyped contig (rates per bp and generation).
    haplotypes, ref, alt
        Phased genotypes, and the codes of their alleles, of shape (variants,).
    causal, breaks, causal_genes
        Indices of the causal variants, the motifs they break, and the genes they act on.
    landscapes
        Contig to its sequence, peaks and signal.
    trait, beta
        Trait of shape (people,), and effect of one ALT allele of each causal variant.
    gene_sets, causal_set
        Gene sets, and the name of the causal one.
    """

    design: Design
    motifs: list[Motif]
    genes: list[gene_models.Gene]
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


def simulate_study(design: Design, seed: int) -> Study:
    """Simulate a study.

    Raises
    ------
    UsageError
        If the genotyped contig does not hold enough causal variants.
    """
    contig, length = design.genotyped_contig, design.genotyped_length
    motifs = load_jaspar(tuple(grammar.FACTORS))
    genes = place_all_genes(design.lengths, seed)
    own, others = ([gene for gene in genes if gene.contig == contig], [gene for gene in genes if gene.contig != contig])
    breakpoints, rates = coalescent.hotspot_map(length, seeds.stream(seed, "hotspots"))
    haplotypes = coalescent.simulate_haplotypes(length, design.people, breakpoints, rates, seeds.derive(seed, "coalescent"))
    causal = traits.choose_causal(
        haplotypes.position,
        eligible_variants(haplotypes, own, length, design.min_frequency),
        count=design.causal_variants,
        min_distance=design.min_distance,
        rng=seeds.stream(seed, "causal"),
    )
    position = haplotypes.position[causal]
    breaks = grammar.plan_breaks(position, design.peak_width, motifs, seeds.stream(seed, "breaks"))
    landscapes = {}
    for name, size in design.lengths.items():
        count = round(design.peaks * size / sum(design.lengths.values()))
        planned = (breaks, position) if name == contig else None
        landscapes[name] = make_landscape(name, size, count, design.peak_width, motifs, planned, seed)
    ref, alt = choose_alleles(landscapes[contig].codes, haplotypes.position, causal, breaks, seeds.stream(seed, "alleles"))
    dosage = haplotypes.dosage[causal].astype(np.float64)
    trait, beta = traits.simulate_trait(dosage, heritability=design.heritability, rng=seeds.stream(seed, "trait"))
    causal_genes, _ = gene_models.nearest_genes(own, position)
    sets, causal_set = gene_models.make_gene_sets(own, others, causal_genes, design.gene_sets, seeds.stream(seed, "gene sets"))
    return Study(
        design,
        motifs,
        genes,
        breakpoints,
        rates,
        haplotypes,
        ref,
        alt,
        causal,
        breaks,
        causal_genes,
        landscapes,
        trait,
        beta,
        sets,
        causal_set,
    )


def eligible_variants(haplotypes: coalescent.Haplotypes, genes: list[gene_models.Gene], length: int, min_frequency: float) -> np.ndarray:
    """Say which variants may be causal: common, not at the contig's ends, and near a gene. Bool of shape (variants,)."""
    common = np.minimum(haplotypes.frequency, 1 - haplotypes.frequency) >= min_frequency
    inner = (haplotypes.position >= END_MARGIN) & (haplotypes.position < length - END_MARGIN)
    _, distance = gene_models.nearest_genes(genes, haplotypes.position)
    return common & inner & (distance <= REGULATORY_REACH)


def make_landscape(
    contig: str, length: int, count: int, width: int, motifs: list[Motif], planned: tuple[grammar.Breaks, np.ndarray] | None, seed: int
) -> Landscape:
    """Make one contig: background, peaks, motifs, signal."""
    rng = seeds.stream(seed, "landscape", contig)
    codes = background_sequence(length, rng)
    causal_starts = np.empty(0, dtype=np.int64) if planned is None else planned[0].peak_start
    others = grammar.place_peaks(length, count - len(causal_starts), width, causal_starts, rng)
    starts = np.concatenate([causal_starts, others])
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


def place_all_genes(lengths: dict[str, int], seed: int) -> list[gene_models.Gene]:
    """Place the genes of every contig, numbered through."""
    every: list[gene_models.Gene] = []
    for contig, length in lengths.items():
        every += gene_models.place_genes(contig, length, len(every) + 1, seeds.stream(seed, "genes", contig))
    return every
