"""PLINK 2 genotypes (.pgen, .pvar, .psam) through pgenlib, whose input is checked before it is handed over.

References
----------
PLINK 2 file formats, https://www.cog-genomics.org/plink/2.0/formats
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pgenlib

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK, MISSING_CALL
from lucidseq.core.tables import open_text
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.reader import GenotypeReader, Reading, VariantChunk, halve, no_field, require_diploid
from lucidseq.encode.readers.sample_files import read_psam

MAGIC = b"\x6c\x1b"
SIDES = (".pgen", ".pvar", ".psam")
_FIXED, _VARIABLE = (0x02, 0x03, 0x04), 0x10  # storage modes: records of one length, and of several
_DOSAGE_TYPES = 0x60  # bits of a record's type that say it holds dosages
_BLOCK = 1 << 16  # variants of a header block
_MISSING = -9  # pgenlib's
_CACHE_BYTES = 1 << 18  # genotypes read at a time
_NAMED = ("CHROM", "POS", "ID", "REF", "ALT")


class _Names(NamedTuple):
    """Columns of some rows of a .pvar; starts are 0-based, int64."""

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
        people = read_psam(side(path, ".psam"))
        self._header, self._columns = _read_header(self.pvar)
        self._offsets = self._count_alleles()
        self.variants = len(self._offsets) - 1
        has_dosage = _check_pgen(pgen, self.variants, len(people.names.samples))
        dosage = reading.field is GenotypeField.DOSAGE or (reading.field is GenotypeField.AUTO and has_dosage)
        super().__init__(pgen, people.names.samples, reading, hard_calls=not dosage)
        self.names, self.sex, self.phenotypes = people.names, people.sex, people.phenotypes

    def _count_alleles(self) -> np.ndarray:
        """Return where each variant's alleles begin in a list of all, as pgenlib wants it; one more than there are variants."""
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
        return DataError(
            f"{line.rstrip()[:80]!r}",
            "the columns of the header, tabs between them, POS from 1",
            "correct the row",
            where=place(self.pvar, line=self._header + row + 1),
        )

    def positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
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
            starts = np.array(position, dtype="S").astype(np.int64) - 1
            good = all(map(str.isdecimal, position)) and bool((starts >= 0).all())
        except (ValueError, IndexError, OverflowError):
            good = False
        if not good:
            raise self._first_bad_row(lines, first)
        return _Names(contig, starts, rsid, ref, alternates)

    def _first_bad_row(self, lines: list[str], first: int) -> DataError:
        alt, position = self._columns["ALT"], self._columns["POS"]
        for row, line in enumerate(lines, start=first):
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) <= alt or not fields[position].isdecimal() or not 0 < int(fields[position]) < 1 << 31:
                return self._bad_row(line, row)
        widths = [line.count("\t") for line in lines]
        return self._bad_row(*next((line, first + at) for at, line in enumerate(lines) if widths[at] != widths[0]))

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        end = self.variants if last is None else last
        alleles = self._offsets if int(self._offsets[-1]) > 2 * self.variants else None
        with self._open_names() as names:
            for _ in islice(names, first):
                pass
            try:
                genotypes = pgenlib.PgenReader(
                    str(self.path).encode(), raw_sample_ct=len(self.samples), variant_ct=self.variants, allele_idx_offsets=alleles
                )
                for start in range(first, end, CHUNK):
                    chunk = self._chunk(genotypes, names, start, min(CHUNK, end - start))
                    if len(chunk):
                        yield chunk
            except (RuntimeError, ValueError) as error:  # what pgenlib raises
                raise _damaged(self.path, str(error)) from error

    def _chunk(self, genotypes: pgenlib.PgenReader, names: IO[str], first: int, count: int) -> VariantChunk:
        rows = self._read_names(names, first, count)
        dosage = self.read(genotypes, first, count)
        if self.reading.ploidy == 1:
            dosage = halve(dosage)
        plain = int(self._offsets[first + count] - self._offsets[first]) == 2 * count
        if plain and "." not in rows.alternates and "" not in rows.alternates:
            contig, rsid, other, effect = map(_objects, (rows.contig, rows.rsid, rows.ref, rows.alternates))
            return VariantChunk(contig, rows.start, effect, other, rsid, dosage)
        return self._split(genotypes, rows, dosage, first)

    def _split(self, genotypes: pgenlib.PgenReader, rows: _Names, dosage: np.ndarray, first: int) -> VariantChunk:
        """Make one variant of each ALT allele that is kept; genotypes of the first one have been read."""
        kept = [(row, allele) for row, some in enumerate(rows.alternates) for allele in self._alleles(some)]
        index = [row for row, _ in kept]
        dosage = dosage[index]
        for at, (row, allele) in enumerate(kept):
            if allele > 1:
                dosage[at] = self._read_allele(genotypes, first + row, allele)
        effect = [rows.alternates[row].split(",")[allele - 1] for row, allele in kept]
        contig, rsid, other = (_objects(values)[index] for values in (rows.contig, rows.rsid, rows.ref))
        return VariantChunk(contig, rows.start[index], _objects(effect), other, rsid, dosage)

    def _alleles(self, alternates: str) -> range:
        return self.keep_alleles(0 if alternates in (".", "") else alternates.count(",") + 1)

    def read(self, genotypes: pgenlib.PgenReader, first: int, count: int) -> np.ndarray:
        """Return copies of the first ALT allele of some variants, as chunks hold them."""
        shape = count, len(self.samples)
        dosage = np.empty(shape, dtype=np.int8 if self.hard_calls else np.float32)
        step = max(1, _CACHE_BYTES // (shape[1] * dosage.itemsize))
        least = np.full((min(step, count), shape[1]), MISSING_CALL, dtype=np.int8)  # NumPy is slow where this is one number
        for start in range(0, count, step):  # what was read is still in the cache when missing ones are marked
            some = dosage[start : start + step]
            if self.hard_calls:
                genotypes.read_range(first + start, first + start + len(some), some, allele_idx=1)
                np.maximum(some, least[: len(some)], out=some)
            else:
                genotypes.read_dosages_range(first + start, first + start + len(some), some, allele_idx=1)
                _with_nan(some)
        return dosage

    def _read_allele(self, genotypes: pgenlib.PgenReader, row: int, allele: int) -> np.ndarray:
        if self.hard_calls:
            values = np.empty(len(self.samples), dtype=np.int8)
            genotypes.read(row, values, allele_idx=allele)
            np.maximum(values, MISSING_CALL, out=values)
        else:
            values = np.empty(len(self.samples), dtype=np.float32)
            genotypes.read_dosages(row, values, allele_idx=allele)
            _with_nan(values)
        return halve(values) if self.reading.ploidy == 1 else values


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
            raise DataError(
                f"{packed.name}, which is compressed by Zstandard",
                f"{file.name} as plain text (or gzip by content)",
                f"run: plink2 --zst-decompress {packed.name} {file.name}",
                where=str(packed),
            )
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
                raise DataError(
                    f"{line.rstrip()[:80]!r}",
                    "a header `#CHROM POS ID REF ALT ...` with tabs, in this order",
                    "make the file again with plink2 --make-pgen",
                    where=place(path, line=number),
                )
    raise DataError(
        "a .pvar without a header line", "#CHROM, POS, ID, REF and ALT", "make the file again with plink2 --make-pgen", where=str(path)
    )


def _check_pgen(path: Path, variants: int, samples: int) -> bool:
    """Check a .pgen's header against the other files and its size; return whether it holds dosages.

    A file of records of several lengths lists their types and lengths, so that its whole size is known beforehand.
    """
    with path.open("rb") as handle:
        head = handle.read(12)
        mode = head[2] if len(head) == 12 else -1
        if head[:2] != MAGIC or mode not in (*_FIXED, _VARIABLE):
            raise DataError(
                "no .pgen of a kind that is read here",
                "storage mode 2, 3, 4 or 16 of PLINK 2",
                "make the file again with plink2 --make-pgen",
                where=str(path),
            )
        counts = int.from_bytes(head[3:7], "little"), int.from_bytes(head[7:11], "little")
        for found, wanted, what in zip(counts, (variants, samples), ("variants", "samples"), strict=True):
            if found != wanted:
                raise DataError(
                    f"{found} {what} in the .pgen, {wanted} in its companion file",
                    "files of one set",
                    "copy the three files again",
                    where=str(path),
                )
        if mode != _VARIABLE:
            return mode != _FIXED[0]
        return _check_records(path, head[11], handle, variants)


def _check_records(path: Path, control: int, handle: IO[bytes], variants: int) -> bool:
    """Read types and lengths of all records; compare their end with that of the file."""
    kind = control & 15
    if kind >= 8:  # lengths packed otherwise: pgenlib checks them
        return True
    wide, width, allele_bytes, flagged = kind >= 4, kind % 4 + 1, control >> 4 & 3, control >> 6 == 3
    blocks = -(-variants // _BLOCK)
    listed = handle.read(8 * blocks)
    starts = np.frombuffer(listed[: len(listed) // 8 * 8], dtype="<u8")
    has_dosage, at = False, int(starts[0]) if len(starts) else 0
    for block in range(len(starts)):
        count = min(_BLOCK, variants - block * _BLOCK)
        kinds = handle.read(count if wide else (count + 1) // 2)
        lengths = np.frombuffer(handle.read(count * width), dtype=np.uint8)
        handle.seek(count * allele_bytes + (-(-count // 8) if flagged else 0), 1)
        if len(lengths) < count * width or int(starts[block]) != at:
            raise _damaged(path, "its list of records does not fit its size")
        has_dosage |= wide and bool((np.frombuffer(kinds, dtype=np.uint8) & _DOSAGE_TYPES).any())
        powers = 1 << (8 * np.arange(width, dtype=np.int64))
        at += int((lengths.reshape(count, width) * powers).sum())
    if len(starts) < blocks or at != path.stat().st_size:
        raise _damaged(path, f"{path.stat().st_size} bytes, {at} by its list of records")
    return has_dosage


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"a .pgen that cannot be read ({reason})", "a whole .pgen", "copy the file again", where=str(path))
