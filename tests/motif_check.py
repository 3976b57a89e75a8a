"""Whether attribution maps show the motif they should: mean hypothetical scores at motif sites against a JASPAR matrix.

Sites are found in the sequences by the matrix alone, so that nothing of the maps decides where they are looked at. Maps of any network
mirror the sequence to some extent, with a sign that is the network's own (gradients pass the filters that fire); a single network
with random weights can therefore correlate by .7 with a motif, upwards or downwards, and a control is the mean over several.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lucidseq.core import alphabet, stores
from lucidseq.core.schema import ATTRIBUTIONS

PSEUDOCOUNT = 0.01
SITES = 200  # best sites, at most one a sequence


def jaspar_probabilities(matrix_id: str) -> np.ndarray:
    """Return the base probabilities of a JASPAR matrix, shape (width, 4)."""
    from pyjaspar import jaspardb

    counts = jaspardb().fetch_motif_by_id(matrix_id).counts
    matrix = np.array([counts[base] for base in alphabet.BASES], dtype=np.float64).T
    return (matrix / matrix.sum(axis=1, keepdims=True) + PSEUDOCOUNT) / (1 + 4 * PSEUDOCOUNT)


def best_sites(codes: np.ndarray, probabilities: np.ndarray, count: int = SITES) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and starts of the sequences' best sites by log odds on the given strand, the best sequences first."""
    odds = np.vstack([np.log2(probabilities.T / 0.25), np.full(len(probabilities), -10.0)])  # N never fits
    width = len(probabilities)
    scores = np.stack(
        [odds[codes[:, start : start + width], np.arange(width)].sum(axis=1) for start in range(codes.shape[1] - width + 1)], axis=1
    )
    rows = np.argsort(-scores.max(axis=1), kind="stable")[:count]
    return rows, scores.argmax(axis=1)[rows]


def logo(probabilities: np.ndarray) -> np.ndarray:
    """Return the heights of the letters in the motif's logo (bits), shape (width, 4), centred at each position."""
    heights = probabilities * (2 + (probabilities * np.log2(probabilities)).sum(axis=1, keepdims=True))
    return heights - heights.mean(axis=1, keepdims=True)


def mean_scores(codes: np.ndarray, hypothetical: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return mean hypothetical scores (width, 4) at the best sites of both strands, centred at each position."""
    strands = np.concatenate([codes, alphabet.reverse_complement(codes)])
    maps = np.concatenate([hypothetical, hypothetical[:, ::-1, ::-1]])
    rows, starts = best_sites(strands, probabilities)
    places = starts[:, None] + np.arange(len(probabilities))
    mean = maps[rows[:, None], places].mean(axis=0)
    return mean - mean.mean(axis=1, keepdims=True)


def correlation(codes: np.ndarray, hypothetical: np.ndarray, matrix_id: str) -> float:
    """Return the correlation of mean hypothetical scores at motif sites with the logo of a JASPAR matrix.

    Parameters
    ----------
    codes
        uint8 (n, length).
    hypothetical
        (n, length, 4).
    matrix_id
        JASPAR identifier, such as ``"MA0139.2"`` (CTCF). A motif that speaks against the target, such as PU.1 (``"MA0080.7"``) in a
        network that tells CTCF (1) from PU.1 (0), has a negative correlation.
    """
    probabilities = jaspar_probabilities(matrix_id)
    means = mean_scores(codes, hypothetical.astype(np.float64), probabilities)
    return float(np.corrcoef(means.ravel(), logo(probabilities).ravel())[0, 1])


def motif_correlation(path: Path, matrix_id: str) -> float:
    """Return `correlation` of a file ``.attributions.h5``, made by any method that gives hypothetical scores."""
    with stores.open_store(path, ATTRIBUTIONS) as store:
        return correlation(store["codes"][()], store["hypothetical"][()], matrix_id)
