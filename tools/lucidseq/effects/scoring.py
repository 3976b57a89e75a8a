"""Scores of variants from a network's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lucidseq.nets.predict import Predictor

DECIMALS = 5  # below this, float32 sums depend on the machine


@dataclass(frozen=True)
class Scores:
    """Scores of variants, each array of shape (n, targets).

    Attributes
    ----------
    ref, alt
        Output with either allele, mean over the ensemble.
    effect
        alt - ref.
    spread
        Standard deviation of the members' effects (n - 1 in the denominator); 0 with one member.
    """

    ref: np.ndarray
    alt: np.ndarray
    effect: np.ndarray
    spread: np.ndarray


def score(predictor: Predictor, windows: np.ndarray) -> Scores:
    """Score windows.

    Batches are padded to full size, so that every step has the same shape and the score of a variant does not depend on the
    other variants of its batch.

    Parameters
    ----------
    predictor
        Network on the logit scale.
    windows
        uint8 codes of shape (n, 2, length).
    """
    count, _, length = windows.shape
    codes = windows.reshape(2 * count, length)
    missing = -len(codes) % predictor.batch_size
    padded = np.concatenate([codes, np.full((missing, length), 4, dtype=np.uint8)])
    outputs = predictor(padded)[: len(codes)].astype(np.float64)
    outputs = outputs.reshape(count, 2, *outputs.shape[1:])
    difference = outputs[:, 1] - outputs[:, 0]
    members = difference.shape[1]
    spread = difference.std(axis=1, ddof=1) if members > 1 else np.zeros_like(difference[:, 0])
    ref, alt = (np.round(outputs[:, index].mean(axis=1), DECIMALS) for index in (0, 1))
    return Scores(ref, alt, np.round(difference.mean(axis=1), DECIMALS), np.round(spread, DECIMALS))
