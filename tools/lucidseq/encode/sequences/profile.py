"""Targets along the window: the signal of bins, down to single bases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lucidseq.core.errors import UsageError
from lucidseq.core.log import Progress
from lucidseq.encode.sequences.choices import SignalStatistic
from lucidseq.encode.sequences.genome_windows import open_track
from lucidseq.encode.sequences.sequence_rows import SequenceRows

_REDUCE: dict[SignalStatistic, Callable[[np.ndarray], np.ndarray]] = {
    SignalStatistic.MEAN: lambda bins: bins.mean(axis=1),
    SignalStatistic.MAX: lambda bins: bins.max(axis=1),
    SignalStatistic.SUM: lambda bins: bins.sum(axis=1),
}


def check_bins(length: int, target_window: int | None, bin_size: int) -> int:
    """Return the length that the profile covers.

    Raises
    ------
    UsageError
        If it is longer than the sequences, or not a multiple of the bins.
    """
    covered = target_window or length
    if covered > length:
        raise UsageError(
            f"--target-window {covered} of sequences of {length} bases", "a target no longer than the sequence", "correct --target-window"
        )
    if covered % bin_size or (length - covered) % 2:
        expected = "bins that fill the target, in the middle of the sequence"
        fix = "give a --target-window that is a multiple of --bin-size"
        raise UsageError(f"bins of {bin_size} in {covered} of {length} bases", expected, fix)
    return covered


def read_profile(path: Path, rows: SequenceRows, statistic: SignalStatistic, *, bin_size: int, covered: int) -> np.ndarray:
    """Return the signal of bins in the middle of each window, float32 of shape (n, bins); bases without data count as 0.

    Bins run along the sequence: of windows read from the minus strand, the first bin is the last on the contig.

    Parameters
    ----------
    path
        bigWig.
    rows
        The windows.
    statistic
        Of each bin.
    bin_size, covered
        Bases of a bin, and of all bins (`check_bins`).

    Raises
    ------
    DataError
        As `windows.open_track`.
    """
    bins = covered // bin_size
    profile = np.zeros((len(rows), bins), dtype=np.float32)
    margin = (rows.codes.shape[1] - covered) // 2
    with (
        open_track(path, rows) as track,
        Progress(f"windows of {path.name}", total=len(rows)) as progress,
        np.errstate(over="ignore"),  # overflow becomes infinite, and is refused later
    ):
        for row, (contig, start) in enumerate(zip(rows.contig, rows.start.tolist(), strict=True)):
            signal = track.bases(contig, start + margin, start + margin + covered, missing=0.0)
            profile[row] = _REDUCE[statistic](signal.reshape(bins, bin_size))
            progress.step()
    backward = rows.strand == "-"
    profile[backward] = profile[backward, ::-1]
    return profile
