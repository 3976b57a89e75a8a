"""What explained sequences have in common: words that recur with strong contributions, aligned into one logo each.

A summary for the eye, not motif discovery: the k-mer (either strand) whose occurrences sum to the largest contribution is the seed; occurrences of the
seed with at most one other base are aligned on it, averaged, and taken out; and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter1d

from lucidseq.core.schema import ATTRIBUTIONS
from lucidseq.core.stores import open_store

WIDTH, FLANK = 8, 4  # bases of the seed, and on either side of it
MOTIFS, MIN_OCCURRENCES, MAX_SEQUENCES = 6, 10, 5000
POWERS = 4 ** np.arange(WIDTH - 1, -1, -1)


@dataclass(frozen=True)
class RecurringMotif:
    """A word that recurs, with its surroundings.

    Attributes
    ----------
    occurrences
        Number of aligned places.
    sequences
        Number of sequences that have one.
    frequencies
        Base frequencies, of shape (``WIDTH + 2 * FLANK``, 4), columns A, C, G, T.
    contributions
        Mean contribution of each base, of the same shape.
    """

    occurrences: int
    sequences: int
    frequencies: np.ndarray
    contributions: np.ndarray

    @property
    def consensus(self) -> str:
        """The most frequent bases of the seed's places."""
        return "".join("ACGT"[base] for base in self.frequencies[FLANK:-FLANK].argmax(axis=1))


def motifs_of(paths: list[Path]) -> dict[tuple[str, str], list[RecurringMotif]]:
    """Return the recurring motifs of each target and method, from the first 5,000 sequences of each file."""
    parts: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    for path in paths:
        with open_store(path, ATTRIBUTIONS) as store:
            kind = (str(store.attrs["target_name"]), str(store.attrs["method"]))
            given = store["codes"][:MAX_SEQUENCES], np.nan_to_num(store["contributions"][:MAX_SEQUENCES].astype(np.float64))
        parts.setdefault(kind, []).append(given)
    motifs: dict[tuple[str, str], list[RecurringMotif]] = {}
    for kind, pairs in sorted(parts.items()):
        length = max(codes.shape[1] for codes, _ in pairs)
        codes = np.concatenate([_padded(codes, length, 4) for codes, _ in pairs])
        contributions = np.concatenate([_padded(values, length, 0) for _, values in pairs])
        motifs[kind] = recurring_motifs(codes, contributions)
    return motifs


def _padded(values: np.ndarray, length: int, filler: int) -> np.ndarray:
    return np.pad(values, ((0, 0), (0, length - values.shape[1])), constant_values=filler)


def recurring_motifs(codes: np.ndarray, contributions: np.ndarray, number: int = MOTIFS) -> list[RecurringMotif]:
    """Return up to ``number`` motifs, the one of largest summed contribution first.

    Parameters
    ----------
    codes
        Bases, 0-3 for A, C, G, T and 4 for N, of shape (sequences, length).
    contributions
        Contribution of each base, of the same shape.
    """
    if codes.shape[1] < WIDTH + 2 * FLANK:
        return []
    words, counted = _words(codes)
    free = counted & _inside(words.shape)
    sums = _window_sums(contributions)
    motifs: list[RecurringMotif] = []
    while len(motifs) < number:
        totals = np.bincount(words[free], weights=sums[free], minlength=4**WIDTH)
        seed = int(totals.argmax())
        if totals[seed] <= 0:
            break
        motif, places = _align(codes, contributions, seed, free & (sums > 0))
        if motif.occurrences < MIN_OCCURRENCES:
            break
        motifs.append(motif)
        free &= ~_near(places)
    return motifs


def _words(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each window's word, the smaller of both strands', and whether it has no N."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, WIDTH, axis=1)
    known = (windows < 4).min(axis=2)
    bases = np.where(windows < 4, windows, 0).astype(np.int64)
    return np.minimum(bases @ POWERS, (3 - bases[:, :, ::-1]) @ POWERS), known


def _inside(shape: tuple[int, ...]) -> np.ndarray:
    """Windows whose flanks are inside the sequence."""
    inside = np.zeros(shape, dtype=bool)
    inside[:, FLANK : shape[1] - FLANK] = True
    return inside


def _window_sums(contributions: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(contributions, WIDTH, axis=1).sum(axis=2)


def _align(codes: np.ndarray, contributions: np.ndarray, seed: int, free: np.ndarray) -> tuple[RecurringMotif, np.ndarray]:
    """Average what is within one base of the seed, on either strand; return the motif and its places."""
    word = (seed // POWERS) % 4
    matches = np.stack([_matches(codes, strand) for strand in (word, 3 - word[::-1])])
    agreement = np.where(free, matches.max(axis=0), 0)
    # Of places that overlap, as those of a word that is nearly its own reverse complement, the best counts
    places = (agreement >= WIDTH - 1) & (agreement == maximum_filter1d(agreement, 2 * WIDTH - 1, axis=1))
    reverse = matches[1] > matches[0]
    rows, starts = np.nonzero(places)
    columns = starts[:, np.newaxis] + np.arange(-FLANK, WIDTH + FLANK)
    bases, values = codes[rows[:, np.newaxis], columns], contributions[rows[:, np.newaxis], columns]
    turned = reverse[rows, starts]
    bases[turned] = np.where(bases[turned] < 4, 3 - bases[turned], 4)[:, ::-1]
    values[turned] = values[turned][:, ::-1]
    one_hot = bases[:, :, np.newaxis] == np.arange(4)
    count = max(len(rows), 1)
    frequencies = (one_hot.sum(axis=0) + 0.25) / (count + 1)
    motif = RecurringMotif(len(rows), len(np.unique(rows)), frequencies, (one_hot * values[:, :, np.newaxis]).sum(axis=0) / count)
    return motif, places


def _matches(codes: np.ndarray, word: np.ndarray) -> np.ndarray:
    """Return how many bases of each window equal the word's."""
    windows = codes.shape[1] - WIDTH + 1
    total = np.zeros((codes.shape[0], windows), dtype=np.int8)
    for offset, base in enumerate(word):
        total += codes[:, offset : offset + windows] == base
    return total


def _near(places: np.ndarray) -> np.ndarray:
    """Windows that share a base with a place."""
    near = places.copy()
    for shift in range(1, WIDTH):
        near[:, shift:] |= places[:, :-shift]
        near[:, :-shift] |= places[:, shift:]
    return near


def best_score(motif: RecurringMotif, codes: np.ndarray, centre: int) -> float:
    """Return the largest log-odds (bits, against equal bases) of the motif among windows, of either strand, that cover a base of a sequence."""
    log_odds = np.log2(motif.frequencies * 4)
    width = len(log_odds)
    scores = [-np.inf]
    for start in range(max(centre - width + 1, 0), min(centre, len(codes) - width) + 1):
        window = codes[start : start + width]
        if (window < 4).all():
            scores += [log_odds[np.arange(width), window].sum(), log_odds[np.arange(width), 3 - window[::-1]].sum()]
    return float(max(scores))
