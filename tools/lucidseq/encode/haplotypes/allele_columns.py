"""Alleles of VCF text, decoded for a whole block of rows at once."""

from __future__ import annotations

import numpy as np

from lucidseq.encode.haplotypes.sites import MISSING, PADDING

_TAB, _COLON, _END = ord("\t"), ord(":"), ord("\n")
_PIPE, _SLASH = ord("|"), ord("/")
_ALLELES = {ord("0"): 0, ord("1"): 1, ord("."): MISSING}
_BAD = 99
_MAX_PLOIDY = 16


def _table() -> np.ndarray:
    table = np.full(256, _BAD, dtype=np.int8)
    for character, allele in _ALLELES.items():
        table[character] = allele
    return table


_TABLE = _table()


def decode_alleles(columns: list[bytes], samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decode the sample columns of rows whose first subfield is GT, with alleles 0, 1 and ``.``.

    Parameters
    ----------
    columns
        The sample columns of each row, tabs between them.
    samples
        Number of samples.

    Returns
    -------
    (alleles, int8 of shape (rows, samples, ploidy); phased, shape (rows, samples); mask of rows of another form)

    Examples
    --------
    >>> alleles, phased, wrong = decode_alleles([b"0|1:3\\t1|1:9"], 2)
    >>> alleles.tolist(), phased.tolist(), wrong.tolist()
    ([[[0, 1], [1, 1]]], [[True, True]], [False])
    """
    regular = _three_characters(columns, samples)
    if regular is not None:
        return regular
    text = np.frombuffer(b"\n".join(columns) + b"\n" * (2 * _MAX_PLOIDY), dtype=np.uint8)
    ends = np.cumsum([len(row) + 1 for row in columns]) - 1
    tabs = np.flatnonzero(text[: ends[-1]] == _TAB)
    counts = np.diff(np.searchsorted(tabs, ends), prepend=0)
    wrong = counts != samples - 1
    starts = np.zeros((len(columns), samples), dtype=np.int64)
    starts[:, 0] = np.concatenate([[0], ends[:-1] + 1])
    begins = tabs[np.repeat(~wrong, counts)] + 1
    starts[~wrong, 1:] = begins.reshape(int((~wrong).sum()), samples - 1)
    starts[wrong] = starts[wrong, :1]
    return _alleles(text, starts, wrong)


def _three_characters(columns: list[bytes], samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Decode rows of diploid calls alone, such as ``0|1``, without a search for tabs; None where a row differs."""
    if any(len(column) != 4 * samples - 1 for column in columns):
        return None
    cells = np.frombuffer(b"\t".join(columns) + b"\t", dtype=np.uint8).reshape(len(columns), samples, 4)
    alleles, between = _TABLE[cells[:, :, ::2]], cells[:, :, 1]
    phased = between == _PIPE
    if (alleles == _BAD).any() or not (phased | (between == _SLASH)).all() or (cells[:, :, 3] != _TAB).any():
        return None
    return alleles, phased, np.zeros(len(columns), dtype=bool)


def _alleles(text: np.ndarray, starts: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read alleles two bytes at a time from where each sample's text starts, until every call has ended."""
    open_calls = np.ones(starts.shape, dtype=bool)
    phased = np.ones(starts.shape, dtype=bool)
    alleles: list[np.ndarray] = []
    while open_calls.any() and len(alleles) < _MAX_PLOIDY:
        at = starts + 2 * len(alleles)
        values = np.where(open_calls, _TABLE[text[at]], np.int8(PADDING))
        wrong |= (values == _BAD).any(axis=1)
        after = text[at + 1]
        ended = (after == _TAB) | (after == _COLON) | (after == _END)
        joined = (after == _PIPE) | (after == _SLASH)
        wrong |= (open_calls & ~ended & ~joined).any(axis=1)
        phased &= ~(open_calls & (after == _SLASH))
        open_calls &= joined & ~wrong[:, None]
        alleles.append(values.astype(np.int8))
    wrong |= open_calls.any(axis=1)
    return np.stack(alleles, axis=2), phased, wrong
