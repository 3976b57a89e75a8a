"""The trust card of `locus`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.core.ld_quality import LdQuality, check_ld_quality
from lucidseq.finemap.consistency import AGREES_BELOW, LEVEL
from lucidseq.finemap.functional_prior import CLEAR_GAIN, ScoreWeight
from lucidseq.finemap.locus_fits import LocusFit
from lucidseq.finemap.susie import SMALL_SAMPLE

# Of the lower bound of s. Tried on simulated and real loci: 0 with in-sample LD, .05-.12 with a panel of 500, up to .5
# where 1 in 100 alleles were swapped (docs/methods/susie.md)
MISMATCH_OK, MISMATCH_REFUSE = AGREES_BELOW, 0.1
SHARED_OK, SHARED_REFUSE = 0.9, 0.5
# Of the trait's variance, by one locus: the strongest loci of molecular traits explain up to 0.8
EXPLAINED_OK, EXPLAINED_REFUSE = 0.8, 0.95
UNKNOWN = "its interval reaches from 0 to nearly 1, since the variants are hardly correlated or have weak z; check alleles and samples by other means"
SAMPLES_A_SET = 15  # Harrell 2015, Regression Modeling Strategies, section 4.4: 10 to 20 a predictor
FLIPPED_OK, N_SPREAD_OK = 0.05, 0.1
N_BEYOND_LD_OK = 1.1  # of the samples of in-sample LD; fewer are common (missing values, effective sizes)
LEAST_WEIGHT = 1e-3  # of the mean weight of a locus: against it a variant needs 7 nats more evidence than under a flat prior


@dataclass(frozen=True)
class Context:
    """What the card needs beside the fits.

    Attributes
    ----------
    in_sample
        Whether the LD is that of the samples behind the statistics.
    empty
        Names of the loci without a variant that could be fitted.
    coverage
        Requested coverage of the credible sets.
    weight
        Weight of the functional score; None when there was none.
    prior_weights
        Number of prior weights in the loci; None when none were given.
    ld
        What is known of the LD; None on individual data.
    """

    in_sample: bool
    empty: list[str]
    coverage: float
    weight: ScoreWeight | None = None
    prior_weights: int | None = None
    ld: LdQuality | None = None


def build_card(results: list[LocusFit], context: Context) -> Card:
    """Return the card of fitted loci."""
    card = Card("finemap", "locus")
    _check_fits(card, results, context.coverage)
    _check_plausibility(card, [result for result in results if not result.fit.broke_down])
    _check_variants(card, results, context.empty)
    if context.ld is not None:
        _check_ld(card, results, context.ld, in_sample=context.in_sample)
    if context.weight is not None:
        _check_score(card, results, context.weight)
    if context.prior_weights is not None:
        _check_prior_weights(card, results, context.prior_weights)
    return card


def _check_fits(card: Card, results: list[LocusFit], coverage: float) -> None:
    broken = [result.region.name for result in results if result.fit.broke_down]
    advice = "z and LD contradict each other: check alleles, n, and that the rows of the LD are those of z; more sweeps cannot help"
    shown = f"{len(broken)} ({', '.join(broken[:3])})" if broken else "0"
    card.expect("loci whose fit broke down", shown, not broken, threshold="0", advice=advice, otherwise=Verdict.REFUSE)
    total = len(results) - len(broken)
    converged = sum(result.fit.converged for result in results)
    advice = "raise --max-iterations; if it still does not converge, z and LD disagree or --max-effects is too large"
    card.expect("loci converged", f"{converged} of {total}", converged == total, threshold="all", advice=advice)
    full = sum(
        bool((result.fit.prior_variance > 0).all())
        and len(result.z) > len(result.fit.lbf)
        and len(result.fit.credible_sets) == len(result.fit.lbf)
        for result in results
    )
    advice = "raise --max-effects: there may be more causal variants"
    if any(_overfitted(result) for result in results):
        advice = "do not raise --max-effects: the fit explains noise already (see the share of the trait's variance and samples per credible set)"
    card.at_most("loci that used every effect", full, 0, advice=advice)
    sets = [credible_set for result in results for credible_set in result.fit.credible_sets]
    impure = sum(result.fit.impure_sets for result in results)
    card.expect(
        "credible sets removed as impure",
        f"{impure} beside {len(sets)} kept",
        impure <= len(sets),
        threshold="not more than kept",
        advice="weak signals spread over uncorrelated variants; a variant may have a high PIP without being in a set",
    )
    if sets:
        least = min(credible_set.coverage for credible_set in sets)
        card.at_least(
            "least coverage of a credible set", least, coverage, advice="report this as a bug: sets are built to reach the coverage"
        )


def _overfitted(result: LocusFit) -> bool:
    """Whether the effects explain more of the trait, or are more, than the samples support."""
    return result.fit.explained > EXPLAINED_OK or result.n < SAMPLES_A_SET * len(result.fit.credible_sets)


def _check_plausibility(card: Card, results: list[LocusFit]) -> None:
    """Check the fits themselves: effects that explain the whole trait, or as many as there are samples, explain noise."""
    if not results:
        return
    most = max(results, key=lambda result: result.fit.explained)
    advice = (
        f"locus {most.region.name}: effects of single variants rarely explain so much; the fit explains noise (few samples: --residual-prior nig, "
        "smaller --max-effects) or z contradicts LD"
    )
    name = "largest share of the trait's variance that a locus explains"
    card.at_most(name, most.fit.explained, EXPLAINED_OK, refuse_above=EXPLAINED_REFUSE, advice=advice)
    with_sets = [result.n / len(result.fit.credible_sets) for result in results if result.fit.credible_sets]
    if with_sets:
        advice = "too many effects for these samples: give --residual-prior nig, or a smaller --max-effects"
        card.at_least("least samples per credible set of a locus", min(with_sets), SAMPLES_A_SET, advice=advice)
    largest = max(float(result.fit.prior_variance.max()) / result.fit.trait_variance for result in results)
    advice = "one variant cannot have a larger effect variance than the whole trait: effects cancel each other, or z contradicts LD"
    card.below("largest prior variance of an effect, share of the trait's", largest, 1.0, advice=advice)
    small = [result.fit for result in results if result.n < SMALL_SAMPLE]
    if small:
        plain = sum(fit.residual_prior != "nig" and fit.residual_variance != fit.trait_variance for fit in small)
        advice = "an estimate from so few samples is too small, and credible sets are too many: give --residual-prior nig"
        name = f"loci with the residual variance estimated from fewer than {SMALL_SAMPLE} samples"
        card.at_most(name, plain, 0, advice=advice)


def _check_variants(card: Card, results: list[LocusFit], empty: list[str]) -> None:
    advice = f"no result for {', '.join(empty[:10])}: check that the inputs cover them" if empty else ""
    card.expect("loci without a variant to fit", len(empty), not empty, threshold="0", advice=advice)
    offered = sum(result.match.offered for result in results)
    shared = sum(result.match.shared for result in results)
    if offered:
        share = shared / offered
        advice = f"{offered - shared} of {offered} variants were in one input only or do not vary; causal variants among them are missed"
        card.at_least("share of variants fitted", share, SHARED_OK, refuse_below=SHARED_REFUSE, advice=advice)


def _check_ld(card: Card, results: list[LocusFit], ld: LdQuality, *, in_sample: bool) -> None:
    advice = "LD of other samples than those behind the statistics: trust the sets less, prefer small --max-effects"
    card.expect("LD", "in-sample" if in_sample else "reference panel", in_sample, threshold="in-sample", advice=advice)
    check_ld_quality(card, ld, in_sample=in_sample)
    if in_sample and ld.n_ref > 0 and results:
        most = max(result.n for result in results)
        advice = "the statistics have more samples than the LD that is called theirs: wrong n, or LD of other samples (encode it with --method panel)"
        text = f"<= {N_BEYOND_LD_OK:g} times the samples behind the LD"
        card.at_most("samples behind the statistics", most, N_BEYOND_LD_OK * ld.n_ref, text=text, advice=advice)
    shared = max(sum(result.match.shared for result in results), ld.matched)
    flipped = sum(result.match.flipped for result in results) + (0 if np.isnan(ld.flipped) else int(ld.flipped))
    advice = (
        "their signs were flipped, here or when the LD was encoded; this many suggests that the inputs were not harmonised to one reference"
    )
    card.at_most("variants with swapped alleles", flipped, FLIPPED_OK * shared, text=f"<= {FLIPPED_OK:.0%} of the variants", advice=advice)
    _check_mismatch(card, [result for result in results if result.mismatch is not None])
    spread = max((result.match.n_spread for result in results), default=0.0)
    advice = "SuSiE assumes the same samples behind every variant; remove variants with far fewer"
    card.at_most("largest spread of n within a locus", spread, N_SPREAD_OK, text=f"<= {N_SPREAD_OK:g} of the median", advice=advice)


def _check_mismatch(card: Card, results: list[LocusFit]) -> None:
    """Check that z follows LD, in the worst locus; name the variants that do not."""
    measured = [(result, result.mismatch) for result in results if result.mismatch is not None]
    if not measured:
        return
    known = [(result, mismatch) for result, mismatch in measured if not mismatch.unknown]
    result, worst = max(known or measured, key=lambda item: (item[1].low, item[1].s))
    advice = (
        f"in locus {result.region.name} z contradicts LD: wrong alleles, LD of other samples, or unequal n; "
        f"{result.variants['variant_id'].iloc[worst.furthest]} departs most from what its neighbours predict"
    )
    verdict = Verdict.OK if worst.low < MISMATCH_OK else Verdict.CAUTION if worst.low <= MISMATCH_REFUSE else Verdict.REFUSE
    if worst.unknown:
        verdict, advice = Verdict.CAUTION, f"unknown in every locus (such as {result.region.name}): {UNKNOWN}"
    name, threshold = "largest mismatch of z and LD (s)", f"lower bound < {MISMATCH_OK}"
    card.add(name, worst.s, verdict, threshold=threshold, interval=(worst.low, worst.high), level=LEVEL, advice=advice)
    if known:
        unknown = [result.region.name for result, mismatch in measured if mismatch.unknown]
        card.at_most("loci whose mismatch is unknown", len(unknown), 0, advice=f"{', '.join(unknown[:5])}: {UNKNOWN}")
    flipped = [name for result in results for name in result.flipped]
    advice = f"flip the alleles, or remove them: {', '.join(flipped[:5])}; all are in flipped_variants of the loci table"
    card.at_most("variants whose z fits LD with the other alleles", len(flipped), 0, advice=advice)


def _check_prior_weights(card: Card, results: list[LocusFit], inside: int) -> None:
    """Check that variants and prior weights match, counted on both sides."""
    matched, total = sum(result.scored for result in results), sum(len(result.z) for result in results)
    advice = f"{total - matched} of {total} variants have no weight and count as average ones; check build and alleles"
    share = matched / total if total else np.nan
    card.at_least("share of variants with a prior weight", share, SHARED_OK, refuse_below=np.nextafter(0, 1), advice=advice)
    unmatched = max(0, inside - matched)
    advice = "weights of other alleles or positions than the variants, or of variants that were not fitted: check build and alleles"
    text = f"<= {1 - SHARED_OK:.0%} of {inside}"
    card.at_most("prior weights in the loci that match no variant", unmatched, (1 - SHARED_OK) * inside, text=text, advice=advice)
    against = [result.region.name for result in results if _prior_excludes_lead(result)]
    advice = f"the weights decide against the evidence (see pip_flat): check their unit and outliers in {', '.join(against[:5])}"
    name = f"loci whose strongest variant has a prior weight below {LEAST_WEIGHT:g} of the mean"
    card.at_most(name, len(against), 0, advice=advice)


def _prior_excludes_lead(result: LocusFit) -> bool:
    """Whether the strongest variant of a locus with a credible set under the flat prior has almost no prior weight."""
    if result.flat is None or not result.flat.credible_sets:
        return False
    return bool(result.fit.prior[np.argmax(result.flat.pip)] < LEAST_WEIGHT * result.fit.prior.mean())


def _check_score(card: Card, results: list[LocusFit], weight: ScoreWeight) -> None:
    scored, total = sum(result.scored for result in results), sum(len(result.z) for result in results)
    share = scored / total if total else np.nan
    card.at_least(
        "share of variants with a functional score",
        share,
        SHARED_OK,
        refuse_below=np.nextafter(0, 1),  # none
        advice="variants without a score count as average ones; without any, the score is of another build or other variants",
    )
    not_used = "the score was not used" if weight.weight == 0 else "compare pip with pip_flat"
    advice = f"an uninformative score gains this much in 1 of 20 analyses: {not_used}"
    card.expect(
        "gain in evidence from the functional score (nats)", weight.gain, weight.helps, threshold=f">= {CLEAR_GAIN:g}", advice=advice
    )
