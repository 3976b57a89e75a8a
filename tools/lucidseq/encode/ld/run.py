"""`encode ld`: genotypes or published matrices -> the LD store, LD scores and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.intervals import Interval, read_bed
from lucidseq.core.ld import write_ld
from lucidseq.core.log import get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import SUMSTATS
from lucidseq.core.tables import read_table, write_text
from lucidseq.encode.complete_samples import complete_samples
from lucidseq.encode.ld.card import build_card, write_qc
from lucidseq.encode.ld.choices import LdMethod, MatchBy
from lucidseq.encode.ld.cli import LdOptions
from lucidseq.encode.ld.estimate import Estimator, Tally, parse_estimator
from lucidseq.encode.ld.from_genotypes import Cohort, genotype_blocks, write_scores_and_find_blocks
from lucidseq.encode.ld.from_matrix import MatrixSource, check_source, matrix_blocks, nothing_matched
from lucidseq.encode.regions import require_shared

UNKNOWN = "unknown"  # build
_log = get_logger("lucidseq.encode")


def ld(options: LdOptions, out: OutputSet) -> Card:
    """Compute or read LD (options as in ``cli.ld``)."""
    estimator = parse_estimator(options.shrinkage, options.low_rank)
    intervals = None if options.loci is None else _read_loci(options.loci)
    if options.genotypes is not None and not options.input and not options.input_variants:
        _refuse(n_ref=options.n_ref, contig=options.contig, match=None if options.match is MatchBy.POSITION else options.match)
        listed = None if options.variants is None else _read_listed(options.variants)
        sizes = None if intervals is not None else (options.min_block, options.max_block)
        if sizes is not None and options.max_block < 2 * options.min_block:
            raise UsageError(
                f"--min-block {options.min_block} and --max-block {options.max_block}",
                "--max-block of at least twice --min-block",
                "correct one of them",
            )
        scores = out["scores"] if options.ld_scores else None
        with _cohort(options.genotypes, options.build, options.trait, adjust_covariates=options.adjust_covariates) as cohort:
            return _from_genotypes(
                cohort, intervals, sizes, listed, estimator, options.method, scores, options.ld_window, options.loci, out
            )
    if options.input and options.input_variants and options.genotypes is None:
        _refuse(trait=options.trait, ld_scores=options.ld_scores or None)
        source = MatrixSource(
            options.input,
            options.input_variants,
            options.input_format,
            options.contig,
            options.match,
            float("nan") if options.n_ref is None else options.n_ref,
        )
        return _from_matrices(source, options.variants, intervals, estimator, options.method, options.build, out)
    given = [
        flag
        for flag, value in (("--genotypes", options.genotypes), ("--input", options.input), ("--input-variants", options.input_variants))
        if value
    ]
    raise UsageError(", ".join(given) or "no input", "--genotypes, or --input with --input-variants", "give one of the two")


@contextmanager
def _cohort(genotypes: Path, build: str | None, trait: str | None, *, adjust_covariates: bool) -> Iterator[Cohort]:
    """Open the genotypes and select samples and covariates."""
    with open_genotypes(genotypes) as store:
        if UNKNOWN not in (store.build, build or UNKNOWN) and build != store.build:
            raise UsageError(f"--build {build}, and genotypes of {store.build}", "the build of the genotypes", "omit --build")
        mask = complete_samples(store, trait, covariates=adjust_covariates)
        covariates = store.covariates()[:, mask] if adjust_covariates else np.empty((0, int(mask.sum())))
        _log.info(f"LD of {mask.sum()} samples, {len(covariates)} covariates projected out")
        yield Cohort(store, np.flatnonzero(mask), covariates)


def _from_genotypes(
    cohort: Cohort,
    intervals: list[Interval] | None,
    sizes: tuple[int, int] | None,
    listed: pd.DataFrame | None,
    estimator: Estimator,
    method: LdMethod,
    scores: Path | None,
    ld_window: float,
    loci: Path | None,
    out: OutputSet,
) -> Card:
    if intervals is not None:
        require_shared(pd.unique(cohort.store.contig).tolist(), (locus.contig for locus in intervals), Path(str(loci)))
    if scores is not None or sizes is not None:
        blocks_found = write_scores_and_find_blocks(cohort, round(ld_window * 1000), sizes, scores)
        if intervals is None:
            intervals = blocks_found
            write_text("".join(f"{block.contig}\t{block.start}\t{block.end}\t{block.name}\n" for block in blocks_found), out["blocks"])
            _log.info(f"{len(blocks_found)} blocks found")
    tally, samples = Tally(), float(len(cohort.samples))
    blocks = genotype_blocks(cohort, intervals or [], listed, estimator, tally)
    write_ld(out["ld"], blocks, build=cohort.store.build, method=method.value, n_ref=samples, quality=tally.quality)
    if not tally.written:
        raise DataError(
            "no locus with 2 variants",
            "loci with variants of the genotypes",
            "check the build and the coordinates (BED starts at 0)",
            where=str(loci or cohort.store.path),
        )
    write_qc(tally, len(intervals or []), out["qc"])
    return build_card(tally, len(intervals or []), samples, estimator, checked=False)


def _from_matrices(
    source: MatrixSource,
    variants: Path | None,
    intervals: list[Interval] | None,
    estimator: Estimator,
    method: LdMethod,
    build: str | None,
    out: OutputSet,
) -> Card:
    check_source(source)
    if estimator.weight is None and np.isnan(source.n_ref):
        raise UsageError("--shrinkage auto without --n-ref", "the samples behind the matrix", "give --n-ref, or a number as --shrinkage")
    sumstats = None if variants is None else _read_listed(variants)
    tally = Tally()
    blocks = matrix_blocks(source, sumstats, intervals, estimator, tally)
    write_ld(out["ld"], blocks, build=build or UNKNOWN, method=method.value, n_ref=source.n_ref, quality=tally.quality)
    if not tally.written:
        raise nothing_matched(source, tally, variants)
    expected = len(intervals) if intervals is not None else tally.written
    write_qc(tally, expected, out["qc"])
    return build_card(tally, expected, source.n_ref, estimator, checked=True)


def _refuse(**values: object) -> None:
    """Refuse options of the other kind of input."""
    wrong = [f"--{name.replace('_', '-')}" for name, value in values.items() if value is not None]
    if wrong:
        raise UsageError(f"{', '.join(wrong)} with this kind of input", "options that apply to it", f"omit {', '.join(wrong)}")


def _read_loci(path: Path) -> list[Interval]:
    intervals = read_bed(path).records()
    twice = [name for name, count in Counter(locus.name for locus in intervals).items() if count > 1]
    if twice:
        raise DataError(f"two loci called {twice[0]}", "loci with different names", "rename one (column 4)", where=str(path))
    return intervals


def _read_listed(path: Path) -> pd.DataFrame:
    """Read the summary statistics whose variants are kept."""
    table = read_table(path, SUMSTATS, need_rows=True)
    double = table["variant_id"].duplicated()
    if double.any():
        row = int(double.to_numpy().argmax())
        raise DataError(
            f"variant {table['variant_id'].iloc[row]} twice", "each variant once", "remove one of the rows", where=place(path, line=row + 2)
        )
    return table
