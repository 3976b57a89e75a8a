"""Names of variants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def variant_id(contig: str, position: int, other_allele: str, effect_allele: str) -> str:
    """Name a variant: contig:position:other:effect, position 1-based.

    Examples
    --------
    >>> variant_id("chr1", 101, "A", "G")
    'chr1:101:A:G'
    """
    return f"{contig}:{position}:{other_allele}:{effect_allele}"


def variant_ids(contigs: Iterable[str], positions: Iterable[int], other_alleles: Iterable[str], effect_alleles: Iterable[str]) -> list[str]:
    """Name many variants (see `variant_id`)."""
    return [variant_id(*parts) for parts in zip(contigs, positions, other_alleles, effect_alleles, strict=True)]


def swap_alleles(variant_id: str) -> str:
    """Return the id of the same variant with its alleles swapped; other names are returned unchanged.

    Examples
    --------
    >>> swap_alleles("chr1:101:A:G")
    'chr1:101:G:A'
    """
    parts = variant_id.rsplit(":", 2)
    return ":".join([parts[0], parts[2], parts[1]]) if len(parts) == 3 else variant_id


def align(ids: np.ndarray, index: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Look up variants by id, or by the id with its alleles swapped.

    Returns
    -------
    Rows in ``index`` (-1: missing), int of shape (len(ids),), and which of them are swapped, bool.
    """
    import numpy as np
    import pandas as pd

    rows = index.get_indexer(pd.Index(ids))
    absent = np.flatnonzero(rows < 0)
    rows[absent] = index.get_indexer(pd.Index([swap_alleles(str(name)) for name in ids[absent]]))
    flipped = np.zeros(len(rows), dtype=bool)
    flipped[absent] = rows[absent] >= 0
    return rows, flipped
