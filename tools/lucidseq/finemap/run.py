"""`finemap locus`: summary statistics and LD, or genotypes -> posterior inclusion probabilities and credible sets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.options import parse_shard
from lucidseq.core.outputs import OutputSet
from lucidseq.finemap.card import build_card
from lucidseq.finemap.choices import ResidualPrior, ResidualVariance
from lucidseq.finemap.cli import LocusOptions
from lucidseq.finemap.consistency import mismatch
from lucidseq.finemap.functional_prior import WEIGHTS, ScoreWeight, choose_weight, score_prior
from lucidseq.finemap.locus_fits import LocusFit, write_results
from lucidseq.finemap.locus_sources import Locus, LocusSource, open_source
from lucidseq.finemap.regression_data import SummaryStatistics
from lucidseq.finemap.scores import ScoreTable
from lucidseq.finemap.susie import EVIDENCE, SusieSettings, fit_susie

_log = get_logger("lucidseq.finemap")


@dataclass(frozen=True)
class Fits:
    """How loci are fitted: settings without and with a score, the score and its weight (None without)."""

    plain: SusieSettings
    scored: SusieSettings
    table: ScoreTable | None
    weight: ScoreWeight | None


def locus(options: LocusOptions, out: OutputSet) -> Card:
    """Fine-map loci (see `cli.locus` for the options)."""
    part, parts = parse_shard(options.shard)
    if options.residual_prior is ResidualPrior.NIG and options.residual_variance is ResidualVariance.FIXED:
        expected = "one of them: nig integrates the residual variance, fixed keeps it"
        raise UsageError("--residual-prior nig with --residual-variance fixed", expected, "remove one of the two options")
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
        table = ScoreTable(options.scores, options.score_column) if options.scores else None
        # The weight comes from fits without the threshold: with it, the evidence jumps where an effect crosses it, and
        # uninformative scores are used twice as often. The final fit has it, since effects without evidence concentrate on
        # variants with a high score
        scored = replace(settings, null_threshold=EVIDENCE if options.null_threshold is None else options.null_threshold)
        weight = None if table is None else _score_weight(source, settings, table, options.score_weight)
        fits = Fits(settings, scored, table, weight)
        results, empty = _fit_loci(source, fits, range(len(source.regions))[part::parts])
        write_results(out, results, source.kind)
        return build_card(results, kind=source.kind, in_sample=source.in_sample, empty=empty, weight=weight, coverage=options.coverage)


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
    """Fit a locus with the prior of the score, and with a flat prior and all else equal."""
    weight = fits.weight
    flat, scored = None, 0
    if fits.table is None or weight is None:
        fit = fit_susie(locus.data, fits.plain)
    else:
        settings = fits.scored if weight.weight > 0 else fits.plain
        standardised, scored = fits.table.of(locus.variants["variant_id"].to_numpy())
        fit = flat = fit_susie(locus.data, settings)
        if weight.weight > 0:
            fit = fit_susie(locus.data, settings, prior=score_prior(standardised, weight.weight))
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
        score_weight=weight.weight if weight else 0.0,
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
