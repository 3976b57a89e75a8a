"""Lift positions from one genome build to another by a UCSC chain file.

References
----------
Kent et al. (2003) Evolution's cauldron, PNAS 100:11484; https://genome.ucsc.edu/goldenPath/help/chain.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.intervals import MOST_BASES
from lucidseq.core.tables import open_text
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns


@dataclass(frozen=True)
class Segments:
    """Ungapped blocks of one source contig, cut so that they are disjoint and sorted; 0-based.

    Attributes
    ----------
    starts
        First base of each segment, with one more entry: the end of the last.
    cover
        Number of blocks over the segment.
    block
        The block, if there is exactly one.
    block_start, block_target, block_contig, forward
        Of each block: first base in source and target, target contig (code), and whether the strand is kept.
    """

    starts: np.ndarray
    cover: np.ndarray
    block: np.ndarray
    block_start: np.ndarray
    block_target: np.ndarray
    block_contig: np.ndarray
    forward: np.ndarray


@dataclass(frozen=True)
class Chain:
    """A chain file: segments by source contig, names of target contigs, and contig lengths on both sides."""

    segments: dict[str, Segments]
    targets: tuple[str, ...]
    source_lengths: dict[str, int]
    target_lengths: dict[str, int]


def read_chain(path: Path) -> Chain:
    """Read a chain file.

    Raises
    ------
    DataError
        If a line is invalid, naming it.
    """
    blocks: dict[str, list[tuple[int, int, int, int, bool]]] = {}
    targets: dict[str, int] = {}
    source_lengths: dict[str, int] = {}
    target_lengths: dict[str, int] = {}
    with open_text(path) as handle:
        for contig, rows in _chains(enumerate(handle, start=1), path, targets, source_lengths, target_lengths):
            blocks.setdefault(contig, []).extend(rows)
    if not blocks:
        raise DataError("no chain", "a UCSC chain file", "check the file", where=str(path))
    return Chain({contig: _segments(rows) for contig, rows in blocks.items()}, tuple(targets), source_lengths, target_lengths)


def _chains(
    lines: Iterable[tuple[int, str]], path: Path, targets: dict[str, int], source_lengths: dict[str, int], target_lengths: dict[str, int]
) -> Iterator[tuple[str, list[tuple[int, int, int, int, bool]]]]:
    """Return (source contig, [start, size, target start, target contig, forward]) of every chain."""
    contig, at, target_at, target, forward, ends = "", 0, 0, 0, True, (0, 0)
    rows: list[tuple[int, int, int, int, bool]] = []
    number, line = 0, ""
    for number, line in lines:
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        try:
            if fields[0] == "chain":
                if rows:
                    yield contig, rows
                if (at, target_at) != ends:
                    raise ValueError("cut off")
                contig, name, towards = fields[2], fields[7], fields[9]
                size, start, end, length, begin, until = (int(fields[column]) for column in (3, 5, 6, 8, 10, 11))
                if fields[4] != "+" or towards not in ("+", "-") or not 0 <= start <= end <= size < MOST_BASES:
                    raise ValueError("source")
                if not 0 <= begin <= until <= length < MOST_BASES:
                    raise ValueError("target")
                source_lengths[contig], target_lengths[name] = size, length
                target, forward = targets.setdefault(name, len(targets)), towards == "+"
                at, target_at, ends, rows = start, begin, (end, until), []
                continue
            numbers = [int(field) for field in fields]
            if not contig or len(numbers) not in (1, 3) or min(numbers) < 0:
                raise ValueError("block")
            rows.append((at, numbers[0], target_at, target, forward))
            at, target_at = at + sum(numbers[:2]), target_at + numbers[0] + (numbers[2] if len(numbers) == 3 else 0)
            if at > ends[0] or target_at > ends[1]:
                raise ValueError("beyond the end")
        except (ValueError, IndexError) as error:
            raise _wrong(path, number, line) from error
    if (at, target_at) != ends:
        raise _wrong(path, number, line)
    if rows:
        yield contig, rows


def _wrong(path: Path, number: int, line: str) -> DataError:
    expected = "chain headers of 12 fields, and blocks of size and gaps that add up to their ends"
    return DataError(f"{line.strip()[:80]!r}", expected, "create or copy the chain file again", where=place(path, line=number))


def _segments(rows: list[tuple[int, int, int, int, bool]]) -> Segments:
    start, size, target_start, contig, forward = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    ends = start + size
    edges = np.unique(np.concatenate([start, ends]))
    opens, closes = np.searchsorted(edges, start), np.searchsorted(edges, ends)
    cover, block = np.zeros(len(edges) + 1, dtype=np.int64), np.zeros(len(edges) + 1, dtype=np.int64)
    number = np.arange(len(rows))
    for array, value in ((cover, np.ones_like(number)), (block, number)):
        np.add.at(array, opens, value)
        np.add.at(array, closes, -value)
    cover, block = np.cumsum(cover)[: len(edges)], np.cumsum(block)[: len(edges)]
    return Segments(edges, cover, np.where(cover == 1, block, 0), start, target_start, contig, forward.astype(bool))


def lift(study: SumstatsColumns, chain: Chain, ledger: Ledger) -> None:
    """Lift a study, whose contigs are the chain's, to the other build.

    A variant is lifted when all bases of its longer allele lie in one block. Other rows, and rows on the other
    strand or in several chains, are removed.
    """
    size = len(study)
    cover, forward = np.zeros(size, dtype=np.int64), np.ones(size, dtype=bool)
    position, contig = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    codes = np.array([study.contigs.code(name) for name in chain.targets], dtype=np.int64)
    lengths = study.alleles.lengths()
    reach = np.maximum(lengths[study["effect"]], lengths[study["other"]]) - 1
    for code in np.unique(study["contig"]).tolist():
        segments = chain.segments[study.contigs.texts[code]]
        rows = np.flatnonzero(study["contig"] == code)
        first, last = study["position"][rows] - 1, study["position"][rows] - 1 + reach[rows]
        at, until = (np.searchsorted(segments.starts, where, side="right") - 1 for where in (first, last))
        inside = at >= 0
        blocks_over = np.where(inside, segments.cover[at], 0)
        block = segments.block[np.maximum(at, 0)]
        whole = (blocks_over == 1) & (segments.cover[until] == 1) & (segments.block[until] == block)
        cover[rows] = np.where((blocks_over == 1) & ~whole, 0, blocks_over)
        forward[rows] = segments.forward[block]
        position[rows] = segments.block_target[block] + first - segments.block_start[block] + 1
        contig[rows] = codes[segments.block_contig[block]]
    several, reverse = cover > 1, (cover == 1) & ~forward
    good = (cover == 1) & forward
    ledger.note("lifted", int(good.sum()))
    # Removed rows are listed with their old position
    study["position"], study["contig"] = (np.where(good, position, study["position"]), np.where(good, contig, study["contig"]))
    kept = study.drop(cover == 0, "not lifted", ledger)
    several, reverse = several[kept], reverse[kept]
    kept = study.drop(several, "lifted to several places", ledger)
    study.drop(reverse[kept], "lifted to the other strand", ledger)
