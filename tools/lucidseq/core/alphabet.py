"""DNA as small integers: 0-3 = ACGT, 4 = N."""

from __future__ import annotations

import numpy as np

BASES = "ACGT"
N_CODE = 4
_ENCODE = np.full(256, 255, dtype=np.uint8)
for _code, _letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
    for _letter in _letters:
        _ENCODE[ord(_letter)] = _code
for _letter in "NRYSWKMBDHVnryswkmbdhv-.":
    _ENCODE[ord(_letter)] = N_CODE
_DECODE = np.frombuffer(b"ACGTN", dtype=np.uint8)
_ONE_HOT = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), dtype=np.float32)])


def encode(sequence: str) -> np.ndarray:
    """Return the codes of a DNA text, uint8 of shape (length,); IUPAC ambiguity letters become N.

    Raises
    ------
    ValueError
        If a letter is not DNA.

    Examples
    --------
    >>> encode("ACGTN").tolist()
    [0, 1, 2, 3, 4]
    """
    letters = np.frombuffer(sequence.encode("latin-1", "replace"), dtype=np.uint8)
    codes = _ENCODE[letters]
    if (codes == 255).any():
        raise ValueError(f"{sequence[int((codes == 255).argmax())]!r} is not a base")
    return codes


def decode(codes: np.ndarray) -> str:
    """Return the text of codes of shape (length,).

    Examples
    --------
    >>> decode(encode("GATTACA"))
    'GATTACA'
    """
    letters: bytes = _DECODE[codes].tobytes()
    return letters.decode("ascii")


def one_hot(codes: np.ndarray) -> np.ndarray:
    """Return float32 one-hot of shape (..., 4) in the order ACGT; N is all zero."""
    rows: np.ndarray = _ONE_HOT[codes]
    return rows


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Return the reverse complement along the last axis; N stays N.

    Examples
    --------
    >>> decode(reverse_complement(encode("AACGN")))
    'NCGTT'
    """
    flipped = codes[..., ::-1]
    return np.where(flipped < N_CODE, 3 - flipped, N_CODE).astype(np.uint8)


def gc_content(codes: np.ndarray) -> np.ndarray:
    """Return the share of G and C among the known bases of each row, NaN-free: 0.5 where all are N.

    Examples
    --------
    >>> gc_content(np.array([[0, 1, 2, 4], [4, 4, 4, 4]], dtype=np.uint8)).round(3).tolist()
    [0.667, 0.5]
    """
    known = (codes != N_CODE).sum(axis=1)
    strong = ((codes == 1) | (codes == 2)).sum(axis=1)
    return np.where(known > 0, strong / np.maximum(known, 1), 0.5)
