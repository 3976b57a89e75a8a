"""The three kinds of data SuSiE is fitted to, behind one small interface.

The algorithm needs a regression only through its normal equations: X'X times a vector, X'y and y'y, for standardised X.
Constructors check and standardise; the loop in `susie.py` trusts them.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lucidseq.core.covariates import SINGULAR, design
from lucidseq.core.errors import DataError

Z_KINDS = ("t", "wald", "score")
_SLAB = 64  # rows of a matrix checked at a time


class RegressionData(Protocol):
    """A linear regression of y on p standardised variants.

    Attributes
    ----------
    n
        Samples, less the covariates projected out.
    d
        Diagonal of X'X, shape (p,): n - 1, and 0 for a variant that does not vary.
    xty
        X'y, shape (p,).
    yty
        y'y.
    z
        Marginal test statistic of each variant, shape (p,).
    """

    n: float
    d: np.ndarray
    xty: np.ndarray
    yty: float
    z: np.ndarray

    def gram(self, b: np.ndarray) -> np.ndarray:
        """Return X'X b, shape (p,), for b of shape (p,)."""
        ...

    def correlation(self, variants: np.ndarray) -> np.ndarray:
        """Return the correlations between the variants of the given indices, shape (m, m)."""
        ...


class IndividualData:
    """Genotypes and trait of samples. One product X'X b costs O(n p), memory is one copy of X.

    Parameters
    ----------
    X
        Genotypes, shape (n, p); finite. Centred and scaled to unit variance here (divisor n - 1).
    y
        Trait, shape (n,); finite.
    covariates
        Shape (n, k); projected out of X and y together with the intercept. The degrees of freedom they take (k, less those of
        covariates that are constant or combinations of others) are subtracted from ``n``.

    Raises
    ------
    DataError
        If shapes do not fit, a value is missing, or the trait does not vary.
    """

    def __init__(self, X: np.ndarray, y: np.ndarray, covariates: np.ndarray | None = None) -> None:
        X, y = np.array(X, dtype=np.float64), np.array(y, dtype=np.float64)
        _check_shape("X", X, (len(y), X.shape[-1] if X.ndim else 0))
        _check_finite("X", X)
        _check_finite("y", y)
        X -= X.mean(axis=0)
        y -= y.mean()
        rank = 0
        spread = np.einsum("ij,ij->j", X, X)
        if covariates is not None and covariates.size:
            covariates = np.asarray(covariates, dtype=np.float64)
            _check_shape("covariates", covariates, (len(y), covariates.shape[-1]))
            _check_finite("covariates", covariates)
            basis = design(covariates.T)
            rank = basis.shape[1] - 1  # less the intercept
            X -= basis @ (basis.T @ X)
            y -= basis @ (basis.T @ y)
        self.n = float(len(y) - rank)
        self.yty = float(y @ y)
        if self.n < 3 or self.yty <= 0:
            received = f"a trait of {len(y)} samples with sum of squares {self.yty:.3g} beside {rank} covariates"
            raise DataError(received, "a trait that varies, in more samples than covariates + 2", "check trait and covariates")
        squares = np.einsum("ij,ij->j", X, X)
        varies = squares > SINGULAR * np.maximum(spread, np.finfo(float).tiny)  # variants that covariates explain are constant too
        X *= np.where(varies, np.sqrt((self.n - 1) / np.where(varies, squares, 1.0)), 0.0)
        self._X = X
        self.d = np.where(varies, self.n - 1, 0.0)
        self.xty = X.T @ y
        self.z = _t_statistics(self)

    def gram(self, b: np.ndarray) -> np.ndarray:
        """Return X'X b."""
        product: np.ndarray = (self._X @ b) @ self._X
        return product

    def correlation(self, variants: np.ndarray) -> np.ndarray:
        """Return the sample correlations of the given variants."""
        columns = self._X[:, variants]
        matrix: np.ndarray = columns.T @ columns / (self.n - 1)
        return matrix


class SufficientStatistics:
    """X'X, X'y and y'y of centred data. One product costs O(p^2); X'X is copied and scaled.

    Parameters
    ----------
    XtX
        Shape (p, p), of centred genotypes on any scale.
    Xty
        Shape (p,).
    yty
        Sum of squares of the centred trait.
    n
        Samples.

    Raises
    ------
    DataError
        If shapes do not fit, a value is missing, XtX is not symmetric, or y'y is not positive.
    """

    def __init__(self, XtX: np.ndarray, Xty: np.ndarray, yty: float, n: float) -> None:
        XtX, Xty = np.array(XtX, dtype=np.float64), np.array(Xty, dtype=np.float64)
        _check_square("XtX", XtX, len(Xty))
        _check_finite("Xty", Xty)
        if not (np.isfinite(yty) and yty > 0 and n > 2):
            raise DataError(f"yty = {yty}, n = {n}", "yty > 0 and n > 2", "check the sufficient statistics")
        self.n, self.yty = float(n), float(yty)
        diagonal = np.diag(XtX).copy()
        varies = diagonal > 0
        scale = np.where(varies, np.sqrt((self.n - 1) / np.where(varies, diagonal, 1.0)), 0.0)
        XtX *= scale
        XtX *= scale[:, None]
        self._XtX = XtX
        self.xty = Xty * scale
        self.d = np.where(varies, self.n - 1, 0.0)
        self.z = _t_statistics(self)

    def gram(self, b: np.ndarray) -> np.ndarray:
        """Return X'X b."""
        product: np.ndarray = self._XtX @ b
        return product

    def correlation(self, variants: np.ndarray) -> np.ndarray:
        """Return the correlations of the given variants."""
        matrix: np.ndarray = self._XtX[np.ix_(variants, variants)] / (self.n - 1)
        return matrix


class SummaryStatistics:
    """Test statistics and LD (RSS). The trait is taken to have variance 1. One product costs O(p^2); R is not copied.

    With r = z / sqrt(z^2 + n - 2) the sample correlation behind an OLS t statistic z, X'y is (n - 1) r: that is the
    transform z~ = z sqrt((n-1) / (z^2+n-2)) of Zou et al. A score statistic is sqrt(n) r already and is taken as it is.
    A Wald statistic divides by a standard error that was computed under the alternative, as t does: it is treated as t.

    Parameters
    ----------
    z
        Test statistics of the effect alleles, shape (p,).
    R
        Correlations of the effect-allele dosages, shape (p, p), diagonal 1.
    n
        Samples behind z.
    z_kind
        ``t``, ``wald`` or ``score``.

    Raises
    ------
    DataError
        If shapes do not fit, a value is missing, R is not a correlation matrix, or z_kind is unknown.

    References
    ----------
    Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299, section "SuSiE-RSS".
    """

    def __init__(self, z: np.ndarray, R: np.ndarray, n: float, *, z_kind: str = "t") -> None:
        z, R = np.array(z, dtype=np.float64), np.asarray(R, dtype=np.float64)
        largest = _check_square("R", R, len(z))
        _check_finite("z", z)
        if z_kind not in Z_KINDS:
            raise DataError(f"z_kind {z_kind!r}", f"one of {', '.join(Z_KINDS)}", "correct the column z_kind")
        if not n > 2:
            raise DataError(f"n = {n}", "more than 2 samples", "correct the column n")
        if np.abs(np.diag(R) - 1).max(initial=0) > 1e-3 or largest > 1 + 1e-3:
            fix = "give correlations, not covariances or squared correlations"
            raise DataError("a matrix whose diagonal is not 1 or whose entries exceed 1", "correlations", fix)
        self.n, self.z, self.R = float(n), z, R
        self.shrunk_z = z if z_kind == "score" else z * np.sqrt((self.n - 1) / (z**2 + self.n - 2))
        self.yty = self.n - 1
        self.xty = np.sqrt(self.n - 1) * self.shrunk_z
        self.d = np.full(len(z), self.n - 1)

    def gram(self, b: np.ndarray) -> np.ndarray:
        """Return X'X b = (n - 1) R b."""
        product: np.ndarray = (self.n - 1) * (self.R @ b)
        return product

    def correlation(self, variants: np.ndarray) -> np.ndarray:
        """Return the correlations of the given variants."""
        matrix: np.ndarray = self.R[np.ix_(variants, variants)]
        return matrix


def _t_statistics(data: IndividualData | SufficientStatistics) -> np.ndarray:
    """OLS t statistics of the marginal regressions, shape (p,); 0 for a variant that does not vary."""
    r = np.divide(data.xty, np.sqrt(data.d * data.yty), out=np.zeros(len(data.xty)), where=data.d > 0)
    t: np.ndarray = r * np.sqrt((data.n - 2) / np.maximum(1 - r**2, 1e-15))
    return t


def _check_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise DataError(f"{name} of shape {array.shape}", f"shape {shape}", "give arrays that belong together")
    if 0 in shape:
        raise DataError(f"{name} of shape {shape}", "at least one sample and one variant", "check the selection")


def _check_square(name: str, matrix: np.ndarray, p: int) -> float:
    """Check a symmetric matrix in slabs of rows, which need no second one; return its largest absolute entry."""
    _check_shape(name, matrix, (p, p))
    largest = asymmetry = 0.0
    for first in range(0, p, _SLAB):
        rows = matrix[first : first + _SLAB]
        _check_finite(name, rows, first)
        largest = max(largest, float(np.abs(rows).max()))
        asymmetry = max(asymmetry, float(np.abs(rows - matrix[:, first : first + _SLAB].T).max()))
    if asymmetry > 1e-5 * largest:
        raise DataError(f"{name} is not symmetric", "a symmetric matrix", "check the computation of the matrix")
    return largest


def _check_finite(name: str, array: np.ndarray, first_row: int = 0) -> None:
    if not np.isfinite(array).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        named = [first[0] + first_row, *first[1:]]
        raise DataError(f"{name}{named} = {array[first]}", "finite numbers", "remove or impute missing values")
