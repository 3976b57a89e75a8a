"""Basis of the intercept and the covariates, which analyses project out."""

from __future__ import annotations

import numpy as np

SINGULAR = 1e-10  # relative size below which a residual after projection is rounding error


def design(covariates: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the intercept and the covariates, shape (samples, rank).

    A covariate that is constant, or a combination of other covariates, adds no column; n - rank degrees of freedom remain.

    Parameters
    ----------
    covariates
        Shape (covariates, samples), no missing values.

    Examples
    --------
    >>> age = np.array([31.0, 45.0, 52.0, 60.0])
    >>> design(np.stack([age, 2 * age, np.full(4, 0.1)])).shape
    (4, 2)
    """
    from scipy.linalg import qr

    n = covariates.shape[1]
    columns = [np.full(n, 1 / np.sqrt(n))]
    for values in covariates:
        centred = values - values.mean()
        scale = np.sqrt(centred @ centred)
        if scale > SINGULAR * max(1.0, float(np.abs(values).max())):
            columns.append(centred / scale)
    left, triangle, _ = qr(np.column_stack(columns), mode="economic", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    basis: np.ndarray = np.ascontiguousarray(left[:, sizes > SINGULAR * sizes[0]])
    return basis
