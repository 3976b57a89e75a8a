"""VCF genotype columns decoded from their bytes, many rows at once, without a Python loop over genotypes.

Two shapes are decoded here: rows whose FORMAT is GT alone with diploid calls of three characters (``0|1``), read as 32-bit words,
and rows with several subfields where every sample has all of them. What is shaped otherwise is left to htslib (`vcf_records.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TAB, _COLON, _ZERO, _DOT, _BAR, _SLASH = (ord(letter) for letter in "\t:0.|/")
# A call and the tab after it as one little-endian word; bit 0 of either allele distinguishes 0 and 1
_ALLELE_BITS = np.uint32(0x00010001)
_PHASED, _UNPHASED = (np.uint32(_ZERO | separator << 8 | _ZERO << 16 | _TAB << 24) for separator in (_BAR, _SLASH))
_ROWS_BYTES = 1 << 18  # bytes of rows decoded together: what stays in the second-level cache
_MAX_DIGITS = 15  # integers below 10^15 are exact in float64, so digits / 10^decimals is rounded once
_POWERS = 10.0 ** np.arange(_MAX_DIGITS + 1)
_CALL = 3  # characters of a diploid call
_WORD = 8  # characters of a 64-bit word
_ALL_ZEROS = np.uint64(0x3030303030303030)  # "00000000"
# By the number of characters that count: all ones in the lower bytes
_LOWER = np.array([(1 << (_WORD * count)) - 1 for count in range(_WORD + 1)], dtype=np.uint64)


@dataclass(frozen=True)
class Decoded:
    """Dosages of rows, and which rows could not be decoded (their dosages are undefined)."""

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
    result = Decoded(np.empty((len(columns), samples), dtype=np.int8), np.zeros(len(columns), dtype=bool))
    step = max(1, _ROWS_BYTES // (4 * samples))
    for first in range(0, len(columns), step):
        block = columns[first : first + step]
        words = np.frombuffer(b"\t".join(block) + b"\t", dtype="<u4").reshape(len(block), samples)
        rows = slice(first, first + len(block))
        result.dosage[rows], result.irregular[rows] = _calls(words)
    return result


def decode_ploidy(columns: list[bytes], samples: int, ploidy: int) -> Decoded:
    """Decode rows of GT alone with calls of another ploidy than two (``0``, ``0/0/1/1``).

    Parameters
    ----------
    columns
        For each row the bytes after FORMAT's tab, without the line end, ``2 * ploidy * samples - 1`` long.
    samples, ploidy
        Number of samples, and of alleles in a call.

    Returns
    -------
    As `decode_calls`.
    """
    result = Decoded(np.empty((len(columns), samples), dtype=np.int8), np.zeros(len(columns), dtype=bool))
    step = max(1, _ROWS_BYTES // (2 * ploidy * samples))
    for first in range(0, len(columns), step):
        block = columns[first : first + step]
        cells = np.frombuffer(b"\t".join(block) + b"\t", dtype=np.uint8).reshape(len(block), samples, 2 * ploidy)
        alleles, between = cells[:, :, ::2], cells[:, :, 1::2]
        missing = (alleles == _DOT).any(axis=2)
        good = ((alleles == _ZERO) | (alleles == _ZERO + 1) | (alleles == _DOT)).all(axis=(1, 2))
        good &= ((between[:, :, :-1] == _BAR) | (between[:, :, :-1] == _SLASH)).all(axis=(1, 2))
        good &= (between[:, :, -1] == _TAB).all(axis=1)
        rows = slice(first, first + len(block))
        result.dosage[rows] = np.where(missing, -1, (alleles == _ZERO + 1).sum(axis=2))
        result.irregular[rows] = ~good
    return result


def _calls(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return dosages of calls as words of shape (rows, samples), and the rows in which one is no diploid call of 0, 1 and dot."""
    bits = words & _ALLELE_BITS
    dosage = ((bits + (bits >> np.uint32(16))) & np.uint32(3)).astype(np.int8)
    shape = words & ~_ALLELE_BITS
    irregular = np.zeros(len(words), dtype=bool)
    odd = np.nonzero((shape != _PHASED) & (shape != _UNPHASED))
    if len(odd[0]):
        calls = _odd_calls(words[odd])
        dosage[odd] = np.maximum(calls, -1)
        irregular[odd[0][calls < -1]] = True
    return dosage, irregular


def _odd_calls(words: np.ndarray) -> np.ndarray:
    """Return dosages of calls that may have a dot: -1 where an allele is missing, -2 where this is not such a call."""
    first, separator, second, end = (words >> np.uint32(8 * place) & np.uint32(255) for place in range(4))
    alleles = np.stack([first, second]).astype(np.int16)
    known = ((alleles == _ZERO) | (alleles == _ZERO + 1) | (alleles == _DOT)).all(axis=0)
    known &= ((separator == _BAR) | (separator == _SLASH)) & (end == _TAB)
    missing = (alleles == _DOT).any(axis=0)
    return np.where(~known, -2, np.where(missing, -1, alleles.sum(axis=0) - 2 * _ZERO)).astype(np.int8)


def decode_subfields(columns: list[bytes], samples: int, subfields: int, *, dosages: int | None, diploid: bool = False) -> Decoded:
    """Decode rows with several subfields a sample.

    Parameters
    ----------
    columns
        As in `decode_calls`, of any length.
    samples, subfields
        Number of samples, and of the names in FORMAT.
    dosages
        Place of DS in FORMAT, to read it; None reads GT, which is always first.
    diploid
        GT is first, and a row in which one is not of two alleles of a digit is irregular; for DS.

    Returns
    -------
    float32 dosages with NaN for missing when DS is read, int8 with -1 otherwise, shape (rows, samples).
    """
    dtype = np.int8 if dosages is None else np.float32
    result = Decoded(np.zeros((len(columns), samples), dtype=dtype), np.ones(len(columns), dtype=bool))
    step = max(1, _ROWS_BYTES // max(1, len(columns[0])))
    for first in range(0, len(columns), step):
        rows = np.arange(first, min(first + step, len(columns)))
        block = [columns[row] for row in rows]
        if dosages is None:
            whole, decoded = _first_subfields(block, samples)
        else:
            whole, decoded = _numbers(block, samples, subfields, dosages, diploid=diploid)
        if whole.any():
            result.dosage[rows[whole]], result.irregular[rows[whole]] = decoded.dosage, decoded.irregular
    return result


_NOTHING = Decoded(np.zeros((0, 0), dtype=np.int8), np.zeros(0, dtype=bool))


def _marked(columns: list[bytes], marks: bytes, expected: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join rows and find the marks that end subfields.

    Returns
    -------
    (mask of the rows with the expected number of marks; the text of those, after a tab and before spare bytes; places of the
    marks, of shape (rows, expected))
    """
    text = np.frombuffer(b"\t" + b"\t".join(columns) + b"\t" + bytes(2 * _WORD), dtype=np.uint8)
    found = text == marks[0]
    for mark in marks[1:]:
        found |= text == mark
    places = np.flatnonzero(found)[1:]
    row_ends = np.cumsum([len(column) + 1 for column in columns])
    counts = np.diff(np.searchsorted(places, row_ends, side="right"), prepend=0)
    whole = counts == expected
    if not whole.all():
        kept = [column for column, good in zip(columns, whole, strict=True) if good]
        if not kept:
            return whole, text, np.zeros((0, expected), dtype=np.int64)
        _, text, places = _marked(kept, marks, expected)
    return whole, text, places.reshape(-1, expected)


def _first_subfields(columns: list[bytes], samples: int) -> tuple[np.ndarray, Decoded]:
    """Decode the calls that open every sample's column; they end at a colon or at the tab."""
    whole, text, tabs = _marked(columns, b"\t", samples)
    if not len(tabs):
        return whole, _NOTHING
    starts = np.concatenate([[0], tabs.ravel()[:-1]]) + 1
    words = _window(text, "<u4")[starts]
    ends = words >> np.uint32(24)
    words = np.where(ends == _COLON, words & np.uint32(0x00FFFFFF) | np.uint32(_TAB << 24), words)
    return whole, Decoded(*_calls(words.reshape(tabs.shape)))


def _numbers(columns: list[bytes], samples: int, subfields: int, which: int, *, diploid: bool) -> tuple[np.ndarray, Decoded]:
    """Decode the decimals of one subfield."""
    whole, text, marks = _marked(columns, b"\t:", samples * subfields)
    if not len(marks):
        return whole, _NOTHING
    ends = marks.reshape(-1, subfields)
    in_order = (text[ends[:, -1]] == _TAB).reshape(-1, samples).all(axis=1)
    opens = np.concatenate([[0], ends[:-1, -1]])
    values, wrong = _decimals(text, (ends[:, which - 1] if which else opens) + 1, ends[:, which])
    if diploid:
        separator = text[opens + 2]
        wrong |= ((separator != _BAR) & (separator != _SLASH)) | (ends[:, 0] - opens != _CALL + 1)
    shape = len(marks), samples
    return whole, Decoded(values.reshape(shape), ~in_order | wrong.reshape(shape).any(axis=1))


def _window(text: np.ndarray, dtype: str) -> np.ndarray:
    """Return a view of the words that begin at each byte of a text."""
    size = np.dtype(dtype).itemsize
    return np.ndarray((len(text) - size + 1,), dtype=dtype, buffer=text.data, strides=(1,))


def _decimals(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parse non-negative decimals (a single dot is missing); return float32 values and which tokens were something else.

    Tokens of up to 16 characters with one digit before the point (every dosage below 10) are parsed as two 64-bit words; others
    character by character.
    """
    words = _window(text, "<u8")
    lengths = ends - starts
    head = _padded(words[starts], np.clip(lengths, 0, _WORD))
    odd = ((head >> np.uint64(8) & np.uint64(255) != _DOT) | (lengths == 2)) & (lengths != 1) | (lengths > 2 * _WORD)
    # Remove the point, and add a zero at the end
    digits = (head & np.uint64(255)) | (head >> np.uint64(16) << np.uint64(8)) | np.uint64(_ZERO << 56)
    odd |= _not_digits(digits)
    values = _eight_digits(digits) / 1e7
    longer = np.flatnonzero((lengths > _WORD) & ~odd)
    if len(longer):
        tail = _padded(words[starts[longer] + _WORD], np.minimum(lengths[longer] - _WORD, _WORD))
        odd[longer] |= _not_digits(tail)
        # Seven digits of the head, then eight: 15 in all
        values[longer] = (_eight_digits(digits[longer]) // np.uint64(10) * np.uint64(10**8) + _eight_digits(tail)) / 1e14
    result, wrong = values.astype(np.float32), np.zeros(len(starts), dtype=bool)
    left = np.flatnonzero(odd)
    if len(left):
        result[left], wrong[left] = _decimals_by_character(text, starts[left], ends[left])
    return result, wrong


def _padded(words: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Replace the characters past each length by "0"."""
    lower = _LOWER[lengths]
    return (words & lower) | (_ALL_ZEROS & ~lower)


def _not_digits(words: np.ndarray) -> np.ndarray:
    """Return which words have a character other than 0-9 (a carry or a borrow then reaches a byte's top bit)."""
    high = np.uint64(0x8080808080808080)
    return ((words + np.uint64(0x4646464646464646)) | (words - _ALL_ZEROS)) & high != 0


def _eight_digits(words: np.ndarray) -> np.ndarray:
    """Return the numbers that words of eight digits spell: pairs of digits, then of pairs, then of fours are joined."""
    pairs = (words & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(10 * 2**8 + 1) >> np.uint64(8)
    fours = (pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(100 * 2**16 + 1) >> np.uint64(16)
    return (fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(10000 * 2**32 + 1) >> np.uint64(32)


def _decimals_by_character(text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lengths = ends - starts
    wrong = (lengths < 1) | (lengths > _MAX_DIGITS + 1)
    digits = np.zeros(len(starts), dtype=np.int64)
    count = np.zeros(len(starts), dtype=np.int64)
    point = np.full(len(starts), -1, dtype=np.int64)
    for offset in range(int(lengths[~wrong].max(initial=0))):
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
    wrong |= ((count == 0) & ~missing) | (count > _MAX_DIGITS)
    decimals = np.where(point < 0, 0, lengths - 1 - point)
    values = digits / _POWERS[np.clip(decimals, 0, _MAX_DIGITS)]
    return np.where(missing, np.nan, values).astype(np.float32), wrong
