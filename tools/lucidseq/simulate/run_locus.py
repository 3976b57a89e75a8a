"""`simulate locus`: haplotypes, then causal variants, then the sequence they stand in, then the trait."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.core.card import Card, Verdict
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import TRUTH_VARIANTS
from lucidseq.core.tables import write_table
from lucidseq.core.variants import variant_id
from lucidseq.simulate import genes as gene_models
from lucidseq.simulate import haplotypes as coalescent
from lucidseq.simulate import peaks as grammar
from lucidseq.simulate import trait as traits
from lucidseq.simulate import writers
from lucidseq.simulate.background import background_sequence
from lucidseq.simulate.motifs import Motif, load_jaspar

STEP = 10  # bin width of the signal (bp)
END_MARGIN = 2000  # no causal variant so close to an end of the contig (bp)
REGULATORY_REACH = 5000  # a causal variant lies at most so far from the gene it acts on (bp)


@dataclass(frozen=True)
class Landscape:
    """One contig: its bases, peaks, motifs, activities and signal."""

    contig: str
    codes: np.ndarray
    starts: np.ndarray
    instances: grammar.Instances
    activity: np.ndarray
    track: np.ndarray


def locus(
    *, out: OutputSet, training_contigs: int, training_length: int, genotyped_length: int, peaks: int, peak_width: int,
    people: int, causal_variants: int, heritability: float, min_frequency: float, min_distance: int, loci: int,
    gene_sets: int, seed: int,
) -> Card:  # fmt: skip
    """Simulate and write everything (options as in cli.py)."""
    lengths = {f"chr{index + 1}": training_length for index in range(training_contigs)}
    genotyped = f"chr{training_contigs + 1}"
    lengths[genotyped] = genotyped_length
    motifs = load_jaspar(tuple(grammar.FACTORS))

    every_gene = place_all_genes(lengths, seed)
    own = [gene for gene in every_gene if gene.contig == genotyped]
    breakpoints, rates = coalescent.hotspot_map(genotyped_length, seeds.stream(seed, "hotspots"))
    haplotypes = coalescent.simulate_haplotypes(
        genotyped_length, people, breakpoints, rates, seeds.derive(seed, "coalescent")
    )
    causal = traits.choose_causal(
        haplotypes.position, eligible_variants(haplotypes, own, genotyped_length, min_frequency),
        count=causal_variants, min_distance=min_distance, rng=seeds.stream(seed, "causal"),
    )  # fmt: skip
    breaks = grammar.plan_breaks(haplotypes.position[causal], peak_width, motifs, seeds.stream(seed, "breaks"))

    total = sum(lengths.values())
    landscapes = {}
    for contig, length in lengths.items():
        count = round(peaks * length / total)
        planned = (breaks, haplotypes.position[causal]) if contig == genotyped else None
        landscapes[contig] = make_landscape(contig, length, count, peak_width, motifs, planned, seed)
    ref, alt = choose_alleles(
        landscapes[genotyped].codes, haplotypes.position, causal, breaks, seeds.stream(seed, "alleles")
    )
    values, beta = traits.simulate_trait(
        haplotypes.dosage[causal].astype(np.float64), heritability=heritability, rng=seeds.stream(seed, "trait")
    )
    causal_genes, _ = gene_models.nearest_genes(own, haplotypes.position[causal])
    sets, causal_set = gene_models.make_gene_sets(
        own,
        [gene for gene in every_gene if gene.contig != genotyped],
        causal_genes,
        gene_sets,
        seeds.stream(seed, "gene sets"),
    )

    samples = [f"person{index + 1:05d}" for index in range(people)]
    writers.write_fasta(out["fasta"], ((name, item.codes) for name, item in landscapes.items()))
    _index(out)
    writers.write_gtf(out["gtf"], every_gene)
    writers.write_gmt(out["gene_sets"], sets)
    writers.write_vcf(out["variants"], genotyped, genotyped_length, haplotypes, ref, alt, samples)
    writers.write_bigwig(out["signal"], {name: item.track for name, item in landscapes.items()}, lengths, STEP)
    bounds = np.linspace(0, genotyped_length, loci + 1).astype(int)
    write_regions(out, landscapes, peak_width, genotyped, bounds)
    pd.DataFrame({"sample": samples, "trait": values}).to_csv(
        out["phenotypes"], sep="\t", index=False, float_format="%.10g"
    )
    pd.DataFrame(
        {
            "contig": genotyped,
            "start": breakpoints[:-1].astype(int),
            "end": breakpoints[1:].astype(int),
            "cm_per_mb": rates * 1e8,
        }
    ).to_csv(out["recombination"], sep="\t", index=False, float_format="%.6g")
    table = truth_table(genotyped, haplotypes, causal, ref, alt, beta, breaks, motifs, causal_genes, bounds)
    write_table(table, out["truth_variants"], TRUTH_VARIANTS)
    write_motif_truth(out, landscapes, motifs)
    realised = float(np.var(beta @ haplotypes.dosage[causal]) / np.var(values))
    facts = {
        "genotyped_contig": genotyped, "causal_gene_set": causal_set, "causal_genes": sorted(set(causal_genes)),
        "heritability": heritability, "realised_heritability": round(realised, 6), "motifs": [m.name for m in motifs], "seed": seed,
    }  # fmt: skip
    out["truth"].write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return make_card(
        realised, heritability, len(haplotypes.position), sum(len(item.starts) for item in landscapes.values()), peaks
    )


def eligible_variants(
    haplotypes: coalescent.Haplotypes, genes: list[gene_models.Gene], length: int, min_frequency: float
) -> np.ndarray:
    """Say which variants may be causal: common, not at the contig's ends, and near a gene. Bool of shape (variants,)."""
    common = np.minimum(haplotypes.frequency, 1 - haplotypes.frequency) >= min_frequency
    inner = (haplotypes.position >= END_MARGIN) & (haplotypes.position < length - END_MARGIN)
    _, distance = gene_models.nearest_genes(genes, haplotypes.position)
    return common & inner & (distance <= REGULATORY_REACH)


def make_landscape(
    contig: str,
    length: int,
    count: int,
    width: int,
    motifs: list[Motif],
    planned: tuple[grammar.Breaks, np.ndarray] | None,
    seed: int,
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


def write_regions(
    out: OutputSet, landscapes: dict[str, Landscape], width: int, genotyped: str, bounds: np.ndarray
) -> None:
    """Write the peaks and the loci."""
    rows = []
    for item in landscapes.values():
        order = np.argsort(item.starts)
        scores = np.clip(np.round(item.activity / 3 * 1000), 0, 1000).astype(int)
        rows += [
            f"{item.contig}\t{item.starts[i]}\t{item.starts[i] + width}\t{item.contig}_peak{rank + 1}\t{scores[i]}\t.\n"
            for rank, i in enumerate(order)
        ]
    out["peaks"].write_text("".join(rows), encoding="ascii")
    pairs = enumerate(pairwise(bounds), start=1)
    text = "".join(f"{genotyped}\t{start}\t{end}\tlocus{number}\n" for number, (start, end) in pairs)
    out["loci"].write_text(text, encoding="ascii")


def truth_table(
    contig: str, haplotypes: coalescent.Haplotypes, causal: np.ndarray, ref: np.ndarray, alt: np.ndarray, beta: np.ndarray,
    breaks: grammar.Breaks, motifs: list[Motif], genes: list[str], bounds: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """Return the causal variants, one row each; the effect allele is ALT."""
    position = haplotypes.position[causal]
    others, effects = ["ACGT"[code] for code in ref[causal]], ["ACGT"[code] for code in alt[causal]]
    return pd.DataFrame(
        {
            "variant_id": [variant_id(contig, p + 1, o, e) for p, o, e in zip(position, others, effects, strict=True)],
            "chromosome": contig,
            "base_pair_location": position + 1,
            "effect_allele": effects,
            "other_allele": others,
            "locus": [f"locus{number}" for number in np.searchsorted(bounds, position, side="right")],
            "beta": beta,
            "motif": [motifs[index].name for index in breaks.motif],
            "gene_id": genes,
            "effect_allele_frequency": haplotypes.frequency[causal],
        }
    )


def write_motif_truth(out: OutputSet, landscapes: dict[str, Landscape], motifs: list[Motif]) -> None:
    """Write every planted motif as BED-like rows with a header."""
    frames = []
    widths, names = np.array([motif.width for motif in motifs]), np.array([motif.name for motif in motifs])
    for item in landscapes.values():
        planted = item.instances
        frames.append(
            pd.DataFrame(
                {
                    "contig": item.contig,
                    "start": planted.start,
                    "end": planted.start + widths[planted.motif],
                    "motif": names[planted.motif],
                    "strength": np.round(planted.strength, 4),
                    "strand": np.where(planted.forward, "+", "-"),
                }
            )
        )
    pd.concat(frames).to_csv(out["truth_motifs"], sep="\t", index=False)


def make_card(realised: float, wanted: float, variants: int, placed: int, peaks: int) -> Card:
    """Check that what was simulated is what was asked for."""
    card = Card("simulate", "locus")
    near = abs(realised - wanted) <= 0.1
    card.add("heritability in the sample", realised, Verdict.OK if near else Verdict.CAUTION, threshold=f"{wanted:g} +- 0.1",
             advice="Few people: the sample's heritability differs from the one asked for.")  # fmt: skip
    card.add("variants", variants, Verdict.OK if variants >= 100 else Verdict.CAUTION, threshold=">= 100",
             advice="Few variants: lengthen --genotyped-length or add --people.")  # fmt: skip
    card.add("peaks placed", placed, Verdict.OK if placed >= 0.95 * peaks else Verdict.CAUTION, threshold=f">= 95 % of {peaks}",
             advice="The contigs are too short for that many peaks.")  # fmt: skip
    return card


def _index(out: OutputSet) -> None:
    import pysam

    pysam.faidx(str(out["fasta"]))  # writes <fasta>.fai
