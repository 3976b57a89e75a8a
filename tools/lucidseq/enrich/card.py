"""The trust cards of gene tests and gene-set tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.ld_quality import LdQuality, check_ld_quality

FEW_GENES = 50  # below this, the regression has a small background


def genes_card(table: pd.DataFrame, total: int, matched: float, method: str, quality: LdQuality) -> Card:
    """Return the card of gene tests: coverage, matching, LD and inflation.

    Parameters
    ----------
    table
        Tested genes.
    total
        Genes of the GTF.
    matched
        Share of the LD variants that have summary statistics.
    method
        Samples behind the LD.
    quality
        What is known of the making of the LD.
    """
    card = Card("enrich", "genes")
    advice = f"{total - len(table)} genes have no genotyped variant and were not tested."
    card.at_least("genes tested", len(table), 0.5 * total, text=f">= half of {total}", advice=advice)
    advice = "Many variants are in one file only: check build and alleles."
    card.at_least("LD variants in the summary statistics", matched, 0.9, refuse_below=0.5, advice=advice)
    card.expect(
        "LD", method, method == "in-sample", threshold="in-sample", advice="With LD of other samples the null distribution is approximate."
    )
    check_ld_quality(card, quality, in_sample=method == "in-sample")
    median = float(np.median(table["z"]))
    error = 1.2533 / np.sqrt(len(table))
    card.below(
        "median gene z",
        median,
        0.5 + 2 * error,
        text="< 0.5",
        interval=(median - 1.96 * error, median + 1.96 * error),
        level=0.95,
        advice="Most genes look associated: polygenicity, confounding, or loci selected for their association.",
    )
    return card


def pathways_card(genes: int, tested: int, untested_sets: int, untested_genes: float, *, matched_by: str) -> Card:
    """Return the card of gene-set tests: coverage of the sets.

    Parameters
    ----------
    genes
        Tested genes.
    tested, untested_sets
        Gene sets that were tested, and those with too few or too many tested genes.
    untested_genes
        Share of the sets' genes that were not tested.
    matched_by
        The identifier by which genes were matched.
    """
    card = Card("enrich", "pathways")
    card.at_least("genes behind the regression", genes, FEW_GENES, advice="Few genes: p-values have a small background.")
    advice = f"{untested_sets} sets have too few or too many tested genes."
    card.expect("sets tested", tested, not untested_sets, threshold=f"all {tested + untested_sets}", advice=advice)
    advice = "Many genes of the sets have no genotyped variant: a set without signal may be untested."
    card.at_most("set genes that were not tested", untested_genes, 0.5, advice=advice)
    advice = "The identifier of more matching genes."
    card.add("genes matched by", matched_by, Verdict.OK, threshold="any", advice=advice)
    return card
