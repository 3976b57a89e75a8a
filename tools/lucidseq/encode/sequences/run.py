"""`encode sequences`: FASTA, regions, signal and labels -> the sequence dataset."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import read_bed
from lucidseq.core.log import get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, SEQUENCES
from lucidseq.core.stores import create_store, write_array
from lucidseq.core.tables import write_table
from lucidseq.encode.sequences import splits
from lucidseq.encode.sequences.choices import LabelColumn, Negatives, SignalStatistic, SignalTransform, Task
from lucidseq.encode.sequences.fasta_records import read_fasta, to_rows
from lucidseq.encode.sequences.labels import bed_targets, pick, read_labels
from lucidseq.encode.sequences.negatives import draw_negatives
from lucidseq.encode.sequences.rows import SequenceRows, gc_share, identity, n_share, unique_ids
from lucidseq.encode.sequences.windows import cut_windows, read_signal

_log = get_logger("lucidseq.encode")
_MOST_N, _MOST_GC_DIFFERENCE, _FEWEST = 0.01, 0.02, 50


@dataclass(frozen=True)
class Sources:
    """Where sequences and targets come from (options as in ``cli.sequences``)."""

    fasta: Path | None
    regions: Path | None
    signal: list[Path]
    positive: Path | None
    negative: Path | None
    labels: Path | None
    window: int | None
    stranded: bool
    label_column: LabelColumn
    signal_statistic: SignalStatistic
    signal_transform: SignalTransform
    negatives: Negatives
    negatives_per_positive: int
    max_n_share: float
    target_name: str
    seed: int

    @property
    def main(self) -> Path:
        """The file to name when something concerns all sequences."""
        return self.regions or self.fasta or self.positive or Path()


@dataclass
class _Gathered:
    """Sequences with the names of their targets and what is known of splits; counts of what was left out."""

    rows: SequenceRows
    target_names: list[str]
    split: np.ndarray | None = None
    steps: list[tuple[str, str, int, int]] = field(default_factory=list)


def sequences(
    *,
    fasta: Path | None,
    regions: Path | None,
    signal: list[Path] | None,
    positive: Path | None,
    negative: Path | None,
    labels: Path | None,
    window: int | None,
    stranded: bool,
    label_column: LabelColumn,
    signal_statistic: SignalStatistic,
    signal_transform: SignalTransform,
    negatives: Negatives,
    negatives_per_positive: int,
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
        fasta, regions, signal or [], positive, negative, labels, window, stranded, label_column, signal_statistic,
        signal_transform, negatives, negatives_per_positive, max_n_share, target_name, seed,
    )  # fmt: skip
    _refuse_confusion(sources)
    gathered = _drop_n(_gather(sources), sources)
    rows = gathered.rows
    same = identity(rows.codes)
    card = Card("encode", "sequences")
    split = _split(gathered, same, _names(test_contigs), _names(valid_contigs), test_share, valid_share, sources, card)
    kind = _task(task, rows.target, sources)
    _write(out["dataset"], rows, split, kind, gathered.target_names, build)
    write_table(pd.DataFrame(gathered.steps, columns=["unit", "step", "removed", "kept"]), out["qc"], QC)
    _judge(card, rows, split, same, kind, gathered.target_names)
    return card


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _refuse_confusion(sources: Sources) -> None:
    """Refuse options that do not describe one way to get sequences."""
    classes = sources.positive is not None or sources.negative is not None
    if classes == (sources.fasta is not None):
        raise UsageError("both or neither of --fasta and --positive with --negative", "one source of sequences",
                         "give --fasta (alone or with --regions), or --positive and --negative")  # fmt: skip
    if classes and (sources.positive is None or sources.negative is None):
        raise UsageError("one of --positive and --negative", "both classes", "give the other one too")
    if sources.regions is None and (
        sources.signal or sources.negatives is not Negatives.NONE or sources.label_column is not LabelColumn.NONE
    ):
        raise UsageError(
            "--signal, --negatives or --label-column without --regions", "regions of a genome", "add --regions BED"
        )
    given = [
        name
        for name, there in (
            ("--signal", bool(sources.signal)),
            ("--labels", sources.labels is not None),
            ("--label-column", sources.label_column is not LabelColumn.NONE),
            ("--positive and --negative", classes),
        )
        if there
    ]
    if len(given) > 1:
        raise UsageError(" and ".join(given), "one source of targets", "leave out the others")
    if sources.negatives is not Negatives.NONE and given and not sources.signal:
        raise UsageError(
            f"--negatives with {given[0]}", "negatives of a 0/1 target, or with --signal", "leave one of them out"
        )


def _gather(sources: Sources) -> _Gathered:
    if sources.positive is not None and sources.negative is not None:
        return _from_classes(sources, sources.positive, sources.negative)
    assert sources.fasta is not None
    if sources.regions is None:
        return _from_records(sources, sources.fasta)
    return _from_regions(sources, sources.fasta, sources.regions)


def _from_classes(sources: Sources, positive: Path, negative: Path) -> _Gathered:
    parts = []
    window = sources.window
    for path, value in ((positive, 1.0), (negative, 0.0)):
        records = read_fasta(path)
        parts.append(to_rows(records, path, window=window, targets=np.full((len(records), 1), value, dtype=np.float32)))
    if parts[0].codes.shape[1] != parts[1].codes.shape[1]:
        raise DataError(f"sequences of {parts[1].codes.shape[1]} bases; {positive.name} has {parts[0].codes.shape[1]}",
                        "sequences of one length", "add --window to crop and pad", where=str(negative))  # fmt: skip
    return _Gathered(parts[0].append(parts[1]), [sources.target_name])


def _from_records(sources: Sources, path: Path) -> _Gathered:
    records = read_fasta(path)
    if sources.labels is None:
        return _Gathered(
            to_rows(records, path, window=sources.window, targets=np.zeros((len(records), 0), dtype=np.float32)), []
        )
    table = read_labels(sources.labels)
    targets, split = pick(table, [record.name for record in records], sources.labels, path)
    return _Gathered(to_rows(records, path, window=sources.window, targets=targets), table.names, split)


def _from_regions(sources: Sources, fasta: Path, path: Path) -> _Gathered:
    regions = read_bed(path)
    with Genome(fasta) as genome:
        rows = cut_windows(genome, regions, path, window=sources.window, stranded=sources.stranded)
        names, split = [], None
        if sources.labels is not None:
            table = read_labels(sources.labels)
            targets, split = pick(table, [region.name for region in regions], sources.labels, path)
            names, rows = table.names, replace(rows, target=targets)
        elif sources.label_column is not LabelColumn.NONE:
            names, targets = bed_targets(regions, sources.label_column, path)
            rows = replace(rows, target=targets)
        elif sources.negatives is not Negatives.NONE and not sources.signal:
            names, rows = [sources.target_name], replace(rows, target=np.ones((len(rows), 1), dtype=np.float32))
        if sources.negatives is Negatives.GC_MATCHED:
            drawn = draw_negatives(
                genome, rows, regions, per_positive=sources.negatives_per_positive, max_n_share=sources.max_n_share,
                seed=sources.seed,
            )  # fmt: skip
            _log.info(f"{len(drawn)} negatives for {len(rows)} regions")
            rows = rows.append(drawn)
    if sources.signal:
        names = _track_names(sources.signal)
        values = np.stack([read_signal(track, rows, sources.signal_statistic) for track in sources.signal], axis=1)
        values = np.log1p(values) if sources.signal_transform is SignalTransform.LOG1P else values
        rows = replace(rows, target=values.astype(np.float32))
    return _Gathered(rows, names, split)


def _track_names(paths: list[Path]) -> list[str]:
    names = [path.name.rsplit(".", 1)[0] for path in paths]
    if len(set(names)) < len(names):
        raise UsageError("two --signal files with the same name", "tracks with names that differ", "rename one of them")
    return names


def _drop_n(gathered: _Gathered, sources: Sources) -> _Gathered:
    rows = gathered.rows
    keep = n_share(rows.codes) <= sources.max_n_share
    if not keep.any():
        raise DataError(f"every sequence has more than {sources.max_n_share:.0%} N", "sequences of known bases",
                        "raise --max-n-share, or check the file", where=str(sources.main))  # fmt: skip
    steps = [("sequences", "read", 0, len(rows)), ("sequences", "share of N", int((~keep).sum()), int(keep.sum()))]
    rows = rows.take(keep)
    named = unique_ids(rows.id)
    steps.append(("sequences", f"renamed, for their name came before: {int((named != rows.id).sum())}", 0, len(rows)))
    split = None if gathered.split is None else gathered.split[keep]
    return _Gathered(replace(rows, id=named), gathered.target_names, split, steps)


def _split(
    gathered: _Gathered, same: np.ndarray, test: list[str], valid: list[str], test_share: float, valid_share: float,
    sources: Sources, card: Card,
) -> np.ndarray:  # fmt: skip
    """Assign splits: a table's own first, then contigs, then random shares of what is left to train."""
    if gathered.split is not None:
        if test or valid:
            raise UsageError(
                "--test-contigs or --valid-contigs with a column split in --labels", "one of them", "leave one out"
            )
        return gathered.split
    split = splits.by_contig(gathered.rows.contig, test, valid, sources.main)
    if not test and test_share > 0:
        split = splits.draw(split, same, test_share, splits.TEST, sources.seed)
    by_coordinates = bool(test) or not gathered.rows.contig.any()
    card.add(
        "test set", "held-out contigs" if test else "random sequences", Verdict.OK if by_coordinates else Verdict.CAUTION,
        threshold="whole contigs, where sequences have coordinates",
        advice="Neighbours and overlaps of test sequences are trained on, so the test flatters: use --test-contigs.",
    )  # fmt: skip
    return split if valid else splits.draw(split, same, valid_share, splits.VALID, sources.seed)


def _task(task: Task, target: np.ndarray, sources: Sources) -> str:
    binary = bool(((target == 0) | (target == 1)).all())
    if task is Task.AUTO:
        return Task.BINARY.value if binary and not sources.signal else Task.REGRESSION.value
    if (task is Task.BINARY and not binary) or (task is Task.COUNTS and bool((target < 0).any())):
        wanted = "targets of 0 and 1" if task is Task.BINARY else "counts of 0 or more"
        wrong = target[(target != 0) & (target != 1)] if task is Task.BINARY else target[target < 0]
        raise DataError(f"--task {task.value} and a target of {wrong[0]:g}", wanted, "choose another --task, or correct the targets",
                        where=str(sources.main))  # fmt: skip
    return task.value


def _write(path: Path, rows: SequenceRows, split: np.ndarray, task: str, names: list[str], build: str) -> None:
    with create_store(path, SEQUENCES, build=build, task=task, target_names=names) as store:
        for name in ("codes", "contig", "start", "end", "strand", "id"):
            write_array(store, name, getattr(rows, name))
        write_array(store, "split", split)
        if names:
            write_array(store, "target", rows.target)


def _judge(card: Card, rows: SequenceRows, split: np.ndarray, same: np.ndarray, task: str, names: list[str]) -> None:
    counts = np.bincount(split, minlength=3)
    said = ", ".join(f"{name} {count}" for name, count in zip(splits.NAMES, counts, strict=True))
    card.add("sequences by split", said, Verdict.OK if counts.min() >= _FEWEST else Verdict.CAUTION, threshold=f">= {_FEWEST} each",
             advice="A split is small: figures measured on it are noisy.")  # fmt: skip
    shared = _straddling(same, split)
    card.add("sequences also found in another split", shared, Verdict.OK if shared <= 0.001 * len(rows) else Verdict.CAUTION,
             threshold="<= 0.1 %", advice="Equal sequences (on either strand) are in training and test: leave out the copies.")  # fmt: skip
    unknown = float(n_share(rows.codes).mean())
    card.add("share of N", unknown, Verdict.OK if unknown <= _MOST_N else Verdict.CAUTION, threshold=f"<= {_MOST_N}",
             advice="Many unknown bases: lower --max-n-share.")  # fmt: skip
    if task == Task.BINARY:
        for index, name in enumerate(names):
            _judge_classes(card, rows, rows.target[:, index] == 1, name)


def _straddling(same: np.ndarray, split: np.ndarray) -> int:
    """Count the sequences outside training that training holds too."""
    return int(np.isin(same[split != splits.TRAIN], same[split == splits.TRAIN]).sum())


def _judge_classes(card: Card, rows: SequenceRows, positive: np.ndarray, name: str) -> None:
    share = float(positive.mean())
    card.add(f"share of positives, {name}", share, Verdict.OK if 0.05 <= share <= 0.95 else Verdict.CAUTION, threshold="0.05 to 0.95",
             advice="Classes are unequal: judge by AUPRC, and weigh the classes in training.")  # fmt: skip
    if positive.all() or not positive.any():
        return
    gc = gc_share(rows.codes)
    ones, zeros = gc[positive], gc[~positive]
    difference = float(ones.mean() - zeros.mean())
    error = 1.96 * float(np.sqrt(ones.var() / len(ones) + zeros.var() / len(zeros)))
    card.add(
        f"GC share of positives less negatives, {name}", difference,
        Verdict.OK if abs(difference) <= _MOST_GC_DIFFERENCE else Verdict.CAUTION, threshold=f"within {_MOST_GC_DIFFERENCE} of 0",
        advice="A network can tell the classes by base composition alone: use GC-matched negatives.",
        interval=(difference - error, difference + error), level=0.95,
    )  # fmt: skip
