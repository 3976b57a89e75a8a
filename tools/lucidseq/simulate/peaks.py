"""The grammar of peaks: where motifs are placed, and the activity they add up to.

A peak holds one, two or three motifs (probabilities 0.4, 0.4, 0.2), each drawn uniformly from `FACTORS`, on a random strand, in
one of three slots that tile its central 150 bp. An instance is sampled from the motif's probabilities; its strength is its
log-odds score as a share of the best possible, and a peak's activity is the sum of factor weight times strength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.simulate.motifs import Motif

# Factor weights and JASPAR matrices: well-known, unlike each other, 9 to 15 bp wide
FACTORS = {"MA0139.2": 1.0, "MA0080.7": 0.9, "MA0466.4": 0.9, "MA0506.3": 1.0, "MA0002.3": 0.8}  # CTCF SPI1 CEBPB NRF1 RUNX1
MOTIFS_PER_PEAK = np.array([0.4, 0.4, 0.2])
SLOTS, SLOT_WIDTH = 3, 50
SIGNAL_NOISE = 0.15  # standard deviation of the log of the signal


@dataclass(frozen=True)
class Instances:
    """Planted motifs, one element each.

    Attributes
    ----------
    peak, motif
        Index of the peak and of the motif.
    start
        First base in the contig, 0-based.
    forward
        Whether the motif is on the + strand.
    strength
        Share of the best log-odds score, of the bases in the reference.
    """

    peak: np.ndarray
    motif: np.ndarray
    start: np.ndarray
    forward: np.ndarray
    strength: np.ndarray


@dataclass(frozen=True)
class Breaks:
    """Motifs broken by variants: one element a causal variant.

    Attributes
    ----------
    motif
        Index of the motif.
    forward
        Its strand.
    peak_start
        First base of the peak around it.
    ref, alt
        Codes of the alleles; one completes the motif, the other is its least probable base there.
    """

    motif: np.ndarray
    forward: np.ndarray
    peak_start: np.ndarray
    ref: np.ndarray
    alt: np.ndarray


def place_peaks(length: int, count: int, width: int, existing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose starts of peaks that overlap neither each other nor existing ones.

    Parameters
    ----------
    existing
        Starts of existing peaks, of shape (n,).

    Returns
    -------
    Sorted starts of shape (count,), or fewer when the contig is too short.
    """
    spacing = 2 * width
    slots = np.arange(spacing, length - 2 * spacing, spacing)
    clear = np.ones(len(slots), dtype=bool)
    for start in existing:
        clear &= np.abs(slots - start) >= 2 * spacing
    slots = slots[clear]
    chosen = rng.choice(slots, size=min(count, len(slots)), replace=False)
    return np.sort(chosen + rng.integers(0, width, size=len(chosen)))


def plant_motifs(
    contig: np.ndarray,
    starts: np.ndarray,
    width: int,
    motifs: list[Motif],
    rng: np.random.Generator,
    breaks: Breaks | None = None,
    positions: np.ndarray | None = None,
) -> Instances:
    """Write motifs into a contig (in place), following the grammar.

    Parameters
    ----------
    contig
        Codes of the contig, changed in place.
    starts
        Starts of the peaks, of shape (peaks,). With ``breaks``, the first ones are the causal peaks, in the same order.
    breaks, positions
        Motifs broken by variants and the variants' positions; they are in the middle slot.

    Returns
    -------
    Instances sorted by start.
    """
    causal = 0 if breaks is None else len(breaks.motif)
    number = rng.choice([1, 2, 3], size=len(starts), p=MOTIFS_PER_PEAK)
    order = rng.random((len(starts), SLOTS))
    if causal:
        order[:causal, 1] = -1.0  # the middle slot is always used there
    used = order.argsort(axis=1).argsort(axis=1) < number[:, None]
    peak, slot = np.nonzero(used)
    motif = rng.integers(0, len(motifs), size=len(peak))
    forward = rng.random(len(peak)) < 0.5
    shift = rng.random(len(peak))
    planned = (peak < causal) & (slot == 1)
    start = np.zeros(len(peak), dtype=np.int64)
    strength = np.zeros(len(peak))
    if breaks is not None and positions is not None:
        motif[planned], forward[planned] = breaks.motif, breaks.forward
    margin = (width - SLOTS * SLOT_WIDTH) // 2
    for index, item in enumerate(motifs):
        rows = np.flatnonzero(motif == index)
        codes = item.sample(len(rows), rng)
        room = SLOT_WIDTH - item.width
        start[rows] = starts[peak[rows]] + margin + slot[rows] * SLOT_WIDTH + np.floor(shift[rows] * (room + 1)).astype(np.int64)
        if breaks is not None and positions is not None:
            _complete_planned(rows, planned, peak, item, breaks, positions, start, codes)
        strength[rows] = item.relative_score(codes)
        oriented = np.where(forward[rows, None], codes, (3 - codes)[:, ::-1])
        contig[start[rows, None] + np.arange(item.width)] = oriented
    by_start = np.argsort(start, kind="stable")
    return Instances(peak[by_start], motif[by_start], start[by_start], forward[by_start], strength[by_start])


def _complete_planned(
    rows: np.ndarray,
    planned: np.ndarray,
    peak: np.ndarray,
    motif: Motif,
    breaks: Breaks,
    positions: np.ndarray,
    start: np.ndarray,
    codes: np.ndarray,
) -> None:
    """Set start and bases of the instances that variants break: the consensus, with REF at the variant (changes in place)."""
    key = int(motif.information.argmax())
    for place, row in enumerate(rows):
        if not planned[row]:
            continue
        which = peak[row]
        forward = bool(breaks.forward[which])
        start[row] = positions[which] - (key if forward else motif.width - 1 - key)
        codes[place] = motif.consensus
        codes[place, key] = breaks.ref[which] if forward else 3 - breaks.ref[which]


def plan_breaks(positions: np.ndarray, width: int, motifs: list[Motif], rng: np.random.Generator) -> Breaks:
    """Choose, for each causal variant, the motif it breaks, the strand, and which allele completes it.

    Parameters
    ----------
    positions
        Variant positions, 0-based, of shape (causal,).
    width
        Width of a peak (bp).
    """
    count = len(positions)
    motif = rng.permutation(np.arange(count) % len(motifs))
    forward = rng.random(count) < 0.5
    ref_completes = rng.random(count) < 0.5
    keys = np.array([int(item.information.argmax()) for item in motifs])
    best = np.array([int(item.probabilities[key].argmax()) for item, key in zip(motifs, keys, strict=True)])
    worst = np.array([int(item.probabilities[key].argmin()) for item, key in zip(motifs, keys, strict=True)])
    completing = np.where(forward, best[motif], 3 - best[motif])
    breaking = np.where(forward, worst[motif], 3 - worst[motif])
    inside = rng.integers(18, SLOT_WIDTH - 18, size=count)  # the whole motif stays within the middle slot
    peak_start = positions - (width - SLOTS * SLOT_WIDTH) // 2 - SLOT_WIDTH - inside
    ref, alt = np.where(ref_completes, completing, breaking), np.where(ref_completes, breaking, completing)
    return Breaks(motif, forward, peak_start, ref.astype(np.uint8), alt.astype(np.uint8))


def activity(instances: Instances, peaks: int, weights: np.ndarray) -> np.ndarray:
    """Return the activity of every peak, of shape (peaks,): the sum of factor weight times strength."""
    values = np.bincount(instances.peak, weights=weights[instances.motif] * instances.strength, minlength=peaks)
    return np.maximum(values, 0.0)


def signal_track(starts: np.ndarray, width: int, heights: np.ndarray, length: int, step: int, rng: np.random.Generator) -> np.ndarray:
    """Return the signal in bins: noise everywhere, and a bell over each peak.

    Parameters
    ----------
    heights
        Signal at the summit of each peak, of shape (peaks,).
    step
        Bin width (bp).

    Returns
    -------
    float32 of shape (ceil(length / step),).
    """
    track = np.abs(rng.normal(0.0, 0.05, size=-(-length // step)))
    reach = 2 * width // step
    offsets = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * (offsets * step / (0.35 * width)) ** 2)
    bins = (starts[:, None] + width // 2) // step + offsets
    inside = (bins >= 0) & (bins < len(track))
    np.add.at(track, bins[inside], (heights[:, None] * bell)[inside])
    return track.astype(np.float32)
