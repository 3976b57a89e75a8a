"""LD blocks of published matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.intervals import Interval
from lucidseq.core.ld import LdBlock
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.tables import open_text
from lucidseq.encode.ld.choices import InputFormat, MatchBy
from lucidseq.encode.ld.estimate import Estimator, Tally, make_block
from lucidseq.encode.ld.ldgm import contig_of, read_ldgm
from lucidseq.encode.ld.match_variants import MatchedVariants, inside, match_variants
from lucidseq.encode.ld.matrix import R2_VARIANTS, Published
from lucidseq.encode.ld.npz_matrix import read_npz
from lucidseq.encode.ld.plink_matrix import read_plink
from lucidseq.encode.ld.shrinkage import weight_from_size
from lucidseq.encode.ld.variant_lists import is_bim, read_variants

_log = get_logger("lucidseq.encode")
OUTSIDE, LEFT_OUT = "outside the loci", "removed with their locus"
_READERS = {InputFormat.LDGM: read_ldgm, InputFormat.PLINK: read_plink, InputFormat.NPZ: read_npz}


@dataclass(frozen=True)
class MatrixSource:
    """Published files and how to read them (options as in ``cli.ld``)."""

    paths: list[Path]
    lists: list[Path]
    format: InputFormat
    contig: str | None
    by: MatchBy
    n_ref: float


def matrix_blocks(
    source: MatrixSource, sumstats: pd.DataFrame | None, loci: list[Interval] | None, estimator: Estimator, tally: Tally
) -> Iterator[LdBlock]:
    """Yield a block for each contig of each matrix, or for each locus within one.

    Raises
    ------
    DataError
        If a file is damaged or of another format, or two blocks have one name.
    """
    names: set[str] = set()
    with Progress("matrices", total=len(source.paths)) as progress:
        for path, listing in zip(source.paths, source.lists, strict=True):
            published = open_matrix(path, listing, source.format, source.contig)
            chosen = match_variants(published.variants, sumstats, source.by)
            tally.counts["variants"] += len(published.variants) + sum(published.removed.values())
            tally.counts.update(published.removed)
            tally.counts.update(chosen.removed)
            if not published.signed and len(published.variants) > 2:
                _log.warning(
                    f"{path}: no negative value among the correlations of {len(published.variants)} variants; "
                    f"with {R2_VARIANTS} or more it is refused as r squared"
                )
            if sumstats is not None:
                tally.requested += _requested(published.variants, sumstats, loci, source.by)
            if published.by_a1:
                tally.see_a1(chosen.frequency)
            for block in _of_one(published, chosen, loci, source.n_ref, estimator, tally):
                if block.name in names:
                    fix = "give one of them, or loci with different names"
                    raise DataError(f"two blocks called {block.name}", "matrices of different regions", fix, where=str(path))
                names.add(block.name)
                yield block
                del block  # free it before the next one is computed
            progress.step()


def open_matrix(path: Path, listing: Path, kind: InputFormat, contig: str | None) -> Published:
    """Read a matrix of any format; `InputFormat.AUTO` recognises it."""
    variants = read_variants(listing, contig or contig_of(path))
    chosen = detect(path) if kind is InputFormat.AUTO else kind
    published: Published = _READERS[chosen](path, variants)
    _log.info(f"{path.name}: {chosen.value}, {len(published.variants)} variants")
    return replace(published, by_a1=chosen is InputFormat.PLINK and is_bim(listing))


def detect(path: Path) -> InputFormat:
    """Return the format of a matrix: an archive, lines i,j,value, or PLINK's text or raw numbers."""
    with path.open("rb") as handle:
        if handle.read(4) == b"PK\x03\x04":
            return InputFormat.NPZ
    try:
        with open_text(path) as text:
            parts = text.readline(200).split(",")
    except UnicodeDecodeError:
        return InputFormat.PLINK
    return InputFormat.LDGM if len(parts) == 3 and parts[0].strip().isdigit() else InputFormat.PLINK


def _of_one(
    published: Published, chosen: MatchedVariants, loci: list[Interval] | None, n_ref: float, estimator: Estimator, tally: Tally
) -> Iterator[LdBlock]:
    """Yield the blocks of one matrix."""
    used = np.zeros(len(chosen.rows), dtype=bool)
    for locus, part in _parts(chosen, loci):
        used[part] = True
        tally.matched += len(part)
        if len(part) < 2:
            tally.counts[LEFT_OUT] += len(part)
            continue
        r = published.matrix(chosen.rows[part])
        if (chosen.sign[part] < 0).any():
            sign = chosen.sign[part].astype(np.float32)
            r *= sign
            r *= sign[:, None]
        tally.swapped += int((chosen.sign[part] < 0).sum())
        yield make_block(
            locus,
            r,
            chosen.variant_id[part],
            estimator,
            tally,
            positive=published.positive,
            weight=lambda values: _weight(values, n_ref),
            n_ref=n_ref,
        )
    tally.counts[OUTSIDE] += int((~used).sum())


def _requested(variants: pd.DataFrame, sumstats: pd.DataFrame, loci: list[Interval] | None, by: MatchBy) -> int:
    """Return how many rows of the summary statistics the matrix should have: those in the loci, or else between its first and last variants.

    Positions of another build, matched by rsid, do not show it: without loci they are all rows.
    """
    if loci is None and by is not MatchBy.POSITION:
        return len(sumstats)
    if loci is None:
        groups = variants.groupby("contig")["position"]
        loci = [Interval(str(contig), int(places.min()) - 1, int(places.max()), "") for contig, places in groups]
    return sum(int(inside(sumstats, locus).sum()) for locus in loci)


def _parts(chosen: MatchedVariants, loci: list[Interval] | None) -> Iterator[tuple[Interval, np.ndarray]]:
    """Yield loci with variants and the indices of these; without loci, one for each contig."""
    if loci is None:
        for contig in pd.unique(chosen.contig):
            part = np.flatnonzero(chosen.contig == contig)
            start, end = int(chosen.position[part[0]]) - 1, int(chosen.position[part[-1]])
            yield Interval(str(contig), start, end, f"{contig}:{start}-{end}"), part
        return
    for locus in loci:
        inside = (chosen.contig == locus.contig) & (chosen.position > locus.start) & (chosen.position <= locus.end)
        if inside.any():
            yield locus, np.flatnonzero(inside)


def _weight(r: np.ndarray, n_ref: float) -> float:
    if np.isnan(n_ref):
        raise UsageError("--shrinkage auto without --n-ref", "the samples behind the matrix", "give --n-ref, or a number as --shrinkage")
    return weight_from_size(r, n_ref)


def check_source(source: MatrixSource) -> None:
    """Check that each matrix has a list.

    Raises
    ------
    UsageError
        If the numbers of matrices and lists differ.
    """
    if len(source.paths) != len(source.lists):
        expected = "a list of variants for each matrix, in the same order"
        raise UsageError(f"{len(source.paths)} --input and {len(source.lists)} --input-variants", expected, "give one list per matrix")


def nothing_matched(source: MatrixSource, tally: Tally, variants: Path | None) -> DataError:
    """Return the error of a run without any block."""
    seen = ", ".join(f"{count} {reason}" for reason, count in tally.counts.items() if count and reason != "variants")
    where = place(source.paths[0]) if variants is None else f"{source.paths[0]}, {variants}"
    expected = "variants shared with the other files"
    fix = "check build and contig names, or match by rsid (--match rsid)"
    return DataError(f"no block of 2 variants ({tally.counts['variants']} variants read: {seen})", expected, fix, where=where)
