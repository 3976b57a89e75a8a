"""The trust card of relatives, components and splits: above all, whether the split leaks."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.core.splits import Split, Splits
from lucidseq.encode.genotypes.sex_chromosomes import unclear_numbers
from lucidseq.encode.structure.ancestry import Ancestry
from lucidseq.encode.structure.king import DUPLICATE
from lucidseq.encode.structure.relatives import SAME, Relatives

_FEW_VARIANTS, _FEW_FITTED = 1000, 50
_CONCENTRATED = 0.25  # share of a component's squared loadings in one window that makes it that region's, not ancestry's


def check_contigs(card: Card, contigs: np.ndarray, build: str) -> None:
    """Add that autosomes may be PLINK's codes of human sex chromosomes."""
    if unclear := unclear_numbers(set(contigs), build):
        card.add(
            "chromosomes 23 to 26",
            f"{', '.join(unclear)} counted as autosomes",
            Verdict.CAUTION,
            threshold="a build that defines them",
            advice="If they are PLINK's codes of human X, Y, XY and MT, encode the genotypes with --build GRCh37 or GRCh38: kinship, "
            "inbreeding and components are wrong with them. For other species name the build.",
        )


def check_inbreeding(card: Card, inbreeding: float, ploidy: int, *, inbred: bool) -> None:
    """Add whether kinship is defined."""
    if ploidy != 2:
        card.add(
            "ploidy",
            ploidy,
            Verdict.CAUTION,
            threshold="2",
            advice="KING-robust kinship is for diploids: none is written; pairs with 99 % equal "
            "genotypes are listed as duplicates (a polyploid's genotypes with both alleles count as equal).",
        )
        return
    fulfilled = not inbred and inbreeding <= 0.1
    advice = "Samples of one population have F near 0."
    if inbred:
        advice = (
            "These are probably inbred lines, haploids or doubled haploids: KING-robust kinship is not defined without heterozygotes, so none is "
            "written; pairs with 99 % equal genotypes are listed as duplicates."
        )
    elif not fulfilled:
        advice = (
            "Fewer heterozygotes than expected (inbreeding, or several populations): kinship is estimated too low between unlike samples."
        )
    card.expect("inbreeding (median F)", inbreeding, fulfilled, threshold="<= 0.1; no kinship above 0.5", advice=advice)


def check_relatives(card: Card, relatives: Relatives, variants: int) -> None:
    """Add the numbers of duplicates and of variants behind relatedness."""
    advice = "Few independent variants: unrelated pairs can appear as second-degree relatives by chance."
    card.at_least("variants behind relatedness", variants, _FEW_VARIANTS, text=f">= {_FEW_VARIANTS} in low LD", advice=advice)
    pairs = len(relatives.duplicates()[0])
    advice = "Duplicated samples or monozygotic twins: see the kinship table; keep one of each pair unless they are expected."
    card.at_most("pairs of duplicates or twins", pairs, 0, advice=advice)


def check_sizes(card: Card, splits: Splits, requested: tuple[float, float, float] | None) -> None:
    """Add the sizes of the sets, beside the requested shares (None: of a table)."""
    sizes = np.bincount(splits.split, minlength=len(Split))
    sizes_in_words = ", ".join(f"{split.name.lower()} {sizes[split]}" for split in Split)
    off = 0.0 if requested is None else float(np.abs(sizes / sizes.sum() - requested).max())
    held_out = requested is None or requested[0] < 1
    good = off <= 0.05 and sizes[Split.TRAIN] > 0 and (sizes[Split.TEST] + sizes[Split.VALID] > 0 or not held_out)
    threshold = "training and held-out samples" if requested is None else "within 5 % of the requested shares"
    advice = "Large groups cannot be cut: use other shares, more clusters, or cross-validation."
    card.expect("samples in the sets", sizes_in_words, good, threshold=threshold, advice=advice)


def check_folds(card: Card, splits: Splits, requested: int) -> None:
    """Add the number of folds with samples, where folds were requested."""
    if requested:
        filled = len(np.unique(splits.fold))
        advice = "There are fewer groups than folds: use fewer folds, or more clusters."
        card.expect("folds with samples", filled, filled == requested, threshold=f"{requested}", advice=advice)


def check_leakage(card: Card, relatives: Relatives, splits: Splits, same: np.ndarray, max_kinship: float) -> None:
    """Compare pairs across train and the other sets with pairs within train."""
    train = splits.train
    _identical_across(card, same, train)
    if train.all() or not train.any():
        return
    watched = train[relatives.watched]
    closeness = relatives.kinship if relatives.defined else relatives.identity
    across = closeness[np.ix_(watched, ~watched)].ravel()
    within = closeness[np.ix_(watched, watched)][np.triu_indices(int(watched.sum()), 1)]
    across, within = across[np.isfinite(across)], within[np.isfinite(within)]
    if not len(across) or not len(within):
        return
    cut = train[relatives.first] != train[relatives.second]
    column = "kinship" if relatives.defined else "identity"
    listed = relatives.table[column].to_numpy()
    largest = float(max(across.max(), listed[cut].max(initial=-1)))
    largest_within = float(max(within.max(), listed[train[relatives.first] & train[relatives.second]].max(initial=-1)))
    refuse = DUPLICATE if relatives.defined else SAME
    caution = max_kinship if relatives.defined else SAME
    verdict = Verdict.REFUSE if largest >= refuse else Verdict.CAUTION if largest >= caution else Verdict.OK
    what = "kinship" if relatives.defined else "share of equal genotypes"
    threshold = f"< {caution:g} (within train: {largest_within:.3f})"
    advice = "Relatives on both sides make a model look better than it is: split by kinship, families or clusters."
    card.add(f"largest {what} across train and other sets", largest, verdict, threshold=threshold, advice=advice)
    high, high_within = float(np.quantile(across, 0.99)), float(np.quantile(within, 0.99))
    near = high >= caution
    threshold = f"< {caution:g} (within train: {high_within:.3f})"
    advice = "The sets are closely related throughout: the test measures performance on relatives, not on new families."
    card.expect(f"99 % quantile of {what} across train and other sets", high, not near, threshold=threshold, advice=advice)


def _identical_across(card: Card, same: np.ndarray, train: np.ndarray) -> None:
    shared = len(np.intersect1d(same[train], same[~train]))
    advice = "Samples with identical genotypes are in training and test: remove the copies, or let the command split."
    card.add(
        "identical genotypes across train and other sets", shared, Verdict.REFUSE if shared else Verdict.OK, threshold="0", advice=advice
    )


def check_components(card: Card, ancestry: Ancestry) -> None:
    """Add the samples behind the components, and whether a component is a region rather than ancestry."""
    fitted = int(ancestry.fitted.sum())
    card.at_least(
        "unrelated training samples behind the components", fitted, _FEW_FITTED, advice="Components of few samples are mostly noise."
    )
    spread = round(float(ancestry.components.shrinkage[0]), 4)
    if np.isfinite(spread):
        card.at_least(
            "spread of projected samples on PC1",
            spread,
            0.8,
            text=">= 0.8 of the fitted ones'",
            advice="Projected samples shrink towards 0 (few samples for the variants, or no structure): do not compare them with training samples.",
        )
    worst = int(ancestry.concentration.argmax())
    share = round(float(ancestry.concentration[worst]), 4)
    regional = share >= _CONCENTRATED and share >= 3 * ancestry.spread
    threshold = f"< {_CONCENTRATED:g}, or < 3 times the {ancestry.spread:.3f} of the variants"
    advice = "A region of long-range LD (an inversion, the HLA) makes this component: exclude it (--exclude-regions)."
    card.expect(f"share of PC{worst + 1}'s squared loadings in one window of 5 Mb", share, not regional, threshold=threshold, advice=advice)


def check_groups(card: Card, groups: int, absent: int, samples: int) -> None:
    """Add a split by the groups of a table."""
    card.expect(
        "split",
        f"by the groups of the table ({groups}); {absent} samples without one",
        absent <= 0.1 * samples,
        threshold="a group for 90 % of the samples",
        advice="Samples without a group count as groups of their own: relatives among them can be separated.",
    )


def check_random(card: Card) -> None:
    """Add a split at random."""
    advice = "Only where samples are known to be independent: relatives on both sides make a model look better than it is."
    card.add("split", "at random, as requested", Verdict.CAUTION, threshold="by relatedness", advice=advice)


def check_families(card: Card, families: int, largest: float) -> None:
    """Add a split by families of relatives; ``largest`` is the share of samples in the largest."""
    card.add(
        "split",
        f"by families of relatives, {families} of them; the largest has {largest:.1%} of the samples",
        Verdict.OK,
        threshold="no relatives across sets",
        advice="Relatives are never in two sets.",
    )


def check_clusters(card: Card, clusters: int, reason: str, *, chosen: bool) -> None:
    """Add a split by clusters, by request or for another reason."""
    threshold = "families of relatives where they are small"
    advice = "Neighbours are in one set, but relatives in other clusters can be in another: see the largest kinship across sets."
    card.expect("split", f"by {clusters} clusters on the principal components, {reason}", chosen, threshold=threshold, advice=advice)


def check_given(card: Card) -> None:
    """Add a split of a table."""
    card.add("split", "as in the table", Verdict.OK, threshold="leaks nothing", advice="See the checks below.")
