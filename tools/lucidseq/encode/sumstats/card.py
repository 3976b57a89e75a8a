"""The trust card's checks of summary statistics."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.core.pvalues import inflation, z_of_log_p
from lucidseq.encode.check_join import JoinSide, check_join
from lucidseq.encode.sumstats.align import FAR
from lucidseq.encode.sumstats.builds import BUILDS, possible
from lucidseq.encode.sumstats.choices import Dialect, SampleSize, StrandRule
from lucidseq.encode.sumstats.file import Harmonised
from lucidseq.encode.sumstats.meanings import Meaning
from lucidseq.encode.sumstats.reference_alleles import ENOUGH, last_positions
from lucidseq.encode.sumstats.sample_sizes import EFFECTIVE, TOTAL, TOTAL_AS_EFFECTIVE
from lucidseq.encode.sumstats.sumstats_columns import Ledger

_WITHOUT_MATCH = ("name not in the panel", "contig not in the panel", "not in the panel", "alleles other than the panel's")
_SIZE_SLACK, _LEAST_TOTAL, _LEAST_EFFECTIVE = 0.05, 0.5, 0.7  # a variant may lack samples; effective N adds up over smaller studies
_SEVERAL = 100  # effects from which signs are checked


def check_statistics(card: Card, z: np.ndarray, n: np.ndarray, *, read: int) -> None:
    """Add inflation, the share of kept variants, and the range of N."""
    lambda_gc, genome_wide = inflation(z), len(z) >= 10_000
    threshold = "<= 1.1 over the genome (not checked below 10,000 variants)"
    advice = "Structure, relatedness or many causal variants: add principal components as covariates, or use a mixed model."
    card.expect("genomic inflation (lambda)", lambda_gc, lambda_gc <= 1.1 or not genome_wide, threshold=threshold, advice=advice)
    share = len(z) / read
    card.at_least(
        "variants kept", share, 0.9, advice="Many variants were removed; the QC table shows why, and the dropped table lists the rows."
    )
    spread = float(n.max() / n.min())
    advice = "Unequal N biases fine mapping: impute, or remove variants with small N."
    card.at_most("largest over smallest N of a variant", spread, 1.2, advice=advice)


def check_cases(card: Card, share: float) -> None:
    """Add the share of cases behind score tests."""
    advice = "With few cases the score test of rare variants is too liberal: use a saddle-point or Firth test."
    card.expect("share of cases", share, 0.02 <= share <= 0.98, threshold="0.02 to 0.98", advice=advice)


def check_file(card: Card, harmonised: Harmonised, ledger: Ledger, strand: StrandRule, sample_size: SampleSize) -> None:
    """Add the checks of a file, and of its agreement with genome and panel."""
    source, study = harmonised.source, harmonised.study
    kept = max(len(study), 1)
    card.add(
        "dialect", source.layout.facts.name.value, Verdict.OK, threshold="known, or named by --dialect", advice=source.layout.describe()
    )
    advice = "Name a column that is missed with --column MEANING=NAME; numbers by variant, such as SNPVAR, are features for `encode annotations --table`."
    card.add("columns not read", source.layout.unread or "none", Verdict.OK, threshold="none that is needed", advice=advice)
    _check_sizes(card, source.size_ratios, effective=sample_size is SampleSize.EFFECTIVE)
    if source.layout.facts.name is Dialect.PLINK1_QASSOC:
        advice = "PLINK 1.9 counts the rarer allele unless it ran with --keep-allele-order: check that it is A1 of the .bim."
        card.add("effect alleles", "A1 of the .bim", Verdict.CAUTION, threshold="named in the file", advice=advice)
    _check_effects(card, harmonised, ledger, kept)
    _check_build(card, harmonised)
    if harmonised.fit is not None:
        _check_strand(card, harmonised, ledger, strand)
    if harmonised.alignment is not None:
        _check_panel(card, harmonised, ledger)
    share = harmonised.palindromic / kept
    checked = harmonised.alignment is not None
    card.expect(
        "palindromic variants",
        share,
        share <= 0.2 or checked,
        threshold="<= 0.2",
        advice="Their strand cannot be checked against a genome: use --panel with frequencies, or check that alleles are on the forward strand.",
    )
    names = np.sort(study["name"][study["name"] > 0])
    repeated = int((np.diff(names) == 0).sum())
    advice = "Joining by name would mix variants: join by position and alleles."
    card.expect(
        "rs numbers of more than one variant", float(repeated), repeated <= 0.01 * kept, threshold="<= 1 % of variants", advice=advice
    )


def _check_sizes(card: Card, ratios: dict[str, float], *, effective: bool) -> None:
    """Add whether columns of sample sizes agree with cases and controls, as far as the file has them; contradictions in what is used are refused."""
    total = ratios.get(TOTAL)
    if total is not None:
        is_effective = abs(ratios.get(TOTAL_AS_EFFECTIVE, 0) - 1) <= _SIZE_SLACK < abs(total - 1)
        verdict = (
            Verdict.OK if _LEAST_TOTAL <= total <= 1 + _SIZE_SLACK else Verdict.CAUTION if is_effective or effective else Verdict.REFUSE
        )
        advice = "The column N is the effective sample size: name it with --column n=none --column n_effective=NAME."
        advice = (
            advice
            if is_effective
            else "The columns contradict each other: correct them, or ignore one (--column n=none takes cases + controls)."
        )
        card.add(TOTAL, total, verdict, threshold=f"{_LEAST_TOTAL} to {1 + _SIZE_SLACK:g}", advice=advice)
    ratio = ratios.get(EFFECTIVE)
    if ratio is not None:
        good = _LEAST_EFFECTIVE <= ratio <= 1 + _SIZE_SLACK
        verdict = Verdict.OK if good else Verdict.REFUSE if effective else Verdict.CAUTION
        advice = "About 0.5: the column holds half the effective N (as files of the PGC do), so effects and heritabilities on its scale are wrong. "
        advice += "--column n_effective=none computes it from cases and controls."
        card.add(EFFECTIVE, ratio, verdict, threshold=f"{_LEAST_EFFECTIVE} to {1 + _SIZE_SLACK:g}", advice=advice)


def _check_effects(card: Card, harmonised: Harmonised, ledger: Ledger, kept: int) -> None:
    layout = harmonised.source.layout
    unit = "of the trait's standard deviation, from z" if harmonised.source.standardised else "as in the file"
    if harmonised.source.standardised and not layout.has(Meaning.FREQUENCY):
        unit = "of standardised genotype and trait, from z"
    card.add("effects", unit, Verdict.OK, threshold="stated", advice="beta and standard_error are in this unit; z does not depend on it.")
    share = ledger.notes.get("p-value far from that of z, kept", 0) / max(harmonised.source.read, 1)
    advice = "An odds ratio read as beta, an error of the odds ratio, or a p-value of another test: check the columns."
    card.at_most("p-values far from those of effect / standard error", share, 0.05, refuse_above=0.5, advice=advice)
    if layout.facts.name is Dialect.BOLT_LMM and layout.has(Meaning.P) and layout.column(Meaning.P) == "P_BOLT_LMM":
        _check_bolt(card, harmonised.study["z"], harmonised.study["tail"])
    if len(harmonised.study) >= _SEVERAL:
        positive = harmonised.source.positive_share
        verdict = Verdict.OK if 0.02 <= positive <= 0.98 else Verdict.REFUSE
        advice = "Effects of one sign are odds ratios read as beta, or absolute values: check the columns."
        card.add("share of effects above 0", positive, verdict, threshold="0.02 to 0.98", advice=advice)


def _check_bolt(card: Card, z: np.ndarray, tail: np.ndarray) -> None:
    """Compare BOLT-LMM's p-values, of its mixture model, with z = BETA / SE of the infinitesimal model."""
    known = np.isfinite(tail)
    by_p = float((z_of_log_p(-tail[known] * np.log(10.0)) ** 2).sum())
    ratio = by_p / max(float((z[known] ** 2).sum()), 1e-300)
    card.expect(
        "chi-square of P_BOLT_LMM over (BETA / SE)^2",
        ratio,
        0.98 <= ratio <= 1.02,
        threshold="0.98 to 1.02",
        advice="BETA and SE are of BOLT-LMM's infinitesimal model, so z has less power than the p-value. "
        "Use --column p_value=P_BOLT_LMM_INF for both of one model.",
    )


def _check_build(card: Card, harmonised: Harmonised) -> None:
    if harmonised.build is not None:
        advice = "Every other file must be of this build."
        card.add("genome build", harmonised.build, Verdict.OK, threshold="known from contig lengths", advice=advice)
        return
    fits = possible(last_positions(harmonised.study))
    words = "unknown" if len(fits) == len(BUILDS) else " or ".join(fits) if fits else "no known human build"
    advice = "Positions alone do not identify the build: give --fasta to check reference alleles."
    card.add("genome build", words, Verdict.OK, threshold="not excluded by positions", advice=advice)


def _check_strand(card: Card, harmonised: Harmonised, ledger: Ledger, strand: StrandRule) -> None:
    fit = harmonised.fit
    assert fit is not None
    reference_share = (
        fit.share if fit.strand in ("forward", "unknown") else 1 - fit.share if fit.strand == "reverse" else fit.palindromic_share
    )
    if fit.snps >= ENOUGH:
        advice = "Rows without it were removed; about as many wrong rows have it by chance."
        card.at_least("SNPs with the genome's reference allele", reference_share, 0.99, advice=advice)
    else:
        threshold = f"1 (fewer than {ENOUGH} SNPs do not show strand and build)"
        advice = "Too few variants to recognise a wrong build: check it another way."
        card.expect("SNPs with the genome's reference allele", reference_share, reference_share == 1, threshold=threshold, advice=advice)
    threshold = f"forward (--strand {strand.value})"
    advice = f"{ledger.notes.get('strand flipped', 0)} rows were flipped; palindromes of a mixed file need --panel with frequencies."
    card.expect("strand of the file", fit.strand, fit.strand in ("forward", "unknown"), threshold=threshold, advice=advice)


def _check_panel(card: Card, harmonised: Harmonised, ledger: Ledger) -> None:
    fit = harmonised.alignment
    assert fit is not None
    unmatched = sum(ledger.counts[reason] for reason in _WITHOUT_MATCH)
    check_join(
        card,
        "variants",
        JoinSide("rows of --input", unmatched, unmatched + fit.matched),
        JoinSide("variants of --panel", harmonised.panel_variants - fit.panel_matched, harmonised.panel_variants),
        most=0.1,
        advice="Rows without a match were removed: use a panel of the same build and imputation.",
    )
    if np.isnan(fit.correlation):
        return
    advice = "Below 0 the effect allele is the other one; low: another ancestry, or swapped alleles."
    card.at_least("correlation of frequencies with the panel's", fit.correlation, 0.9, refuse_below=0, advice=advice)
    card.at_most(f"frequencies more than {FAR} from the panel's", fit.far, 0.01, advice="Rows with swapped alleles, or another ancestry.")
