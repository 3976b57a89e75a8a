"""Complete effects, standard errors, z and p from the columns of a program.

References
----------
Zhu et al. (2016) Integration of summary data from GWAS and eQTL studies, Nat Genet 48:481 (effects from z, frequency and N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.core.pvalues import neg_log10_p, z_of_log_p

_LN10 = np.log(10.0)
_SLACK_SHARE, _SLACK = 0.1, 0.1  # how far |z| may lie from the p-value's: rounding, other tests of the same effect


@dataclass
class Effects:
    """Statistics of variants, each float64 of shape (variants,).

    Attributes
    ----------
    beta, standard_error, z, neg_log10_p
        Effect of one more effect allele, its error, their ratio and the two-sided p-value; NaN where unknown.
    unsigned
        z comes from p or chi-square, and the effect is 0: it has no sign.
    opposed
        The signs of the effect and of the program's own statistic differ.
    disagreeing
        The program's p-value is far from that of z.
    zero_p
        The program's p-value is 0; the one given comes from z.
    from_p, from_statistic
        z comes from the p-value (or chi-square), or from the program's own statistic.
    """

    beta: np.ndarray
    standard_error: np.ndarray
    z: np.ndarray
    neg_log10_p: np.ndarray
    unsigned: np.ndarray
    opposed: np.ndarray
    disagreeing: np.ndarray
    zero_p: np.ndarray
    from_p: np.ndarray
    from_statistic: np.ndarray


def complete_effects(
    *, beta: np.ndarray, standard_error: np.ndarray, statistic: np.ndarray, chi_square: np.ndarray, tail: np.ndarray
) -> Effects:
    """Complete beta, standard error, z and p.

    z is beta / standard error; where there is no standard error, the program's own t or z; else its size is that of chi-square,
    or else of the p-value, and its sign that of beta.

    Parameters
    ----------
    beta, standard_error, statistic, chi_square
        As the program wrote them, shape (variants,); NaN where missing.
    tail
        -log10 of the p-value; infinite where the program wrote 0, NaN where missing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = beta / standard_error
        from_statistic = np.isnan(z) & ~np.isnan(statistic)
        z = np.where(from_statistic, statistic, z)
        size = np.where(np.isnan(chi_square), np.nan, np.sqrt(np.abs(chi_square)))
        rest = np.isnan(z) & np.isnan(size) & np.isfinite(tail)
        size[rest] = z_of_log_p(-tail[rest] * _LN10)
        from_p = np.isnan(z) & ~np.isnan(size) & ~np.isnan(beta)
        z = np.where(from_p, np.sign(beta) * size, z)
        error = np.where(np.isnan(standard_error), np.abs(beta / z), standard_error)
    error[~np.isfinite(error)] = np.nan
    own = neg_log10_p(z)
    zero_p = np.isinf(tail) & ~np.isnan(z)
    result = np.where(np.isfinite(tail), tail, own)
    signs = np.sign(beta) * np.sign(statistic)
    return Effects(
        beta,
        error,
        z,
        result,
        unsigned=from_p & (beta == 0) & (size > 0),
        opposed=signs < 0,
        disagreeing=np.isfinite(tail) & ~from_p & ~_agree(z, tail),
        zero_p=zero_p,
        from_p=from_p,
        from_statistic=from_statistic,
    )


def _agree(z: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Return where -log10 p lies between those of a slightly smaller and a slightly larger z."""
    size, normal = np.abs(z), np.full(len(z), np.inf)
    low = neg_log10_p(np.maximum(size * (1 - _SLACK_SHARE) - _SLACK, 0.0), normal)
    high = neg_log10_p(size * (1 + _SLACK_SHARE) + _SLACK, normal)
    return (low <= tail) & (tail <= high)


def effects_of_z(z: np.ndarray, n: np.ndarray, frequency: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and standard errors, in standard deviations of the trait, of z-scores.

    With frequencies f the effect is that of one allele, z / √(2 f (1 − f) (n + z²)) [1]; without, that of one standard deviation
    of the genotype, z / √(n + z²).

    References
    ----------
    [1] Zhu et al. (2016) Nat Genet 48:481, online methods.
    """
    spread = 1.0 if frequency is None else 2 * frequency * (1 - frequency)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 1 / np.sqrt(spread * (n + z * z))
    error[~np.isfinite(error)] = np.nan
    return z * error, error
