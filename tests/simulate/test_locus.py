"""simulate locus: what is planted is really there, and the genetics are those of the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from lucidseq.core import seeds
from lucidseq.core.alphabet import decode, encode, reverse_complement
from lucidseq.simulate import haplotypes as coalescent
from lucidseq.simulate import peaks as grammar
from lucidseq.simulate.motifs import Motif, load_jaspar
from lucidseq.simulate.trait import choose_causal, simulate_trait
from support import assert_bad_input, run_cli, run_ok

SMALL = (
    "--training-contigs",
    1,
    "--training-length",
    300_000,
    "--genotyped-length",
    400_000,
    "--peaks",
    150,
    "--samples",
    200,
    "--causal-variants",
    3,
    "--min-distance",
    50_000,
    "--seed",
    5,
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("locus") / "sim"
    run_ok("simulate", "locus", "--out", prefix, *SMALL)
    return prefix


def read_vcf(prefix: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    with pysam.VariantFile(f"{prefix}.vcf.gz") as vcf:
        samples = list(vcf.header.samples)
        dosage = {f"{r.contig}:{r.pos}:{r.ref}:{r.alts[0]}": np.array([sum(r.samples[s]["GT"]) for s in samples]) for r in vcf if r.alts}
    return dosage, samples


def test_reference__agrees_with_vcf_ref(simulated: Path) -> None:
    dosage, _ = read_vcf(simulated)
    with pysam.FastaFile(f"{simulated}.fa") as fasta:
        wrong = [
            name
            for name in dosage
            if fasta.fetch(name.split(":")[0], int(name.split(":")[1]) - 1, int(name.split(":")[1])) != name.split(":")[2]
        ]
    assert len(dosage) > 500
    assert wrong == []


def test_causal_variants__break_the_named_motif(simulated: Path) -> None:
    truth = pd.read_csv(f"{simulated}.truth.variants.tsv", sep="\t")
    motifs = {motif.name: motif for motif in load_jaspar(tuple(grammar.FACTORS))}
    with pysam.FastaFile(f"{simulated}.fa") as fasta:
        for row in truth.itertuples():
            centre = row.base_pair_location - 1
            window = fasta.fetch(row.chromosome, centre - 20, centre + 21)
            scores = {
                allele: best_score(window[:20] + allele + window[21:], motifs[row.motif])
                for allele in (row.effect_allele, row.other_allele)
            }
            assert max(scores.values()) == pytest.approx(1.0), row  # one allele gives the consensus
            assert max(scores.values()) - min(scores.values()) > 0.1, row


def best_score(text: str, motif: Motif) -> float:
    codes = encode(text)
    windows = np.lib.stride_tricks.sliding_window_view(codes, motif.width)
    flipped = np.lib.stride_tricks.sliding_window_view(reverse_complement(codes), motif.width)
    inner = slice(20 - motif.width + 1, 21)
    return float(max(motif.relative_score(windows[inner]).max(), motif.relative_score(flipped[inner]).max()))


def test_trait__regression_finds_the_planted_effects(simulated: Path) -> None:
    truth = pd.read_csv(f"{simulated}.truth.variants.tsv", sep="\t")
    dosage, samples = read_vcf(simulated)
    trait = pd.read_csv(f"{simulated}.phenotypes.tsv", sep="\t").set_index("sample").loc[samples, "trait"].to_numpy()
    design = np.column_stack([np.ones(len(samples)), *(dosage[name] for name in truth["variant_id"])])
    beta, residual, *_ = np.linalg.lstsq(design, trait, rcond=None)
    errors = np.sqrt(residual[0] / (len(samples) - 4) * np.diag(np.linalg.inv(design.T @ design)))[1:]
    assert (np.abs(beta[1:] - truth["beta"]) < 4 * errors).all()
    facts = json.loads(Path(f"{simulated}.truth.json").read_text())
    assert set(facts["causal_genes"]) == set(truth["gene_id"])
    causal_set = next(
        line for line in Path(f"{simulated}.gmt").read_text().splitlines() if line.startswith(facts["causal_gene_set"] + "\t")
    )
    assert set(facts["causal_genes"]) <= set(causal_set.split("\t"))


def test_peaks__carry_signal_and_do_not_overlap(simulated: Path) -> None:
    import pybigtools

    peaks = pd.read_csv(f"{simulated}.peaks.bed", sep="\t", header=None, names=["contig", "start", "end", "name", "score", "strand"])
    assert not (peaks["start"].to_numpy()[1:] < peaks["end"].to_numpy()[:-1])[
        (peaks["contig"].to_numpy()[1:] == peaks["contig"].to_numpy()[:-1])
    ].any()
    with pybigtools.open(f"{simulated}.signal.bw") as track:
        means = np.array([np.nanmean(track.values(row.contig, row.start, row.end)) for row in peaks.itertuples()])
    assert np.corrcoef(means, peaks["score"])[0, 1] > 0.9


def test_haplotypes__diversity_matches_theory() -> None:
    """Watterson: E[segregating sites] = 4 N mu L a_n (one tree of 400 haplotypes over 1 Mb, within 25 %)."""
    breakpoints, rates = coalescent.hotspot_map(1_000_000, seeds.stream(3, "map"))
    sites = len(coalescent.simulate_haplotypes(1_000_000, 200, breakpoints, rates, seed=7).position)
    expected = 4 * coalescent.POPULATION_SIZE * coalescent.MUTATION_RATE * 1e6 * (1 / np.arange(1, 400)).sum()
    assert abs(sites / expected - 1) < 0.25


def test_choose_causal__keeps_distance_and_frequency() -> None:
    rng = np.random.default_rng(1)
    position = np.sort(rng.choice(1_000_000, 3000, replace=False))
    frequency = rng.random(3000)
    eligible = np.minimum(frequency, 1 - frequency) >= 0.1
    chosen = choose_causal(position, eligible, count=5, min_distance=100_000, rng=rng)
    assert (np.diff(position[chosen]) >= 100_000).all()
    assert (np.minimum(frequency[chosen], 1 - frequency[chosen]) >= 0.1).all()


def test_simulate_trait__mean_heritability_is_the_one_asked_for() -> None:
    rng = np.random.default_rng(2)
    dosage = rng.binomial(2, 0.3, size=(4, 2000)).astype(float)
    shares = [
        np.var(beta @ dosage) / np.var(trait) for trait, beta in (simulate_trait(dosage, heritability=0.4, rng=rng) for _ in range(40))
    ]
    assert np.mean(shares) == pytest.approx(0.4, abs=0.01)


def test_motif__reverse_complement_scores_alike() -> None:
    (motif,) = load_jaspar(("MA0139.2",))
    assert decode(motif.consensus) == "GCCACCAGGGGGCGC"  # JASPAR MA0139.2
    flipped = motif.reverse_complement()
    assert flipped.relative_score(reverse_complement(motif.consensus)[None])[0] == pytest.approx(1.0)


def test_too_many_causal_variants__says_how_many_fit(tmp_path: Path) -> None:
    result = run_cli("simulate", "locus", "--out", tmp_path / "out" / "sim", *SMALL[:-6], "--causal-variants", 50, "--min-distance", 50_000)
    assert_bad_input(result, "--causal-variants 50", folder=tmp_path / "out", exit_code=2)
