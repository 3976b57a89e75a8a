"""Match published variants with summary statistics, by alleles and names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core.intervals import Interval
from lucidseq.core.variants import align, contig_key, variant_ids
from lucidseq.encode.ld.choices import MatchBy

NOT_LISTED, OTHER_ALLELES, TWICE = "not in --variants", "in --variants with other alleles", "repeated variant"


@dataclass(frozen=True)
class MatchedVariants:
    """Matched rows of a matrix, by position, with their names; every array has shape (matched,).

    Attributes
    ----------
    rows
        Rows of the matrix.
    sign
        -1 where the effect allele is swapped.
    contig, position, variant_id
        As in the summary statistics, if given; position 1-based.
    frequency
        Of the matrix's effect allele in the summary statistics, NaN where unknown.
    removed
        Variants removed, by reason.
    """

    rows: np.ndarray
    sign: np.ndarray
    contig: np.ndarray
    position: np.ndarray
    variant_id: np.ndarray
    frequency: np.ndarray
    removed: Counter[str]


def match_variants(variants: pd.DataFrame, sumstats: pd.DataFrame | None, by: MatchBy) -> MatchedVariants:
    """Match published variants with summary statistics, alleles in either order; without them, take all.

    Parameters
    ----------
    variants
        `variant_lists.COLUMNS`.
    sumstats
        variant_id, chromosome, base_pair_location, other_allele, effect_allele; effect_allele_frequency where known; rsid to match by it.
    by
        Position (contig with or without chr) or rsid: rsid does not depend on the build.
    """
    if sumstats is None:
        ids = np.array(variant_ids(variants["contig"], variants["position"], variants["other"], variants["effect"]), dtype=object)
        is_first = ~pd.Series(ids).duplicated().to_numpy()
        rows = np.flatnonzero(is_first)
        taken = variants.iloc[rows]
        return _sorted(
            rows,
            np.ones(len(rows)),
            taken["contig"],
            taken["position"],
            ids[rows],
            np.full(len(rows), np.nan),
            Counter({TWICE: int((~is_first).sum())}),
        )
    sumstats_keys = _keys(sumstats["chromosome"], sumstats["base_pair_location"], sumstats.get("rsid"), by)
    published_keys = _keys(variants["contig"], variants["position"], variants["rsid"], by)
    listed = pd.Series(_with_alleles(sumstats_keys, sumstats["other_allele"], sumstats["effect_allele"]))
    usable = (~listed.duplicated() & (sumstats_keys != "")).to_numpy()
    positions = np.flatnonzero(usable)
    row_in_sumstats, flipped = align(_with_alleles(published_keys, variants["other"], variants["effect"]), pd.Index(listed[usable]))
    row_in_sumstats[published_keys == ""] = -1
    matched = row_in_sumstats >= 0
    repeated = matched & pd.Series(np.where(matched, row_in_sumstats, -1 - np.arange(len(row_in_sumstats)))).duplicated().to_numpy()
    rows = np.flatnonzero(matched & ~repeated)
    keys_of_sumstats = pd.Index(pd.unique(sumstats_keys[usable]))
    other_alleles = ~matched & (keys_of_sumstats.get_indexer(pd.Index(published_keys)) >= 0)
    removed = Counter(
        {NOT_LISTED: int((~matched & ~other_alleles).sum()), OTHER_ALLELES: int(other_alleles.sum()), TWICE: int(repeated.sum())}
    )
    taken, is_flipped = sumstats.iloc[positions[row_in_sumstats[rows]]], flipped[rows]
    if "effect_allele_frequency" in taken:
        frequency = taken["effect_allele_frequency"].to_numpy(dtype=np.float64)
    else:
        frequency = np.full(len(taken), np.nan)
    return _sorted(
        rows,
        np.where(is_flipped, -1.0, 1.0),
        taken["chromosome"],
        taken["base_pair_location"],
        taken["variant_id"].to_numpy(dtype=object),
        np.where(is_flipped, 1 - frequency, frequency),
        removed,
    )


def inside(sumstats: pd.DataFrame, locus: Interval) -> np.ndarray:
    """Return a mask of the rows of summary statistics in a locus, whatever the spelling of its contig."""
    position = sumstats["base_pair_location"]
    on_contig = sumstats["chromosome"].map(contig_key) == contig_key(locus.contig)
    mask: np.ndarray = (on_contig & (position > locus.start) & (position <= locus.end)).to_numpy()
    return mask


def _keys(contig: pd.Series, position: pd.Series, rsid: pd.Series | None, by: MatchBy) -> np.ndarray:
    """Return the key of each variant; empty where it is unknown."""
    if by is MatchBy.POSITION:
        keys = contig.astype(str).map(contig_key) + "/" + position.astype(str)
    else:
        keys = pd.Series("", index=contig.index) if rsid is None else rsid.astype(str)
        keys = keys.where(~keys.isin([".", "0", "NA"]), "")
    return keys.to_numpy(dtype=object)


def _with_alleles(keys: np.ndarray, other: pd.Series, effect: pd.Series) -> np.ndarray:
    return np.array([f"{key}:{first}:{second}" for key, first, second in zip(keys, other, effect, strict=True)], dtype=object)


def _sorted(
    rows: np.ndarray,
    sign: np.ndarray,
    contig: pd.Series,
    position: pd.Series,
    ids: np.ndarray,
    frequency: np.ndarray,
    removed: Counter[str],
) -> MatchedVariants:
    """Order by first appearance of the contig, then position."""
    contigs, places = contig.to_numpy(dtype=object), position.to_numpy(dtype=np.int64)
    order = np.lexsort((places, pd.factorize(contigs)[0]))
    return MatchedVariants(rows[order], sign[order], contigs[order], places[order], ids[order], frequency[order], removed)
