"""Close pairs of samples, and the relatedness of a sample of all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core.log import Progress
from lucidseq.encode.structure.king import PairBlock, pair_blocks, relationship
from lucidseq.encode.structure.panel import Panel

SAME = 0.99  # share of equal genotypes of duplicates, where kinship is not defined (inbred lines)
_WATCHED = 2048  # samples whose pairs are all kept for audit and picture


@dataclass(frozen=True)
class Relatives:
    """What the pairs of samples tell.

    Attributes
    ----------
    first, second
        Numbers of the samples of each close pair, first < second.
    table
        The rest of the columns of the kinship table for these pairs.
    defined
        Whether kinship is defined (not in inbred lines).
    watched
        Numbers of the samples whose pairs are all kept, evenly spaced; every sample up to 2,048.
    kinship, identity, ibs0
        float32 of shape (watched, watched): coefficient, share of equal genotypes, and of opposite homozygotes.
    """

    first: np.ndarray
    second: np.ndarray
    table: pd.DataFrame
    defined: bool
    watched: np.ndarray
    kinship: np.ndarray
    identity: np.ndarray
    ibs0: np.ndarray

    def closer_than(self, kinship: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs with at least this kinship; duplicates of inbred lines are close at any."""
        close = self.table["kinship"].to_numpy() >= kinship
        close |= ~np.isfinite(self.table["kinship"].to_numpy())
        return self.first[close], self.second[close]

    def duplicates(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs that are one individual, or monozygotic twins."""
        twice = (self.table["relationship"] == "duplicate").to_numpy()
        return self.first[twice], self.second[twice]


def find_relatives(panel: Panel, min_kinship: float, *, defined: bool) -> Relatives:
    """Look at every pair of samples.

    Parameters
    ----------
    panel
        The variants.
    min_kinship
        Pairs from this coefficient on are close.
    defined
        Whether kinship is defined; where it is not, pairs with 99 % equal genotypes are close, and duplicates.
    """
    watched = np.unique(np.linspace(0, panel.samples - 1, min(panel.samples, _WATCHED)).astype(np.int64))
    matrices = np.full((3, len(watched), len(watched)), np.nan, dtype=np.float32)
    firsts, seconds, tables = [], [], []
    with Progress("pairs", total=panel.samples * (panel.samples - 1) // 2) as progress:
        for block in pair_blocks(panel.calls, panel.variants, panel.samples):
            with np.errstate(divide="ignore", invalid="ignore"):
                shares = {name: getattr(block, name) / block.called for name in ("hethet", "ibs0", "same")}
            _watch(block, shares, watched, matrices)
            close = block.kinship >= min_kinship if defined else shares["same"] >= SAME
            close &= np.arange(block.rows.start, block.rows.stop)[:, None] < np.arange(
                block.columns.start, block.columns.stop
            )
            at = np.nonzero(close)
            firsts.append(at[0] + block.rows.start)
            seconds.append(at[1] + block.columns.start)
            tables.append(_rows(block, shares, at, defined=defined))
            progress.step(block.kinship.size if block.rows != block.columns else len(close) * (len(close) - 1) // 2)
    table, first, second = pd.concat(tables, ignore_index=True), np.concatenate(firsts), np.concatenate(seconds)
    order = np.lexsort((second, first))
    kinship = matrices[0] if defined else np.full_like(matrices[0], np.nan)
    return Relatives(
        first[order], second[order], table.iloc[order].reset_index(drop=True), defined, watched, kinship, matrices[1], matrices[2]
    )  # fmt: skip


def _watch(block: PairBlock, shares: dict[str, np.ndarray], watched: np.ndarray, matrices: np.ndarray) -> None:
    """Keep what the block says of watched samples, in both orders."""
    rows = np.flatnonzero((watched >= block.rows.start) & (watched < block.rows.stop))
    columns = np.flatnonzero((watched >= block.columns.start) & (watched < block.columns.stop))
    picked = np.ix_(watched[rows] - block.rows.start, watched[columns] - block.columns.start)
    for matrix, values in zip(matrices, (block.kinship, shares["same"], shares["ibs0"]), strict=True):
        matrix[np.ix_(rows, columns)] = values[picked]
        matrix[np.ix_(columns, rows)] = values[picked].T


def _rows(
    block: PairBlock, shares: dict[str, np.ndarray], at: tuple[np.ndarray, ...], *, defined: bool
) -> pd.DataFrame:
    kinship = block.kinship[at] if defined else np.full(len(at[0]), np.nan)
    return pd.DataFrame({
        "n_variants": block.called[at].astype(np.int64),
        "hethet": block.hethet[at].astype(float) / block.called[at],
        "ibs0": block.ibs0[at].astype(float) / block.called[at],
        "identity": block.same[at].astype(float) / block.called[at],
        "kinship": kinship,
        "relationship": relationship(kinship) if defined else np.full(len(kinship), "duplicate", dtype=object),
    })  # fmt: skip
