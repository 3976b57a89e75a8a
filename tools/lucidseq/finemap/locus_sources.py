"""Loci to fine-map, read one by one: from summary statistics with LD blocks, or from a genotype store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.genotypes import GenotypeStore, open_genotypes
from lucidseq.core.intervals import Interval, read_bed
from lucidseq.core.ld import LdStore, open_ld
from lucidseq.core.ld_quality import LdQuality
from lucidseq.core.sumstats import PositionIndex, read_harmonised
from lucidseq.core.variants import align
from lucidseq.finemap.regression_data import IndividualData, RegressionData, SummaryStatistics

VARIANT_COLUMNS = ["variant_id", "chromosome", "base_pair_location", "effect_allele", "other_allele", "rsid"]


@dataclass(frozen=True)
class Match:
    """Matching of the variants of the two inputs of a locus.

    Attributes
    ----------
    offered
        Variants found in either input.
    shared
        Variants fitted.
    flipped
        Of these, variants whose alleles were swapped in the LD.
    n_spread
        (largest - smallest) / median number of samples behind a variant.
    """

    offered: int
    shared: int
    flipped: int = 0
    n_spread: float = 0.0


@dataclass(frozen=True)
class Locus:
    """One locus ready to be fitted. ``variants`` has `VARIANT_COLUMNS`, in the order of the data."""

    region: Interval
    data: RegressionData
    variants: pd.DataFrame
    match: Match


class LocusSource(Protocol):
    """Source of loci."""

    regions: list[Interval]
    in_sample: bool
    kind: str
    ld: LdQuality | None

    def load(self, index: int) -> Locus | None:
        """Read a locus; None without a variant that can be fitted."""
        ...


@contextmanager
def open_source(
    *, sumstats: Path | None, ld: Path | None, genotypes: Path | None, trait: str | None, loci: Path | None
) -> Iterator[LocusSource]:
    """Open the inputs that were given.

    Raises
    ------
    UsageError
        If they are not one of the two combinations.
    DataError
        If a file is damaged or of another format.
    """
    summary, individual = [sumstats, ld], [genotypes, trait, loci]
    if sumstats and ld and not genotypes and not trait:
        table = read_harmonised(sumstats)
        with open_ld(ld) as store:
            regions = read_bed(loci).records() if loci else None
            _check_names(regions or [], str(loci))
            yield SummarySource(table, store, regions, sumstats=sumstats, ld=ld)
    elif genotypes and trait and loci and not any(summary):
        with open_genotypes(genotypes) as calls:
            yield GenotypeSource(calls, trait, read_bed(loci).records(), loci)
    else:
        given = [
            f"--{name}" for name, value in zip(("sumstats", "ld", "genotypes", "trait", "loci"), summary + individual, strict=True) if value
        ]
        raise UsageError(
            ", ".join(given) or "no input", "--sumstats with --ld, or --genotypes with --trait and --loci", "give one of the two"
        )


class SummarySource:
    """Loci from summary statistics and LD blocks; alleles and signs are those of the summary statistics."""

    kind = "summary"
    ld: LdQuality | None

    def __init__(self, table: pd.DataFrame, store: LdStore, loci: list[Interval] | None, *, sumstats: Path, ld: Path) -> None:
        blocks = [
            Interval(contig, int(start), int(end), name)
            for contig, start, end, name in zip(store.contigs, store.starts, store.ends, store.names, strict=True)
        ]
        if not blocks:
            raise DataError("no LD blocks", "an LD file with at least one block", "create the file again", where=str(ld))
        self.regions = loci or blocks
        self.in_sample, self.ld = store.method == "in-sample", store.quality
        self._table, self._store, self._paths = table, store, (sumstats, ld)
        self._index = pd.Index(table["variant_id"])
        self._positions = PositionIndex(table)
        _check_names(blocks, str(ld))
        check_contigs(self.regions, store.contigs, f"the LD blocks ({ld})")
        check_contigs(self.regions, table["chromosome"].unique(), f"the summary statistics ({sumstats})")
        self._block = [_best_block(region, blocks) for region in self.regions]

    def load(self, index: int) -> Locus | None:
        """Read a locus; None when summary statistics and LD share no variant. One variant that no LD covers is its own LD."""
        region, block_index = self.regions[index], self._block[index]
        if block_index is None:
            return self._single_variant(region)
        names = self._store.variant_ids(block_index)
        positions = np.array([_position(name) for name in names])
        rows, flipped = align(names, self._index)
        inside = (positions > region.start) & (positions <= region.end)
        if not inside.any():
            return self._single_variant(region)
        offered = int(inside.sum()) + self._unmatched(region, rows)
        chosen = np.flatnonzero(inside & (rows >= 0))
        R = self._store.correlations(block_index, chosen)
        varies = np.isfinite(np.diag(R))  # NaN: did not vary in the panel
        R, chosen = _keep(R, varies), chosen[varies]
        if not len(chosen):
            return None
        if flipped[chosen].any():
            sign = np.where(flipped[chosen], -1.0, 1.0)
            R *= sign
            R *= sign[:, None]
        return self._locus(region, rows[chosen], R, offered, int(flipped[chosen].sum()))

    def _locus(self, region: Interval, rows: np.ndarray, R: np.ndarray, offered: int, flipped: int = 0) -> Locus:
        """Return the locus of rows of the summary statistics and their correlations."""
        table = self._table.iloc[rows].reset_index(drop=True)
        n = table["n"].to_numpy()
        spread = float((n.max() - n.min()) / np.median(n))
        with _located(place(self._paths[1], item=f"locus {region.name}")):
            data = SummaryStatistics(table["z"].to_numpy(), R, float(np.median(n)), z_kind=table["z_kind"].iloc[0])
        return Locus(region, data, table[VARIANT_COLUMNS], Match(offered, len(rows), flipped, spread))

    def _single_variant(self, region: Interval) -> Locus | None:
        """Return the locus of a single variant of the summary statistics, which needs no LD; None with another number of variants."""
        rows = self._rows(region)
        return self._locus(region, rows, np.ones((1, 1)), 1) if len(rows) == 1 else None

    def _rows(self, region: Interval) -> np.ndarray:
        """Rows of the summary statistics in a region."""
        return self._positions.rows(region.contig, region.start, region.end)

    def _unmatched(self, region: Interval, rows: np.ndarray) -> int:
        """Summary statistics in the region that the LD block lacks."""
        return len(np.setdiff1d(self._rows(region), rows))


class GenotypeSource:
    """Loci from genotypes. Missing genotypes become the variant's mean; covariates of the store are projected out."""

    kind, in_sample = "individual", True
    ld: LdQuality | None = None

    def __init__(self, store: GenotypeStore, trait: str, loci: list[Interval], path: Path) -> None:
        values = store.trait(trait)
        if store.trait_kind(trait) == "binary":
            fix = "compute score-test statistics and in-sample LD with lucidseq-encode, and give --sumstats and --ld"
            raise DataError(f"the binary trait {trait}", "a quantitative trait", fix, where=str(store.path))
        covariates = store.covariates()
        self._known = np.isfinite(values) & np.isfinite(covariates).all(axis=0)
        if self._known.sum() < 3:
            received = f"{int(self._known.sum())} samples with trait {trait} and all covariates"
            raise DataError(received, "at least 3", "check the phenotype and covariate tables", where=str(store.path))
        self._y, self._covariates = values[self._known], covariates[:, self._known].T
        self._store, self.regions = store, loci
        _check_names(loci, str(path))
        check_contigs(loci, pd.unique(store.contig), f"the genotypes ({store.path})")

    def load(self, index: int) -> Locus | None:
        """Read a locus; None without a variant that varies."""
        region, store = self.regions[index], self._store
        first, last = store.region(region.contig, region.start, region.end)
        if first == last:
            return None
        dosage = store.dosage_float(first, last)[:, self._known]
        _impute_means(dosage)
        varies = np.ptp(dosage, axis=1) > 0
        if not varies.any():
            return None
        with _located(place(store.path, item=f"locus {region.name}")):
            data = IndividualData(dosage[varies].T, self._y, self._covariates)
        rows = first + np.flatnonzero(varies)
        variants = pd.DataFrame(
            {
                "variant_id": store.variant_id[rows],
                "chromosome": store.contig[rows],
                "base_pair_location": store.start[rows] + 1,
                "effect_allele": store.effect_allele[rows],
                "other_allele": store.other_allele[rows],
                "rsid": store.rsid[rows],
            }
        )
        return Locus(region, data, variants, Match(len(varies), int(varies.sum())))


def _impute_means(dosage: np.ndarray) -> None:
    """Set missing dosages (NaN), of shape (variants, samples), to the mean of their variant in place; 0 where none is called."""
    missing = ~np.isfinite(dosage)
    dosage[missing] = 0
    called = dosage.shape[1] - missing.sum(axis=1)
    mean = np.divide(dosage.sum(axis=1), called, out=np.zeros(len(dosage)), where=called > 0)
    variants, samples = np.nonzero(missing)
    dosage[variants, samples] = mean[variants]


def check_contigs(regions: list[Interval], present: Sequence[str] | np.ndarray, what: str) -> None:
    """Refuse contig names that differ from those of the other input by a chr prefix alone.

    Raises
    ------
    DataError
        If a region's contig is absent while its other spelling is present.
    """
    names = {str(name) for name in present}
    for region in regions:
        twin = region.contig.removeprefix("chr") if region.contig.startswith("chr") else f"chr{region.contig}"
        if region.contig not in names and twin in names:
            received = f"contig {region.contig} in locus {region.name}, but {twin} in {what}"
            raise DataError(received, "the same contig names in every input", "encode the inputs again with the same names", where=what)


def _check_names(regions: list[Interval], where: str) -> None:
    seen: set[str] = set()
    for region in regions:
        if region.name in seen:
            raise DataError(f"two loci called {region.name}", "a different name for every locus", "rename one", where=where)
        seen.add(region.name)


def _best_block(region: Interval, blocks: list[Interval]) -> int | None:
    """Index of the LD block that overlaps the region most; None when none does."""
    overlap = [min(region.end, block.end) - max(region.start, block.start) if region.contig == block.contig else 0 for block in blocks]
    best = int(np.argmax(overlap))
    return best if overlap[best] > 0 else None


def _keep(R: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Move the rows and columns of the kept variants to the front of a matrix, and return the view of them: no second matrix is in memory."""
    rows = np.flatnonzero(kept)
    if len(rows) < len(kept):
        for new, old in enumerate(rows):
            R[new, : len(rows)] = R[old, rows]
    return R[: len(rows), : len(rows)]


def _position(variant_id: str) -> int:
    """1-based position in a variant id, 0 when there is none."""
    parts = variant_id.rsplit(":", 3)
    return int(parts[-3]) if len(parts) >= 3 and parts[-3].isdigit() else 0


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Add the file to an error of the arrays."""
    try:
        yield
    except DataError as error:
        error.where = error.where or where
        raise
