"""The trust card of encoded genotypes."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.core.log import get_logger
from lucidseq.encode.check_join import JoinSide, check_join
from lucidseq.encode.genotypes import quality
from lucidseq.encode.genotypes.reading_pass import ReadingPass
from lucidseq.encode.genotypes.sample_quality import LEAST_X_VARIANTS, NOT_LISTED, outliers
from lucidseq.encode.genotypes.samples import BINARY, KEPT, PLINK_MISSING, Joined, Trait
from lucidseq.encode.genotypes.sex_chromosomes import X, chromosome_kind, known_build, unclear_numbers
from lucidseq.encode.readers.reader import MULTIALLELIC, NO_ALTERNATE, NO_FIELD

_log = get_logger("lucidseq.encode")
_DEVIATIONS = 3.0


def rows_read(reading: ReadingPass) -> int:
    """Return the variants of the files, with those that readers skipped."""
    return reading.read + sum(reading.removed[reason] for reason in (MULTIALLELIC, NO_ALTERNATE, NO_FIELD))


def check_trait(card: Card, trait: Trait) -> None:
    """Add how a trait was read."""
    present = ~np.isnan(trait.values)
    cases = f", {int(np.nansum(trait.values))} cases" if trait.kind == BINARY else ""
    coding = f"{trait.note}; {present.sum()} samples{cases}"
    _log.info(f"trait {trait.name}: {coding}")
    constant = len(np.unique(trait.values[present])) < 2
    advice = "The trait does not vary, so it has no associations." if constant else "Check that this is the coding of the file."
    card.expect(f"trait {trait.name}", coding, not (constant or KEPT in coding), threshold="read as intended", advice=advice)


def check_covariates(card: Card, names: list[str], values: np.ndarray, *, plink: bool) -> None:
    """Add how -9 was read in the covariates of a table, shape (covariates, samples)."""
    coded = (values == PLINK_MISSING).sum(axis=1)
    if coded.any():
        where = ", ".join(f"{name} {count}" for name, count in zip(names, coded, strict=True) if count)
        reading = f"{where}: " + ("read as missing (PLINK's table)" if plink else KEPT)
        _log.info(f"covariates of -9: {reading}")
        advice = "PLINK writes -9 for missing; in a table `sample covariate...` -9 is a number: write NA instead."
        card.expect("covariates of -9", reading, plink, threshold="read as intended", advice=advice)


def check_overlap(card: Card, what: str, joined: Joined) -> None:
    """Add how many samples a table covers."""
    check_join(
        card,
        f"{what}s",
        JoinSide("samples of the genotypes", joined.only_genotypes, joined.shared + joined.only_genotypes),
        JoinSide(f"rows of the {what} table", joined.only_table, joined.shared + joined.only_table),
        most=0.5,
        advice="Few samples have a row: check the sample names in both files.",
    )


def check_quality(card: Card, reading: ReadingPass, outcomes: np.ndarray) -> None:
    """Add the checks of variants, samples and sexes."""
    total = rows_read(reading)
    share = reading.kept / total
    card.at_least("variants kept", share, 0.5, advice="Many variants were removed; the QC table shows which filter removed them.")
    if reading.removed[NO_FIELD]:
        advice = "They were removed (--drop-incomplete): check how the file was made."
        card.at_most("rows without the sample field", reading.removed[NO_FIELD] / total, 0.01, advice=advice)
    departed = reading.removed[quality.HARDY_WEINBERG] / total
    advice = "Inbred lines, haploids and mixed populations depart from them: --min-hwe-p 0 turns the test off."
    card.below("variants out of Hardy-Weinberg proportions", departed, 0.05, advice=advice)
    missing = reading.kept_missing / max(reading.kept_genotypes, 1)
    card.below("missing genotypes among kept variants", missing, 0.02, advice="Impute the genotypes first, or lower --max-missing.")
    listed = outcomes != NOT_LISTED
    removed = int((listed & (outcomes != "kept")).sum())
    advice = "Many samples lack genotypes or are outliers: check how they were called."
    card.at_most("samples removed", removed, 0.1 * listed.sum(), text="<= 10 %", advice=advice)
    _heterozygosity(card, reading)
    _haploids(card, reading.haploid.elsewhere)
    _sexes(card, reading)


def _heterozygosity(card: Card, reading: ReadingPass) -> None:
    """Count samples far from the mean inbreeding coefficient: mixed-up or contaminated DNA, inbreeding, another ancestry."""
    f = reading.statistics.autosomes.inbreeding
    if np.isnan(f[reading.keep]).all():
        return
    far = int((outliers(f, _DEVIATIONS, reading.keep) & reading.keep).sum())
    share = far / int(reading.keep.sum())
    advice = "Contaminated DNA, inbreeding or mixed ancestry: see the samples' table; --max-heterozygosity 3 removes them."
    card.expect("samples of outlying heterozygosity", far, share <= 0.01, threshold="<= 1 % beyond 3 standard deviations", advice=advice)


def _haploids(card: Card, calls: int) -> None:
    """Add the haploid calls of diploid chromosomes, counted as two copies (as in males of bees and wasps)."""
    if calls:
        _log.warning(f"{calls} haploid calls outside X, Y and MT counted as two copies")
        card.add(
            "haploid calls outside X, Y and MT",
            calls,
            Verdict.CAUTION,
            threshold="0 in diploids",
            advice="Each was counted as two copies: correct for the males of haplodiploid species, or Z and W chromosomes; haploid organisms "
            "need --ploidy 1; in other diploids the calls are damaged, or a sex chromosome has another name.",
        )


def _sexes(card: Card, reading: ReadingPass) -> None:
    rules = reading.rules
    if unclear := unclear_numbers(reading.contigs, rules.build):
        _log.warning(f"chromosomes {', '.join(unclear)} read as autosomes: in humans give --build")
        card.add(
            "chromosomes 23 to 26",
            f"{', '.join(unclear)} read as autosomes",
            Verdict.CAUTION,
            threshold="a build that defines them",
            advice="If they are PLINK's codes of human X, Y, XY and MT, give --build GRCh37 or GRCh38: male genotypes, sexes "
            "and the Hardy-Weinberg test are wrong otherwise. For other species name the build.",
        )
    contigs_x = [name for name in reading.contigs if chromosome_kind(name, human=known_build(rules.build)) == X]
    if not contigs_x or rules.ploidy != 2:
        return
    given = reading.plan.rules.sex[reading.keep]
    if not given.any():
        advice = "All genotypes of X were read as diploid, and Hardy-Weinberg was not tested: give --sex."
        card.add("sexes of the samples", "unknown", Verdict.CAUTION, threshold="known, for the X chromosome", advice=advice)
    if not known_build(rules.build):
        threshold = "build GRCh37 or GRCh38"
        advice = "All of X and Y was read as sex-specific: in humans give --build; for other species remove the shared regions."
        card.add("pseudo-autosomal regions", f"unknown for build {rules.build}", Verdict.CAUTION, threshold=threshold, advice=advice)
    inferred = reading.statistics.inferred_sex()[reading.keep]
    if reading.statistics.x.variants >= LEAST_X_VARIANTS:
        both = (given > 0) & (inferred > 0)
        discordant = int((both & (given != inferred)).sum())
        names = np.array(reading.plan.samples, dtype=object)[reading.keep][both & (given != inferred)]
        card.at_most(
            "samples whose X contradicts their sex",
            discordant,
            0,
            advice=f"Samples may be mixed up ({', '.join(names[:5])}): see the samples' table."
            if discordant
            else "Sexes agree with the X chromosome where it is informative.",
        )
    rate = reading.haploid.heterozygous / max(int((rules.haploid(X)).sum()) * reading.statistics.x.variants, 1)
    threshold = "< 2 % of male calls on X"
    advice = "They were set to missing: check sexes and build."
    card.expect(
        "heterozygous calls of samples with one copy", reading.haploid.heterozygous, rate < 0.02, threshold=threshold, advice=advice
    )
