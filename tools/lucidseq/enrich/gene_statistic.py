"""Gene test: the sum of squared z over a gene's variants, against its null distribution under LD.

Under the null, z ~ N(0, R), and the sum of squares is a sum of chi-squares weighted by the eigenvalues of R. Two genes' sums have
covariance 2 sum r_ij^2 over pairs of their variants.

References
----------
Liu et al. 2010, Am. J. Hum. Genet. 87:139 (VEGAS); de Leeuw et al. 2015, PLoS Comput. Biol. 11:e1004219 (MAGMA, SNP-wise mean).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from lucidseq.core.errors import DataError
from lucidseq.core.gtf import Gene
from lucidseq.core.ld import LdBlock
from lucidseq.enrich.chi_square_sum import log_tails, tails_to_z

_SLAB = 256  # rows of a matrix squared at a time
EIGENVALUE_FLOOR = 1e-6  # of the largest: the precision of float32 correlations


@dataclass
class GeneData:
    """Contributions of LD blocks to one gene."""

    statistic: float = 0.0
    eigenvalues: list[np.ndarray] = field(default_factory=list)
    n_variants: int = 0
    lead_variant: str = ""
    lead_z: float = 0.0
    log_no_causal: float = 0.0


@dataclass(frozen=True)
class GeneResult:
    """Test of one gene.

    Attributes
    ----------
    statistic
        Sum of squared z.
    effective_variants
        (sum lambda)^2 / sum lambda^2.
    log_p
        Natural logarithm of the upper tail.
    z
        Normal deviate of the same upper tail.
    """

    statistic: float
    effective_variants: float
    log_p: float
    z: float


class GeneAccumulator:
    """Accumulates genes over LD blocks, one block in memory at a time.

    Parameters
    ----------
    genes
        Genes, without flanks.
    flank
        Bases on either side.
    """

    def __init__(self, genes: list[Gene], flank: int) -> None:
        self.genes, self.flank = genes, flank
        self.data = [GeneData() for _ in genes]
        self._covariance = sparse.csr_matrix((len(genes), len(genes)))

    def add(self, block: LdBlock, position: np.ndarray, z: np.ndarray, pip: np.ndarray | None) -> int:
        """Add a block.

        Parameters
        ----------
        block
            LD of the block's variants that have a z.
        position
            0-based positions, of shape (p,).
        z
            Test statistics, of shape (p,).
        pip
            Inclusion probabilities, of shape (p,), or None.

        Returns
        -------
        Number of genes with variants of the block.
        """
        rows, columns = [], []
        for index, gene in enumerate(self.genes):
            if gene.contig != block.contig:
                continue
            inside = np.flatnonzero((position >= gene.start - self.flank) & (position < gene.end + self.flank))
            if len(inside):
                self._add_gene(self.data[index], block, inside, z, pip)
                rows.append(np.full(len(inside), index))
                columns.append(inside)
        if not rows:
            return 0
        flat_rows, flat_columns = np.concatenate(rows), np.concatenate(columns)
        members = sparse.csr_matrix((np.ones(len(flat_rows)), (flat_rows, flat_columns)), shape=(len(self.genes), len(z)))
        touched = np.unique(flat_rows)
        placed = sparse.coo_matrix(_sum_of_squares(members[touched], block.r))
        shape = self._covariance.shape
        self._covariance = self._covariance + sparse.csr_matrix((placed.data, (touched[placed.row], touched[placed.col])), shape)
        return len(touched)

    @staticmethod
    def _add_gene(data: GeneData, block: LdBlock, inside: np.ndarray, z: np.ndarray, pip: np.ndarray | None) -> None:
        data.eigenvalues.append(null_weights(block.r[np.ix_(inside, inside)]))
        data.statistic += float(np.square(z[inside]).sum())
        data.n_variants += len(inside)
        best = inside[int(np.abs(z[inside]).argmax())]
        if abs(z[best]) > data.lead_z:
            data.lead_z, data.lead_variant = float(abs(z[best])), str(block.variant_id[best])
        if pip is not None:
            data.log_no_causal += float(np.log1p(-np.minimum(pip[inside], 1 - 1e-15)).sum())

    def tested(self) -> np.ndarray:
        """Return the indices of genes with at least one variant."""
        return np.array([index for index, data in enumerate(self.data) if data.n_variants], dtype=np.int64)

    def correlations(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs of tested genes whose statistics are correlated: first, second (first < second), correlation."""
        upper = sparse.triu(self._covariance, k=1).tocoo()
        scale = np.sqrt(self._covariance.diagonal())
        order = np.lexsort((upper.col, upper.row))
        first, second = upper.row[order], upper.col[order]
        return first, second, upper.data[order] / (scale[first] * scale[second])


def _sum_of_squares(members: sparse.csr_matrix, r: np.ndarray) -> np.ndarray:
    """Return members r^2 members' (squares of entries), in slabs of rows of r: no second matrix is in memory."""
    total = np.zeros((members.shape[0],) * 2)
    columns = members.tocsc()
    for first in range(0, len(r), _SLAB):
        squares = np.square(r[first : first + _SLAB], dtype=np.float64)
        total += columns[:, first : first + _SLAB] @ (members @ squares.T).T
    return total


def null_weights(r: np.ndarray) -> np.ndarray:
    """Return the weights of the chi-squares whose sum the statistic is under the null: the eigenvalues of r, without tiny ones.

    Parameters
    ----------
    r
        Correlations, shape (p, p).
    """
    values = np.linalg.eigvalsh(r.astype(np.float64))
    return values[values > EIGENVALUE_FLOOR * values[-1]]


def check_genes(genes: list[Gene], contigs: set[str], where: str) -> None:
    """Check that the genes and the variants share contig names.

    Raises
    ------
    DataError
        If they share none, naming both spellings.
    """
    known = {gene.contig for gene in genes}
    if known & contigs:
        return
    received = f"contigs {', '.join(sorted(known)[:3])} in the GTF and {', '.join(sorted(contigs)[:3])} in the LD"
    fix = "rename the contigs of one (chr1 or 1), or give the matching GTF"
    raise DataError(received, "the same contig names and build in both", fix, where=where)


def evaluate_gene(data: GeneData) -> GeneResult:
    """Test one gene."""
    eigenvalues = np.concatenate(data.eigenvalues)
    log_upper, log_lower = log_tails(data.statistic, eigenvalues)
    effective = float(eigenvalues.sum() ** 2 / np.square(eigenvalues).sum())
    return GeneResult(data.statistic, effective, log_upper, tails_to_z(log_upper, log_lower))
