"""BGEN genotypes (versions 1.1 to 1.3) by the bgen package, in a child process; the header alone is read here.

References
----------
BGEN format, https://www.chg.ox.ac.uk/~gav/bgen_format/spec/v1.2.html
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.core.guarded import Space
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.readers.allele_counts import genotype_copies
from lucidseq.encode.readers.library import LibraryReader, Names, Rows
from lucidseq.encode.readers.reader import Reading, require_unique_samples
from lucidseq.encode.readers.sample_files import read_oxford

if TYPE_CHECKING:
    import bgen

HARD_CALL_DISTANCE = 0.1  # a dosage this near to a whole number is a call; PLINK's default
_NO_SAMPLES, _LAYOUTS, _COMPRESSIONS = 1 << 31, (1, 2), (0, 1, 2)
_SLACK = 1e-3  # what rounding of stored probabilities may add


@dataclass(frozen=True)
class _Head:
    first: int
    variants: int
    samples: int
    layout: int
    names: list[str]


class BgenReader(LibraryReader):
    """Reader of a BGEN file (see `reader.GenotypeReader`); every allele but the first is an effect allele.

    Sample names come from the .sample file beside it, else from the file itself. With ``--field gt`` dosages within
    `HARD_CALL_DISTANCE` of a whole number become calls and others missing.

    Raises
    ------
    DataError
        If the file is damaged, or nothing names the samples.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        import bgen  # noqa: F401 - before child processes, so that none of them has to

        path = Path(path)
        self._head = _read_head(path)
        sample_file = reading.sample_file or path.with_suffix(".sample")
        sample_table = read_oxford(sample_file) if reading.sample_file or sample_file.is_file() else None
        names = sample_table.names.samples if sample_table else self._head.names
        if not names:
            raise DataError(
                "a BGEN file without sample names",
                f"{sample_file.name} in the same folder",
                "add the .sample file, or name it with --sample",
                where=str(path),
            )
        if len(names) != self._head.samples:
            received = f"{self._head.samples} samples in the BGEN file, {len(names)} names"
            raise DataError(received, "as many names as samples", f"give the matching {sample_file.name}", where=str(path))
        require_unique_samples(names, path)
        super().__init__(path, names, reading, hard_calls=reading.field is GenotypeField.GT)
        if sample_table:
            self.names, self.sex = sample_table.names, sample_table.sex

    def _read_places(self) -> Iterator[tuple[str, int]]:
        return ((variant.chrom, variant.pos - 1) for variant in self._variants())

    def _variants(self, first: int = 0, last: int | None = None) -> Iterator[bgen.BgenVar]:
        """Yield variants first..last-1; at the end of the file check that they were all of it."""
        import bgen

        size, row, end = self.path.stat().st_size, 0, self._head.first
        with bgen.BgenReader(str(self.path)) as variants:
            for row, variant in enumerate(variants, start=1):
                if last is not None and row > last:
                    return
                end = variant.next_variant_offset
                if row > first:
                    yield variant
        if row != self._head.variants or end != size:
            raise ValueError(f"{row} variants that end at byte {end}, where {self._head.variants} and {size} bytes are expected")

    def _read(self, space: Space, first: int, last: int | None) -> Iterator[Rows]:
        names: list[Names] = []
        doubled: list[int] = []
        sizes = self.sizes()
        dosages = space((next(sizes), len(self.samples)), self.dtype)
        usual = bytes([self.reading.ploidy]) * len(self.samples)
        direct = not self.hard_calls and self._head.layout == _LAYOUTS[-1]
        with _malformed_named() as malformed:
            for variant in self._variants(first, last):
                alleles, ploidy = variant.alleles, variant.ploidy  # computed at each access
                plain = direct and len(alleles) == 2 and ploidy.tobytes() == usual  # what else can be wrong is checked for whole chunks
                for allele in self.keep_alleles(len(alleles) - 1):
                    dosages[len(names)] = variant.alt_dosage if plain else self._dosage(variant, ploidy, allele, alleles)
                    doubled.append(0 if plain else self._doubled(variant, ploidy))
                    names.append((variant.chrom, variant.pos - 1, alleles[allele], alleles[0], variant.rsid or "."))
                    if malformed:
                        raise ValueError(f"{variant.chrom}:{variant.pos} has probabilities above one")
                    if len(names) == len(dosages):
                        yield names, dosages, doubled, None
                        names, doubled, dosages = [], [], space((next(sizes), len(self.samples)), self.dtype)
        yield names, dosages[: len(names)], doubled, None

    def _dosage(self, variant: bgen.BgenVar, ploidy: np.ndarray, allele: int, alleles: list[str]) -> np.ndarray:
        expected = self.reading.ploidy
        if len(alleles) == 2:
            dosage = variant.alt_dosage
        else:
            dosage = _allele_dosage(variant.probabilities, ploidy, allele, len(alleles), phased=variant.is_phased)
        different = ploidy != expected
        self._refuse_excess(variant, dosage, ploidy)
        if different.any():
            haploid = (ploidy == 1) & (expected == 2)
            if (different & ~haploid & ~np.isnan(dosage)).any():
                received = f"genotypes of {int(ploidy[different & ~haploid][0])} alleles"
                where = place(self.path, variant=f"{variant.chrom}:{variant.pos}")
                raise DataError(received, f"{expected}", "correct --ploidy", where=where)
            dosage[haploid] *= expected
        if not self.hard_calls:
            return dosage
        with np.errstate(invalid="ignore"):
            calls = np.rint(dosage)
            near = np.abs(dosage - calls) <= HARD_CALL_DISTANCE
        return np.where(near, np.nan_to_num(calls), MISSING_CALL).astype(np.int8)

    def _doubled(self, variant: bgen.BgenVar, ploidy: np.ndarray) -> int:
        """Return how many haploid genotypes count as two copies, unless the contig is one that may be haploid."""
        if self.reading.ploidy != 2 or ploidy.min(initial=2) > 1 or maybe_haploid(variant.chrom):
            return 0
        single = ploidy == 1
        return int((single & ~np.isnan(variant.probabilities).all(axis=1)).sum())

    def _refuse_excess(self, variant: bgen.BgenVar, dosage: np.ndarray, ploidy: np.ndarray) -> None:
        """Refuse probabilities above one: of layout 1 all three are stored; of layout 2 the library reports what sums to more."""
        with np.errstate(invalid="ignore"):
            wrong = (dosage > ploidy + np.float32(_SLACK)).any() or (dosage < -_SLACK).any()
        if not wrong and self._head.layout == 1:
            wrong = (np.nansum(variant.probabilities, axis=1) > 1 + _SLACK).any()
        if wrong:
            raise ValueError("probabilities above one")


def _allele_dosage(probabilities: np.ndarray, ploidy: np.ndarray, allele: int, alleles: int, *, phased: bool) -> np.ndarray:
    """Return copies of one allele of several from probabilities of shape (samples, genotypes or haplotypes x alleles)."""
    if phased:
        shares = probabilities.reshape(len(probabilities), -1, alleles)[:, :, allele]
        return np.where(np.isnan(shares).all(axis=1), np.nan, np.nansum(shares, axis=1)).astype(np.float32)
    dosage = np.full(len(probabilities), np.nan, dtype=np.float32)
    for copies in np.unique(ploidy[ploidy > 0]):
        weights = genotype_copies(int(copies), alleles)[:, allele]
        people = ploidy == copies
        dosage[people] = probabilities[people, : len(weights)] @ weights
    return dosage


class _Malformed(logging.Filter):
    """Collects the library's warnings of probabilities that sum to more than one, which become errors."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        ours = "malformed" in record.getMessage()
        if ours:
            self.found.append(record.getMessage())
        return not ours


@contextmanager
def _malformed_named() -> Iterator[list[str]]:
    collector, root = _Malformed(), logging.getLogger()
    root.addFilter(collector)
    try:
        yield collector.found
    finally:
        root.removeFilter(collector)


def is_bgen(path: Path) -> bool:
    """Say whether a file is BGEN by its magic number, or by its name where an old one has none."""
    with Path(path).open("rb") as handle:
        head = handle.read(20)
    return head[16:20] == b"bgen" or (path.suffix == ".bgen")


def _read_head(path: Path) -> _Head:
    size = path.stat().st_size
    try:
        with path.open("rb") as handle:
            offset, length, variants, samples = (_number(handle, "<I") for _ in range(4))
            magic = handle.read(4)
            if magic not in (b"bgen", bytes(4)) or not 20 <= length <= offset or offset + 4 > size:
                raise ValueError("no BGEN header")
            _skip(handle, length - 20)
            flags = _number(handle, "<I")
            layout, compression = flags >> 2 & 15, flags & 3
            if layout not in _LAYOUTS or compression not in _COMPRESSIONS or (layout == 1 and compression == 2):
                raise ValueError(f"layout {layout}, compression {compression}")
            names = _embedded(handle, samples, offset + 4) if flags & _NO_SAMPLES else []
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise DataError(
            f"a BGEN file that cannot be read ({error})", "a whole BGEN file (version 1.1 to 1.3)", "copy the file again", where=str(path)
        ) from error
    return _Head(offset + 4, variants, samples, layout, names)


def _embedded(handle: IO[bytes], samples: int, end: int) -> list[str]:
    start = handle.tell()
    length, count = _number(handle, "<I"), _number(handle, "<I")
    if count != samples or start + length > end:
        raise ValueError(f"{count} sample names for {samples} samples")
    names = [_text(handle, "<H") for _ in range(count)]
    if handle.tell() > end:
        raise ValueError("sample names beyond their block")
    return names


def _number(handle: IO[bytes], form: str) -> int:
    (value,) = struct.unpack(form, handle.read(struct.calcsize(form)))
    return int(value)


def _text(handle: IO[bytes], form: str) -> str:
    length = _number(handle, form)
    text = handle.read(length) if length < 1 << 24 else b""
    if len(text) < length:
        raise ValueError("the file ends too early")
    return text.decode("utf-8")


def _skip(handle: IO[bytes], count: int) -> None:
    """Go forward; the last byte is read so that an end of the file is seen."""
    if count:
        handle.seek(count - 1, 1)
        if not handle.read(1):
            raise ValueError("the file ends too early")
