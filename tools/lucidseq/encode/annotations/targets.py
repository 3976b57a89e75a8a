"""Variants or windows to annotate, as 0-based, half-open intervals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
import pandas as pd

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.errors import DataError
from lucidseq.core.intervals import MOST_BASES, read_bed
from lucidseq.core.variants import variant_id, variant_ids
from lucidseq.encode.readers.bcf import is_bcf
from lucidseq.encode.sumstats.parquet import is_parquet
from lucidseq.encode.sumstats.values import Alleles, StringPool, VariantNamePool
from lucidseq.encode.sumstats.variant_panel import read_panel_parts

_CHECKED = 1 << 17  # variants checked at a time
_CODES = np.dtype([("place", "<i8"), ("effect", "<i4"), ("other", "<i4"), ("name_end", "<i8")])
_POSITION = MOST_BASES - 1  # bits of a place for the position; those above are the contig code


@dataclass(frozen=True)
class TargetRows:
    """A part of the variants or windows, in file order.

    Attributes
    ----------
    contig, start, end
        Object and int64 arrays of shape (rows,).
    id
        variant_id, or the window's name.
    rsid
        Identifier in the source; empty for windows.
    effect_allele, other_allele
        Empty for windows.
    """

    contig: np.ndarray
    start: np.ndarray
    end: np.ndarray
    id: np.ndarray
    rsid: np.ndarray
    effect_allele: np.ndarray
    other_allele: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def frame(self) -> pd.DataFrame:
        """Return the intervals as a bioframe table."""
        return pd.DataFrame({"chrom": self.contig, "start": self.start, "end": self.end})


class Targets(Protocol):
    """All variants or windows of a file.

    Attributes
    ----------
    unit
        ``variant`` or ``window``.
    contigs
        Contig names in order of appearance.
    removed
        Rows of the file that were removed.
    unsettled
        Insertions and deletions whose reference allele the file does not give.
    """

    unit: str
    contigs: list[str]
    removed: int
    unsettled: int

    def __len__(self) -> int: ...

    def parts(self, rows: int) -> Iterator[TargetRows]:
        """Yield the rows in parts."""
        ...


class WindowTargets:
    """Windows of a BED file (see `Targets`).

    Raises
    ------
    DataError
        As `core.intervals.read_bed`.
    """

    unit, removed, unsettled = "window", 0, 0

    def __init__(self, path: Path) -> None:
        self._windows = read_bed(path)
        self.contigs = pd.unique(self._windows.contig).tolist()

    def __len__(self) -> int:
        return len(self._windows)

    def parts(self, rows: int) -> Iterator[TargetRows]:
        """Yield the windows in parts."""
        for first in range(0, len(self), rows):
            windows = self._windows.take(slice(first, first + rows))
            nothing = np.full(len(windows), "", dtype=object)
            yield TargetRows(windows.contig, windows.start, windows.end, windows.labels(), nothing, nothing, nothing)


class VariantTargets(CloseOnExit):
    """Variants (see `Targets`); each covers the bases of its other allele, which is the genome's for certain only in a REF column. They are kept on disk as codes.

    Use as a context manager, which deletes its files.

    Parameters
    ----------
    path
        A format that `sumstats.variant_panel.read_panel` reads.
    scratch
        Folder for temporary files.

    Raises
    ------
    DataError
        If the format is another, or a variant is repeated.
    """

    unit = "variant"

    def __init__(self, path: Path, scratch: Path) -> None:
        form = "a BCF file" if is_bcf(path) else "a parquet file" if is_parquet(path) else ""
        if form:
            fix = "convert it to VCF (bcftools view) or a table (TSV)"
            raise DataError(form, "VCF, .pvar, .bim, a genotype store, or a table with alleles", fix, where=str(path))
        self._path, self._contigs, self._alleles = path, StringPool(), Alleles()
        self._rows = self.removed = self.unsettled = 0
        self._knows_reference = False
        with ExitStack() as files:
            self._codes = files.enter_context(TemporaryFile(dir=scratch))
            self._names = files.enter_context(TemporaryFile(dir=scratch))
            self.contigs = self._spool()
            self._refuse_duplicates()
            if not self._knows_reference:
                lengths = self._alleles.lengths()
                differ = (lengths[codes["effect"]] != lengths[codes["other"]] for codes in self._read(_CHECKED))
                self.unsettled = sum(int(mask.sum()) for mask in differ)
            self._files = files.pop_all()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def __len__(self) -> int:
        return self._rows

    def parts(self, rows: int) -> Iterator[TargetRows]:
        """Yield the variants in parts."""
        self._names.seek(0)
        lengths, done = self._alleles.lengths(), 0
        for codes in self._read(rows):
            contig, position = (self._contigs.decode(codes["place"] >> _POSITION.bit_length()), codes["place"] & _POSITION)
            effect, other = self._alleles.decode(codes["effect"]), self._alleles.decode(codes["other"])
            ends = codes["name_end"]
            text = self._names.read(int(ends[-1]) - done)
            edges = [0, *(ends - done).tolist()]
            rsid = np.array([text[first:last].decode("utf-8") for first, last in pairwise(edges)], dtype=object)
            done = int(ends[-1])
            ids = np.array(variant_ids(contig, position, other, effect), dtype=object)
            yield TargetRows(contig, position - 1, position - 1 + lengths[codes["other"]], ids, rsid, effect, other)

    def _spool(self) -> list[str]:
        """Write the variants to disk; return their contig names."""
        names, written = VariantNamePool(), 0
        seen: dict[int, None] = {}
        for panel in read_panel_parts(self._path, self._contigs, self._alleles, names):
            self.removed += panel.removed
            self._knows_reference = panel.knows_reference
            texts = [name.encode("utf-8") for name in names.decode(panel.name)]
            names.clear()
            codes = np.empty(len(panel), dtype=_CODES)
            codes["place"] = (panel.contig.astype(np.int64) << _POSITION.bit_length()) | panel.position
            codes["effect"], codes["other"] = panel.effect, panel.other
            codes["name_end"] = written + np.cumsum([len(text) for text in texts], dtype=np.int64)
            self._codes.write(codes.tobytes())
            written += self._names.write(b"".join(texts))
            self._rows += len(panel)
            seen |= dict.fromkeys(pd.unique(panel.contig).tolist())
        return [self._contigs.texts[code] for code in seen]

    def _read(self, rows: int) -> Iterator[np.ndarray]:
        self._codes.seek(0)
        while data := self._codes.read(rows * _CODES.itemsize):
            yield np.frombuffer(data, dtype=_CODES)

    def _refuse_duplicates(self) -> None:
        shared = self._shared_places()
        shared_codes = np.concatenate([codes[np.isin(codes["place"], shared)] for codes in self._read(_CHECKED)])
        twice = pd.DataFrame({name: shared_codes[name] for name in ("place", "other", "effect")}).duplicated().to_numpy()
        if twice.any():
            code = shared_codes[int(np.argmax(twice))]
            name = variant_id(
                self._contigs.texts[int(code["place"]) >> _POSITION.bit_length()],
                int(code["place"]) & _POSITION,
                self._alleles.texts[code["other"]],
                self._alleles.texts[code["effect"]],
            )
            raise DataError(f"variant {name} twice", "each variant once", "remove the second row", where=str(self._path))

    def _shared_places(self) -> np.ndarray:
        """Return the places of more than one variant: neighbours are compared, or all places where the file is not sorted."""
        shared, last = [], -1
        for codes in self._read(_CHECKED):
            steps = np.diff(codes["place"], prepend=last)
            if (steps < 0).any():
                places = self._all_places()
                places.sort()
                return np.unique(places[1:][places[1:] == places[:-1]])
            shared.append(codes["place"][steps == 0])
            last = int(codes["place"][-1])
        return np.unique(np.concatenate(shared))

    def _all_places(self) -> np.ndarray:
        places = np.empty(self._rows, dtype=np.int64)
        first = 0
        for codes in self._read(_CHECKED):
            places[first : first + len(codes)] = codes["place"]
            first += len(codes)
        return places
