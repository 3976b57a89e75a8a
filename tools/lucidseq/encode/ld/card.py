"""The quality-control table and the trust card of LD."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.schema import QC
from lucidseq.core.tables import write_table
from lucidseq.encode.check_join import JoinSide, check_join
from lucidseq.encode.ld.estimate import Estimator, Tally
from lucidseq.encode.ld.from_genotypes import CONSTANT, FEW_VARIANTS
from lucidseq.encode.ld.from_matrix import LEFT_OUT, OUTSIDE
from lucidseq.encode.ld.ldgm import NOT_CARRIED
from lucidseq.encode.ld.match_variants import NOT_LISTED, OTHER_ALLELES, TWICE
from lucidseq.encode.ld.matrix import CONSTANT as NO_NUMBER

_STEPS = (NOT_CARRIED, NO_NUMBER, NOT_LISTED, OTHER_ALLELES, TWICE, CONSTANT, OUTSIDE, LEFT_OUT)
_MOST_UNMATCHED = 0.1  # of the variants asked for
FEW, MANY_REPAIRED = 500, 0.05  # samples; change of a correlation by the repair


def write_qc(tally: Tally, loci: int, path: Path) -> None:
    """Write what each step removed, and how many variants were swapped."""
    rows = [("loci", "read", 0, loci), ("loci", FEW_VARIANTS, loci - tally.written, tally.written)]
    remaining = tally.counts["variants"]
    rows.append(("variants", "in the loci", 0, remaining))
    for step in _STEPS:
        if step in tally.counts or step == LEFT_OUT:
            remaining -= tally.counts[step]
            rows.append(("variants", step, tally.counts[step], remaining))
    rows.append(("swapped variants", "alleles as in --variants, sign flipped", 0, tally.swapped))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)


def build_card(tally: Tally, loci: int, n_ref: float, estimator: Estimator, *, checked: bool) -> Card:
    """Return the card.

    Parameters
    ----------
    checked
        Whether eigenvalues were checked: those of complete genotypes cannot be negative.
    """
    card = Card("encode", "ld")
    missing = loci - tally.written
    card.at_most("loci skipped", missing, 0, advice="They have fewer than 2 variants: check build, coordinates and quality control.")
    if np.isnan(n_ref):
        advice = "Give --n-ref; fine mapping needs the panel size to judge LD noise."
        card.add("samples behind the LD", "unknown", Verdict.CAUTION, threshold=f">= {FEW}", advice=advice)
    else:
        advice = "LD of few samples is noisy: use it for statistics of the same samples, not as a panel."
        card.expect("samples behind the LD", int(n_ref), n_ref >= FEW, threshold=f">= {FEW}", advice=advice)
    _matches(card, tally)
    _signs(card, tally)
    _repairs(card, tally, checked=checked)
    advice = "(sum of eigenvalues)^2 / sum of their squares, per variant: small where LD is strong."
    card.add("median effective rank, share of the variants", float(np.median(tally.ranks)), Verdict.OK, threshold="none", advice=advice)
    if estimator.weight is None:
        weight = float(np.median(tally.weights))
        card.at_most("median shrinkage", weight, 0.2, advice="The samples are too few for these variants: use a larger panel.")
    if estimator.share is not None:
        advice = "Weak correlations are lost: keep a larger share of the variance."
        card.at_most("largest change of a correlation by low rank", tally.truncation, 0.1, advice=advice)
    return card


def _matches(card: Card, tally: Tally) -> None:
    """Add which variants asked for the panel lacks, and how many alleles were swapped to those asked for."""
    if not tally.requested:
        return
    check_join(
        card,
        "variants",
        JoinSide("rows of --variants in the loci", tally.requested - tally.matched, tally.requested),
        JoinSide("variants of the panel", tally.counts["variants"] - tally.matched, tally.counts["variants"]),
        most=_MOST_UNMATCHED,
        advice="Fine mapping removes variants without LD, among them causal ones: use a panel of the same build and ancestry, and check contig names and alleles.",
    )
    share = tally.swapped / max(tally.matched, 1)
    advice = "Their signs were flipped to the effect alleles of --variants."
    card.add("variants with swapped alleles", share, Verdict.OK, threshold="none", advice=advice)


def _signs(card: Card, tally: Tally) -> None:
    """Add whether signs of PLINK matrices may belong to another allele than A1 of the .bim."""
    if not tally.by_a1:
        return
    value = tally.a1_commoner if tally.a1_known else "unknown (no frequencies)"
    card.expect(
        "variants whose A1 in the .bim is the commoner allele",
        value,
        bool(tally.a1_known and not tally.a1_commoner),
        threshold="0",
        advice="PLINK 1.9 counts the rarer allele, not A1 of the .bim, unless it ran with --keep-allele-order: r then has the wrong sign for such "
        "variants. Add that option, or give the .bim that --make-just-bim writes in the same run.",
    )


def _repairs(card: Card, tally: Tally, *, checked: bool) -> None:
    """Add the repairs of negative eigenvalues."""
    if not checked:
        card.add("negative eigenvalues", "none, by construction", Verdict.OK, threshold="none", advice="Nothing to do.")
        return
    advice = f"The smallest was {tally.smallest:.3g}: correlations of different samples for each pair (missing genotypes), or edited."
    card.at_most("blocks with negative eigenvalues, repaired", tally.repaired, 0, advice=advice)
    if tally.repaired:
        verdict = Verdict.CAUTION if tally.repair_change <= MANY_REPAIRED else Verdict.REFUSE
        threshold = f"<= {MANY_REPAIRED}"
        advice = "The matrix is far from a correlation matrix: do not use it; check for swapped rows or signs."
        card.add("largest change of a correlation by the repair", tally.repair_change, verdict, threshold=threshold, advice=advice)
