"""Fine mapping from arrays: verbs for notebooks, results that print and plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lucidseq.core.array_like import labels, numbers
from lucidseq.finemap.regression_data import IndividualData, RegressionData, SummaryStatistics
from lucidseq.finemap.susie import ResidualPriorChoice, SusieFit, SusieSettings, fit_susie

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class FineMapping:
    """Result of `susie` and `susie_rss`.

    Attributes
    ----------
    fit
        The fit, with arrays by index.
    variants
        Names of the variants.
    z
        Marginal test statistic of each variant, shape (p,).
    """

    fit: SusieFit
    variants: list[str]
    z: np.ndarray

    @property
    def pip(self) -> pd.Series:
        """Posterior inclusion probability by variant name."""
        return pd.Series(self.fit.pip, index=pd.Index(self.variants, name="variant"), name="pip")

    @property
    def credible_sets(self) -> dict[str, list[str]]:
        """Names of the variants of each credible set, by descending probability."""
        sets = enumerate(self.fit.credible_sets, start=1)
        return {f"cs{number}": [self.variants[index] for index in credible_set.variants] for number, credible_set in sets}

    def summary(self) -> pd.DataFrame:
        """Return one row a credible set: size, coverage, purity, log Bayes factor, and its variant of highest PIP."""
        columns = ["credible_set", "size", "coverage", "purity_min", "log_bayes_factor", "lead_variant", "lead_pip"]
        rows = [
            (
                name,
                len(credible_set.variants),
                credible_set.coverage,
                credible_set.purity_min,
                credible_set.log_bayes_factor,
                members[0],
                self.pip[members[0]],
            )
            for (name, members), credible_set in zip(self.credible_sets.items(), self.fit.credible_sets, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    def table(self) -> pd.DataFrame:
        """Return one row a variant: name, z, PIP, posterior mean and standard deviation, and its credible set."""
        sets = {variant: name for name, members in self.credible_sets.items() for variant in members}
        return pd.DataFrame(
            {
                "variant": self.variants,
                "z": self.z,
                "pip": self.fit.pip,
                "posterior_mean": self.fit.posterior_mean,
                "posterior_sd": self.fit.posterior_sd,
                "credible_set": [sets.get(name, "") for name in self.variants],
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the PIPs, coloured by credible set (see `plot_pips`)."""
        return plot_pips(self.table(), ax=ax)

    def __repr__(self) -> str:
        state = "broke down" if self.fit.broke_down else "converged" if self.fit.converged else "did NOT converge"
        head = f"SuSiE of {len(self.variants)} variants: {len(self.credible_sets)} credible sets, {state} in {self.fit.iterations} sweeps"
        return "\n".join([head, *([self.summary().to_string(index=False)] if self.credible_sets else [])])


def susie(
    X: ArrayLike,
    y: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    names: Any = None,
    prior: ArrayLike | None = None,
    max_effects: int = 10,
    coverage: float = 0.95,
    min_purity: float = 0.5,
    residual_prior: ResidualPriorChoice = "auto",
    refine: bool = False,
    seed: int = 1,
) -> FineMapping:
    """Fine-map one locus from genotypes and a quantitative trait by the sum of single effects model [1]_.

    Parameters
    ----------
    X
        Genotypes (dosages), shape (samples, variants); a DataFrame's columns name the variants.
    y
        Trait, shape (samples,).
    covariates
        Shape (samples, k); projected out together with the intercept.
    names
        Names of the variants; the columns of X, or numbers, when None.
    prior
        Prior weight of each variant, shape (variants,), any scale; flat when None.
    max_effects
        Most causal variants.
    coverage
        Probability a credible set must hold.
    min_purity
        Least absolute correlation between the variants of a credible set.
    residual_prior
        ``nig``: integrate the residual variance over an inverse-gamma prior; ``none``: estimate it; ``auto``: nig with fewer than 80 samples.
    refine
        Refit without each credible set in turn, to leave local optima.
    seed
        Seed of the sampling behind the purity of large sets.

    Raises
    ------
    DataError
        If shapes do not fit, a value is missing, or the trait does not vary.

    References
    ----------
    .. [1] Wang G, Sarkar A, Carbonetto P, Stephens M (2020). A simple new approach to variable selection in regression, with
           application to genetic fine mapping. JRSS B 82:1273.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.binomial(2, 0.3, size=(300, 20))
    >>> y = X[:, 4] + rng.normal(size=300)
    >>> susie(X, y, names=[f"rs{i}" for i in range(20)]).credible_sets
    {'cs1': ['rs4']}
    """
    genotypes, trait = numbers("X", X, ndim=2), numbers("y", y, ndim=1)
    columns = None if covariates is None else numbers("covariates", covariates, ndim=2)
    data = IndividualData(genotypes, trait, columns)
    variants = labels(names, X, genotypes.shape[1], axis="columns")
    settings = SusieSettings(
        max_effects=max_effects, coverage=coverage, min_purity=min_purity, residual_prior=residual_prior, refine=refine, seed=seed
    )
    return _fit(data, variants, settings, prior)


def susie_rss(
    z: ArrayLike,
    R: ArrayLike,
    n: float,
    *,
    in_sample: bool = False,
    z_kind: Literal["t", "wald", "score"] = "t",
    names: Any = None,
    prior: ArrayLike | None = None,
    max_effects: int = 10,
    coverage: float = 0.95,
    min_purity: float = 0.5,
    residual_prior: ResidualPriorChoice = "auto",
    refine: bool = False,
    seed: int = 1,
) -> FineMapping:
    """Fine-map one locus from test statistics and LD by the sum of single effects model [1]_.

    Parameters
    ----------
    z
        Test statistics of the effect alleles, shape (variants,); the index of a Series names the variants.
    R
        Correlations of the effect-allele dosages, shape (variants, variants), in the order of z.
    n
        Samples behind z.
    in_sample
        R is of the samples behind z: the residual variance is then estimated. With a panel's R it stays the trait's.
    z_kind
        ``t`` (least squares), ``wald`` or ``score``.
    names, prior, max_effects, coverage, min_purity, residual_prior, refine, seed
        As in `susie`; ``auto`` is ``none`` unless ``in_sample``.

    Raises
    ------
    DataError
        If shapes do not fit, a value is missing, or R is not a correlation matrix.

    References
    ----------
    .. [1] Zou Y, Carbonetto P, Wang G, Stephens M (2022). Fine-mapping from summary data with the "Sum of Single Effects" model.
           PLoS Genetics 18:e1010299.

    Examples
    --------
    >>> fit = susie_rss([0.1, 6.0, 5.9], [[1, 0, 0], [0, 1, 0.95], [0, 0.95, 1]], n=1000, names=["a", "b", "c"])
    >>> fit.credible_sets
    {'cs1': ['b', 'c']}
    """
    statistics = numbers("z", z, ndim=1)
    data = SummaryStatistics(statistics, numbers("R", R, ndim=2), float(n), z_kind=z_kind)
    settings = SusieSettings(
        max_effects=max_effects,
        estimate_residual_variance=in_sample,
        coverage=coverage,
        min_purity=min_purity,
        residual_prior=residual_prior,
        refine=refine,
        seed=seed,
    )
    return _fit(data, labels(names, z, len(statistics), axis="index"), settings, prior)


def _fit(data: RegressionData, variants: list[str], settings: SusieSettings, prior: ArrayLike | None) -> FineMapping:
    weights = None if prior is None else numbers("prior", prior, ndim=1)
    return FineMapping(fit_susie(data, settings, prior=weights), variants, data.z)


def plot_pips(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw posterior inclusion probabilities, coloured by credible set.

    Parameters
    ----------
    table
        One row a variant with the columns pip and credible_set: `FineMapping.table`, or ``lucidseq.finemap.locus(...).pips``.
        The x axis is base_pair_location where there is such a column, else the row.
    ax
        Axes to draw on; new ones when None.

    Returns
    -------
    The axes.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> ax = plot_pips(pd.DataFrame({"pip": [0.1, 0.9], "credible_set": ["", "cs1"]}))
    >>> ax.get_ylabel()
    'PIP'
    """
    from lucidseq.core.array_like import require_columns
    from lucidseq.core.figures import new_axes

    require_columns(table, ("pip", "credible_set"))
    axes = new_axes() if ax is None else ax
    place = table["base_pair_location"] if "base_pair_location" in table else pd.Series(range(len(table)), index=table.index)
    sets = table["credible_set"].fillna("").astype(str)
    outside = sets == ""
    axes.scatter(place[outside], table["pip"][outside], s=8, color="0.6")
    for name in sorted(set(sets[~outside])):
        rows = sets == name
        axes.scatter(place[rows], table["pip"][rows], s=18, label=name)
    axes.set(xlabel="position (bp)" if "base_pair_location" in table else "variant", ylabel="PIP", ylim=(-0.02, 1.05))
    if not outside.all():
        axes.legend(title="credible set", fontsize="small")
    return axes
