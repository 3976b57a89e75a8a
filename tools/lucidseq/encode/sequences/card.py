"""The trust card of a sequence dataset."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.encode.sequences import assign_splits as splits
from lucidseq.encode.sequences.choices import Task
from lucidseq.encode.sequences.read_sources import BLACKLISTED, CLIPPED, PAST_END, UNKNOWN_BASES, SequenceSet
from lucidseq.encode.sequences.sequence_rows import SequenceRows, gc_share, n_share

_MOST_REMOVED, _MOST_PADDING = 0.05, 0.05
_MOST_N, _MOST_GC_DIFFERENCE, _FEWEST, _MOST_FOUND, _MOST_BOTH = 0.01, 0.02, 50, 0.95, 0.001


def check_dataset(
    card: Card, rows: SequenceRows, split: np.ndarray, same: np.ndarray, task: str, names: list[str], origin: np.ndarray | None
) -> None:
    """Add the checks of a dataset to its card; versions of one window (``origin``) count once."""
    first = np.arange(len(split)) if origin is None else np.unique(origin, return_index=True)[1]
    counts = np.bincount(split[first], minlength=3)
    by_split = ", ".join(f"{name} {count}" for name, count in zip(splits.NAMES, counts, strict=True))
    by_split += "" if origin is None else " windows, each in several versions"
    advice = "A split is small: metrics on it are noisy."
    card.expect("sequences by split", by_split, counts.min() >= _FEWEST, threshold=f">= {_FEWEST} each", advice=advice)
    shared = _count_shared_with_training(same, split)
    advice = "Equal sequences (on either strand) are in training and test: remove the copies."
    card.at_most("sequences also found in another split", shared, 0.001 * len(rows), text="<= 0.1 %", advice=advice)
    unknown = float(n_share(rows.codes, rows.padding).mean())
    card.at_most(
        "share of N", unknown, _MOST_N, advice="Many unknown bases are in the kept sequences: lower --max-n-share to remove more of them."
    )
    padded = float(rows.padding.mean() / rows.codes.shape[1])
    advice = "Windows reach beyond their contigs or records, where bases are N: use a shorter --window."
    card.at_most("share of padding", padded, _MOST_PADDING, advice=advice)
    if task == Task.BINARY:
        if names and origin is None:  # haplotypes of different samples may be equal
            _check_both_labels(card, same, rows.target)
        for index, name in enumerate(names):
            _check_classes(card, rows, rows.target[:, index] == 1, name)


def check_test_set(card: Card, *, by_contig: bool, with_coordinates: bool) -> None:
    """Add how the test set was selected."""
    card.expect(
        "test set",
        "held-out contigs" if by_contig else "random sequences",
        by_contig or not with_coordinates,
        threshold="whole contigs, where sequences have coordinates",
        advice="Neighbours and overlaps of test sequences are in the training set, so the test is too optimistic: use --test-contigs.",
    )


def check_sources(card: Card, dataset: SequenceSet) -> None:
    """Add the checks of negatives, personal sequences and signal tracks, where there are any."""
    if dataset.negatives_drawn is not None:
        advice = "Regions without a match make the classes differ: match GC alone, or draw from more intervals."
        card.at_least("negatives drawn, of those requested", dataset.negatives_drawn, _MOST_FOUND, advice=advice)
    if dataset.alleles_inserted is not None:
        card.at_least(
            "alleles inserted into the sequences, of those carried",
            dataset.alleles_inserted,
            _MOST_FOUND,
            advice="The others stay as the reference; the QC table shows why. At 0 no sample differs from the genome: check the contigs of the VCF.",
        )
    if dataset.several_sets is not None:
        advice = (
            "Alleles of other sets than that at the window's middle stay as the reference: phase the file further, or use shorter windows."
        )
        card.at_most("windows with several phase sets of a sample", dataset.several_sets, 0, advice=advice)
    if dataset.without_signal is not None:
        advice = "Their target is 0 without a measurement: remove these regions, or use a track of all contigs."
        card.at_most("windows on contigs that a signal track lacks", dataset.without_signal, 0, advice=advice)


def check_removed(card: Card, steps: list[tuple[str, str, int, int]]) -> None:
    """Add the share of the input that was removed, by reason, and the regions that were clipped.

    Parameters
    ----------
    card
        To add to.
    steps
        Rows of the QC table.
    """
    read = next(kept for unit, step, _, kept in steps if unit == "sequences" and step == "read")
    advice = {
        UNKNOWN_BASES: "They have too many unknown bases: raise --max-n-share to keep more of them.",
        PAST_END: "Add --window to clip such regions instead; check that they are of the FASTA's build.",
        BLACKLISTED: "Many regions overlap the blacklist: check that it is of the same build.",
    }
    for reason, hint in advice.items():
        removed = sum(count for unit, step, count, _ in steps if unit == "sequences" and step == reason)
        if removed:
            card.at_most(f"removed: {reason}", removed / read, _MOST_REMOVED, text=f"<= {_MOST_REMOVED:.0%} of the input", advice=hint)
    clipped = sum(int(step.rpartition(": ")[2]) for unit, step, _, _ in steps if unit == "sequences" and step.startswith(CLIPPED))
    if clipped:
        hint = "Peak callers extend fragments past the ends of contigs; many such regions are of another build."
        card.at_most(CLIPPED, clipped / read, _MOST_REMOVED, text=f"<= {_MOST_REMOVED:.0%} of the input", advice=hint)


def check_near_copies(card: Card, groups: np.ndarray, copies: np.ndarray) -> None:
    """Add the checks of clusters of near-copies.

    Parameters
    ----------
    card
        To add to.
    groups
        Groups that splits keep together, shape (n,).
    copies
        Clusters of near-copies, shape (n,).
    """
    linked = float((np.bincount(copies)[copies] > 1).mean())
    advice = "Each cluster is in one split, so the test set differs from the training set."
    card.add("share of sequences with a near-copy", linked, Verdict.OK, threshold="none", advice=advice)
    largest = float(np.bincount(groups).max() / len(groups))
    advice = "Splits cannot have the requested shares: raise --near-copy-similarity, or mask repeats."
    card.at_most("largest cluster of near-copies", largest, 0.1, text="<= 10 % of the sequences", advice=advice)


def _count_shared_with_training(same: np.ndarray, split: np.ndarray) -> int:
    """Count the sequences outside training that are also in it."""
    return int(np.isin(same[split != splits.TRAIN], same[split == splits.TRAIN]).sum())


def _check_both_labels(card: Card, same: np.ndarray, target: np.ndarray) -> None:
    copies = np.bincount(same)
    mixed = np.zeros(len(copies), dtype=bool)
    for label in target.T:
        positive = np.bincount(same, weights=label)
        mixed |= (positive > 0) & (positive < copies)
    both = int(mixed[same].sum())
    advice = "Equal sequences (on either strand) are 0 and 1 of one target, which no network can separate: remove one of them."
    card.at_most("sequences that have both labels", both, _MOST_BOTH * len(same), text="<= 0.1 %", advice=advice)


def _check_classes(card: Card, rows: SequenceRows, positive: np.ndarray, name: str) -> None:
    share = float(positive.mean())
    advice = "Classes are unequal: evaluate by AUPRC, and weight the classes in training."
    card.expect(f"share of positives, {name}", share, 0.05 <= share <= 0.95, threshold="0.05 to 0.95", advice=advice)
    if positive.all() or not positive.any():
        return
    gc = gc_share(rows.codes)
    ones, zeros = gc[positive], gc[~positive]
    difference = float(ones.mean() - zeros.mean())
    error = 1.96 * float(np.sqrt(ones.var() / len(ones) + zeros.var() / len(zeros)))
    card.expect(
        f"GC share of positives less negatives, {name}",
        difference,
        abs(difference) <= _MOST_GC_DIFFERENCE,
        threshold=f"within {_MOST_GC_DIFFERENCE} of 0",
        advice="Base composition alone separates the classes: use GC-matched negatives.",
        interval=(difference - error, difference + error),
        level=0.95,
    )
