"""Phase sets: where one ends and the next begins, no haplotype continues.

References
----------
VCF specification 4.3, section 1.6.2: phased calls are on one haplotype with those of the same phase set (PS) alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.encode.haplotypes.choices import PhaseSets
from lucidseq.encode.haplotypes.site_windows import SiteWindows
from lucidseq.encode.haplotypes.sites import NO_PHASE_SET, SiteChunk

if TYPE_CHECKING:
    import cyvcf2

FIX = "phase the file further, or add --phase-sets break"


def parse_phase_sets(columns: bytes, form: bytes, where: str) -> list[int]:
    """Return the phase set (PS) of each sample of a VCF row; `NO_PHASE_SET` without one.

    Raises
    ------
    DataError
        If a value is no whole number.

    Examples
    --------
    >>> parse_phase_sets(b"0|1:100\\t1|0:.\\t0|0", b"GT:PS", "")
    [100, -1, -1]
    """
    cells, names = columns.split(b"\t"), form.split(b":")
    if b"PS" not in names:
        return [NO_PHASE_SET] * len(cells)
    at = names.index(b"PS")
    values = [fields[at] if len(fields := cell.split(b":")) > at else b"." for cell in cells]
    odd = next((value for value in values if value != b"." and not value.isdigit()), None)
    if odd is not None:
        received = f"PS {odd[:40].decode(errors='replace')!r}"
        raise DataError(received, "a whole number, or a dot", "correct the row, or remove PS", where=where)
    return [NO_PHASE_SET if value == b"." else int(value) for value in values]


def phase_sets_of(record: cyvcf2.Variant, samples: int) -> np.ndarray:
    """Return the phase set of each sample of a record of htslib, int64 of shape (samples,)."""
    values = record.format("PS") if "PS" in record.FORMAT else None
    if values is None or not np.issubdtype(values.dtype, np.integer):
        return np.full(samples, NO_PHASE_SET, dtype=np.int64)
    return np.where(values[:, 0] < 0, NO_PHASE_SET, values[:, 0]).astype(np.int64)


def heterozygous(alleles: np.ndarray) -> np.ndarray:
    """Return a mask of the heterozygous calls, shape (sites, samples); missing alleles do not differ from others."""
    called = alleles >= 0
    most = np.where(called, alleles, -1).max(axis=2)
    least = np.where(called, alleles, np.iinfo(alleles.dtype).max).min(axis=2)
    mask: np.ndarray = called.any(axis=2) & (most > least)
    return mask


@dataclass
class PhaseBreaks:
    """Where samples change from one phase set to another, collected site by site.

    Attributes
    ----------
    before, after
        By contig: positions of the heterozygous calls on either side of each change, 0-based, parts of int64 arrays.
    first
        Name of a sample and the position of its first change, by contig.
    """

    samples: list[str]
    before: dict[str, list[np.ndarray]] = field(default_factory=dict)
    after: dict[str, list[np.ndarray]] = field(default_factory=dict)
    first: dict[str, tuple[str, int]] = field(default_factory=dict)
    _contig: str = ""
    _set: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _position: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def add(self, chunk: SiteChunk) -> None:
        """Add sites in order."""
        if chunk.phase_set is None:
            return
        if chunk.contig != self._contig:
            self._contig = chunk.contig
            self._set, self._position = (np.full(len(self.samples), -1, dtype=np.int64) for _ in range(2))
        mask = heterozygous(chunk.alleles)
        for row in np.flatnonzero(mask.any(axis=1)).tolist():
            calls, position = np.flatnonzero(mask[row]), int(chunk.position[row])
            sets = chunk.phase_set[row, calls]
            changed = calls[(self._position[calls] >= 0) & (self._set[calls] != sets)]
            if len(changed):
                before = np.unique(self._position[changed])
                self.before.setdefault(chunk.contig, []).append(before)
                self.after.setdefault(chunk.contig, []).append(np.full(len(before), position))
                self.first.setdefault(chunk.contig, (self.samples[int(changed[0])], position))
            self._set[calls], self._position[calls] = sets, position

    def within(self, windows: SiteWindows) -> np.ndarray:
        """Return a mask of the windows in which a sample has heterozygous calls of several phase sets, shape (windows,)."""
        if windows.contig not in self.before:
            return np.zeros(len(windows.start), dtype=bool)
        before, after = (np.concatenate(side[windows.contig]) for side in (self.before, self.after))
        order = np.argsort(before, kind="stable")
        nearest = np.minimum.accumulate(after[order][::-1])[::-1]  # the earliest end of the changes that begin from here on
        at = np.searchsorted(before[order], windows.start)
        mask: np.ndarray = (at < len(order)) & (nearest[np.minimum(at, len(order) - 1)] < windows.end)
        return mask


def windows_of_several_sets(breaks: PhaseBreaks, windows: SiteWindows, rule: PhaseSets, path: str) -> np.ndarray:
    """Return a mask of the windows to remove because a haplotype does not continue through them.

    Raises
    ------
    DataError
        If there is one, and the rule is to refuse it.
    """
    several = breaks.within(windows)
    if several.any() and rule is PhaseSets.REFUSE:
        window = int(np.argmax(several))
        sample, position = breaks.first[windows.contig]
        span = f"{windows.contig}:{windows.start[window] + 1}-{windows.end[window]}"
        received = (
            f"heterozygous calls of several phase sets in {int(several.sum())} windows, the first {span}; sample {sample} changes here"
        )
        where = place(path, variant=f"{windows.contig}:{position + 1}")
        raise DataError(received, "one phase set (PS) of a sample in a window", FIX, where=where)
    return several
