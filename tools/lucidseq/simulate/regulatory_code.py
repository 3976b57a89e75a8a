"""The synthetic regulatory code: sequences that are mixtures of motifs in a random background, drawn base by base.

References
----------
Koo and Ploenzke 2021, Nature Machine Intelligence 3:258-266 (the benchmark's design).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.simulate.motifs import Motif, sample_bases

MOTIF_COUNTS = np.arange(3, 8)
MOTIF_COUNT_PROBABILITIES = np.array([0.5, 0.25, 0.17, 0.05, 0.03])


@dataclass(frozen=True)
class CodeSet:
    """Sequences and the probabilities they were drawn from.

    Attributes
    ----------
    codes
        Bases, uint8 of shape (n, length).
    probabilities
        Probabilities each base was drawn from, float16 of shape (n, length, 4).
    motif_count
        Motifs in each sequence, of shape (n,).
    """

    codes: np.ndarray
    probabilities: np.ndarray
    motif_count: np.ndarray


def choose_motifs(motifs: list[Motif], core: list[str], background: int, rng: np.random.Generator) -> tuple[list[Motif], list[Motif]]:
    """Return the core set and the background set, each motif followed by its reverse complement.

    Raises
    ------
    DataError
        If a core motif is missing, or there are too few other motifs.
    """
    by_name: dict[str, Motif] = {}
    for motif in motifs:
        by_name.setdefault(motif.name.upper(), motif)
    absent = [name for name in core if name.upper() not in by_name]
    if absent:
        raise DataError(f"no motif called {', '.join(absent)}", "names of the motif collection", "correct --core-motifs")
    chosen = [by_name[name.upper()] for name in core]
    background_pool = [motif for motif in motifs if motif.name.upper() not in {name.upper() for name in core}]
    if len(background_pool) < background:
        raise DataError(f"--background-motifs {background}", f"at most {len(background_pool)}", "request fewer background motifs")
    extra = [background_pool[int(index)] for index in rng.permutation(len(background_pool))[:background]]
    core_set = [strand for motif in chosen for strand in (motif, motif.reverse_complement())]
    return core_set, core_set + [strand for motif in extra for strand in (motif, motif.reverse_complement())]


def simulate_code(motifs: list[Motif], count: int, length: int, rng: np.random.Generator) -> CodeSet:
    """Simulate sequences: three to seven motifs in random order, with random gaps of uniform bases.

    Parameters
    ----------
    motifs
        Motifs to draw from, with replacement.
    count, length
        Sequences and their length (bp).
    """
    probabilities = np.full((count, length, 4), 0.25, dtype=np.float16)
    numbers = rng.choice(MOTIF_COUNTS, size=count, p=MOTIF_COUNT_PROBABILITIES)
    widths = np.array([motif.width for motif in motifs])
    if widths.max() * MOTIF_COUNTS[0] > length:
        raise DataError(f"--length {length}", f"at least {widths.max() * MOTIF_COUNTS[0]} bp for these motifs", "choose a longer length")
    for row, number in enumerate(numbers):
        chosen = _draw_fitting(widths, int(number), length, rng)
        position = 0
        for gap, index in zip(_gaps(length - int(widths[chosen].sum()), int(number), rng), chosen, strict=False):
            position += gap
            probabilities[row, position : position + widths[index]] = motifs[index].probabilities
            position += widths[index]
    return CodeSet(sample_bases(probabilities.astype(np.float64), rng), probabilities, numbers)


def _draw_fitting(widths: np.ndarray, number: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Draw motifs until they fit into the sequence."""
    while True:
        chosen = rng.integers(0, len(widths), size=number)
        if widths[chosen].sum() <= length:
            return chosen


def _gaps(room: int, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the gaps before, between and after the motifs: uniform shares of the room, rounded, that add up to it."""
    while True:
        shares = rng.uniform(0.0, 2.0, size=number + 1)
        gaps: np.ndarray = np.round(shares / shares.sum() * room).astype(np.int64)
        if gaps.sum() == room:
            return gaps
