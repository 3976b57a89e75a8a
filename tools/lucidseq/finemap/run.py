"""`finemap locus`: summary statistics and LD, or genotypes -> posterior inclusion probabilities and credible sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.options import parse_shard
from lucidseq.core.outputs import OutputSet
from lucidseq.finemap.card import Context, build_card
from lucidseq.finemap.choices import ResidualPrior, ResidualVariance
from lucidseq.finemap.cli import LocusOptions
from lucidseq.finemap.consistency import mismatch
from lucidseq.finemap.functional_prior import WEIGHTS, ScoreWeight, choose_weight, score_prior
from lucidseq.finemap.locus_fits import LocusFit, write_results
from lucidseq.finemap.locus_sources import Locus, LocusSource, open_source
from lucidseq.finemap.prior_weights import PriorWeights
from lucidseq.finemap.regression_data import SummaryStatistics
from lucidseq.finemap.scores import ScoreTable
from lucidseq.finemap.susie import EVIDENCE, SusieSettings, fit_susie

_log = get_logger("lucidseq.finemap")


class LocusPrior(Protocol):
    """Source of the prior of each locus."""

    def of(self, variants: np.ndarray) -> tuple[np.ndarray | None, int]:
        """Return the prior weights of variants, None where it is flat, and how many variants have a value of their own."""
        ...


@dataclass(frozen=True)
class ScorePrior:
    """The prior of a functional score, with its weight."""

    table: ScoreTable
    weight: ScoreWeight

    def of(self, variants: np.ndarray) -> tuple[np.ndarray | None, int]:
        """Return the prior (see `LocusPrior`); a weight of 0 gives a flat one."""
        standardised, scored = self.table.of(variants)
        return score_prior(standardised, self.weight.weight) if self.weight.weight > 0 else None, scored


@dataclass(frozen=True)
class Fits:
    """How loci are fitted: settings with a flat and with an informative prior, and that prior (None: flat)."""

    plain: SusieSettings
    informed: SusieSettings
    prior: LocusPrior | None = None


def locus(options: LocusOptions, out: OutputSet) -> Card:
    """Fine-map loci (see `cli.locus` for the options)."""
    part, parts = parse_shard(options.shard)
    if options.residual_prior is ResidualPrior.NIG and options.residual_variance is ResidualVariance.FIXED:
        expected = "one of them: nig integrates the residual variance, fixed keeps it"
        raise UsageError("--residual-prior nig with --residual-variance fixed", expected, "remove one of the two options")
    if options.scores and options.prior_weights:
        raise UsageError("--scores and --prior-weights", "one of them", "combine the two into one table of weights, or remove one")
    with open_source(
        sumstats=options.sumstats, ld=options.ld, genotypes=options.genotypes, trait=options.trait, loci=options.loci
    ) as source:
        settings = SusieSettings(
            max_effects=options.max_effects,
            estimate_residual_variance=_estimates_residual(options.residual_variance, source),
            prior_variance_scale=options.prior_variance_scale,
            null_weight=options.null_weight,
            null_threshold=options.null_threshold,
            residual_prior=options.residual_prior.value,
            tolerance=options.tolerance,
            max_iterations=options.max_iterations,
            refine=options.refine,
            coverage=options.coverage,
            min_purity=options.min_purity,
            seed=options.seed,
        )
        # The weight of a score comes from fits without the threshold: with it, the evidence jumps where an effect crosses it, and
        # uninformative scores are used twice as often. The final fit has it, since effects without evidence concentrate on
        # variants with a high prior
        informed = replace(settings, null_threshold=EVIDENCE if options.null_threshold is None else options.null_threshold)
        weight = weights = None
        prior: LocusPrior | None = None
        if options.scores:
            table = ScoreTable(options.scores, options.score_column)
            weight = _score_weight(source, settings, table, options.score_weight)
            prior = ScorePrior(table, weight)
        elif options.prior_weights:
            prior = weights = PriorWeights(options.prior_weights, options.prior_column)
        own = range(len(source.regions))[part::parts]
        results, empty = _fit_loci(source, Fits(settings, informed, prior), own)
        write_results(out, results, source.kind)
        inside = None if weights is None else sum(weights.inside(source.regions[index]) for index in own)
        context = Context(source.in_sample, empty, options.coverage, weight, inside, source.ld)
        return build_card(results, context)


def _estimates_residual(choice: ResidualVariance, source: LocusSource) -> bool:
    """Estimate the residual variance where LD is that of the same samples."""
    return source.in_sample if choice is ResidualVariance.AUTO else choice is ResidualVariance.ESTIMATE


def _fit_loci(source: LocusSource, fits: Fits, own: range) -> tuple[list[LocusFit], list[str]]:
    """Fit the loci of this shard; return them and the names of loci without variants."""
    results, empty = [], []
    with Progress("loci fitted", total=len(own)) as progress:
        for index in own:
            locus = source.load(index)
            if locus is None:
                empty.append(source.regions[index].name)
            else:
                results.append(_fit_locus(locus, fits))
            progress.step()
    if own and not results:
        fix = "check that the inputs have the same build, contig names and alleles"
        raise DataError(f"no variant to fit in any of {len(own)} loci ({', '.join(empty[:5])})", "loci with variants in every input", fix)
    return results, empty


def _fit_locus(locus: Locus, fits: Fits) -> LocusFit:
    """Fit a locus with its prior, and with a flat prior and all else equal."""
    flat, scored = None, 0
    if fits.prior is None:
        fit = fit_susie(locus.data, fits.plain)
    else:
        prior, scored = fits.prior.of(locus.variants["variant_id"].to_numpy())
        settings = fits.plain if prior is None else fits.informed
        fit = flat = fit_susie(locus.data, settings)
        if prior is not None:
            fit = fit_susie(locus.data, settings, prior=prior)
    data = locus.data
    # one variant has no LD
    consistency = mismatch(data.shrunk_z, data.R) if isinstance(data, SummaryStatistics) and len(data.z) > 1 else None
    return LocusFit(
        region=locus.region,
        variants=locus.variants,
        z=locus.data.z,
        n=locus.data.n,
        match=locus.match,
        fit=fit,
        flat=flat,
        score_weight=fits.prior.weight.weight if isinstance(fits.prior, ScorePrior) else 0.0,
        scored=scored,
        mismatch=consistency,
    )


def _score_weight(source: LocusSource, settings: SusieSettings, table: ScoreTable, given: float | None) -> ScoreWeight:
    """Return the weight of the score and its gain in evidence, over the loci of all shards."""
    weights = WEIGHTS if given is None else (0.0, given)
    elbos = []
    with Progress("loci weighed", total=len(source.regions)) as progress:
        for index in range(len(source.regions)):
            locus = source.load(index)
            if locus is not None:
                standardised, _ = table.of(locus.variants["variant_id"].to_numpy())
                fits = [fit_susie(locus.data, settings, prior=score_prior(standardised, weight)) for weight in weights]
                if all(fit.converged for fit in fits):  # otherwise their bounds are not comparable
                    elbos.append(np.array([fit.elbo[-1] for fit in fits]))
            progress.step()
    if given is not None:
        return ScoreWeight(given, float(sum(elbo[1] - elbo[0] for elbo in elbos)))
    weight = choose_weight(elbos or [np.zeros(len(weights))])
    _log.info(f"weight of the functional score: {weight.weight:g}, gain in evidence {weight.gain:.2f} nats")
    return weight
