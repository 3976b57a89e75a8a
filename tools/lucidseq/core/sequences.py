"""Sequences of callers as one-hot arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError


def as_one_hot(sequences: Any) -> np.ndarray:
    """Return sequences one-hot in the order ACGT; N and other ambiguity letters are all zero.

    Parameters
    ----------
    sequences
        Texts of one length (or one text), codes 0-3 = ACGT and 4 = N of shape (n, length), or one-hot of shape (n, length, 4) or
        (length, 4).

    Returns
    -------
    float32 of shape (n, length, 4).

    Raises
    ------
    DataError
        If lengths differ, a letter is not DNA, or the array has another shape.

    Examples
    --------
    >>> as_one_hot(["AC", "GN"]).sum(axis=2).tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    if isinstance(sequences, str):
        sequences = [sequences]
    array = np.asarray(sequences if hasattr(sequences, "dtype") else list(sequences))
    if array.dtype.kind in "OUS":
        return alphabet.one_hot(_encode([str(text) for text in array.ravel()]))
    if _are_codes(array):
        return alphabet.one_hot(array.astype(np.uint8))
    if array.ndim == 2 and array.shape[1] == 4:
        array = array[None]
    if array.ndim != 3 or array.shape[2] != 4 or not len(array):
        fix = "transpose the last two axes" if array.ndim == 3 and array.shape[1] == 4 else "give texts, codes or one-hot"
        raise DataError(f"sequences of shape {array.shape}", "shape (n, length, 4), bases in the order ACGT", fix)
    return array.astype(np.float32)


def _are_codes(array: np.ndarray) -> bool:
    """Whether an array holds codes of bases; whole numbers of shape (length, 4) that are only 0 and 1 are one-hot."""
    if array.ndim != 2 or array.dtype.kind not in "iu" or array.min(initial=0) < 0 or array.max(initial=0) > alphabet.N_CODE:
        return False
    return array.shape[1] != 4 or bool(array.max(initial=0) > 1)


def _encode(texts: list[str]) -> np.ndarray:
    lengths = sorted({len(text) for text in texts})
    if len(lengths) != 1 or not lengths[0]:
        raise DataError(f"sequences of {', '.join(map(str, lengths[:5])) or 'no'} bp", "sequences of one length", "cut or pad them")
    try:
        return np.stack([alphabet.encode(text) for text in texts])
    except ValueError as error:
        raise DataError(f"a sequence in which {error}", "letters of DNA", "correct the sequence") from error
