"""Parse fields of summary statistics as numbers, alleles and contigs; errors name the line."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.variants import MISSING, AlleleKind, allele_kind, whole_position

_TINY = 1e-290  # p-values below are read from their text
_POWER = re.compile(r"\s*\"?\+?(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?\"?\s*")
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
UNKNOWN = -1


@dataclass(frozen=True)
class ColumnContext:
    """Column name, line numbers and file, for error messages."""

    column: str
    line: np.ndarray
    path: Path

    def refuse(self, wrong: np.ndarray, values: pd.Series | np.ndarray, expected: str, fix: str = "correct the value") -> None:
        """Raise for the first wrong row, if any."""
        if wrong.any():
            row = int(np.argmax(wrong))
            value = values.iloc[row] if isinstance(values, pd.Series) else values[row]
            raise DataError(f"{self.column} = {str(value)!r}", expected, fix, where=place(self.path, line=int(self.line[row])))


def numbers(values: pd.Series, where: ColumnContext, *, infinite: bool = False) -> np.ndarray:
    """Return finite numbers, float64; missing marks are NaN, anything else is refused.

    Parameters
    ----------
    infinite
        Allow infinity, which programs write for failed estimates.

    Raises
    ------
    DataError
        If a value is not a number (a decimal comma, text, infinity).
    """
    expected = "a finite number with a decimal point"
    if values.dtype.kind in "iuf":
        result = values.to_numpy(dtype=np.float64)
        where.refuse(np.isinf(result) & (not infinite), values, expected)
        return result
    text = values.astype(str).str.strip().str.strip('"')
    missing = (values.isna() | text.isin(MISSING)).to_numpy()
    parsed = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype=np.float64)
    where.refuse(~missing & ~(np.isfinite(parsed) | (np.isinf(parsed) & infinite)), values, expected)
    return parsed


def positions(values: pd.Series, where: ColumnContext) -> np.ndarray:
    """Return positions, float64, NaN for missing marks (see `core.variants.whole_position`).

    Raises
    ------
    DataError
        If a value is not a whole number, or has an exponent that hides its last digits.
    """
    if values.dtype.kind in "iuf":
        return values.to_numpy(dtype=np.float64)
    parsed = numbers(values, where)
    written = values.astype(str)
    exponent = written.str.contains("e", case=False).to_numpy() & np.isfinite(parsed)
    inexact = exponent.copy()
    inexact[exponent] = [whole_position(text) is None for text in written[exponent]]
    where.refuse(inexact, values, "all digits of the position (spreadsheets round: format the column as a number, and save again)")
    return parsed


def neg_log10_of_p(values: pd.Series, where: ColumnContext) -> np.ndarray:
    """Return -log10 of p-values given as text, exact far below the smallest float; 0 gives infinity, missing NaN.

    Raises
    ------
    DataError
        If a value is not a number from 0 to 1.
    """
    p = numbers(values, where)
    expected = "a number from 0 to 1 (or a column neg_log_10_p_value)"
    where.refuse((p < 0) | (p > 1), values, expected)
    with np.errstate(divide="ignore"):
        result = -np.log10(p)
    for row in np.flatnonzero(p < _TINY):
        match = _POWER.fullmatch(str(values.iloc[row]))
        if match is None:
            continue
        digits, power = float(match[1]), int(match[2] or 0)
        result[row] = np.inf if digits == 0 else -np.log10(digits) - power
    return result + 0.0  # no negative zero


def select(values: pd.Series, condition: Callable[[str], bool]) -> np.ndarray:
    """Return the mask of texts that fulfil a condition, tested once per text. Missing ones are empty texts."""
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    return np.array([*(condition(str(text).strip()) for text in uniques), condition("")], dtype=bool)[codes]


class StringPool:
    """Texts that repeat (contigs, alleles) as whole numbers: code i stands for ``texts[i]``."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        """Return the code of a text, a new one when it is new."""
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code

    def encode(self, values: pd.Series, clean: Callable[[str], str | None]) -> np.ndarray:
        """Return codes, int32; `UNKNOWN` where ``clean`` returns None. Each text is cleaned once."""
        codes, uniques = pd.factorize(values, use_na_sentinel=True)
        cleaned = [clean(str(text)) for text in uniques]
        table = np.array([UNKNOWN if text is None else self.code(text) for text in cleaned] + [UNKNOWN], dtype=np.int32)
        return table[codes]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return texts, object array; `UNKNOWN` is #NA."""
        return np.array([*self.texts, "#NA"], dtype=object)[codes]


class Alleles(StringPool):
    """Alleles as codes, with their complements."""

    def complement(self, codes: np.ndarray) -> np.ndarray:
        """Return codes of the reverse complements."""
        table = [self.code(text.translate(_COMPLEMENT)[::-1]) for text in list(self.texts)]
        return np.array([*table, UNKNOWN], dtype=np.int32)[codes]

    def lengths(self) -> np.ndarray:
        """Return the number of bases by code (1 for unknown, last)."""
        return np.array([*(len(text) for text in self.texts), 1], dtype=np.int64)


def allele_state(alleles: StringPool) -> np.ndarray:
    """Return the `core.variants.AlleleKind` of each allele by code, int8; last, bases for unknown."""
    return np.array([*map(allele_kind, alleles.texts), AlleleKind.BASES], dtype=np.int8)


def _rs_numbers(texts: np.ndarray) -> np.ndarray:
    """Return n for each text of the form rs<n>, 0 for others (and for all, when one is long or not ASCII)."""
    parsed = np.zeros(len(texts), dtype=np.int64)
    try:
        words = texts.astype("S")
    except (UnicodeEncodeError, ValueError):
        return parsed
    width = words.dtype.itemsize
    if not 3 <= width <= 40:
        return parsed
    letters = words.view(np.uint8).reshape(len(texts), width)
    digit = (letters >= ord("0")) & (letters <= ord("9"))
    good = (letters[:, 0] == ord("r")) & (letters[:, 1] == ord("s")) & digit[:, 2] & (letters[:, 2] != ord("0"))
    good &= (digit[:, 2:] | (letters[:, 2:] == 0)).all(axis=1) & (digit[:, 2:].sum(axis=1) < 18)
    for at in range(2, min(width, 20)):
        parsed = np.where(digit[:, at], parsed * 10 + (letters[:, at] - ord("0")), parsed)
    return np.where(good, parsed, 0)


class VariantNamePool:
    """Compact identifiers of variants: rs numbers as numbers, others as bytes in one buffer; 0 is none."""

    def __init__(self) -> None:
        self._buffer, self._ends = bytearray(), array("q", [0])

    def clear(self) -> None:
        """Remove all names, which invalidates their codes."""
        self._buffer, self._ends = bytearray(), array("q", [0])

    def encode(self, values: pd.Series) -> np.ndarray:
        """Return codes, int64: n for rs<n>, -(k + 1) for the k-th other name, 0 where there is none."""
        texts = values.to_numpy(dtype=object)
        codes = _rs_numbers(texts)
        for row in np.flatnonzero(codes == 0).tolist():
            codes[row] = self.code(texts[row])
        return codes

    def code(self, text: object) -> int:
        """Return the code of one name."""
        if not isinstance(text, str):
            return 0
        digits = text[2:]
        if text.startswith("rs") and digits.isascii() and digits.isdigit() and len(digits) < 18 and digits[0] != "0":
            return int(digits)
        name = text.strip().strip('"')
        if name in MISSING:
            return 0
        if name != text:
            return self.code(name)
        self._buffer += name.encode("utf-8")
        self._ends.append(len(self._buffer))
        return 1 - len(self._ends)

    def decode(self, codes: np.ndarray) -> list[str]:
        """Return the names; '.' where there is none."""
        return [f"rs{code}" if code > 0 else "." if code == 0 else self._other(-code - 1) for code in codes.tolist()]

    def _other(self, index: int) -> str:
        return self._buffer[self._ends[index] : self._ends[index + 1]].decode("utf-8")
