"""Sequences whose map is zero everywhere, by the reason for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.alphabet import N_CODE

if TYPE_CHECKING:
    from lucidseq.attribute.methods import Maps
    from lucidseq.attribute.setup import Setup

NO_BASE, EQUAL, CONSTANT = "no known base", "every shuffle equals the sequence", "no base changes the prediction"
ADVICE = {
    NO_BASE: "Remove sequences of N.",
    EQUAL: "Repeats have no other arrangement of their dinucleotides: remove them, or use --reference uniform.",
    CONSTANT: "The network predicts the same number whatever their bases are.",
}


def zero_maps(maps: Maps) -> np.ndarray:
    """Return which maps are zero at every base with no difference to explain, bool (n,)."""
    score = np.abs(maps.contributions).max(axis=1)
    return np.asarray((score if maps.difference is None else np.maximum(score, maps.difference)) == 0)


def reasons(setup: Setup, codes: np.ndarray, ids: list[str]) -> list[str]:
    """Return the reason for each map that is zero.

    Parameters
    ----------
    setup
        Method and options that the maps were made with.
    codes, ids
        Sequences with zero maps, uint8 (n, length), and their names.
    """
    x, references = setup.inputs(codes, ids)
    equal = np.zeros(len(codes), bool) if references is None else (references == x[:, None]).all(axis=(1, 2, 3))
    unknown = (codes == N_CODE).all(axis=1)
    return [NO_BASE if n else EQUAL if e else CONSTANT for n, e in zip(unknown, equal, strict=True)]
