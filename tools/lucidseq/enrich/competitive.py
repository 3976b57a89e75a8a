"""Competitive gene-set test: are the set's genes more associated than other genes?

The gene z are regressed on membership, with size and variant density as covariates, by generalised least squares: errors of
genes in LD are correlated as their statistics are under the null.

References
----------
de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA, gene-set analysis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats
from scipy.linalg import solve_triangular
from scipy.sparse.csgraph import connected_components

RIDGE = 1e-3  # keeps the correlation matrix of near-identical genes invertible


@dataclass(frozen=True)
class SetResult:
    """Coefficient of membership, its standard error, and the one-sided p-value for a positive one."""

    estimate: float
    standard_error: float
    p_value: float


class CompetitiveTest:
    """The regression, whitened once for all sets.

    Parameters
    ----------
    z
        Gene z, of shape (genes,).
    covariates
        Shape (genes, covariates); an intercept is added, and constant or redundant columns are dropped.
    first, second, correlation
        Pairs of correlated genes (indices) and their correlations.
    """

    def __init__(self, z: np.ndarray, covariates: np.ndarray, first: np.ndarray, second: np.ndarray, correlation: np.ndarray) -> None:
        self._blocks = _whitening_blocks(len(z), first, second, correlation)
        design = _independent_columns(np.column_stack([np.ones(len(z)), covariates]))
        self._basis, _ = np.linalg.qr(self._whiten(design))
        self._z = self._residual(self._whiten(z[:, None])[:, 0])
        self._freedom = len(z) - design.shape[1] - 1

    def test(self, member: np.ndarray) -> SetResult:
        """Test one set.

        Parameters
        ----------
        member
            0/1, of shape (genes,).
        """
        x = self._residual(self._whiten(member.astype(np.float64)[:, None])[:, 0])
        size = float(x @ x)
        if size < 1e-10 or self._freedom < 1:
            return SetResult(float("nan"), float("nan"), 1.0)
        estimate = float(x @ self._z) / size
        rest = self._z - estimate * x
        error = float(np.sqrt(rest @ rest / self._freedom / size))
        return SetResult(estimate, error, float(stats.t.sf(estimate / error, self._freedom)))

    def _whiten(self, columns: np.ndarray) -> np.ndarray:
        white = columns.copy()
        for rows, factor in self._blocks:
            white[rows] = solve_triangular(factor, columns[rows], lower=True)
        return white

    def _residual(self, column: np.ndarray) -> np.ndarray:
        rest: np.ndarray = column - self._basis @ (self._basis.T @ column)
        return rest


def _whitening_blocks(genes: int, first: np.ndarray, second: np.ndarray, correlation: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows and the Cholesky factor of every group of genes that LD connects."""
    graph = sparse.csr_matrix((correlation, (first, second)), shape=(genes, genes))
    _, label = connected_components(graph, directed=False)
    full = (graph + graph.T).tocsr()
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    blocks = []
    for rows in groups:
        if len(rows) > 1:
            dense = full[rows][:, rows].toarray()
            blocks.append((rows, np.linalg.cholesky((dense + np.eye(len(rows))) * (1 - RIDGE) + RIDGE * np.eye(len(rows)))))
    return blocks


def _independent_columns(design: np.ndarray) -> np.ndarray:
    """Drop constant and linearly dependent columns."""
    kept = design[:, :1]
    for column in design.T[1:]:
        scaled = (column - column.mean()) / (column.std() or 1.0)
        candidate = np.column_stack([kept, scaled])
        if np.linalg.matrix_rank(candidate, tol=1e-8 * np.sqrt(len(column))) > kept.shape[1]:
            kept = candidate
    return kept
