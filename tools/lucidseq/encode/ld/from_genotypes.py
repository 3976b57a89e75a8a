"""LD blocks, LD scores and block boundaries of a genotype store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.covariates import design
from lucidseq.core.genotypes import GenotypeStore
from lucidseq.core.intervals import Interval
from lucidseq.core.ld import LdBlock
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.schema import LD_SCORES
from lucidseq.core.tables import TableWriter
from lucidseq.core.variants import align
from lucidseq.encode.ld.band import BandSums, band_sums
from lucidseq.encode.ld.blocks import crossing, find_blocks
from lucidseq.encode.ld.correlation import SAMPLES, correlation
from lucidseq.encode.ld.estimate import Estimator, Tally, make_block
from lucidseq.encode.ld.from_matrix import LEFT_OUT
from lucidseq.encode.ld.match_variants import NOT_LISTED, inside
from lucidseq.encode.ld.shrinkage import weight_from_dosages

_log = get_logger("lucidseq.encode")
MOST_SAMPLES = 10_000  # for block boundaries and LD scores: r squared of so many samples is accurate to 1e-4
_ROWS = 10_000  # of the table of LD scores written at a time
CONSTANT = "no variation after covariates"
FEW_VARIANTS = "locus with fewer than 2 variants"


@dataclass(frozen=True)
class Cohort:
    """The samples of a store that are used.

    Attributes
    ----------
    samples
        Sample indices, ascending, shape (n,).
    covariates
        Covariates to project out, shape (covariates, n).
    """

    store: GenotypeStore
    samples: np.ndarray
    covariates: np.ndarray

    @cached_property
    def basis(self) -> np.ndarray:
        """Orthonormal columns of intercept and covariates, shape (n, rank)."""
        return design(self.covariates)

    def thinned(self, most: int) -> Cohort:
        """Return at most ``most`` of the samples, evenly spaced."""
        if len(self.samples) <= most:
            return self
        chosen = np.linspace(0, len(self.samples) - 1, most).round().astype(np.int64)
        return Cohort(self.store, self.samples[chosen], self.covariates[:, chosen])


class StoreDosages:
    """Dosages of selected variants and samples, read from the store by slices of samples.

    Parameters
    ----------
    first, last
        Variants of the store.
    rows
        Mask of those used, shape (last - first,).
    """

    def __init__(self, cohort: Cohort, first: int, last: int, rows: np.ndarray) -> None:
        self._store, self._samples, self._span, self._rows = cohort.store, cohort.samples, (first, last), rows
        self.shape: tuple[int, ...] = (int(rows.sum()), len(cohort.samples))

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        chosen = self._samples[key[1]]
        start, end = int(chosen[0]), int(chosen[-1]) + 1
        block = self._store.dosage(*self._span, slice(start, end))
        if len(chosen) < end - start:
            block = block[:, chosen - start]
        return block if self._rows.all() else block[self._rows]


def genotype_blocks(
    cohort: Cohort, loci: list[Interval], sumstats: pd.DataFrame | None, estimator: Estimator, tally: Tally
) -> Iterator[LdBlock]:
    """Yield the block of each locus; a variant has the order of alleles of ``sumstats``, which other variants are not in."""
    store, listed = cohort.store, None if sumstats is None else pd.Index(sumstats["variant_id"])
    with Progress("loci", total=len(loci)) as progress:
        for locus in loci:
            first, last = store.region(locus.contig, locus.start, locus.end)
            ids, flipped = store.names(first, last), np.zeros(last - first, dtype=bool)
            rows = np.ones(last - first, dtype=bool)
            if sumstats is not None and listed is not None:
                rows_of_listed, flipped = align(ids, listed)
                rows = rows_of_listed >= 0
                tally.requested += int(inside(sumstats, locus).sum())
                tally.matched += int(rows.sum())
                ids = np.where(rows, listed.to_numpy(dtype=object)[rows_of_listed], ids)
            tally.counts["variants"] += len(ids)
            tally.counts[NOT_LISTED] += int((~rows).sum())
            block = _block(cohort, locus, StoreDosages(cohort, first, last, rows), ids[rows], flipped[rows], estimator, tally)
            progress.step()
            if block is not None:
                yield block
            del block  # free it before the next one is computed


def _block(
    cohort: Cohort, locus: Interval, dosage: StoreDosages, ids: np.ndarray, flipped: np.ndarray, estimator: Estimator, tally: Tally
) -> LdBlock | None:
    """Return a locus's block; None when fewer than 2 of its variants vary."""
    r, keep = np.empty((0, 0), dtype=np.float32), np.zeros(len(ids), dtype=bool)
    if len(ids):
        r, keep = correlation(dosage, cohort.basis)
        tally.counts[CONSTANT] += int((~keep).sum())
    if len(r) < 2:
        tally.counts[FEW_VARIANTS] += 1
        tally.counts[LEFT_OUT] += len(r)
        _log.warning(f"locus {locus.name} ({locus.contig}:{locus.start}-{locus.end}) has {len(r)} variants: skipped")
        return None
    if flipped[keep].any():
        sign = np.where(flipped[keep], np.float32(-1), np.float32(1))
        r *= sign
        r *= sign[:, None]
        tally.swapped += int(flipped[keep].sum())

    def weight(values: np.ndarray) -> float:
        return weight_from_dosages(values, _VariantSubset(dosage, keep), cohort.basis)

    return make_block(locus, r, ids[keep], estimator, tally, positive=True, weight=weight, n_ref=float(len(cohort.samples)))


class _VariantSubset:
    """Selected variants of dosages that are read by slices of samples."""

    def __init__(self, dosage: StoreDosages, rows: np.ndarray) -> None:
        self._dosage, self._rows = dosage, rows
        self.shape: tuple[int, ...] = (int(rows.sum()), dosage.shape[1])

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        return self._dosage[key][self._rows]


def sweep(cohort: Cohort, window: int) -> Iterator[tuple[int, np.ndarray, BandSums]]:
    """Yield for each contig its first variant, its positions, and its sums within a window (in bases)."""
    few = cohort.thinned(MOST_SAMPLES)
    if few is not cohort:
        _log.info(f"blocks and LD scores from {MOST_SAMPLES} of {len(cohort.samples)} samples, evenly spaced")
    store = cohort.store
    for contig in pd.unique(store.contig):
        members = np.flatnonzero(store.contig == contig)
        first, position = int(members[0]), store.start[members]

        def read(start: int, end: int, first: int = first) -> np.ndarray:
            part = StoreDosages(few, first + start, first + end, np.ones(end - start, dtype=bool))
            steps = range(0, len(few.samples), SAMPLES)
            return np.concatenate([part[:, step : step + SAMPLES] for step in steps], axis=1)

        _log.info(f"LD along {contig}: {len(members)} variants")
        yield first, position, band_sums(read, position, few.basis, window)


def independent_blocks(first: int, position: np.ndarray, sums: BandSums, store: GenotypeStore, sizes: tuple[int, int]) -> list[Interval]:
    """Return the approximately independent blocks of a contig, adjacent, named contig:start-end."""
    cuts = find_blocks(crossing(sums.before, sums.after), *sizes)
    contig = str(store.contig[first])
    edges = [*(int(position[cut]) for cut in cuts[:-1]), int(position[-1]) + 1]
    return [Interval(contig, start, end, f"{contig}:{start}-{end}") for start, end in pairwise(edges) if end > start]


def score_tables(first: int, position: np.ndarray, sums: BandSums, cohort: Cohort) -> Iterator[pd.DataFrame]:
    """Yield the LD scores of a contig's variants that vary, piece by piece (`LD_SCORES`)."""
    varying = np.flatnonzero(sums.varies)
    few = cohort.thinned(MOST_SAMPLES)
    for start in range(0, len(varying), _ROWS):
        rows = varying[start : start + _ROWS]
        names = cohort.store.names(first + int(rows[0]), first + int(rows[-1]) + 1)
        yield pd.DataFrame(
            {
                "variant_id": names[rows - rows[0]],
                "chromosome": cohort.store.contig[first + rows],
                "base_pair_location": position[rows] + 1,
                "ld_score": 1 + sums.before[rows] + sums.after[rows],
                "variants": sums.variants[rows] + 1,
                "n": len(few.samples) - few.basis.shape[1] + 1,
            }
        )


def write_scores_and_find_blocks(cohort: Cohort, window: int, sizes: tuple[int, int] | None, scores: Path | None) -> list[Interval]:
    """Sweep the contigs once: write LD scores to ``scores``, and return blocks of ``sizes`` (smallest, largest)."""
    blocks: list[Interval] = []
    writer = None if scores is None else TableWriter(scores, LD_SCORES)
    try:
        for first, position, sums in sweep(cohort, window):
            if writer is not None:
                for table in score_tables(first, position, sums, cohort):
                    writer.append(table)
            if sizes is not None:
                blocks += independent_blocks(first, position, sums, cohort.store, sizes)
    finally:
        if writer is not None:
            writer.close()
    return blocks
