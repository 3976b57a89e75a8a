"""`simulate locus`: simulate a study and write it in standard formats, with the truth."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import TRUTH_VARIANTS
from lucidseq.core.tables import write_table
from lucidseq.core.variants import variant_ids
from lucidseq.simulate import writers
from lucidseq.simulate.card import locus_card
from lucidseq.simulate.cli import SimulateLocusOptions
from lucidseq.simulate.motifs import Motif
from lucidseq.simulate.simulated_study import STEP, Landscape, SimulatedStudy, contig_lengths, genotyped_contig, simulate_study


def locus(options: SimulateLocusOptions, out: OutputSet) -> Card:
    """Simulate and write everything (options as in cli.py)."""
    study = simulate_study(options)
    bounds = np.linspace(0, options.genotyped_length, options.loci + 1).astype(int)
    write_genome(out, study)
    write_regions(out, study.landscapes, options.peak_width, genotyped_contig(options), bounds)
    write_samples(out, study)
    write_table(truth_table(study, bounds), out["truth_variants"], TRUTH_VARIANTS)
    write_motif_truth(out, study.landscapes, study.motifs)
    write_facts(out, study)
    return locus_card(study)


def write_genome(out: OutputSet, study: SimulatedStudy) -> None:
    """Write the reference with its index, genes, gene sets and signal."""
    import pysam

    writers.write_fasta(out["fasta"], ((name, item.codes) for name, item in study.landscapes.items()))
    pysam.faidx(str(out["fasta"]))  # writes <fasta>.fai
    writers.write_gtf(out["gtf"], study.genes)
    writers.write_gmt(out["gene_sets"], study.gene_sets)
    tracks = {name: item.track for name, item in study.landscapes.items()}
    writers.write_bigwig(out["signal"], tracks, contig_lengths(study.options), STEP)


def write_samples(out: OutputSet, study: SimulatedStudy) -> None:
    """Write genotypes, trait and recombination map."""
    contig, length = genotyped_contig(study.options), study.options.genotyped_length
    samples = [f"person{index + 1:05d}" for index in range(study.options.samples)]
    writers.write_vcf(out["variants"], contig, length, study.haplotypes, study.ref, study.alt, samples)
    table = pd.DataFrame({"sample": samples, "trait": study.trait})
    table.to_csv(out["phenotypes"], sep="\t", index=False, float_format="%.10g")
    starts, ends = study.breakpoints[:-1].astype(int), study.breakpoints[1:].astype(int)
    rates = pd.DataFrame({"contig": contig, "start": starts, "end": ends, "cm_per_mb": study.rates * 1e8})
    rates.to_csv(out["recombination"], sep="\t", index=False, float_format="%.6g")


def write_facts(out: OutputSet, study: SimulatedStudy) -> None:
    """Write the planted facts that an analysis should recover."""
    facts = {
        "genotyped_contig": genotyped_contig(study.options),
        "causal_gene_set": study.causal_set,
        "causal_genes": sorted(set(study.causal_genes)),
        "heritability": study.options.heritability,
        "realised_heritability": round(study.realised_heritability, 6),
        "motifs": [motif.name for motif in study.motifs],
        "seed": study.options.seed,
    }
    out["truth"].write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def write_regions(out: OutputSet, landscapes: dict[str, Landscape], width: int, genotyped: str, bounds: np.ndarray) -> None:
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


def truth_table(study: SimulatedStudy, bounds: np.ndarray) -> pd.DataFrame:
    """Return the causal variants, one row each; the effect allele is ALT.

    Parameters
    ----------
    bounds
        Edges of the loci, of shape (loci + 1,).
    """
    contig, position = genotyped_contig(study.options), study.haplotypes.position[study.causal]
    other_alleles, effect_alleles = (["ACGT"[code] for code in codes[study.causal]] for codes in (study.ref, study.alt))
    return pd.DataFrame(
        {
            "variant_id": variant_ids([contig] * len(position), position + 1, other_alleles, effect_alleles),
            "chromosome": contig,
            "base_pair_location": position + 1,
            "effect_allele": effect_alleles,
            "other_allele": other_alleles,
            "locus": [f"locus{number}" for number in np.searchsorted(bounds, position, side="right")],
            "beta": study.beta,
            "motif": [study.motifs[index].name for index in study.breaks.motif],
            "gene_id": study.causal_genes,
            "effect_allele_frequency": study.haplotypes.frequency[study.causal],
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
