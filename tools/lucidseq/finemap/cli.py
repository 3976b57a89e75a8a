"""Options of `lucidseq-finemap`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.options import Seed, Shard, Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.finemap.choices import ResidualVariance

tool = Tool("finemap", "Find the variants that cause the associations of a locus.")
main = tool.main


@tool.command(run="lucidseq.finemap.run:locus", label="process_low")
def locus(
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            pips=OutFile(".pips.tsv.gz", Format.TSV, "Posterior inclusion probability of every variant.", schema="lucidseq.pips"),
            sets=OutFile(".credible_sets.tsv", Format.TSV, "Credible sets.", schema="lucidseq.credible_sets"),
            loci=OutFile(".loci.tsv", Format.TSV, "One row a locus: convergence and size of the fit.", schema="lucidseq.locus_fits"),
            lbf=OutFile(".lbf.h5", Format.HDF5, "Log Bayes factors of every effect and variant.", schema="lucidseq.finemap_lbf"),
        ),
    ],
    sumstats: Annotated[
        Path | None, typer.Option("--sumstats", help="Summary statistics; needs --ld."), In(Format.TSV, schema="lucidseq.sumstats")
    ] = None,
    ld: Annotated[
        Path | None, typer.Option("--ld", help="LD blocks of the loci, for --sumstats."), In(Format.HDF5, schema="lucidseq.ld")
    ] = None,
    genotypes: Annotated[
        Path | None,
        typer.Option("--genotypes", help="Genotypes, phenotypes and covariates; needs --trait and --loci."),
        In(Format.HDF5, schema="lucidseq.genotypes"),
    ] = None,
    trait: Annotated[str | None, typer.Option("--trait", help="Name of the quantitative trait, for --genotypes.")] = None,
    loci: Annotated[
        Path | None,
        typer.Option("--loci", help="Regions to fine-map; with --sumstats the LD blocks themselves when not given."),
        In(Format.BED),
    ] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option("--scores", help="Functional scores of variants (variant_id and the score column); the largest counts."),
        In(Format.TSV, schema="lucidseq.effects"),
    ] = None,
    score_column: Annotated[str, typer.Option("--score-column", help="Column of --scores that holds the score.")] = "score",
    score_weight: Annotated[
        float | None,
        typer.Option(
            "--score-weight", min=0, help="Log prior odds for one standard deviation of the score; estimated over all loci when not given."
        ),
    ] = None,
    max_effects: Annotated[int, typer.Option("--max-effects", min=1, help="Most causal variants of a locus.")] = 10,
    coverage: Annotated[float, typer.Option("--coverage", min=0.01, max=0.9999, help="Probability a credible set must hold.")] = 0.95,
    min_purity: Annotated[
        float, typer.Option("--min-purity", min=0, max=1, help="Least |correlation| between the variants of a credible set.")
    ] = 0.5,
    residual_variance: Annotated[
        ResidualVariance,
        typer.Option("--residual-variance", help="auto: estimate it, but keep the trait's variance with LD that is not in-sample."),
    ] = ResidualVariance.AUTO,
    prior_variance_scale: Annotated[
        float, typer.Option("--prior-variance-scale", min=1e-6, max=1, help="First prior variance of an effect, share of the trait's.")
    ] = 0.2,
    null_weight: Annotated[
        float, typer.Option("--null-weight", min=0, max=0.99, help="Prior probability that an effect is on no variant.")
    ] = 0.0,
    null_threshold: Annotated[
        float | None,
        typer.Option(
            "--null-threshold",
            min=0,
            help="Log Bayes factor an effect must exceed to count (nats); default 0, and log 10 with a functional score.",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=1e-12, max=1, help="Stop when a sweep raises the evidence bound by less (nats).")
    ] = 1e-4,
    max_iterations: Annotated[int, typer.Option("--max-iterations", min=1, help="Most sweeps over the effects of a locus.")] = 100,
    refine: Annotated[
        bool, typer.Option("--refine/--no-refine", help="Refit without each credible set in turn, to leave local optima.")
    ] = False,
    shard: Shard = None,
    seed: Seed = 1,
    threads: Threads = 1,
) -> None:
    """Fine-map loci with SuSiE: which variants carry the association, with what probability.

    Give either summary statistics with LD (--sumstats, --ld) or individuals (--genotypes, --trait, --loci). Many loci
    are done in one call. A functional score raises the prior of the variants it favours, as far as the data of all
    loci agree with it.
    """
