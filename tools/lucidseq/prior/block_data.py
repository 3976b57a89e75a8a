"""Blocks to learn from: statistics, LD and annotations of the same variants, matched by position and alleles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.core.errors import DataError
from lucidseq.core.ld import LdStore
from lucidseq.core.schema import ANNOTATIONS
from lucidseq.core.splits import Split
from lucidseq.core.stores import open_store, read_text
from lucidseq.core.sumstats import PositionIndex
from lucidseq.core.variants import align
from lucidseq.prior.likelihood import WhitenedBlock, whiten

COLUMNS = ["variant_id", "chromosome", "base_pair_location", "effect_allele", "other_allele"]


@dataclass(frozen=True)
class Annotations:
    """Values by variant, float32 of shape (rows, features); NaN is missing."""

    names: list[str]
    index: pd.Index
    values: np.ndarray

    def of(self, variants: np.ndarray) -> np.ndarray:
        """Return the values of variants, in either order of their alleles; NaN where a variant has none."""
        rows, _ = align(variants, self.index)
        return np.where((rows >= 0)[:, None], self.values[rows], np.float32(np.nan))


@dataclass(frozen=True)
class Block:
    """One LD block.

    Attributes
    ----------
    name, contig, start, end
        The region.
    variants
        Columns `COLUMNS`, alleles of the statistics.
    n
        Samples behind each variant, of shape (variants,).
    features
        Annotations, of shape (variants, features); NaN is missing.
    white
        Statistics in the directions of the LD.
    without_ld
        Variants of the statistics in the region that have no LD.
    flipped
        Variants whose alleles were swapped in the LD.
    ld_variants
        Variants of the LD, with statistics or without.
    """

    name: str
    contig: str
    start: int
    end: int
    variants: pd.DataFrame
    n: np.ndarray
    features: np.ndarray
    white: WhitenedBlock
    without_ld: int
    flipped: int
    ld_variants: int


def read_annotations(path: Path) -> Annotations:
    """Read the annotations of variants.

    Raises
    ------
    DataError
        If the rows are windows, or there is no feature.
    """
    with open_store(path, ANNOTATIONS) as store:
        if str(store.attrs["unit"]) != "variant":
            raise DataError("annotations of windows", "annotations of variants", "run encode annotations with --variants", where=str(path))
        names = [str(name) for name in read_text(store["features/name"])]
        annotations = Annotations(names, pd.Index(read_text(store["rows/id"])), store["values"][()])
    if not names:
        raise DataError("annotations without features", "at least one feature", "encode a BED, a bigWig or a table", where=str(path))
    double = annotations.index.duplicated()
    if double.any():
        received = f"variant {annotations.index[double][0]} twice"
        raise DataError(received, "each variant once", "encode the annotations again", where=str(path))
    return annotations


def read_blocks(statistics: pd.DataFrame, store: LdStore, annotations: Annotations, keep: float) -> Iterator[Block]:
    """Yield the blocks that have at least two variants with statistics and LD."""
    index, positions = pd.Index(statistics["variant_id"]), PositionIndex(statistics)
    for number in range(len(store)):
        names = store.variant_ids(number)
        rows, flipped = align(names, index)
        chosen = np.flatnonzero(rows >= 0)
        r = store.correlations(number, chosen)
        varies = np.isfinite(np.diag(r))  # NaN: did not vary in the panel
        if varies.sum() < 2:
            continue
        r, chosen = r[np.ix_(varies, varies)], chosen[varies]
        sign, table = np.where(flipped[chosen], -1.0, 1.0), statistics.iloc[rows[chosen]]
        values, vectors = np.linalg.eigh(r * np.outer(sign, sign))
        contig, start, end = store.contigs[number], int(store.starts[number]), int(store.ends[number])
        variants = table[COLUMNS].reset_index(drop=True)
        yield Block(
            store.names[number],
            contig,
            start,
            end,
            variants,
            table["n"].to_numpy(dtype=np.float64),
            annotations.of(variants["variant_id"].to_numpy(dtype=object)),
            whiten(vectors[:, ::-1], values[::-1], table["z"].to_numpy(dtype=np.float64), keep=keep),
            len(np.setdiff1d(positions.rows(contig, start, end), rows[chosen])),
            int(flipped[chosen].sum()),
            len(names),
        )


def split_blocks(blocks: Sequence[Block], test_contigs: list[str], test_share: float, valid_share: float, seed: int) -> list[Split]:
    """Assign every block to train, valid or test: test by chromosome where named, the others in a random order of the seed.

    Raises
    ------
    DataError
        If a named chromosome has no block, or a split would be empty.
    """
    contigs = {block.contig for block in blocks}
    unknown = sorted(set(test_contigs) - contigs)
    if unknown:
        received, expected = f"--test-contigs {unknown[0]}", f"chromosomes of the blocks ({', '.join(sorted(contigs)[:5])}, ...)"
        raise DataError(received, expected, "correct the names")
    chosen = np.array([Split.TRAIN] * len(blocks), dtype=object)
    chosen[[block.contig in test_contigs for block in blocks]] = Split.TEST
    rest = np.flatnonzero(chosen == Split.TRAIN)
    order = seeds.stream(seed, "blocks").permutation(rest)
    tests = 0 if test_contigs else round(test_share * len(rest))
    chosen[order[:tests]] = Split.TEST
    chosen[order[tests : tests + max(round(valid_share * len(rest)), 1)]] = Split.VALID
    if (chosen == Split.TRAIN).sum() < 2:
        received = f"{len(blocks)} blocks, {int((chosen == Split.TRAIN).sum())} of them to train on"
        raise DataError(received, "at least 2 to train on (hundreds are better)", "give more LD blocks, or hold out fewer")
    return list(chosen)
