"""The LD store: correlation matrices of effect-allele dosages, one block a locus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.ld_quality import LdQuality
from lucidseq.core.schema import LD
from lucidseq.core.stores import create_array, create_store, open_store, read_text, write_array

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_SLAB = 256  # rows read or written at a time


@dataclass(frozen=True)
class Factor:
    """Low rank: r = vectors diag(values) vectors' off the diagonal, and 1 on it.

    Attributes
    ----------
    vectors
        Eigenvectors, float32 of shape (p, rank).
    values
        Their eigenvalues, largest first, float64 of shape (rank,).
    """

    vectors: np.ndarray
    values: np.ndarray

    def scaled(self) -> np.ndarray:
        """Return vectors times the square roots of their eigenvalues, float32 of shape (p, rank)."""
        scaled: np.ndarray = self.vectors * np.sqrt(self.values).astype(np.float32)
        return scaled

    def dense(self) -> np.ndarray:
        """Return r, float32 of shape (p, p). The diagonal is 1: it includes the variance that the factor does not explain."""
        left = self.scaled()
        r: np.ndarray = left @ left.T
        np.fill_diagonal(r, 1.0)
        return r


@dataclass(frozen=True)
class LdBlock:
    """One block.

    Attributes
    ----------
    name, contig, start, end
        The locus, 0-based and half-open.
    r
        Correlations, float32 of shape (p, p).
    variant_id
        Names (contig:position:other:effect), object array of shape (p,), in position order.
    factor
        Stored instead of r in a low-rank block (r is then `Factor.dense`).
    method, n_ref
        in-sample or panel, and number of samples, where they differ from the store's; else empty and NaN.
    shrinkage
        Weight of the identity matrix in r.
    effective_rank
        (sum of eigenvalues)^2 / sum of their squares of r; NaN in stores without it.
    """

    name: str
    contig: str
    start: int
    end: int
    r: np.ndarray
    variant_id: np.ndarray
    factor: Factor | None = None
    method: str = ""
    n_ref: float = float("nan")
    shrinkage: float = 0.0
    effective_rank: float = float("nan")


def effective_rank(r: np.ndarray) -> float:
    """Return the participation ratio of a correlation matrix's eigenvalues: p^2 / sum of squared correlations.

    It is (sum of eigenvalues)^2 / sum of their squares, between 1 (all variants equal) and p (none correlated), without an
    eigendecomposition.

    Parameters
    ----------
    r
        Shape (p, p), diagonal 1.

    Examples
    --------
    >>> effective_rank(np.eye(4)), effective_rank(np.ones((4, 4)))
    (4.0, 1.0)
    """
    # Row by row in float32 (BLAS), rows added in float64: no second matrix in float64
    squares = sum(float(np.dot(row, row)) for row in r)
    return len(r) ** 2 / squares if len(r) else 0.0


class LdStore:
    """An open LD store; blocks are read one at a time."""

    def __init__(self, store: h5py.File) -> None:
        self._store = store
        self.names = [str(name) for name in read_text(store["blocks/name"])]
        self.contigs = [str(name) for name in read_text(store["blocks/contig"])]
        self.starts, self.ends = store["blocks/start"][()], store["blocks/end"][()]
        self.n_ref, self.method = float(store.attrs["n_ref"]), str(store.attrs["method"])
        self.build = str(store.attrs["build"])
        blocks = len(self.names)
        self._methods = read_text(store["blocks/method"]) if "blocks/method" in store else np.full(blocks, self.method)
        self._n_ref = self._numbers("n_ref", self.n_ref)
        self.quality = LdQuality.of(store, self._n_ref)
        self._shrinkage, self._effective_rank = self._numbers("shrinkage", 0.0), self._numbers("effective_rank", np.nan)

    def _numbers(self, name: str, missing: float) -> np.ndarray:
        values: np.ndarray = self._store[f"blocks/{name}"][()] if f"blocks/{name}" in self._store else np.full(len(self.names), missing)
        return values

    def __len__(self) -> int:
        return len(self.names)

    def block(self, index: int) -> LdBlock:
        """Read one block.

        Raises
        ------
        DataError
            If its matrix does not fit its variants.
        """
        group = self._store[f"block/{index:06d}"]
        self._check_shape(index, group)
        ids = read_text(group["variant_id"])
        factor = Factor(group["vectors"][()], group["values"][()]) if "vectors" in group else None
        return LdBlock(
            self.names[index],
            self.contigs[index],
            int(self.starts[index]),
            int(self.ends[index]),
            group["r"][()] if factor is None else factor.dense(),
            ids,
            factor,
            str(self._methods[index]),
            float(self._n_ref[index]),
            float(self._shrinkage[index]),
            float(self._effective_rank[index]),
        )

    def variant_ids(self, index: int) -> np.ndarray:
        """Read the names of a block's variants, object array of shape (p,)."""
        return read_text(self._store[f"block/{index:06d}/variant_id"])

    def correlations(self, index: int, chosen: np.ndarray) -> np.ndarray:
        """Read the correlations of chosen variants of a block in float64, in slabs of rows: no second matrix is in memory.

        Parameters
        ----------
        index
            Of the block.
        chosen
            Rows of its variants, ascending, int of shape (m,).

        Returns
        -------
        Shape (m, m).

        Raises
        ------
        DataError
            As `block`.
        """
        group = self._store[f"block/{index:06d}"]
        self._check_shape(index, group)
        left = Factor(group["vectors"][()], group["values"][()]).scaled()[chosen] if "vectors" in group else None
        r = np.empty((len(chosen), len(chosen)))
        for first in range(0, len(group["variant_id"]), _SLAB):
            start, end = np.searchsorted(chosen, [first, first + _SLAB])
            if start < end:
                rows = chosen[start:end] - first
                r[start:end] = group["r"][first : first + _SLAB][np.ix_(rows, chosen)] if left is None else left[start:end] @ left.T
        if left is not None:
            np.fill_diagonal(r, 1.0)
        return r

    def _check_shape(self, index: int, group: h5py.Group) -> None:
        variants = len(group["variant_id"])
        low_rank = "vectors" in group
        shape = (variants, len(group["values"]) if low_rank else variants)
        stored = group["vectors" if low_rank else "r"].shape
        if stored != shape:
            received = f"a matrix of {' x '.join(map(str, stored))} for {variants} variants"
            where = place(self._store.filename, item=f"block {self.names[index]}")
            raise DataError(received, "a row a variant", "make the LD again", where=where)

    def __iter__(self) -> Iterator[LdBlock]:
        return (self.block(index) for index in range(len(self)))


@contextmanager
def open_ld(path: Path) -> Iterator[LdStore]:
    """Open an LD store for reading (errors as `stores.open_store`)."""
    with open_store(path, LD) as store:
        yield LdStore(store)


def write_ld(
    path: Path, blocks: Iterator[LdBlock], *, build: str, method: str, n_ref: float, quality: Callable[[], Mapping[str, float]] = dict
) -> int:
    """Write blocks one by one and return their number.

    Parameters
    ----------
    build
        Name of the genome build.
    method
        ``in-sample`` or ``panel``.
    n_ref
        Samples behind the correlations; NaN when unknown.
    quality
        Returns, once all blocks are written, what is known of them, as attributes of the file: ``qc_repaired`` (largest change of a correlation when
        the matrix was made positive semidefinite), ``qc_requested`` and ``qc_unmatched`` (variants asked for, and those without a match in the
        panel), and ``qc_flipped`` (variants whose alleles were swapped).
    """
    rows: list[LdBlock] = []
    with create_store(path, LD, build=build, method=method, n_ref=float(n_ref)) as store:
        for block in blocks:  # enumerate would hold a large block while the next one is made
            group = store.create_group(f"block/{len(rows):06d}")
            _write_matrix(group, block)
            write_array(group, "variant_id", block.variant_id)
            rows.append(replace(block, r=np.empty(0), variant_id=np.empty(0), factor=None))
            del block
        for name in ("name", "contig"):
            write_array(store, f"blocks/{name}", np.array([getattr(row, name) for row in rows], dtype=object))
        write_array(store, "blocks/method", np.array([row.method or method for row in rows], dtype=object))
        columns: dict[str, tuple[list[float], DTypeLike]] = {
            "start": ([row.start for row in rows], np.int64),
            "end": ([row.end for row in rows], np.int64),
            "n_ref": ([n_ref if np.isnan(row.n_ref) else row.n_ref for row in rows], np.float64),
            "shrinkage": ([row.shrinkage for row in rows], np.float64),
            "effective_rank": ([row.effective_rank for row in rows], np.float64),
        }
        for name, (values, dtype) in columns.items():
            write_array(store, f"blocks/{name}", np.array(values, dtype=dtype))
        store.attrs.update(quality())
    return len(rows)


def _write_matrix(group: h5py.Group, block: LdBlock) -> None:
    """Write the factor of a low-rank block, or r in slabs of rows."""
    if block.factor is not None:
        write_array(group, "vectors", block.factor.vectors.astype(np.float32, copy=False))
        write_array(group, "values", block.factor.values.astype(np.float64, copy=False))
        return
    dataset = create_array(group, "r", block.r.shape, np.float32)
    step = dataset.chunks[0] * max(1, _SLAB // dataset.chunks[0]) if dataset.chunks else _SLAB
    for first in range(0, len(block.r), step):
        dataset[first : first + step] = block.r[first : first + step].astype(np.float32, copy=False)
