"""`encode sequences`: FASTA, regions, signal, labels and alleles -> the sequence dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, SEQUENCES
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table
from lucidseq.encode.sequences import splits
from lucidseq.encode.sequences.card import judge, judge_near_copies, judge_sources, judge_test_set
from lucidseq.encode.sequences.choices import LabelColumn, NearCopies, Negatives, SignalStatistic, SignalTransform, Task
from lucidseq.encode.sequences.gather import Gathered, drop_unknown, gather
from lucidseq.encode.sequences.near_copies import near_copies as find_near_copies
from lucidseq.encode.sequences.rows import identity
from lucidseq.encode.sequences.sources import Sources, refuse_confusion

_NEAR_COPY = "near-copy of a sequence held out"


def sequences(
    *,
    fasta: Path | None,
    regions: Path | None,
    gtf: Path | None,
    gene_type: str | None,
    one_hot: Path | None,
    signal: list[Path] | None,
    positive: Path | None,
    negative: Path | None,
    labels: Path | None,
    window: int | None,
    stranded: bool,
    label_column: LabelColumn,
    signal_statistic: SignalStatistic,
    signal_transform: SignalTransform,
    bin_size: int | None,
    target_window: int | None,
    negatives: Negatives,
    negatives_per_positive: int,
    negatives_from: Path | None,
    blacklist: Path | None,
    variants: Path | None,
    samples: Path | None,
    near_copies: NearCopies,
    near_copy_similarity: float,
    task: Task,
    target_name: str,
    test_contigs: str | None,
    valid_contigs: str | None,
    test_share: float,
    valid_share: float,
    max_n_share: float,
    build: str,
    seed: int,
    out: OutputSet,
) -> Card:
    """Encode sequences (options as in ``cli.sequences``)."""
    sources = Sources(
        fasta=fasta,
        regions=regions,
        gtf=gtf,
        gene_type=gene_type,
        one_hot=one_hot,
        signal=signal or [],
        positive=positive,
        negative=negative,
        labels=labels,
        window=window,
        stranded=stranded,
        label_column=label_column,
        signal_statistic=signal_statistic,
        signal_transform=signal_transform,
        negatives=negatives,
        negatives_per_positive=negatives_per_positive,
        negatives_from=negatives_from,
        blacklist=blacklist,
        bin_size=bin_size,
        target_window=target_window,
        variants=variants,
        samples=samples,
        max_n_share=max_n_share,
        target_name=target_name,
        seed=seed,
    )
    refuse_confusion(sources)
    gathered = drop_unknown(gather(sources), sources)
    same = identity(gathered.rows.codes)
    groups = same if gathered.origin is None else splits.join(same, gathered.origin)
    if near_copies is NearCopies.SEPARATE:
        copies = find_near_copies(gathered.rows.codes, near_copy_similarity)
        groups = splits.join(groups, copies)
    card = Card("encode", "sequences")
    split = _split(gathered, groups, _names(test_contigs), _names(valid_contigs), test_share, valid_share, sources, card)
    if near_copies is NearCopies.SEPARATE:
        judge_near_copies(card, groups, copies)
        keep = ~splits.leaking(split, groups)
        gathered.steps.append(("sequences", _NEAR_COPY, int((~keep).sum()), int(keep.sum())))
        gathered, split, same = gathered.take(keep), split[keep], same[keep]
    rows = gathered.rows
    kind = _task(task, rows.target, sources)
    _write(out["dataset"], gathered, split, kind, build)
    write_table(pd.DataFrame(gathered.steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
    judge_sources(card, gathered.negatives_found, gathered.alleles_put_in, gathered.without_signal)
    judge(card, rows, split, same, kind, gathered.target_names, gathered.origin)
    return card


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _split(
    gathered: Gathered,
    groups: np.ndarray,
    test: list[str],
    valid: list[str],
    test_share: float,
    valid_share: float,
    sources: Sources,
    card: Card,
) -> np.ndarray:
    """Assign splits: a file's own first, then contigs, then random shares of what is left to train."""
    if gathered.split is not None:
        if test or valid:
            raise UsageError("--test-contigs or --valid-contigs with splits in --labels or --one-hot", "one of them", "leave one out")
        return gathered.split
    split = splits.by_contig(gathered.rows.contig, test, valid, sources.main)
    if not test and test_share > 0:
        split = splits.draw(split, groups, test_share, splits.TEST, sources.seed)
    judge_test_set(card, by_contig=bool(test), with_coordinates=bool(gathered.rows.contig.any()))
    return split if valid else splits.draw(split, groups, valid_share, splits.VALID, sources.seed)


def _task(task: Task, target: np.ndarray, sources: Sources) -> str:
    binary = bool(((target == 0) | (target == 1)).all())
    if task is Task.AUTO:
        return Task.BINARY.value if binary and not sources.signal else Task.REGRESSION.value
    if (task is Task.BINARY and not binary) or (task is Task.COUNTS and bool((target < 0).any())):
        wanted = "targets of 0 and 1" if task is Task.BINARY else "counts of 0 or more"
        wrong = target[(target != 0) & (target != 1)] if task is Task.BINARY else target[target < 0]
        raise DataError(
            f"--task {task.value} and a target of {wrong[0]:g}",
            wanted,
            "choose another --task, or correct the targets",
            where=str(sources.main),
        )
    return task.value


def _write(path: Path, gathered: Gathered, split: np.ndarray, task: str, build: str) -> None:
    names = gathered.target_names
    with create_store(path, SEQUENCES, build=build, task=task, target_names=names) as store:
        for name in ("codes", "contig", "start", "end", "strand", "id"):
            write_array(store, name, getattr(gathered.rows, name))
        write_array(store, "split", split)
        if names:
            write_array(store, "target", gathered.rows.target)
        if gathered.profile is not None:
            write_array(store, "profile", gathered.profile)
