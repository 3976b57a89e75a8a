"""A contiguous part of the variants of several files, for work in parallel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lucidseq.encode.readers.reader import GenotypeReader


@dataclass(frozen=True)
class Share:
    """Rows first..last-1 of a file (to the end when last is None)."""

    reader: GenotypeReader
    first: int = 0
    last: int | None = None


def shares(readers: list[GenotypeReader], index: int, count: int) -> list[Share]:
    """Return the rows of one shard of several.

    All rows of all files are cut into ``count`` pieces of about the same size; a cut moves forward to where the position
    changes, so that duplicates stay in one piece.

    Parameters
    ----------
    readers
        Files in order.
    index, count
        Which piece (from 0), and how many.
    """
    if count == 1:
        return [Share(reader) for reader in readers]
    opens = [_opens(reader) for reader in readers]
    files = np.cumsum([0, *(len(rows) for rows in opens)])
    begin, end = (_cut(np.concatenate(opens), files[-1] * at // count) for at in (index, index + 1))
    parts = []
    for reader, start, stop in zip(readers, files[:-1], files[1:], strict=True):
        first, last = max(begin, int(start)), min(end, int(stop))
        if first < last:
            parts.append(Share(reader, first - int(start), last - int(start)))
    return parts


def _opens(reader: GenotypeReader) -> np.ndarray:
    """Return a mask of the rows of a file whose position differs from the previous row's."""
    pieces = []
    before: tuple[str, int] | None = None
    for contigs, starts in reader.positions():
        opens = np.ones(len(starts), dtype=bool)
        opens[1:] = (contigs[1:] != contigs[:-1]) | (starts[1:] != starts[:-1])
        opens[0] = before != (contigs[0], int(starts[0]))
        before = contigs[-1], int(starts[-1])
        pieces.append(opens)
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=bool)


def _cut(opens: np.ndarray, at: int) -> int:
    ahead = np.flatnonzero(opens[at:])
    return at + int(ahead[0]) if len(ahead) else len(opens)
