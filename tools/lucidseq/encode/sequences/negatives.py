"""Negative sequences: windows outside the regions with the same share of G and C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lucidseq.core.errors import DataError
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Intervals
from lucidseq.core.seeds import stream
from lucidseq.encode.regions import merge
from lucidseq.encode.sequences.sequence_rows import SequenceRows, gc_share, n_share

_CANDIDATES = 30  # windows drawn for each negative
_STRATA = 10  # of the share of repeats
_BLOCK = 4096  # windows checked at a time
_TOLERANCE = 0.05  # largest difference in GC share between a region and its negative


@dataclass(frozen=True)
class NegativeRule:
    """How negatives are drawn.

    Attributes
    ----------
    per_positive
        Negatives for each positive.
    max_n_share
        Largest share of N.
    match_repeats
        Match the share of soft-masked (small) letters beside that of G and C.
    pool
        Intervals, such as accessible regions, whose middles negatives are centred on; None draws anywhere.
    seed
        Seed of the draw.
    """

    per_positive: int
    max_n_share: float
    match_repeats: bool
    pool: Intervals | None
    seed: int


def draw_negatives(
    genome: Genome, positives: SequenceRows, regions: Intervals, rule: NegativeRule, repeats: np.ndarray | None = None
) -> SequenceRows:
    """Draw windows of the positives' contigs that overlap no region nor each other, matched in GC share (and in repeats).

    Every positive gets its negatives from its own contig, so that both classes split alike; a contig's draw depends on the seed
    and the contig alone. Each positive, in random order, gets the unused candidate nearest in GC share, or none where the
    difference exceeds 0.05. With repeats, candidates are those whose share of repeats falls into the same tenth.

    Parameters
    ----------
    genome
        The reference.
    positives
        Windows to match.
    regions
        Intervals that negatives must not overlap.
    rule
        Number and matching of negatives.
    repeats
        Share of repeats of each positive (`repeat_share`), where the rule matches them.

    Returns
    -------
    Rows sorted by contig (in the order of the positives) and start.
    """
    length = positives.codes.shape[1]
    occupied = merge(regions)
    parts = []
    for contig in dict.fromkeys(positives.contig):
        random = stream(rule.seed, "negatives", str(contig))
        rows = positives.contig == contig
        target_gc = np.repeat(gc_share(positives.codes[rows]), rule.per_positive)
        starts = _candidate_starts(random, genome.lengths[contig], length, len(target_gc), rule.pool, contig)
        starts = _without_overlaps(starts, length, occupied.get(contig))
        windows = sliding_window_view(genome.fetch(contig, 0, max(genome.lengths[contig], length)), length)
        starts, share = _shares(windows, starts, rule.max_n_share)
        if rule.match_repeats and repeats is not None:
            strata = (_stratum(np.repeat(repeats[rows], rule.per_positive)), _stratum(_repeats(genome, contig, starts, length)))
            chosen = np.concatenate(
                [
                    np.flatnonzero(strata[1] == stratum)[_match(random, target_gc[strata[0] == stratum], share[strata[1] == stratum])]
                    for stratum in np.unique(strata[0])
                ]
            )
        else:
            chosen = _match(random, target_gc, share)
        picked = starts[np.sort(chosen)]
        parts.append(_rows(contig, picked, windows[picked], positives.target.shape[1]))
    return parts[0].append(*parts[1:])


def repeat_share(genome: Genome, rows: SequenceRows) -> np.ndarray:
    """Return the share of soft-masked letters of each window, float64 of shape (n,).

    Raises
    ------
    DataError
        If the windows have none: the genome is not soft-masked.
    """
    length, shares = rows.codes.shape[1], np.zeros(len(rows))
    for contig in dict.fromkeys(rows.contig):
        on_contig = rows.contig == contig
        shares[on_contig] = _repeats(genome, str(contig), rows.start[on_contig], length)
    if not shares.any():
        expected = "a soft-masked genome, repeats in small letters"
        fix = "use a soft-masked FASTA, or match GC alone"
        raise DataError("a genome without small letters in the regions", expected, fix, where=str(genome.path))
    return shares


def _repeats(genome: Genome, contig: str, starts: np.ndarray, length: int) -> np.ndarray:
    letters = np.frombuffer(genome.letters(contig, 0, genome.lengths[contig]), dtype=np.uint8)
    share = np.zeros(len(starts))
    for row, start in enumerate(starts.tolist()):  # windows may begin before the contig
        share[row] = np.count_nonzero(letters[max(start, 0) : max(start + length, 0)] >= ord("a")) / length
    return share


def _stratum(share: np.ndarray) -> np.ndarray:
    """Return the tenth that a share of repeats falls into; 0 has a tenth of its own."""
    tenth: np.ndarray = np.ceil(share * _STRATA - 1e-9).astype(np.int64)
    return tenth


def _candidate_starts(random: np.random.Generator, size: int, length: int, count: int, pool: Intervals | None, contig: str) -> np.ndarray:
    """Return sorted starts of candidate windows: random ones, or those centred on a pool."""
    if size < length:
        return np.zeros(0, dtype=np.int64)
    if pool is None:
        return np.unique(random.integers(0, size - length + 1, count * _CANDIDATES))
    on_contig = pool.contig == contig
    middles = (pool.start[on_contig] + pool.end[on_contig]) // 2
    starts = np.unique(middles - length // 2)
    return starts[(starts >= 0) & (starts + length <= size)]


def _without_overlaps(starts: np.ndarray, length: int, occupied: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """Return the sorted starts whose windows overlap neither the occupied intervals nor each other."""
    if occupied is not None and len(starts):
        opens, closes = occupied
        at = np.searchsorted(opens, starts + length, side="left") - 1  # the last interval that starts before the window ends
        starts = starts[(at < 0) | (closes[at] <= starts)]
    kept, reach = [], -1
    for start in starts.tolist():
        if start >= reach:
            kept.append(start)
            reach = start + length
    return np.array(kept, dtype=np.int64)


def _shares(windows: np.ndarray, starts: np.ndarray, max_n_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the starts with an allowed share of N, and their GC shares."""
    kept, shares = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for first in range(0, len(starts), _BLOCK):
        block = starts[first : first + _BLOCK]
        codes = windows[block]
        good = n_share(codes) <= max_n_share
        kept.append(block[good])
        shares.append(gc_share(codes[good]))
    return np.concatenate(kept), np.concatenate(shares)


def _match(random: np.random.Generator, targets: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return indices of candidates: the nearest unused one for each target, in random order, within tolerance."""
    order = np.argsort(candidates, kind="stable")
    shares = candidates[order]
    # Links to the nearest unused neighbour on either side, with path compression
    left, right = list(range(len(order) + 1)), list(range(len(order) + 2))
    chosen = []
    for value in targets[random.permutation(len(targets))]:
        at = int(np.searchsorted(shares, value))
        below, above = _follow(left, at), _follow(right, at + 1)
        gap_below = value - shares[below - 1] if below > 0 else np.inf
        gap_above = shares[above - 1] - value if above <= len(order) else np.inf
        place, gap = (below, gap_below) if gap_below <= gap_above else (above, gap_above)
        if gap <= _TOLERANCE:
            left[place], right[place] = place - 1, place + 1
            chosen.append(order[place - 1])
    return np.array(chosen, dtype=np.int64)


def _follow(links: list[int], at: int) -> int:
    """Return the end of a chain of links, and compress the path."""
    end = at
    while links[end] != end:
        end = links[end]
    while links[at] != end:
        links[at], at = end, links[at]
    return end


def _rows(contig: str, starts: np.ndarray, codes: np.ndarray, targets: int) -> SequenceRows:
    n, length = codes.shape
    names = np.array([f"negative_{contig}:{start}-{start + length}" for start in starts.tolist()], dtype=object)
    return SequenceRows(
        codes,
        np.full(n, contig, dtype=object),
        starts,
        starts + length,
        np.full(n, ".", dtype=object),
        names,
        np.zeros((n, targets), dtype=np.float32),
        np.zeros(n, dtype=np.int64),
    )
