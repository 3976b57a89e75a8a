"""Close pairs of samples, and the relatedness of a sample of all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core.log import Progress
from lucidseq.encode.structure.autosomal_panel import AutosomalPanel
from lucidseq.encode.structure.king import BLOCK, PairBlock, Sharing, pair_blocks, relationship, sharing

SAME = 0.99  # share of equal genotypes of duplicates, where kinship is not defined (inbred lines)
_WATCHED = 2048  # samples whose pairs are all kept for card and figure
_SHOWN = 512  # of these, samples whose opposite homozygotes are counted for the figure

Pairs = tuple[np.ndarray, np.ndarray]  # their samples, numbered within the stretches of a block


@dataclass(frozen=True)
class Relatives:
    """Relatedness of pairs of samples.

    Attributes
    ----------
    first, second
        Numbers of the samples of each close pair, first < second.
    table
        Other columns of the kinship table for these pairs.
    defined
        Whether kinship is defined (not in inbred lines).
    watched
        Numbers of the samples whose pairs are all kept, evenly spaced; every sample up to 2,048.
    kinship, identity, ibs0
        float32 of shape (watched, watched): coefficient, share of equal genotypes, and of opposite homozygotes. Where kinship is defined,
        the shares are only known (not NaN) for pairs of some 512 of them.
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
        """Return the pairs of duplicates or monozygotic twins."""
        twice = (self.table["relationship"] == "duplicate").to_numpy()
        return self.first[twice], self.second[twice]


def find_relatives(panel: AutosomalPanel, min_kinship: float, *, defined: bool) -> Relatives:
    """Compare every pair of samples.

    Parameters
    ----------
    panel
        The variants.
    min_kinship
        Pairs from this coefficient on are close.
    defined
        Whether kinship is defined; where it is not, pairs with 99 % equal genotypes are close, and duplicates.
    """
    watched = _evenly(np.arange(panel.samples), _WATCHED)
    shown = _evenly(watched, _SHOWN) if defined else watched
    matrices = np.full((3, len(watched), len(watched)), np.nan, dtype=np.float32)
    firsts, seconds, tables = [], [], []
    with Progress("pairs", total=panel.samples * (panel.samples - 1) // 2) as progress:
        size = BLOCK if defined else BLOCK // 2  # more is kept per pair where all are counted
        for block in pair_blocks(panel.calls, panel.variants, panel.samples, size=size):
            at, shares = _close(panel, block, min_kinship, defined=defined)
            _watch(panel, block, watched, shown, matrices)
            firsts.append(at[0] + block.rows.start)
            seconds.append(at[1] + block.columns.start)
            tables.append(_rows(block, shares, at, defined=defined))
            pairs, side = block.kinship.size, len(block.kinship)
            progress.step(pairs if block.rows != block.columns else side * (side - 1) // 2)
    table, first, second = pd.concat(tables, ignore_index=True), np.concatenate(firsts), np.concatenate(seconds)
    order = np.lexsort((second, first))
    kinship = matrices[0] if defined else np.full_like(matrices[0], np.nan)
    return Relatives(
        first[order], second[order], table.iloc[order].reset_index(drop=True), defined, watched, kinship, matrices[1], matrices[2]
    )


def _evenly(samples: np.ndarray, number: int) -> np.ndarray:
    at = np.linspace(0, len(samples) - 1, min(len(samples), number)).astype(np.int64)
    return samples[np.unique(at)]


def _close(panel: AutosomalPanel, block: PairBlock, min_kinship: float, *, defined: bool) -> tuple[Pairs, Sharing]:
    """Return the close pairs of a block, each once, and what they share."""
    rows = np.arange(block.rows.start, block.rows.stop)[:, None]
    once = rows < np.arange(block.columns.start, block.columns.stop)
    if defined:
        at = np.nonzero((block.kinship >= min_kinship) & once)
        return (at[0], at[1]), sharing(panel.calls, block, *at)
    at = np.nonzero(once)
    every = sharing(panel.calls, block, *at)
    close = every.same >= SAME
    return (at[0][close], at[1][close]), Sharing(every.hethet[close], every.ibs0[close], every.same[close])


def _watch(panel: AutosomalPanel, block: PairBlock, watched: np.ndarray, shown: np.ndarray, matrices: np.ndarray) -> None:
    """Store the kinship of watched samples, in both orders, and what the shown ones share."""
    rows, columns = _within(watched, block.rows), _within(watched, block.columns)
    picked = block.kinship[np.ix_(watched[rows] - block.rows.start, watched[columns] - block.columns.start)]
    matrices[0][np.ix_(rows, columns)] = picked
    matrices[0][np.ix_(columns, rows)] = picked.T
    rows, columns = (np.searchsorted(watched, shown[_within(shown, stretch)]) for stretch in (block.rows, block.columns))
    first, second = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    shares = sharing(panel.calls, block, watched[first] - block.rows.start, watched[second] - block.columns.start)
    for matrix, values in zip(matrices[1:], (shares.same, shares.ibs0), strict=True):
        matrix[first, second] = matrix[second, first] = values


def _within(samples: np.ndarray, stretch: slice) -> np.ndarray:
    return np.flatnonzero((samples >= stretch.start) & (samples < stretch.stop))


def _rows(block: PairBlock, shares: Sharing, at: Pairs, *, defined: bool) -> pd.DataFrame:
    kinship = block.kinship[at] if defined else np.full(len(at[0]), np.nan)
    return pd.DataFrame(
        {
            "n_variants": block.called[at].astype(np.int64),
            "hethet": shares.hethet,
            "ibs0": shares.ibs0,
            "identity": shares.same,
            "kinship": kinship,
            "relationship": relationship(kinship) if defined else np.full(len(kinship), "duplicate", dtype=object),
        }
    )
