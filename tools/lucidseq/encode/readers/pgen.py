"""PLINK 2 genotypes (.pgen, .pvar, .psam) by pgenlib, in a child process because it ends the program at some damaged files.

References
----------
PLINK 2 file formats, https://www.cog-genomics.org/plink/2.0/formats
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pgenlib

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK, MISSING_CALL
from lucidseq.core.guarded import Space, stream
from lucidseq.core.tables import open_text
from lucidseq.core.variants import whole_position
from lucidseq.encode.genotypes.choices import GenotypeField, Multiallelic
from lucidseq.encode.genotypes.sex_chromosomes import maybe_haploid
from lucidseq.encode.readers.library import library_errors, most_rows, piece_rows
from lucidseq.encode.readers.reader import GenotypeReader, Reading, VariantChunk, halve, no_field, require_diploid
from lucidseq.encode.readers.sample_files import read_psam

MAGIC = b"\x6c\x1b"
SIDES = (".pgen", ".pvar", ".psam")
_FIXED, _VARIABLE = (0x02, 0x03, 0x04), 0x10  # storage modes: records of one length, and of several
_DOSAGE_TYPES = 0x60  # bits of a record's type that mark dosages
_BLOCK = 1 << 16  # variants of a header block
_MISSING = -9  # pgenlib's
_CACHE_BYTES = 1 << 18  # genotypes read at a time
_NAMED = ("CHROM", "POS", "ID", "REF", "ALT")


class _Names(NamedTuple):
    """Columns of rows of a .pvar; starts are 0-based, int64."""

    contig: Sequence[str]
    start: np.ndarray
    rsid: Sequence[str]
    ref: Sequence[str]
    alternates: Sequence[str]


class PgenReader(GenotypeReader):
    """Reader of a PLINK 2 file set (see `reader.GenotypeReader`); ALT is the effect allele.

    Raises
    ------
    DataError
        If one of the three files is missing or damaged, or they disagree.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        pgen = side(path, ".pgen")
        _require_files(path)
        require_diploid(pgen, reading)
        if reading.field is GenotypeField.GP:
            raise no_field("GP", "of PLINK 2", str(pgen))
        self.pvar = side(path, ".pvar")
        sample_table = read_psam(side(path, ".psam"))
        self._header, self._columns = _read_header(self.pvar)
        self._offsets = self._count_alleles()
        self.variants = len(self._offsets) - 1
        has_dosage = _check_pgen(pgen, self.variants, len(sample_table.names.samples))
        dosage = reading.field is GenotypeField.DOSAGE or (reading.field is GenotypeField.AUTO and has_dosage)
        super().__init__(pgen, sample_table.names.samples, reading, hard_calls=not dosage)
        self.names, self.sex, self.phenotypes = sample_table.names, sample_table.sex, sample_table.phenotypes

    def _count_alleles(self) -> np.ndarray:
        """Return the index of the first allele of each variant among all alleles, for pgenlib; one more than variants."""
        pieces = [np.zeros(1, dtype=np.uintp)]
        alt = self._columns["ALT"]
        with self._open_names() as names:
            while lines := list(islice(names, _BLOCK)):
                try:
                    counts = [line.split("\t", alt + 1)[alt].count(",") + 2 for line in lines]
                except IndexError:
                    number = next(at for at, line in enumerate(lines) if line.count("\t") < alt)
                    raise self._bad_row(lines[number], (len(pieces) - 1) * _BLOCK + number) from None
                pieces.append(np.array(counts, dtype=np.uintp))
        return np.cumsum(np.concatenate(pieces), dtype=np.uintp)

    def _open_names(self) -> IO[str]:
        names = open_text(self.pvar)
        for _ in range(self._header):
            names.readline()
        return names

    def _bad_row(self, line: str, row: int) -> DataError:
        expected = "the columns of the header, tabs between them, POS from 1"
        return DataError(f"{line.rstrip()[:80]!r}", expected, "correct the row", where=place(self.pvar, line=self._header + row + 1))

    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the .pvar alone."""
        with self._open_names() as names:
            for first in range(0, self.variants, CHUNK):
                rows = self._read_names(names, first, min(CHUNK, self.variants - first))
                yield _objects(rows.contig), rows.start

    def _read_names(self, names: IO[str], first: int, count: int) -> _Names:
        """Return contig, start, id, REF and ALT of the next rows."""
        lines = list(islice(names, count))
        alt = self._columns["ALT"]
        rows = [line.rstrip("\r\n").split("\t", alt + 1) for line in lines]
        try:
            columns = list(zip(*rows, strict=True))
            contig, position, rsid, ref, alternates = (columns[self._columns[name]] for name in _NAMED)
            whole = position if all(map(str.isdecimal, position)) else [str(whole_position(text)) for text in position]
            starts = np.array(whole, dtype="S").astype(np.int64) - 1
            good = bool((starts >= 0).all())
        except (ValueError, IndexError, OverflowError):
            good = False
        if not good:
            raise self._first_bad_row(lines, first)
        return _Names(contig, starts, rsid, ref, alternates)

    def _first_bad_row(self, lines: list[str], first: int) -> DataError:
        alt, position = self._columns["ALT"], self._columns["POS"]
        for row, line in enumerate(lines, start=first):
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) <= alt or not 0 < (whole_position(fields[position]) or 0) < 1 << 31:
                return self._bad_row(line, row)
        widths = [line.count("\t") for line in lines]
        return self._bad_row(*next((line, first + at) for at, line in enumerate(lines) if widths[at] != widths[0]))

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        end = self.variants if last is None else last
        with self._open_names() as names:
            for _ in islice(names, first):
                pass
            pieces = self.dosages(first, end)
            for start, count in self._blocks(first, end):
                rows = self._read_names(names, start, count)
                chunk = self._chunk(rows, next(pieces), start)
                if len(chunk):
                    yield chunk
            pieces.close()

    def dosages(self, first: int, last: int) -> Generator[np.ndarray]:
        """Read genotypes alone, in a child process: of each variant a row for each allele that may be kept, without names.

        Yields
        ------
        Copies of alleles, shape (rows, samples), in pieces of `piece_rows` variants.
        """
        room = most_rows(len(self.samples), self.dtype) * len(self.samples) * np.dtype(self.dtype).itemsize
        for (dosage,) in stream(self.path, lambda space: self._pieces(space, first, last), piece_bytes=room):
            yield dosage

    def _pieces(self, space: Space, first: int, last: int) -> Iterator[tuple[np.ndarray]]:
        samples = len(self.samples)
        alleles = self._offsets if int(self._offsets[-1]) > 2 * self.variants else None
        with library_errors(self.path):
            genotypes = pgenlib.PgenReader(
                str(self.path).encode(), raw_sample_ct=samples, variant_ct=self.variants, allele_idx_offsets=alleles
            )
            for start, count in self._blocks(first, last):
                dosage = space((count, samples), self.dtype)
                self._read(genotypes, start, dosage)
                further = self._further_alleles(start, count)
                if further:
                    dosage = np.concatenate([dosage, np.stack([self._read_allele(genotypes, row, allele) for row, allele in further])])
                yield (halve(dosage) if self.reading.ploidy == 1 else dosage,)

    def _further_alleles(self, first: int, count: int) -> list[tuple[int, int]]:
        """Return variant and number of the ALT alleles after the first, where they become variants of their own."""
        if self.reading.multiallelic is Multiallelic.DROP:
            return []
        numbers = np.diff(self._offsets[first : first + count + 1].astype(np.int64))
        return [(first + row, allele) for row in np.flatnonzero(numbers > 2).tolist() for allele in range(2, int(numbers[row]))]

    def _chunk(self, rows: _Names, dosage: np.ndarray, first: int) -> VariantChunk:
        count = len(rows.start)
        plain = int(self._offsets[first + count] - self._offsets[first]) == 2 * count
        if plain and "." not in rows.alternates and "" not in rows.alternates:
            contig, rsid, other, effect = map(_objects, (rows.contig, rows.rsid, rows.ref, rows.alternates))
            return VariantChunk(contig, rows.start, effect, other, rsid, dosage, called=self._called(rows.contig, dosage))
        return self._split(rows, dosage, first)

    def _called(self, contigs: Sequence[str], dosage: np.ndarray) -> np.ndarray | None:
        """Return which dosages come from calls: PLINK 2 stores no dosage where it equals the call, so these are the whole numbers."""
        if self.hard_calls or not any(map(maybe_haploid, set(contigs))):
            return None
        whole: np.ndarray = dosage == np.rint(dosage)
        return whole

    def _split(self, rows: _Names, dosage: np.ndarray, first: int) -> VariantChunk:
        """Return one variant per kept ALT allele; dosages of alleles after the first are at the end."""
        count = len(rows.start)
        further = {place: count + at for at, place in enumerate(self._further_alleles(first, count))}
        kept = [(row, allele) for row, some in enumerate(rows.alternates) for allele in self._alleles(some)]
        index = [row for row, _ in kept]
        effect = [rows.alternates[row].split(",")[allele - 1] for row, allele in kept]
        contig, rsid, other = (_objects(values)[index] for values in (rows.contig, rows.rsid, rows.ref))
        dosage = dosage[[row if allele == 1 else further[first + row, allele] for row, allele in kept]]
        called = self._called(rows.contig, dosage)
        return VariantChunk(contig, rows.start[index], _objects(effect), other, rsid, dosage, called=called)

    def _alleles(self, alternates: str) -> range:
        return self.keep_alleles(0 if alternates in (".", "") else alternates.count(",") + 1)

    @property
    def dtype(self) -> type[np.generic]:
        """The type of dosages in chunks."""
        return np.int8 if self.hard_calls else np.float32

    def _blocks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield first variant and number of the variants that are handed over together."""
        for rows in piece_rows(len(self.samples), self.dtype):
            if first >= last:
                return
            yield first, min(rows, last - first)
            first += rows

    def _read(self, genotypes: pgenlib.PgenReader, first: int, dosage: np.ndarray) -> None:
        """Fill an array with copies of the first ALT allele of variants from ``first``."""
        count, samples = dosage.shape
        step = max(1, _CACHE_BYTES // (samples * dosage.itemsize))
        least = np.full((min(step, count), samples), MISSING_CALL, dtype=np.int8)  # NumPy is slow where this is one number
        for start in range(0, count, step):  # what was read is still in the cache when missing ones are marked
            some = dosage[start : start + step]
            if self.hard_calls:
                genotypes.read_range(first + start, first + start + len(some), some, allele_idx=1)
                np.maximum(some, least[: len(some)], out=some)
            else:
                genotypes.read_dosages_range(first + start, first + start + len(some), some, allele_idx=1)
                _with_nan(some)

    def _read_allele(self, genotypes: pgenlib.PgenReader, row: int, allele: int) -> np.ndarray:
        values = np.empty(len(self.samples), dtype=self.dtype)
        if self.hard_calls:
            genotypes.read(row, values, allele_idx=allele)
            return np.maximum(values, MISSING_CALL)
        genotypes.read_dosages(row, values, allele_idx=allele)
        return _with_nan(values)


def _objects(values: Sequence[str]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _with_nan(dosage: np.ndarray) -> np.ndarray:
    dosage[dosage == _MISSING] = np.nan
    return dosage


def side(path: Path, suffix: str) -> Path:
    """Return one file of the set that a path (one of its files, or the prefix) names."""
    path = Path(path)
    return path.with_suffix(suffix) if path.suffix in SIDES else path.with_name(path.name + suffix)


def is_pgen(path: Path) -> bool:
    """Say whether a path is a .pgen file (or a companion of one), or the prefix of one."""
    return side(path, ".pgen").is_file() and (path.suffix in SIDES or not path.exists())


def _require_files(path: Path) -> None:
    for suffix in SIDES:
        file = side(path, suffix)
        if file.is_file():
            continue
        packed = file.with_name(file.name + ".zst")
        if packed.is_file():
            expected = f"{file.name} as plain text (or gzip by content)"
            fix = f"run: plink2 --zst-decompress {packed.name} {file.name}"
            raise DataError(f"{packed.name}, which is compressed by Zstandard", expected, fix, where=str(packed))
        raise DataError(
            f"no {file.name}", "a .pgen, .pvar and .psam with the same name", "put the three files side by side", where=str(path)
        )


def _read_header(path: Path) -> tuple[int, dict[str, int]]:
    """Return the number of header lines and the places of the columns."""
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if line.startswith("#CHROM"):
                names = line[1:].rstrip("\r\n").split("\t")
                if all(names.count(name) == 1 for name in _NAMED):
                    columns = {name: names.index(name) for name in _NAMED}
                    if columns["ALT"] == max(columns.values()):
                        return number, columns
            if not line.startswith("##"):
                expected = "a header `#CHROM POS ID REF ALT ...` with tabs, in this order"
                fix = "create the file again with plink2 --make-pgen"
                raise DataError(f"{line.rstrip()[:80]!r}", expected, fix, where=place(path, line=number))
    raise DataError(
        "a .pvar without a header line", "#CHROM, POS, ID, REF and ALT", "create the file again with plink2 --make-pgen", where=str(path)
    )


def _check_pgen(path: Path, variants: int, samples: int) -> bool:
    """Check a .pgen's header against the other files; return whether it has dosages."""
    with path.open("rb") as handle:
        head = handle.read(12)
        mode = head[2] if len(head) == 12 else -1
        if head[:2] != MAGIC or mode not in (*_FIXED, _VARIABLE):
            fix = "create the file again with plink2 --make-pgen"
            raise DataError("no .pgen of a kind that is read here", "storage mode 2, 3, 4 or 16 of PLINK 2", fix, where=str(path))
        counts = int.from_bytes(head[3:7], "little"), int.from_bytes(head[7:11], "little")
        for received, expected, what in zip(counts, (variants, samples), ("variants", "samples"), strict=True):
            if received != expected:
                fix = "copy the three files again"
                raise DataError(
                    f"{received} {what} in the .pgen, {expected} in its companion file", "files of one set", fix, where=str(path)
                )
        if mode != _VARIABLE:
            return mode != _FIXED[0]
        return _has_dosage(head[11], handle, variants)


def _has_dosage(control: int, handle: IO[bytes], variants: int) -> bool:
    """Return whether the types of records, which the header lists, name dosages; True where it packs them in a way that is not read here."""
    kind, blocks = control & 15, -(-variants // _BLOCK)
    if kind < 4:  # types of four bits have no room for dosages
        return False
    width, allele_bytes, flagged = kind % 4 + 1, control >> 4 & 3, control >> 6 == 3
    handle.seek(8 * blocks, 1)
    for block in range(blocks if kind < 8 else 0):
        count = min(_BLOCK, variants - block * _BLOCK)
        if (np.frombuffer(handle.read(count), dtype=np.uint8) & _DOSAGE_TYPES).any():
            return True
        handle.seek(count * (width + allele_bytes) + (-(-count // 8) if flagged else 0), 1)
    return kind >= 8
