"""Options of `lucidseq-finemap`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods, Tool
from lucidseq.core.options import Option, Options, Seed, Shard, Threads
from lucidseq.core.roles import Format, In, Needs, OutFile
from lucidseq.core.schema import CREDIBLE_SETS, EFFECTS, FINEMAP_LBF, GENOTYPES, LD, LOCUS_FITS, PIPS, SUMSTATS
from lucidseq.finemap.choices import ResidualPrior, ResidualVariance

tool = Tool("finemap", "Find the variants that cause the associations of a locus.", image="core")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class LocusOptions(Options):
    """Fine-map loci with SuSiE: find the variants behind an association, with their probabilities.

    Give either summary statistics with LD (--sumstats, --ld) or genotypes (--genotypes, --trait, --loci), for any number
    of loci. A functional score raises the prior of the variants it favours, by a weight estimated
    from all loci.
    """

    sumstats: Annotated[Path | None, Option("Summary statistics; needs --ld."), In(Format.TSV, schema=SUMSTATS)] = None
    ld: Annotated[Path | None, Option("LD blocks of the loci, for --sumstats."), In(Format.HDF5, schema=LD)] = None
    genotypes: Annotated[
        Path | None, Option("Genotypes, phenotypes and covariates; needs --trait and --loci."), In(Format.HDF5, schema=GENOTYPES)
    ] = None
    trait: Annotated[str | None, Option("Name of the quantitative trait, for --genotypes.")] = None
    loci: Annotated[Path | None, Option("Regions to fine-map; default with --sumstats: the LD blocks."), In(Format.BED)] = None
    scores: Annotated[
        list[Path] | None,
        Option("Functional scores of variants (variant_id and the score column); the largest is used."),
        In(Format.TSV, schema=EFFECTS),
    ] = None
    score_column: Annotated[str, Option("Column of --scores that holds the score.")] = "score"
    score_weight: Annotated[
        float | None, Option("Log prior odds for one standard deviation of the score; default: estimated over all loci.", min=0)
    ] = None
    prior_weights: Annotated[
        Path | None,
        Option("Prior weights of variants, instead of --scores: variant_id or CHR, BP, A1, A2 (PolyFun), or annotations (.h5)."),
        In(Format.TSV, Format.HDF5),
    ] = None
    prior_column: Annotated[
        str | None,
        Option("Column or feature of --prior-weights; default: prior_weight, weight, prior_variance, prior or SNPVAR."),
        Needs("prior_weights"),
    ] = None
    max_effects: Annotated[int, Option("Most causal variants of a locus.", min=1)] = 10
    coverage: Annotated[float, Option("Probability a credible set must hold.", min=0.01, max=0.9999)] = 0.95
    min_purity: Annotated[float, Option("Least |correlation| between the variants of a credible set.", min=0, max=1)] = 0.5
    residual_variance: Annotated[
        ResidualVariance, Option("auto: estimate it, or use the variance of the trait with LD that is not in-sample.")
    ] = ResidualVariance.AUTO
    residual_prior: Annotated[
        ResidualPrior,
        Option(
            "nig: integrate the residual variance (normal-inverse-gamma prior); auto: where it is estimated from fewer than 80 samples."
        ),
    ] = ResidualPrior.AUTO
    prior_variance_scale: Annotated[float, Option("First prior variance of an effect, share of the trait's.", min=1e-06, max=1)] = 0.2
    null_weight: Annotated[float, Option("Prior probability that an effect is on no variant.", min=0, max=0.99)] = 0.0
    null_threshold: Annotated[
        float | None,
        Option(
            "Log Bayes factor an effect must exceed to count (nats); default 0; log 10 with a score, prior weights or --residual-prior nig.",
            min=0,
        ),
    ] = None
    tolerance: Annotated[
        float, Option("Stop when a sweep raises the evidence bound by less (nats; PIPs with --residual-prior nig).", min=1e-12, max=1)
    ] = 0.0001
    max_iterations: Annotated[int, Option("Most sweeps over the effects of a locus.", min=1)] = 100
    refine: Annotated[bool, Option("Refit without each credible set in turn, to leave local optima.")] = False
    shard: Shard = None
    seed: Seed = 1
    threads: Threads = 1


locus = tool.command(
    "locus",
    LocusOptions,
    run="lucidseq.finemap.run:locus",
    outputs={
        "pips": OutFile(".pips.tsv.gz", Format.TSV, "Posterior inclusion probability of every variant.", schema=PIPS),
        "sets": OutFile(".credible_sets.tsv", Format.TSV, "Credible sets.", schema=CREDIBLE_SETS),
        "loci": OutFile(".loci.tsv", Format.TSV, "One row per locus: convergence and size of the fit.", schema=LOCUS_FITS),
        "lbf": OutFile(".lbf.h5", Format.HDF5, "Log Bayes factors of every effect and variant.", schema=FINEMAP_LBF),
    },
    label="process_low",
    methods=Methods(
        "Loci were fine-mapped by the sum of single effects model; functional scores entered the prior with a weight estimated from the data.",
        "Wang et al. 2020, J. R. Stat. Soc. B 82:1273 (SuSiE)",
        "Zou et al. 2022, PLoS Genet. 18:e1010299 (SuSiE with summary statistics)",
        "Weissbrod et al. 2020, Nat. Genet. 52:1355 (functional priors)",
    ),
)
