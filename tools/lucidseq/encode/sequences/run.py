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
from lucidseq.encode.sequences import assign_splits as splits
from lucidseq.encode.sequences.card import check_dataset, check_near_copies, check_removed, check_sources, check_test_set
from lucidseq.encode.sequences.choices import NearCopies, Task
from lucidseq.encode.sequences.cli import SequencesOptions
from lucidseq.encode.sequences.near_copies import near_copies as find_near_copies
from lucidseq.encode.sequences.read_sources import SequenceSet, drop_unknown, read_sources
from lucidseq.encode.sequences.sequence_rows import identity
from lucidseq.encode.sequences.source_options import Sources, check_options

_NEAR_COPY = "near-copy of a held-out sequence"


def sequences(options: SequencesOptions, out: OutputSet) -> Card:
    """Encode sequences (options as in ``cli.sequences``)."""
    sources = Sources(
        fasta=options.fasta,
        regions=options.regions,
        gtf=options.gtf,
        gene_type=options.gene_type,
        one_hot=options.one_hot,
        signal=options.signal or [],
        positive=options.positive,
        negative=options.negative,
        labels=options.labels,
        window=options.window,
        stranded=options.stranded,
        label_column=options.label_column,
        signal_statistic=options.signal_statistic,
        signal_transform=options.signal_transform,
        negatives=options.negatives,
        negatives_per_positive=options.negatives_per_positive,
        negatives_from=options.negatives_from,
        blacklist=options.blacklist,
        bin_size=options.bin_size,
        target_window=options.target_window,
        variants=options.variants,
        samples=options.samples,
        phase_sets=options.phase_sets,
        max_n_share=options.max_n_share,
        target_name=options.target_name,
        seed=options.seed,
    )
    check_options(sources)
    dataset = drop_unknown(read_sources(sources), sources)
    same = identity(dataset.rows.codes)
    groups = same if dataset.origin is None else splits.join(same, dataset.origin)
    if options.near_copies is NearCopies.SEPARATE:
        copies = find_near_copies(dataset.rows.codes, options.near_copy_similarity)
        groups = splits.join(groups, copies)
    card = Card("encode", "sequences")
    split = _split(
        dataset, groups, _names(options.test_contigs), _names(options.valid_contigs), options.test_share, options.valid_share, sources, card
    )
    if options.near_copies is NearCopies.SEPARATE:
        check_near_copies(card, groups, copies)
        keep = ~splits.leaking(split, groups)
        dataset.steps.append(("sequences", _NEAR_COPY, int((~keep).sum()), int(keep.sum())))
        dataset, split, same = dataset.take(keep), split[keep], same[keep]
    rows = dataset.rows
    kind = _task(options.task, rows.target, sources)
    _write(out["dataset"], dataset, split, kind, options.build)
    write_table(pd.DataFrame(dataset.steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
    check_removed(card, dataset.steps)
    check_sources(card, dataset)
    check_dataset(card, rows, split, same, kind, dataset.target_names, dataset.origin)
    return card


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _split(
    dataset: SequenceSet,
    groups: np.ndarray,
    test: list[str],
    valid: list[str],
    test_share: float,
    valid_share: float,
    sources: Sources,
    card: Card,
) -> np.ndarray:
    """Assign splits: those of a file, else by contig, then random shares of the training sequences."""
    if dataset.split is not None:
        if test or valid:
            raise UsageError("--test-contigs or --valid-contigs with splits in --labels or --one-hot", "one of them", "omit one of them")
        return dataset.split
    split = splits.by_contig(dataset.rows.contig, test, valid, sources.main)
    if not test and test_share > 0:
        split = splits.draw_split(split, groups, test_share, splits.TEST, sources.seed)
    check_test_set(card, by_contig=bool(test), with_coordinates=bool(dataset.rows.contig.any()))
    return split if valid else splits.draw_split(split, groups, valid_share, splits.VALID, sources.seed)


def _task(task: Task, target: np.ndarray, sources: Sources) -> str:
    binary = bool(((target == 0) | (target == 1)).all())
    if task is Task.AUTO:
        return Task.BINARY.value if binary and not sources.signal else Task.REGRESSION.value
    if (task is Task.BINARY and not binary) or (task is Task.COUNTS and bool((target < 0).any())):
        expected = "targets of 0 and 1" if task is Task.BINARY else "counts of 0 or more"
        wrong = target[(target != 0) & (target != 1)] if task is Task.BINARY else target[target < 0]
        raise DataError(
            f"--task {task.value} and a target of {wrong[0]:g}",
            expected,
            "choose another --task, or correct the targets",
            where=str(sources.main),
        )
    return task.value


def _write(path: Path, dataset: SequenceSet, split: np.ndarray, task: str, build: str) -> None:
    names = dataset.target_names
    with create_store(path, SEQUENCES, build=build, task=task, target_names=names) as store:
        for name in ("codes", "contig", "start", "end", "strand", "id"):
            write_array(store, name, getattr(dataset.rows, name))
        write_array(store, "split", split)
        if names:
            write_array(store, "target", dataset.rows.target)
        if dataset.profile is not None:
            write_array(store, "profile", dataset.profile)
