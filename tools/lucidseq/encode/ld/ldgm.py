"""LDGM: a sparse precision matrix of LD, and correlations from its inverse."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.encode.ld.matrix import Published

_COLUMNS = 256  # of the inverse solved for at a time
_MOST_CHARACTERS = 200  # of a line
NOT_CARRIED = "no row in the precision matrix (too rare in the population)"


def contig_of(path: Path) -> str | None:
    """Return chrN of a name such as 1kg_chr1_16103_2888443.EUR.edgelist.gz."""
    match = re.search(r"(?:^|_)(chr[0-9A-Za-z]+)_", path.name)
    return match.group(1) if match else None


def read_ldgm(path: Path, variants: pd.DataFrame) -> Published:
    """Read an LDGM edge list.

    r = D^-1/2 P^-1 D^-1/2 with D the diagonal of P^-1. Variants of one index are equal (r = 1 between their derived
    alleles). LD of selected variants is a part of the whole inverse: removing rows of P instead would condition on them.

    Parameters
    ----------
    path
        Lines ``i,j,value`` of one triangle of P with its diagonal, plain or gzip.
    variants
        The .snplist (`variant_lists.read_variants`), with ``index``.

    Raises
    ------
    DataError
        If a line has another format, an index is outside the list, an element is repeated, or P is not positive definite.

    References
    ----------
    Salehi Nowbandegani et al. 2023, Nature Genetics 55:1494.
    """
    if "index" not in variants:
        raise DataError(
            "a list of variants without the column index", "the .snplist of this LDGM", "give it as --input-variants", where=str(path)
        )
    if variants["index"].max() >= len(variants):
        received = f"index {variants['index'].max()} in a list of {len(variants)} variants"
        raise DataError(received, "indices below their number", "give the whole .snplist of this block", where=str(path))
    precision, rows = _precision(path, int(variants["index"].max()) + 1)
    row = rows[variants["index"].to_numpy()]
    carried = row >= 0
    if not carried.any():
        raise DataError(
            "no variant of the list in the precision matrix", "indices of the .snplist", "give the .snplist of this block", where=str(path)
        )
    factor = _factorise(precision, path)
    row = row[carried]

    def matrix(chosen: np.ndarray) -> np.ndarray:
        return _correlations(factor, row[chosen])

    return Published(
        variants[carried].drop(columns="index").reset_index(drop=True),
        matrix,
        path,
        positive=True,
        removed=Counter({NOT_CARRIED: int((~carried).sum())}),
    )


def _precision(path: Path, size: int) -> tuple[sparse.csc_matrix, np.ndarray]:
    """Return P of the indices with a diagonal element, and each index's row in it (-1: none)."""
    i, j, value = _edges(path, size)
    low, high = np.minimum(i, j), np.maximum(i, j)
    key = low * size + high
    if len(np.unique(key)) != len(key):
        order = np.argsort(key, kind="stable")
        row = int(order[1:][key[order][1:] == key[order][:-1]].min())
        fix = "create the edge list again"
        raise DataError(f"the element {i[row]},{j[row]} twice", "each pair once (one triangle)", fix, where=place(path, line=row + 1))
    diagonal = i == j
    rows = np.full(size, -1)
    carried = np.sort(i[diagonal])
    rows[carried] = np.arange(len(carried))
    alone = (rows[i] < 0) | (rows[j] < 0)
    if alone.any():
        row = int(alone.argmax())
        received = f"the element {i[row]},{j[row]} without both diagonal elements"
        raise DataError(received, "a diagonal element for each index", "create the edge list again", where=place(path, line=row + 1))
    off = ~diagonal
    first, second = np.concatenate([rows[i], rows[j[off]]]), np.concatenate([rows[j], rows[i[off]]])
    shape = (len(carried), len(carried))
    return sparse.csc_matrix((np.concatenate([value, value[off]]), (first, second)), shape=shape), rows


def _edges(path: Path, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    indices, values = [], []
    with open_text(path) as handle:
        for number, line in enumerate(iter(lambda: handle.readline(_MOST_CHARACTERS), ""), start=1):
            parts = line.rstrip("\r\n").split(",")
            try:
                i, j, value = int(parts[0]), int(parts[1]), float(parts[2])
            except (ValueError, IndexError):
                value = float("nan")
            if len(parts) != 3 or not np.isfinite(value):
                expected = "i,j,value: two indices and an element of the precision matrix"
                raise DataError(f"{line[:60].rstrip()!r}", expected, "give an LDGM .edgelist", where=place(path, line=number))
            if not (0 <= i < size and 0 <= j < size):
                expected = f"indices of the .snplist, 0 to {size - 1}"
                fix = "give the .snplist of this block"
                raise DataError(f"index {max(i, j) if min(i, j) >= 0 else min(i, j)}", expected, fix, where=place(path, line=number))
            indices.append((i, j))
            values.append(value)
    if not indices:
        raise DataError("an edge list without elements", "lines i,j,value", "check the file", where=str(path))
    i_all, j_all = np.array(indices, dtype=np.int64).T
    return i_all, j_all, np.array(values)


def _factorise(precision: sparse.csc_matrix, path: Path) -> SuperLU:
    """Factorise P without exchanging rows, so that the pivots show whether it is positive definite."""
    try:
        factor = splu(precision, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        definite = bool((factor.U.diagonal() > 0).all()) and np.array_equal(factor.perm_r, factor.perm_c)
    except RuntimeError:  # exactly singular
        definite = False
    if not definite:
        fix = "copy or create the edge list again"
        raise DataError("a precision matrix that is not positive definite", "the inverse of a covariance matrix", fix, where=str(path))
    return factor


def _correlations(factor: SuperLU, rows: np.ndarray) -> np.ndarray:
    """Return r of rows of P (repeats allowed), float32."""
    distinct, inverse = np.unique(rows, return_inverse=True)
    size = factor.shape[0]
    covariance = np.empty((len(distinct), len(distinct)), dtype=np.float32)
    variance = np.empty(len(distinct))
    for first in range(0, len(distinct), _COLUMNS):
        columns = distinct[first : first + _COLUMNS]
        unit = np.zeros((size, len(columns)))
        unit[columns, np.arange(len(columns))] = 1.0
        solved = factor.solve(unit)
        covariance[:, first : first + len(columns)] = solved[distinct]
        variance[first : first + len(columns)] = solved[columns, np.arange(len(columns))]
    scale = (1 / np.sqrt(variance)).astype(np.float32)
    covariance *= scale[:, None]
    covariance *= scale
    covariance += covariance.T.copy()
    covariance /= 2
    np.clip(covariance, -1, 1, out=covariance)
    np.fill_diagonal(covariance, 1.0)
    return covariance if len(distinct) == len(rows) and (np.diff(rows) > 0).all() else covariance[np.ix_(inverse, inverse)]
