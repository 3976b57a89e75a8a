"""What is annotated: variants or windows, as 0-based, half-open intervals."""

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
from lucidseq.encode.sumstats.panel import read_panel_parts
from lucidseq.encode.sumstats.parquet import is_parquet
from lucidseq.encode.sumstats.values import Alleles, StringPool, VariantNamePool

_CHECKED = 1 << 17  # variants looked at together
_CODES = np.dtype([("place", "<i8"), ("effect", "<i4"), ("other", "<i4"), ("name_end", "<i8")])
_POSITION = MOST_BASES - 1  # the bits of a place that hold the position; those above hold the contig's code


@dataclass(frozen=True)
class Rows:
    """Some variants or windows, in the file's order.

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
        """Return the intervals as bioframe wants them."""
        return pd.DataFrame({"chrom": self.contig, "start": self.start, "end": self.end})


class Targets(Protocol):
    """Everything that is annotated.

    Attributes
    ----------
    unit
        ``variant`` or ``window``.
    contigs
        Names of the contigs, in the order in which they appear.
    left_out
        Rows of the file that are not among them.
    unsettled
        Insertions and deletions of which the file does not tell the reference allele, so that it could be either.
    """

    unit: str
    contigs: list[str]
    left_out: int
    unsettled: int

    def __len__(self) -> int: ...

    def parts(self, rows: int) -> Iterator[Rows]:
        """Return the rows, some at a time."""
        ...


class Windows:
    """Windows of a BED file (see `Targets`).

    Raises
    ------
    DataError
        As `core.intervals.read_bed`.
    """

    unit, left_out, unsettled = "window", 0, 0

    def __init__(self, path: Path) -> None:
        self._windows = read_bed(path)
        self.contigs = pd.unique(self._windows.contig).tolist()

    def __len__(self) -> int:
        return len(self._windows)

    def parts(self, rows: int) -> Iterator[Rows]:
        """Return the windows, some at a time."""
        for first in range(0, len(self), rows):
            some = self._windows.take(slice(first, first + rows))
            nothing = np.full(len(some), "", dtype=object)
            yield Rows(some.contig, some.start, some.end, some.labels(), nothing, nothing, nothing)


class Variants(CloseOnExit):
    """Variants (see `Targets`); each covers the bases of its other allele, which only a column REF is sure to be the genome's. They lie on disk as codes, so that memory does not grow with them.

    Use as a context manager: its files are gone at the end.

    Parameters
    ----------
    path
        One of the forms that `sumstats.panel.read_panel` reads.
    scratch
        Folder for temporary files.

    Raises
    ------
    DataError
        If the file is of another form, or a variant comes twice.
    """

    unit = "variant"

    def __init__(self, path: Path, scratch: Path) -> None:
        form = "a BCF file" if is_bcf(path) else "a parquet file" if is_parquet(path) else ""
        if form:
            raise DataError(
                form,
                "VCF, .pvar, .bim, a genotype store, or a table with alleles",
                "turn it into VCF (bcftools view) or a table (TSV)",
                where=str(path),
            )
        self._path, self._contigs, self._alleles = path, StringPool(), Alleles()
        self._rows = self.left_out = self.unsettled = 0
        self._knows_reference = False
        with ExitStack() as files:
            self._codes = files.enter_context(TemporaryFile(dir=scratch))
            self._names = files.enter_context(TemporaryFile(dir=scratch))
            self.contigs = self._spool()
            self._refuse_twice()
            if not self._knows_reference:
                lengths = self._alleles.lengths()
                differ = (lengths[codes["effect"]] != lengths[codes["other"]] for codes in self._read(_CHECKED))
                self.unsettled = sum(int(some.sum()) for some in differ)
            self._files = files.pop_all()

    def close(self) -> None:
        """Let go of the files."""
        self._files.close()

    def __len__(self) -> int:
        return self._rows

    def parts(self, rows: int) -> Iterator[Rows]:
        """Return the variants, some at a time."""
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
            yield Rows(contig, position - 1, position - 1 + lengths[codes["other"]], ids, rsid, effect, other)

    def _spool(self) -> list[str]:
        """Put the file's variants on disk; return the names of their contigs."""
        names, written = VariantNamePool(), 0
        seen: dict[int, None] = {}
        for panel in read_panel_parts(self._path, self._contigs, self._alleles, names):
            self.left_out += panel.left_out
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

    def _refuse_twice(self) -> None:
        shared = self._shared_places()
        some = np.concatenate([codes[np.isin(codes["place"], shared)] for codes in self._read(_CHECKED)])
        twice = pd.DataFrame({name: some[name] for name in ("place", "other", "effect")}).duplicated().to_numpy()
        if twice.any():
            code = some[int(np.argmax(twice))]
            name = variant_id(
                self._contigs.texts[int(code["place"]) >> _POSITION.bit_length()],
                int(code["place"]) & _POSITION,
                self._alleles.texts[code["other"]],
                self._alleles.texts[code["effect"]],
            )
            raise DataError(f"variant {name} twice", "each variant once", "leave out the second row", where=str(self._path))

    def _shared_places(self) -> np.ndarray:
        """Return the places of more than one variant, by looking at neighbours; of a file that is not sorted, all places are compared."""
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
