"""Sources of sequences and targets, and checks of their options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import UsageError
from lucidseq.encode.haplotypes.choices import PhaseSets
from lucidseq.encode.sequences.choices import LabelColumn, Negatives, SignalStatistic, SignalTransform


@dataclass(frozen=True)
class Sources:
    """Sources of sequences and targets (options as in ``cli.sequences``)."""

    fasta: Path | None
    regions: Path | None
    gtf: Path | None
    gene_type: str | None
    one_hot: Path | None
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
    negatives_from: Path | None
    blacklist: Path | None
    bin_size: int | None
    target_window: int | None
    variants: Path | None
    samples: Path | None
    phase_sets: PhaseSets
    max_n_share: float
    target_name: str
    seed: int

    @property
    def main(self) -> Path:
        """The file to name in messages about all sequences."""
        return self.regions or self.gtf or self.fasta or self.positive or self.one_hot or Path()

    @property
    def windows(self) -> Path | None:
        """The file of the windows."""
        return self.regions or self.gtf


def check_options(sources: Sources) -> None:
    """Check that options describe one source of sequences."""
    classes = sources.positive is not None or sources.negative is not None
    ways = [sources.fasta is not None, classes, sources.one_hot is not None]
    if sum(ways) != 1:
        fix = "give --fasta (alone, with --regions or with --gtf), --positive and --negative, or --one-hot"
        raise UsageError("none or several of --fasta, --positive with --negative, and --one-hot", "one source of sequences", fix)
    if classes and (sources.positive is None or sources.negative is None):
        raise UsageError("one of --positive and --negative", "both classes", "give the other class too")
    if sources.regions is not None and sources.gtf is not None:
        raise UsageError("--regions and --gtf", "one source of windows", "omit one of them")
    if sources.gtf is not None and sources.window is None:
        raise UsageError("--gtf without --window", "the length of the windows around transcription starts", "add --window")
    if sources.gtf is not None and sources.label_column is not LabelColumn.NONE:
        raise UsageError("--label-column with --gtf", "a column of --regions: a GTF has none", "give targets by --labels or --signal")
    _refuse_without_windows(sources)
    if sources.target_window is not None and sources.bin_size is None:
        raise UsageError("--target-window without --bin-size", "--bin-size with it (1 for single bases)", "add --bin-size")
    if sources.bin_size is not None and not sources.signal:
        raise UsageError("--bin-size without --signal", "signal tracks to cut into bins", "add --signal")
    if sources.negatives_from is not None and sources.negatives is Negatives.NONE:
        raise UsageError("--negatives-from without --negatives", "--negatives gc-matched or gc-repeat-matched", "add --negatives")
    if sources.samples is not None and sources.variants is None:
        raise UsageError("--samples without --variants", "--variants with it", "add --variants")
    given = [
        name
        for name, is_given in (
            ("--signal", bool(sources.signal)),
            ("--labels", sources.labels is not None),
            ("--label-column", sources.label_column is not LabelColumn.NONE),
            ("--positive and --negative", classes),
            ("--one-hot", sources.one_hot is not None),
        )
        if is_given
    ]
    if len(given) > 1:
        raise UsageError(" and ".join(given), "one source of targets", "omit the others")
    if sources.negatives is not Negatives.NONE and given and not sources.signal:
        raise UsageError(f"--negatives with {given[0]}", "negatives of a 0/1 target, or with --signal", "omit one of them")


def _refuse_without_windows(sources: Sources) -> None:
    """Check that options of genome windows are given with windows."""
    if sources.windows is not None:
        if sources.fasta is None:
            raise UsageError("--regions or --gtf without --fasta", "the genome to cut windows from", "add --fasta")
        return
    options = {
        "--signal": bool(sources.signal),
        "--negatives": sources.negatives is not Negatives.NONE,
        "--label-column": sources.label_column is not LabelColumn.NONE,
        "--blacklist": sources.blacklist is not None,
        "--variants": sources.variants is not None,
        "--gene-type": sources.gene_type is not None,
    }
    needing_windows = [name for name, given in options.items() if given]
    if needing_windows:
        raise UsageError(
            f"{' and '.join(needing_windows)} without --regions or --gtf", "windows of a genome", "add --regions BED, or --gtf"
        )
