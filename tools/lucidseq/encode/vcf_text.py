"""VCF genotype columns decoded from their bytes, many rows at once, without a Python loop over genotypes.

Two shapes are decoded here: rows whose FORMAT is GT alone with diploid calls of three characters (``0|1``), read as 32-bit words,
and rows with several subfields where every sample has all of them. What is shaped otherwise is left to htslib (`vcf_records.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TAB, _COLON, _ZERO, _DOT, _BAR, _SLASH = (ord(letter) for letter in "\t:0.|/")
# A call and the tab after it as one little-endian word; bit 0 of either allele tells 0 from 1
_ALLELE_BITS = np.uint32(0x00010001)
_PHASED, _UNPHASED = (np.uint32(_ZERO | separator << 8 | _ZERO << 16 | _TAB << 24) for separator in (_BAR, _SLASH))
_ROWS_BYTES = 1 << 18  # rows decoded together: what stays in the second-level cache
_MAX_DIGITS = 15  # integers below 10^15 are exact in float64, so digits / 10^decimals is rounded once
_POWERS = 10.0 ** np.arange(_MAX_DIGITS + 1)


@dataclass(frozen=True)
class Decoded:
    """Dosages of some rows, and which rows could not be decoded (their dosages mean nothing)."""

    dosage: np.ndarray
    irregular: np.ndarray


def decode_calls(columns: list[bytes], samples: int) -> Decoded:
    """Decode rows of GT alone.

    Parameters
    ----------
    columns
        For each row the bytes after FORMAT's tab, without the line end, ``4 * samples - 1`` long.
    samples
        Number of samples.

    Returns
    -------
    int8 dosages of ALT of shape (rows, samples), -1 for missing (half-missing calls too).
    """
    dosage = np.empty((len(columns), samples), dtype=np.int8)
    irregular = np.zeros(len(columns), dtype=bool)
    step = max(1, _ROWS_BYTES // (4 * samples))
    for first in range(0, len(columns), step):
        some = columns[first : first + step]
        words = np.frombuffer(b"\t".join(some) + b"\t", dtype="<u4").reshape(len(some), samples)
        rows = slice(first, first + len(some))
        bits = words & _ALLELE_BITS
        dosage[rows] = (bits + (bits >> np.uint32(16))) & np.uint32(3)
        shape = words & ~_ALLELE_BITS
        odd = np.argwhere((shape != _PHASED) & (shape != _UNPHASED))
        if len(odd):
            where = odd[:, 0] + first, odd[:, 1]
            calls = _calls(words[odd[:, 0], odd[:, 1]])
            dosage[where] = np.maximum(calls, -1)
            irregular[where[0][calls < -1]] = True
    return Decoded(dosage, irregular)


def _calls(words: np.ndarray) -> np.ndarray:
    """Return dosages of single calls as words: -1 where an allele is missing, -2 where this is no diploid call of 0, 1 and dot."""
    first, separator, second, end = (words >> np.uint32(8 * place) & np.uint32(255) for place in range(4))
    alleles = np.stack([first, second]).astype(np.int16)
    known = ((alleles == _ZERO) | (alleles == _ZERO + 1) | (alleles == _DOT)).all(axis=0)
    known &= ((separator == _BAR) | (separator == _SLASH)) & (end == _TAB)
    missing = (alleles == _DOT).any(axis=0)
    return np.where(~known, -2, np.where(missing, -1, alleles.sum(axis=0) - 2 * _ZERO)).astype(np.int8)


def decode_subfields(
    columns: list[bytes], samples: int, subfields: int, *, calls: int | None, dosages: int | None
) -> Decoded:
    """Decode rows in which every sample has all subfields.

    Parameters
    ----------
    columns
        As in `decode_calls`, of any length.
    samples, subfields
        Number of samples, and of the names in FORMAT.
    calls, dosages
        Place of GT or of DS in FORMAT (one of the two; DS wins).

    Returns
    -------
    float32 dosages with NaN when ``dosages`` is given, int8 with -1 otherwise, shape (rows, samples).
    """
    dtype = np.float32 if dosages is not None else np.int8
    result = Decoded(np.zeros((len(columns), samples), dtype=dtype), np.ones(len(columns), dtype=bool))
    regular = [
        row for row, text in enumerate(columns)
        if text.count(b":") == samples * (subfields - 1) and text.count(b"\t") == samples - 1
    ]  # fmt: skip
    if not regular:
        return result
    text = np.frombuffer(b"\t" + b"\t".join(columns[row] for row in regular) + b"\t", dtype=np.uint8)
    marks = np.flatnonzero((text == _TAB) | (text == _COLON))
    before, marks = marks[0], marks[1:].reshape(len(regular), samples, subfields)
    del before
    in_order = (text[marks[..., -1]] == _TAB).all(axis=1)
    which = dosages if dosages is not None else calls
    assert which is not None
    starts = _previous(marks, which) + 1
    ends = marks[..., which]
    if dosages is not None:
        values, wrong = _decimals(text, starts.ravel(), ends.ravel())
    else:
        values, wrong = _token_calls(text, starts.ravel(), ends.ravel())
    shape = len(regular), samples
    result.dosage[regular] = values.reshape(shape)
    result.irregular[regular] = ~in_order | wrong.reshape(shape).any(axis=1)
    return result


def _previous(marks: np.ndarray, which: int) -> np.ndarray:
    """Return the place of the mark before subfield ``which`` of each sample."""
    if which:
        return marks[..., which - 1]
    last = marks[..., -1].ravel()
    return np.concatenate([[0], last[:-1]]).reshape(marks.shape[:2])


def _token_calls(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    short = ends - starts == 3
    at = np.where(short, starts, 0)
    words = text[at].astype(np.uint32) | text[at + 1].astype(np.uint32) << 8 | text[at + 2].astype(np.uint32) << 16
    calls = _calls(words | np.uint32(_TAB << 24))
    return np.maximum(calls, -1), ~short | (calls < -1)


def _decimals(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parse non-negative decimals such as 0, 1.25 or a lone dot (missing); return float32 values and which were something else."""
    lengths = ends - starts
    wrong = (lengths < 1) | (lengths > _MAX_DIGITS + 1)
    digits = np.zeros(len(starts), dtype=np.int64)
    count = np.zeros(len(starts), dtype=np.int64)
    point = np.full(len(starts), -1, dtype=np.int64)
    longest = int(lengths[~wrong].max(initial=0))
    for offset in range(longest):
        inside = offset < lengths
        letter = text[np.minimum(starts + offset, len(text) - 1)]
        digit = letter.astype(np.int64) - _ZERO
        is_digit = inside & (digit >= 0) & (digit <= 9)
        is_point = inside & (letter == _DOT)
        digits = np.where(is_digit, digits * 10 + digit, digits)
        count += is_digit
        wrong |= (inside & ~is_digit & ~is_point) | (is_point & (point >= 0))
        point = np.where(is_point, offset, point)
    missing = (lengths == 1) & (point == 0)
    wrong |= (count == 0) & ~missing | (count > _MAX_DIGITS)
    decimals = np.where(point < 0, 0, lengths - 1 - point)
    values = digits / _POWERS[np.clip(decimals, 0, _MAX_DIGITS)]
    return np.where(missing, np.nan, values).astype(np.float32), wrong
