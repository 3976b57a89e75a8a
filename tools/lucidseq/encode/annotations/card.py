"""The trust card of annotations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.encode.annotations.targets import Targets
from lucidseq.encode.annotations.variant_tables import TableSource
from lucidseq.encode.check_join import JoinSide, check_join


def build_card(summary: pd.DataFrame, targets: Targets, tables: list[TableSource]) -> Card:
    """Return the card of features (schema lucidseq.annotation_summary) and of the rows they describe."""
    rows, removed, unsettled = len(targets), targets.removed, targets.unsettled
    card = Card("encode", "annotations")
    missing = summary["missing"] / rows
    worst = summary["feature"].iloc[int(np.argmax(missing))]
    advice = f"Feature {worst} has no value for many rows: check its build and names; missing is NaN, not zero."
    card.expect("largest share of missing values", float(missing.max()), missing.max() < 0.2, threshold="< 0.2", advice=advice)
    flat = summary[(summary["minimum"] == summary["maximum"]) | (summary["missing"] == rows)]
    advice = f"{', '.join(flat['feature'][:3])} is the same for all rows, so nothing can be learned from it."
    card.expect("features that do not vary", len(flat), not len(flat), threshold="0", advice=advice)
    for table in tables:
        advice = "Check build, contig names and alleles of the table; features of variants without a row are missing."
        check_join(
            card, table.path.name, JoinSide(f"{targets.unit}s", table.unmatched_rows, rows), table.table_side, most=0.2, advice=advice
        )
    share = removed / (rows + removed)
    advice = "Rows with several or unknown alleles are not annotated: split them first."
    card.expect("variants removed", removed, share < 0.05, threshold="< 5 %", advice=advice)
    if targets.unit == "variant":
        card.at_most(
            "insertions and deletions without a known reference allele",
            unsettled,
            0,
            advice="The other allele (PLINK's A2) is used; where it is not the reference, the variant covers other bases. Give a VCF or .pvar of these variants "
            "(`encode sumstats --fasta --export gwas-vcf` writes one).",
        )
    return card
