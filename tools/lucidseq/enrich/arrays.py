"""Gene and gene-set tests from arrays: verbs for notebooks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.core.array_like import numbers
from lucidseq.core.errors import DataError
from lucidseq.enrich.gene_statistic import GeneData, evaluate_gene, null_weights
from lucidseq.enrich.gmt import read_gmt
from lucidseq.enrich.gsea import PrerankedGsea

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class GeneTest:
    """Test of one gene.

    Attributes
    ----------
    statistic
        Sum of squared z.
    p_value
        Its upper tail under LD; 0 where below the smallest float (see ``neg_log10_p``).
    neg_log10_p
        -log10 of the p-value, finite for any statistic.
    z
        Normal deviate of the same upper tail.
    n_variants, effective_variants
        Variants, and (sum of eigenvalues)^2 / sum of their squares.
    """

    statistic: float
    p_value: float
    neg_log10_p: float
    z: float
    n_variants: int
    effective_variants: float


def gene_test(z: ArrayLike, R: ArrayLike) -> GeneTest:
    """Test one gene by the sum of squared z against its exact null distribution under LD [1]_, [2]_.

    Parameters
    ----------
    z
        Test statistics of the gene's variants, shape (p,).
    R
        Their correlations, shape (p, p).

    Raises
    ------
    DataError
        If shapes do not fit or a value is missing.

    References
    ----------
    .. [1] Liu JZ et al. (2010). A versatile gene-based test for genome-wide association studies. Am J Hum Genet 87:139 (VEGAS).
    .. [2] de Leeuw CA et al. (2015). MAGMA: generalized gene-set analysis of GWAS data. PLoS Comput Biol 11:e1004219.

    Examples
    --------
    >>> round(gene_test([1.959963984540054], [[1.0]]).p_value, 6)
    0.05
    """
    statistics, correlations = numbers("z", z, ndim=1), numbers("R", R, ndim=2)
    p = len(statistics)
    if not p or correlations.shape != (p, p):
        raise DataError(
            f"{p} statistics and R of shape {correlations.shape}", "R of shape (p, p) for p statistics", "give those of one gene"
        )
    if not (np.isfinite(statistics).all() and np.isfinite(correlations).all()):
        raise DataError("missing values in z or R", "finite numbers", "remove the variants without a value")
    statistic = float(np.square(statistics).sum())
    tested = evaluate_gene(GeneData(statistic=statistic, eigenvalues=[null_weights(correlations)], n_variants=p))
    return GeneTest(statistic, math.exp(tested.log_p), -tested.log_p / math.log(10), tested.z, p, tested.effective_variants)


def gsea(
    scores: Mapping[str, float] | pd.Series,
    gene_sets: Mapping[str, Sequence[str]] | str | Path,
    *,
    permutations: int = 1000,
    min_genes: int = 1,
    seed: int = 1,
) -> pd.DataFrame:
    """Test gene sets for enrichment at the top of a ranking (preranked GSEA) [1]_.

    Parameters
    ----------
    scores
        Score of each gene, such as its z; the highest rank first.
    gene_sets
        Genes by set, or a GMT file. Genes without a score are ignored.
    permutations
        Random sets of each size behind the p-values.
    min_genes
        Fewest genes with a score that a set must have to be tested.
    seed
        Seed of the random sets.

    Returns
    -------
    DataFrame by p-value: gene_set, n_genes, score, normalised_score, p_value and leading genes (the set's genes up to the peak).

    Raises
    ------
    DataError
        If a score is missing, a gene is repeated, or no set can be tested.

    References
    ----------
    .. [1] Subramanian A et al. (2005). Gene set enrichment analysis. PNAS 102:15545.

    Examples
    --------
    >>> scores = {f"g{i}": 20.0 - i for i in range(20)}
    >>> gsea(scores, {"top": ["g0", "g1", "g2"], "bottom": ["g17", "g18", "g19"]})["gene_set"].tolist()
    ['top', 'bottom']
    """
    ranked = pd.Series(scores, dtype=np.float64)
    if ranked.index.has_duplicates or not np.isfinite(ranked).all():
        raise DataError("repeated genes or genes without a finite score", "one finite score per gene", "correct the scores")
    sets = read_gmt(Path(gene_sets)) if isinstance(gene_sets, str | Path) else gene_sets
    row_of = {str(gene): row for row, gene in enumerate(ranked.index)}
    ranking = PrerankedGsea(ranked.to_numpy(), permutations, lambda size: seeds.stream(seed, "gsea", size))
    rows = []
    for name, genes in sets.items():
        members = np.array([row_of[gene] for gene in dict.fromkeys(map(str, genes)) if gene in row_of], dtype=np.int64)
        if len(members) >= max(1, min_genes):
            tested = ranking.test(members)
            leading = [str(gene) for gene in ranked.index[tested.leading]]
            rows.append((str(name), len(members), tested.score, tested.normalised_score, tested.p_value, leading))
    if not rows:
        raise DataError("no set with enough genes among the scores", "sets and scores with the same gene names", "check the names")
    table = pd.DataFrame(rows, columns=["gene_set", "n_genes", "score", "normalised_score", "p_value", "leading"])
    return table.sort_values("p_value", kind="stable", ignore_index=True)
