"""Read sequences and targets from their sources."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.genome import Genome
from lucidseq.core.intervals import Intervals, read_bed
from lucidseq.core.log import get_logger
from lucidseq.encode.gene_models import read_starts
from lucidseq.encode.regions import Regions, require_shared
from lucidseq.encode.sequences.choices import LabelColumn, Negatives, SignalTransform
from lucidseq.encode.sequences.fasta_records import read_fasta, to_rows
from lucidseq.encode.sequences.genome_windows import cut_windows, read_signal, windows_without_signal, within_contigs
from lucidseq.encode.sequences.labels import bed_targets, read_labels, targets_of
from lucidseq.encode.sequences.negatives import NegativeRule, draw_negatives, repeat_share
from lucidseq.encode.sequences.one_hot import read_one_hot
from lucidseq.encode.sequences.personal import PersonalGenomes, personal_rows
from lucidseq.encode.sequences.profile import check_bins, read_profile
from lucidseq.encode.sequences.sequence_rows import SequenceRows, n_share, unique_ids
from lucidseq.encode.sequences.source_options import Sources

_log = get_logger("lucidseq.encode")
UNKNOWN_BASES = "share of N"
BLACKLISTED, PAST_END, CLIPPED = "overlaps the blacklist", "runs past the contig's end", "clipped at the contig's end"


@dataclass
class SequenceSet:
    """Sequences with their targets and other attributes.

    Attributes
    ----------
    rows, target_names
        The sequences, and the names of their targets.
    split
        Splits of a table, uint8 of shape (n,); None without one.
    profile
        Targets along the window, float32 of shape (n, tracks, bins); None without bins.
    origin
        Window of each sequence that is a haplotype of it, int64 of shape (n,); None without haplotypes.
    steps
        Removed sequences, as rows of the QC table.
    negatives_drawn
        Share of the requested negatives that were drawn; None without a request.
    alleles_inserted
        Share of the samples' alleles (missing ones included) that are in their sequences; 0 without any, None without samples.
    without_signal
        Windows on contigs that a signal track lacks; None without tracks.
    several_sets
        Windows of samples with heterozygous calls of several phase sets; None without samples.
    """

    rows: SequenceRows
    target_names: list[str]
    split: np.ndarray | None = None
    profile: np.ndarray | None = None
    origin: np.ndarray | None = None
    steps: list[tuple[str, str, int, int]] = field(default_factory=list)
    negatives_drawn: float | None = None
    alleles_inserted: float | None = None
    without_signal: int | None = None
    several_sets: int | None = None

    def take(self, keep: np.ndarray) -> SequenceSet:
        """Return the sequences of a mask or of indices."""
        split, profile, origin = (None if part is None else part[keep] for part in (self.split, self.profile, self.origin))
        return replace(self, rows=self.rows.take(keep), split=split, profile=profile, origin=origin)


def read_sources(sources: Sources) -> SequenceSet:
    """Read all sequences (for errors see the readers)."""
    if sources.positive is not None and sources.negative is not None:
        return _from_classes(sources, sources.positive, sources.negative)
    if sources.one_hot is not None:
        rows, split = read_one_hot(sources.one_hot)
        names = (
            [sources.target_name]
            if rows.target.shape[1] == 1
            else [f"{sources.target_name}_{index + 1}" for index in range(rows.target.shape[1])]
        )
        return SequenceSet(rows, names, split)
    assert sources.fasta is not None
    if sources.windows is None:
        return _from_records(sources, sources.fasta)
    return _from_windows(sources, sources.fasta, sources.windows)


def _from_classes(sources: Sources, positive: Path, negative: Path) -> SequenceSet:
    parts = []
    window = sources.window
    for path, value in ((positive, 1.0), (negative, 0.0)):
        records = read_fasta(path)
        parts.append(to_rows(records, path, window=window, targets=np.full((len(records), 1), value, dtype=np.float32)))
    if parts[0].codes.shape[1] != parts[1].codes.shape[1]:
        received = f"sequences of {parts[1].codes.shape[1]} bases; {positive.name} has {parts[0].codes.shape[1]}"
        raise DataError(received, "sequences of one length", "add --window to crop and pad", where=str(negative))
    return SequenceSet(parts[0].append(parts[1]), [sources.target_name])


def _from_records(sources: Sources, path: Path) -> SequenceSet:
    records = read_fasta(path)
    if sources.labels is None:
        return SequenceSet(to_rows(records, path, window=sources.window, targets=np.zeros((len(records), 0), dtype=np.float32)), [])
    table = read_labels(sources.labels)
    targets, split = targets_of(table, [record.name for record in records], sources.labels, path)
    return SequenceSet(to_rows(records, path, window=sources.window, targets=targets), table.names, split)


def _from_windows(sources: Sources, fasta: Path, path: Path) -> SequenceSet:
    with Genome(fasta) as genome:
        regions = read_bed(path) if sources.regions else read_starts(path, gene_type=sources.gene_type)
        regions, inside, clipped = within_contigs(genome, regions, path, clip=sources.window is not None)
        rows = cut_windows(genome, regions, path, window=sources.window, stranded=sources.stranded)
        dataset = _labelled(SequenceSet(rows, []), regions, sources, path)
        if not inside.all():
            dataset.steps.append(("sequences", PAST_END, int((~inside).sum()), int(inside.sum())))
        if clipped:
            dataset.steps.append(("sequences", f"{CLIPPED}: {clipped}", 0, int(inside.sum())))
        # Windows extend beyond their regions: no base may be in both classes
        occupied = Intervals.join([regions, Intervals.of(rows.contig, rows.start, rows.end)])
        if sources.blacklist is not None:
            blacklist = read_bed(sources.blacklist)
            dataset, occupied = _outside_blacklist(dataset, blacklist, sources.blacklist), Intervals.join([occupied, blacklist])
        if sources.negatives is not Negatives.NONE:
            dataset = _with_negatives(dataset, genome, occupied, sources)
        if sources.signal:
            without_signal = windows_without_signal(sources.signal, dataset.rows, genome.lengths)
            dataset = replace(_with_signal(dataset, sources), without_signal=without_signal)
        if sources.variants is not None:
            dataset = _with_alleles(dataset, genome, sources, sources.variants)
    return dataset


def _labelled(dataset: SequenceSet, regions: Intervals, sources: Sources, path: Path) -> SequenceSet:
    """Add the targets that belong to regions."""
    rows = dataset.rows
    if sources.labels is not None and sources.variants is None:
        table = read_labels(sources.labels)
        targets, split = targets_of(table, regions.labels().tolist(), sources.labels, path)
        return SequenceSet(replace(rows, target=targets), table.names, split)
    if sources.label_column is not LabelColumn.NONE:
        names, targets = bed_targets(regions, sources.label_column, path)
        return SequenceSet(replace(rows, target=targets), names)
    if sources.negatives is not Negatives.NONE and not sources.signal:
        return SequenceSet(replace(rows, target=np.ones((len(rows), 1), dtype=np.float32)), [sources.target_name])
    return dataset


def _outside_blacklist(dataset: SequenceSet, blacklist: Intervals, path: Path) -> SequenceSet:
    """Remove windows that overlap the blacklist."""
    rows, covered = dataset.rows, Regions(blacklist)
    require_shared(list(dict.fromkeys(rows.contig)), covered.contigs, path)
    clean = np.ones(len(rows), dtype=bool)
    for contig in dict.fromkeys(rows.contig):
        on_contig = rows.contig == contig
        clean[on_contig] = covered.covered(str(contig), rows.start[on_contig], rows.end[on_contig]) == 0
    if not clean.any():
        raise DataError("a blacklist that overlaps every window", "windows outside it", "check the file", where=str(path))
    dataset = dataset.take(clean)
    dataset.steps.append(("sequences", BLACKLISTED, int((~clean).sum()), int(clean.sum())))
    return dataset


def _with_negatives(dataset: SequenceSet, genome: Genome, occupied: Intervals, sources: Sources) -> SequenceSet:
    repeats = sources.negatives is Negatives.GC_REPEAT_MATCHED
    pool = None if sources.negatives_from is None else read_bed(sources.negatives_from)
    if pool is not None and sources.negatives_from is not None:
        require_shared(list(dict.fromkeys(dataset.rows.contig)), pool.contig, sources.negatives_from)
    rule = NegativeRule(sources.negatives_per_positive, sources.max_n_share, repeats, pool, sources.seed)
    drawn = draw_negatives(genome, dataset.rows, occupied, rule, repeat_share(genome, dataset.rows) if repeats else None)
    _log.info(f"{len(drawn)} negatives for {len(dataset.rows)} regions")
    if not len(drawn):
        where = sources.negatives_from or sources.main
        fix = "give other intervals to draw from, or match GC alone"
        raise DataError("no matching negatives", "similar windows outside the regions", fix, where=str(where))
    requested = len(dataset.rows) * rule.per_positive
    return replace(dataset, rows=dataset.rows.append(drawn), negatives_drawn=len(drawn) / requested)


def _with_signal(dataset: SequenceSet, sources: Sources) -> SequenceSet:
    names, rows = _track_names(sources.signal), dataset.rows
    transform = _log1p if sources.signal_transform is SignalTransform.LOG1P else _as_is
    values = [
        _in_32_bits(transform(read_signal(track, rows, sources.signal_statistic), rows, track), rows, track) for track in sources.signal
    ]
    rows = replace(rows, target=np.stack(values, axis=1))
    profile = None
    if sources.bin_size is not None:
        covered = check_bins(rows.codes.shape[1], sources.target_window, sources.bin_size)
        tracks = [
            _in_32_bits(
                transform(read_profile(track, rows, sources.signal_statistic, bin_size=sources.bin_size, covered=covered), rows, track),
                rows,
                track,
            )
            for track in sources.signal
        ]
        profile = np.stack(tracks, axis=1)
    return replace(dataset, rows=rows, target_names=names, profile=profile)


def _as_is(values: np.ndarray, rows: SequenceRows, track: Path) -> np.ndarray:
    return values


def _in_32_bits(values: np.ndarray, rows: SequenceRows, track: Path) -> np.ndarray:
    """Return targets as float32; refuse values that overflow."""
    with np.errstate(over="ignore"):
        kept = values.astype(np.float32)
    infinite = ~np.isfinite(kept).reshape(len(kept), -1).all(axis=1)
    if infinite.any():
        row = int(np.argmax(infinite))
        fix = "use --signal-statistic mean, or divide the track"
        raise DataError("a signal of inf in 32 bits", "sums below 3.4e38", fix, where=_window_place(rows, row, track))
    return kept


def _window_place(rows: SequenceRows, row: int, track: Path) -> str:
    return place(track, contig=str(rows.contig[row]), item=f"window {rows.start[row]}-{rows.end[row]}")


def _log1p(values: np.ndarray, rows: SequenceRows, track: Path) -> np.ndarray:
    """Return log(1 + value) of each window (and bin); refuse values of log ratios below -1."""
    below = (values <= -1).reshape(len(values), -1).any(axis=1)
    if below.any():
        row = int(np.argmax(below))
        fix = "use --signal-transform none, or a track that is not a log ratio"
        raise DataError(f"a signal of {values[row].min():.4g}", "values above -1 for log1p", fix, where=_window_place(rows, row, track))
    return np.log1p(values)


def _with_alleles(dataset: SequenceSet, genome: Genome, sources: Sources, path: Path) -> SequenceSet:
    """Replace each window by the haplotypes of every sample."""
    with PersonalGenomes(path, sources.samples, sources.phase_sets) as genomes:
        genomes.require_contigs([str(name) for name in dict.fromkeys(dataset.rows.contig)])
        rows, origin = personal_rows(genome, dataset.rows, genomes)
    remaining = genomes.inserted + genomes.skipped.total()
    dataset.alleles_inserted, dataset.several_sets = genomes.inserted / max(remaining, 1), genomes.several_sets
    dataset.steps.append(("alleles", "carried by a haplotype, or missing", 0, remaining))
    for reason, count in sorted(genomes.skipped.items()):
        _log.warning(f"{count} alleles of {path.name}: {reason}")
        remaining -= count
        dataset.steps.append(("alleles", reason, count, remaining))
    whole = replace(dataset.take(origin), rows=replace(rows, target=dataset.rows.target[origin]), origin=origin)
    if sources.labels is None:
        return whole
    table = read_labels(sources.labels)
    ids = [str(name) for name in rows.id]
    forms = ([name.rsplit("|", cut)[0] for name in ids] for cut in (0, 1, 2))  # window|sample|haplotype, window|sample, window
    keys = next((form for form in forms if form[0] in table.targets), ids)
    targets, split = targets_of(table, keys, sources.labels, sources.main)
    return replace(whole, rows=replace(rows, target=targets), target_names=table.names, split=split)


def _track_names(paths: list[Path]) -> list[str]:
    names = [path.name.rsplit(".", 1)[0] for path in paths]
    if len(set(names)) < len(names):
        raise UsageError("two --signal files with the same name", "tracks with different names", "rename one of them")
    return names


def drop_unknown(dataset: SequenceSet, sources: Sources) -> SequenceSet:
    """Remove sequences with too many N, and make names unique.

    Raises
    ------
    DataError
        If no sequence remains.
    """
    rows = dataset.rows
    keep = n_share(rows.codes, rows.padding) <= sources.max_n_share
    if not keep.any():
        received = f"every sequence has more than {sources.max_n_share:.0%} N"
        raise DataError(received, "sequences of known bases", "raise --max-n-share, or check the file", where=str(sources.main))
    read = ("sequences", "read", 0, len(rows) + sum(removed for unit, _, removed, _ in dataset.steps if unit == "sequences"))
    steps = [read, *dataset.steps, ("sequences", UNKNOWN_BASES, int((~keep).sum()), int(keep.sum()))]
    kept = dataset.take(keep)
    named = unique_ids(kept.rows.id)
    renamed = int((named != kept.rows.id).sum())
    steps.append(("sequences", f"renamed, repeated name: {renamed}", 0, len(named)))
    return replace(kept, rows=replace(kept.rows, id=named), steps=steps)
