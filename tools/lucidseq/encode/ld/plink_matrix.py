"""PLINK's square matrices of r: text (whole, lower triangle) or raw numbers of 8 or 4 bytes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import is_gzip, open_text
from lucidseq.encode.ld.matrix import Published, from_dense

_CHARACTERS = 32  # of a number in a line at most
_TEXT = frozenset([*range(32, 127), *b"\t\r\n"])  # raw numbers have other bytes: 1 has zeros


def read_plink(path: Path, variants: pd.DataFrame) -> Published:
    """Read PLINK 1.9's ``--r square`` (also square0, triangle, gz, bin, bin4) or PLINK 2's ``--r-unphased`` matrices.

    Parameters
    ----------
    path
        Matrix of p rows: text, or raw float64 or float32 by its size.
    variants
        Its p variants; the effect allele is PLINK 1's A1 or PLINK 2's ALT.

    Raises
    ------
    DataError
        If it has another size or is not a correlation matrix.
    """
    size = len(variants)
    if not is_gzip(path):
        with path.open("rb") as handle:
            start = handle.read(4096)
        if not _TEXT.issuperset(start):
            return from_dense(_read_raw(path, size), variants, path)
    values = np.zeros((size, size), dtype=np.float32)
    longest = _CHARACTERS * (size + 1)
    number = 0
    with open_text(path) as handle:
        for number, line in enumerate(iter(lambda: handle.readline(longest), ""), start=1):
            if number > size:
                if line.strip():
                    expected = f"{size} rows, one for each variant of the list"
                    fix = "give the list of exactly these variants"
                    raise DataError(f"more than {size} rows", expected, fix, where=place(path, line=number))
                continue
            row = _numbers(line, path, number)
            if len(row) not in (size, number):
                expected = f"{size} numbers, one for each variant of the list"
                fix = "give the list of exactly these variants, and PLINK's square matrix, not its table of pairs"
                raise DataError(f"{len(row)} numbers", expected, fix, where=place(path, line=number))
            values[number - 1, : len(row)] = row
    if number < size:
        fix = "give the list of exactly these variants, or copy the matrix again"
        raise DataError(f"{number} rows", f"{size} rows, one for each variant of the list", fix, where=str(path))
    return from_dense(values, variants, path)


def _read_raw(path: Path, size: int) -> np.ndarray:
    size_in_bytes = path.stat().st_size
    for width in (8, 4):
        if size_in_bytes == width * size * size:
            raw = np.memmap(path, dtype=f"<f{width}", mode="r", shape=(size, size))
            with np.errstate(over="ignore", invalid="ignore"):
                return np.array(raw, dtype=np.float32)
    expected = f"{8 * size * size} or {4 * size * size} bytes for the {size} variants of the list"
    fix = "give the list of exactly these variants, and a square matrix of PLINK or text"
    raise DataError(f"{size_in_bytes} bytes", expected, fix, where=str(path))


def _numbers(line: str, path: Path, number: int) -> np.ndarray:
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("error")
        try:
            values: np.ndarray = np.fromstring(line, dtype=np.float64, sep=" ").astype(np.float32)
        except (ValueError, DeprecationWarning) as error:
            expected = "numbers separated by spaces or tabs"
            fix = "give PLINK's square matrix, not its table of pairs"
            raise DataError(f"{line[:40].rstrip()!r}, not all numbers", expected, fix, where=place(path, line=number)) from error
    return values
