"""`encode ld`: the genotype store and loci -> the LD store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import GenotypeStore, open_genotypes
from lucidseq.core.intervals import Interval, read_bed
from lucidseq.core.ld import LdBlock, write_ld
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, SUMSTATS
from lucidseq.core.tables import read_table, write_table
from lucidseq.encode.individuals import complete_individuals, design
from lucidseq.encode.ld.choices import LdMethod
from lucidseq.encode.ld.correlation import correlation
from lucidseq.encode.regions import other_spelling

_log = get_logger("lucidseq.encode")
_FEW_VARIANTS = "locus with fewer than 2 variants"
_CONSTANT, _NOT_LISTED = "no variation after covariates", "not in --variants"


def ld(
    *,
    genotypes: Path,
    loci: Path,
    trait: str | None,
    variants: Path | None,
    method: LdMethod,
    adjust_covariates: bool,
    threads: int,
    out: OutputSet,
) -> Card:
    """Compute LD (options as in ``cli.ld``)."""
    intervals = read_bed(loci)
    _refuse_equal_names(intervals, loci)
    wanted = None if variants is None else set(read_table(variants, SUMSTATS, need_rows=True)["variant_id"])
    with open_genotypes(genotypes) as store:
        _refuse_foreign_contigs(intervals, store, loci)
        people = complete_individuals(store, trait, covariates=adjust_covariates)
        covariates = store.covariates()[:, people] if adjust_covariates else np.empty((0, int(people.sum())))
        _log.info(f"LD of {people.sum()} individuals, {len(covariates)} covariates projected out")
        counts: Counter[str] = Counter()
        blocks = _blocks(store, intervals, people, design(covariates), wanted, counts)
        written = write_ld(out["ld"], blocks, build=store.build, method=method.value, n_ref=float(people.sum()))
    if not written:
        raise DataError("no locus with 2 variants", "loci that hold variants of the genotypes",
                        "check the build and the coordinates (BED starts at 0)", where=str(loci))  # fmt: skip
    _write_qc(counts, len(intervals), written, out["qc"])
    return _judge(counts, len(intervals), written, int(people.sum()))


def _blocks(
    store: GenotypeStore, intervals: list[Interval], people: np.ndarray, basis: np.ndarray, wanted: set[str] | None,
    counts: Counter[str],
) -> Iterator[LdBlock]:  # fmt: skip
    with Progress("loci", total=len(intervals)) as progress:
        for locus in intervals:
            first, last = store.region(locus.contig, locus.start, locus.end)
            ids = store.variant_id[first:last]
            rows = np.array([wanted is None or name in wanted for name in ids], dtype=bool)
            counts["variants"] += len(ids)
            counts[_NOT_LISTED] += int((~rows).sum())
            r, keep = np.empty((0, 0), dtype=np.float32), np.zeros(0, dtype=bool)
            if rows.any():
                r, keep = correlation(store.dosage(first, last)[rows][:, people], basis)
                counts[_CONSTANT] += int((~keep).sum())
            progress.step()
            if len(r) < 2:
                counts[_FEW_VARIANTS] += 1
                counts["left out with their locus"] += len(r)
                _log.warning(
                    f"locus {locus.name} ({locus.contig}:{locus.start}-{locus.end}) holds {len(r)} variants: left out"
                )
                continue
            yield LdBlock(locus.name, locus.contig, locus.start, locus.end, r, ids[rows][keep])


def _refuse_equal_names(intervals: list[Interval], path: Path) -> None:
    twice = [name for name, count in Counter(locus.name for locus in intervals).items() if count > 1]
    if twice:
        raise DataError(
            f"two loci called {twice[0]}", "loci with names that differ", "rename one (column 4)", where=str(path)
        )


def _refuse_foreign_contigs(intervals: list[Interval], store: GenotypeStore, path: Path) -> None:
    known = [str(name) for name in pd.unique(store.contig)]
    if any(locus.contig in known for locus in intervals):
        return
    for locus in intervals:
        if other_spelling(locus.contig) in known:
            raise DataError(f"loci on {locus.contig}, genotypes on {other_spelling(locus.contig)}",
                            "the same contig names in both files", "rename the contigs in the BED file",
                            where=place(path, contig=locus.contig))  # fmt: skip
    raise DataError(f"loci on {intervals[0].contig}, genotypes on {', '.join(known[:5])}", "loci on contigs of the genotypes",
                    "check the build and the contig names", where=place(path, contig=intervals[0].contig))  # fmt: skip


def _write_qc(counts: Counter[str], loci: int, written: int, path: Path) -> None:
    rows = [("loci", "read", 0, loci), ("loci", _FEW_VARIANTS, loci - written, written)]
    left = counts["variants"]
    rows.append(("variants", "in the loci", 0, left))
    for step in (_NOT_LISTED, _CONSTANT, "left out with their locus"):
        left -= counts[step]
        rows.append(("variants", step, counts[step], left))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)


def _judge(counts: Counter[str], loci: int, written: int, people: int) -> Card:
    card = Card("encode", "ld")
    card.add("loci left out", loci - written, Verdict.OK if written == loci else Verdict.CAUTION, threshold="0",
             advice="They hold fewer than 2 variants: check build, coordinates and quality control.")  # fmt: skip
    card.add("individuals behind the LD", people, Verdict.OK if people >= 500 else Verdict.CAUTION,
             threshold=">= 500", advice="LD of few individuals is noisy: fine for these individuals' own statistics, not as a panel.")  # fmt: skip
    return card
