"""Contigs, positions and alleles of variants as every reader takes them, and names of variants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


MISSING = ("", "#NA", "NA", "NaN", "nan", "N/A", "n/a", "null", ".", "NULL", "<NA>", "-nan")  # texts for no value
_NUMBERED = re.compile(r"((?:chr)?\d+)\.0+", re.IGNORECASE)  # a number that a program stored with decimals
_CODES = re.compile("[1-4B]")
_BASES = re.compile("[ACGTN]+")
# Placeholders of programs for alleles of unknown bases, symbolic alleles and breakends
_PLACEHOLDER = re.compile(r"<.*>|[IDR0*-]|[ID]\d*|NON_REF|DEL|INS|DUP|INV|CNV|.*[\[\]].*|\.")
_EXPONENT = re.compile(r"(\d)(?:\.(\d*))?[eE]\+?(\d{1,2})")
_MOST_DIGITS = 18  # of an int64


class AlleleKind(IntEnum):
    """Content of an allele: bases, a placeholder for unknown bases, something else, or a code of arrays and pedigrees (1 to 4, B)."""

    BASES, PLACEHOLDER, INVALID, CODE = range(4)


def clean_contig(text: str) -> str | None:
    """Return a contig's name without blanks and quotes, ``CHR`` as ``chr``, and a number without decimals; None when missing.

    Examples
    --------
    >>> clean_contig("CHR1"), clean_contig("23.0"), clean_contig(" chrX"), clean_contig("NC_000001.11"), clean_contig("NA")
    ('chr1', '23', 'chrX', 'NC_000001.11', None)
    """
    text = text.strip().strip('"')
    if text in MISSING:
        return None
    number = _NUMBERED.fullmatch(text)
    text = number[1] if number else text
    return "chr" + text[3:] if text.startswith("CHR") and len(text) > 3 else text


def contig_key(name: str) -> str:
    """Return what the spellings of one contig share: no ``chr``, no leading zeros, MT for M.

    Examples
    --------
    >>> [contig_key(name) for name in ("chr1", "Chr1", "01", "1.0", "chrM", "MT", "chrX", "chr")]
    ['1', '1', '1', '1', 'MT', 'MT', 'X', 'chr']
    """
    name = clean_contig(name) or name
    plain = name[3:] if name[:3].lower() == "chr" and len(name) > 3 else name
    if plain.isascii() and plain.isdigit():
        return plain.lstrip("0") or "0"
    return "MT" if plain == "M" else plain


class ContigNames:
    """One name for each contig of a file: the first spelling that was seen.

    Attributes
    ----------
    respelled
        Names that differed from it.

    Examples
    --------
    >>> names = ContigNames()
    >>> [names(name) for name in ("chr1", "1", "2.0", "chr2")], sorted(names.respelled)
    (['chr1', 'chr1', '2', '2'], ['1', 'chr2'])
    """

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.respelled: set[str] = set()

    def __call__(self, text: str) -> str:
        """Return the name of a contig."""
        name = self._names.get(text)
        if name is None:
            own = clean_contig(text) or text
            name = self._names[text] = self._first.setdefault(contig_key(own), own)
            if name != own:
                self.respelled.add(own)
        return name


def clean_allele(text: str) -> str | None:
    """Return an allele in capitals (a breakend as it is); None when missing.

    Examples
    --------
    >>> clean_allele("a"), clean_allele(" <del>"), clean_allele("G]17:198982]"), clean_allele(".")
    ('A', '<DEL>', 'G]17:198982]', None)
    """
    text = text.strip().strip('"')
    if text in MISSING:
        return None
    return text if "[" in text or "]" in text else text.upper()


def allele_kind(allele: str) -> AlleleKind:
    """Return the kind of a clean allele.

    Examples
    --------
    >>> [allele_kind(text).name for text in ("ACGT", "<DEL>", "2", "Q")]
    ['BASES', 'PLACEHOLDER', 'CODE', 'INVALID']
    """
    if _BASES.fullmatch(allele):
        return AlleleKind.BASES
    if _CODES.fullmatch(allele):
        return AlleleKind.CODE
    return AlleleKind.PLACEHOLDER if _PLACEHOLDER.fullmatch(allele) else AlleleKind.INVALID


def whole_position(text: str) -> int | None:
    """Return a position: digits, decimals of 0, or an exponent that hides no digit; None for other text.

    R writes 100000 as 1e+05, which is shorter and exact; a spreadsheet writes 12345678 as 1.23E+07, and awk as 1.23457e+07: their last digits are lost.

    Examples
    --------
    >>> [whole_position(text) for text in ("100000", "100000.0", "1e+05", "2.730000e+2", "1.23E+07", "1.23457e+07", "x")]
    [100000, 100000, 100000, 273, None, None, None]
    """
    text = text.strip().strip('"')
    digits, _, decimals = text.partition(".")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS and not decimals.strip("0"):
        return int(digits)
    match = _EXPONENT.fullmatch(text)
    if match is None or int(match[3]) >= _MOST_DIGITS:
        return None
    decimals, places = match[2] or "", int(match[3])
    if decimals[places:].strip("0"):
        return None
    number = match[1] + decimals[:places].ljust(places, "0")
    exact = len(decimals) >= places or ("e" in text and len(text) < len(number))
    return int(number) if exact else None


def variant_id(contig: str, position: int, other_allele: str, effect_allele: str) -> str:
    """Name a variant: contig:position:other:effect, position 1-based.

    Examples
    --------
    >>> variant_id("chr1", 101, "A", "G")
    'chr1:101:A:G'
    """
    return f"{contig}:{position}:{other_allele}:{effect_allele}"


def variant_ids(contigs: Iterable[str], positions: Iterable[int], other_alleles: Iterable[str], effect_alleles: Iterable[str]) -> list[str]:
    """Name many variants (see `variant_id`)."""
    return [variant_id(*parts) for parts in zip(contigs, positions, other_alleles, effect_alleles, strict=True)]


def swap_alleles(variant_id: str) -> str:
    """Return the id of the same variant with its alleles swapped; other names are returned unchanged.

    Examples
    --------
    >>> swap_alleles("chr1:101:A:G")
    'chr1:101:G:A'
    """
    parts = variant_id.rsplit(":", 2)
    return ":".join([parts[0], parts[2], parts[1]]) if len(parts) == 3 else variant_id


def align(ids: np.ndarray, index: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Look up variants by id, or by the id with its alleles swapped.

    Returns
    -------
    Rows in ``index`` (-1: missing), int of shape (len(ids),), and which of them are swapped, bool.
    """
    import numpy as np
    import pandas as pd

    rows = index.get_indexer(pd.Index(ids))
    absent = np.flatnonzero(rows < 0)
    rows[absent] = index.get_indexer(pd.Index([swap_alleles(str(name)) for name in ids[absent]]))
    flipped = np.zeros(len(rows), dtype=bool)
    flipped[absent] = rows[absent] >= 0
    return rows, flipped
