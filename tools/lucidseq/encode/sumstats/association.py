"""Single-variant association tests: least squares for quantitative traits, the score test for binary ones.

References
----------
Frisch & Waugh (1933) Econometrica 1:387, projecting covariates out; Cox & Hinkley (1974) Theoretical Statistics, section 9.3, the
score test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.covariates import SINGULAR, design

_MAX_STEPS, _TOLERANCE = 50, 1e-12
_BLOCK = 256  # variants with missing genotypes tested together


@dataclass(frozen=True)
class Association:
    """Tests of variants, float64 arrays of shape (variants,); NaN where a variant cannot be tested.

    Attributes
    ----------
    beta, standard_error, z
        Effect of one more copy of the effect allele, its standard error, and beta / standard_error.
    n
        Samples behind the test.
    degrees
        Degrees of freedom of t; infinite where z is normal.
    """

    beta: np.ndarray
    standard_error: np.ndarray
    z: np.ndarray
    n: np.ndarray
    degrees: np.ndarray


class LinearTest:
    """Ordinary least squares of a quantitative trait on one variant and the covariates.

    Exact for every variant: where genotypes are missing, variant and covariates are fitted on the other samples.

    Parameters
    ----------
    trait
        Shape (samples,), no missing values.
    covariates
        Shape (covariates, samples), no missing values.
    """

    kind = "t"

    def __init__(self, trait: np.ndarray, covariates: np.ndarray) -> None:
        self.basis = design(covariates)
        self.trait = trait - self.basis @ (self.basis.T @ trait)

    def __call__(self, dosage: np.ndarray) -> Association:
        """Test variants.

        Parameters
        ----------
        dosage
            float64 of shape (variants, samples), NaN for missing.
        """
        missing = np.isnan(dosage)
        incomplete = missing.any(axis=1)
        variants, samples = dosage.shape
        xx, xy, total = np.empty(variants), np.empty(variants), np.empty(variants)
        yy = np.full(variants, self.trait @ self.trait)
        n = samples - missing.sum(axis=1).astype(np.float64)
        whole = dosage[~incomplete]
        centred = whole - whole.mean(axis=1, keepdims=True)
        total[~incomplete] = (centred**2).sum(axis=1)
        left = centred - (centred @ self.basis) @ self.basis.T
        xx[~incomplete], xy[~incomplete] = (left**2).sum(axis=1), left @ self.trait
        rows = np.flatnonzero(incomplete)
        for first in range(0, len(rows), _BLOCK):
            block = rows[first : first + _BLOCK]
            xx[block], xy[block], yy[block], total[block] = self._complete_cases(dosage[block], ~missing[block])
        degrees = n - self.basis.shape[1] - 1
        testable = (xx > SINGULAR * total) & (total > 0) & (degrees > 0)
        return _from_moments(xx, xy, yy, n, degrees, testable)

    def _complete_cases(self, dosage: np.ndarray, called: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the moments of variant and trait after projection, each over the samples with a genotype."""
        present = called.astype(np.float64)
        number = np.maximum(present.sum(axis=1, keepdims=True), 1)
        x = np.where(called, dosage, 0.0)
        x = np.where(called, x - x.sum(axis=1, keepdims=True) / number, 0.0)
        basis, rank = self.basis, self.basis.shape[1]
        products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), rank * rank)
        gram = (present @ products).reshape(-1, rank, rank)
        basis_x, basis_y = x @ basis, present @ (basis * self.trait[:, None])
        solved = np.linalg.pinv(gram, hermitian=True) @ np.stack([basis_x, basis_y], axis=2)
        total = (x**2).sum(axis=1)
        xx = total - (basis_x * solved[:, :, 0]).sum(axis=1)
        xy = x @ self.trait - (basis_x * solved[:, :, 1]).sum(axis=1)
        yy = present @ self.trait**2 - (basis_y * solved[:, :, 1]).sum(axis=1)
        return xx, xy, yy, total


def _from_moments(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray, n: np.ndarray, degrees: np.ndarray, testable: np.ndarray) -> Association:
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = xy / xx
        residual = np.maximum(yy - beta * xy, 0.0)
        error = np.sqrt(residual / degrees / xx)
        z = beta / error
    return _where_testable(testable & np.isfinite(z), beta, error, z, n, degrees)


def _where_testable(
    testable: np.ndarray, beta: np.ndarray, error: np.ndarray, z: np.ndarray, n: np.ndarray, degrees: np.ndarray
) -> Association:
    beta, error, z = (np.where(testable, values, np.nan) for values in (beta, error, z))
    return Association(beta, error, z, n, degrees)


class ScoreTest:
    """Score test of a binary trait: a logistic model of the covariates alone, fitted once, then one test a variant.

    A missing genotype is set to the variant's mean, which adds nothing to the score. Effect and standard error are those of
    one Newton step from the null model: beta = U / V, standard error = 1 / sqrt(V).

    Parameters
    ----------
    trait
        0 or 1, shape (samples,).
    covariates
        Shape (covariates, samples), no missing values.

    Raises
    ------
    ValueError
        If the logistic model does not converge (covariates that separate cases from controls).
    """

    kind = "score"

    def __init__(self, trait: np.ndarray, covariates: np.ndarray) -> None:
        basis = design(covariates)
        fitted = fit_logistic(trait, basis)
        self._residual = trait - fitted
        weight = fitted * (1 - fitted)
        self._weight = weight
        left, _ = np.linalg.qr(basis * np.sqrt(weight)[:, None])
        self._basis = left * np.sqrt(weight)[:, None]  # (x @ basis)^2 sums to the part of x'Wx that covariates explain

    def __call__(self, dosage: np.ndarray) -> Association:
        """Test variants; ``dosage`` is float64 of shape (variants, samples), NaN for missing."""
        called = ~np.isnan(dosage)
        n = called.sum(axis=1).astype(np.float64)
        mean = np.where(called, dosage, 0.0).sum(axis=1, keepdims=True) / np.maximum(n, 1)[:, None]
        x = np.where(called, dosage - mean, 0.0)
        score = x @ self._residual
        total = x**2 @ self._weight
        variance = total - ((x @ self._basis) ** 2).sum(axis=1)
        testable = (variance > SINGULAR * total) & (total > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            beta, error = score / variance, 1 / np.sqrt(variance)
            z = beta / error
        return _where_testable(testable, beta, error, z, n, np.full(len(n), np.inf))


def fit_logistic(trait: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Fit a logistic regression by Newton's method and return the fitted probabilities, shape (samples,).

    Raises
    ------
    ValueError
        If it does not converge.
    """
    coefficients = np.zeros(basis.shape[1])
    for _ in range(_MAX_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(basis @ coefficients, -500, 500)))
        weight = fitted * (1 - fitted)
        information = basis.T @ (weight[:, None] * basis)
        try:
            step = np.linalg.solve(information, basis.T @ (trait - fitted))
        except np.linalg.LinAlgError:
            break
        coefficients = coefficients + step
        if np.abs(step).max() <= _TOLERANCE * max(1.0, float(np.abs(coefficients).max())):
            return fitted
    raise ValueError("the logistic model of the covariates does not converge")
