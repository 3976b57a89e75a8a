"""Rows of a sequence dataset: bases, coordinates, targets."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from lucidseq.core import alphabet


@dataclass(frozen=True)
class SequenceRows:
    """Sequences of one length with their coordinates.

    Attributes
    ----------
    codes
        uint8 of shape (n, length): 0-3 = ACGT, 4 = N.
    contig, id, strand
        Object arrays of str, shape (n,); contig is empty where a sequence has no coordinates.
    start, end
        0-based, half-open, int64 of shape (n,).
    target
        float32 of shape (n, targets).
    padding
        Bases that are N because the row reaches beyond its contig or record, int64 of shape (n,).
    """

    codes: np.ndarray
    contig: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strand: np.ndarray
    id: np.ndarray
    target: np.ndarray
    padding: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: np.ndarray) -> SequenceRows:
        """Return the rows of a mask or of indices."""
        return SequenceRows(*(getattr(self, item.name)[rows] for item in fields(self)))

    def append(self, *others: SequenceRows) -> SequenceRows:
        """Return these rows followed by others of the same length and targets."""
        return SequenceRows(*(np.concatenate([getattr(part, item.name) for part in (self, *others)]) for item in fields(self)))


def gc_share(codes: np.ndarray) -> np.ndarray:
    """Return the share of G and C among the bases that are not N, shape (n,); 0 where all are N."""
    known = (codes < alphabet.N_CODE).sum(axis=1)
    strong = ((codes == 1) | (codes == 2)).sum(axis=1)
    share: np.ndarray = strong / np.maximum(known, 1)
    return share


def n_share(codes: np.ndarray, padding: np.ndarray | int = 0) -> np.ndarray:
    """Return the share of N among the bases that are not padding, shape (n,); 1 where all are.

    Examples
    --------
    >>> n_share(np.array([[4, 4, 0, 1], [4, 4, 4, 4]], dtype=np.uint8), np.array([2, 4])).tolist()
    [0.0, 1.0]
    """
    unknown = np.maximum((codes == alphabet.N_CODE).sum(axis=1) - padding, 0)
    inside = codes.shape[1] - padding + np.zeros(len(codes), dtype=np.int64)
    return np.divide(unknown, inside, out=np.ones(len(codes)), where=inside > 0)


def identity(codes: np.ndarray) -> np.ndarray:
    """Return a number for each row, equal for sequences that are equal on either strand, int64 of shape (n,)."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    forward = np.ascontiguousarray(codes).view(f"V{codes.shape[1]}").ravel()
    backward = np.ascontiguousarray(alphabet.reverse_complement(codes)).view(f"V{codes.shape[1]}").ravel()
    texts = [min(one.tobytes(), other.tobytes()) for one, other in zip(forward, backward, strict=True)]
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)


def unique_ids(ids: np.ndarray) -> np.ndarray:
    """Return unique names: the second ``a`` becomes ``a_2``, and so on.

    Examples
    --------
    >>> unique_ids(np.array(["a", "b", "a", "a_2"], dtype=object)).tolist()
    ['a', 'b', 'a_3', 'a_2']
    """
    taken = set(ids)
    seen: dict[str, int] = {}
    result = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 1:
            result.append(name)
            continue
        number = seen[name]
        while f"{name}_{number}" in taken:
            number += 1
        taken.add(f"{name}_{number}")
        result.append(f"{name}_{number}")
    return np.array(result, dtype=object)
