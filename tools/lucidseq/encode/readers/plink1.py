"""PLINK 1 binary genotypes (.bed, .bim, .fam), decoded two bytes at a time.

Two bits are a genotype, so two bytes are eight; a table of 65,536 entries gives their eight int8 dosages as one 64-bit word,
and decoding is one table look-up for eight genotypes.

References
----------
PLINK 1 binary format, https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK
from lucidseq.core.tables import open_text
from lucidseq.core.variants import whole_position
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.reader import GenotypeReader, Reading, VariantChunk, halve, no_field, require_diploid
from lucidseq.encode.readers.sample_files import read_fam

MAGIC = b"\x6c\x1b"
VARIANT_MAJOR = b"\x01"
# Dosage of A1 by the two-bit code: 00 = both A1, 01 = missing, 10 = heterozygous, 11 = both A2
_CODES = np.array([2, -1, 1, 0], dtype=np.int8)
_SIDES = (".bed", ".bim", ".fam")


def _table() -> np.ndarray:
    pairs = np.arange(1 << 16, dtype=np.uint32)[:, None] >> (2 * np.arange(8, dtype=np.uint32))
    return np.ascontiguousarray(_CODES[pairs & 3]).view(np.uint64).ravel()


_TABLE = _table()
_BLOCK_VARIANTS, _BLOCK_BYTES = 512, 512  # decoded together when the matrix is transposed
# Swaps that transpose 4 x 4 codes of two bits in a word, and the steps that spread four bytes over eight
_SWAPS = ((np.uint32(12), np.uint32(0x0000F0F0)), (np.uint32(6), np.uint32(0x00CC00CC)))
_SPREADS = ((np.uint64(16), np.uint64(0x0000FFFF0000FFFF)), (np.uint64(8), np.uint64(0x00FF00FF00FF00FF)))


def decode(packed: np.ndarray, samples: int) -> np.ndarray:
    """Decode packed genotypes.

    Parameters
    ----------
    packed
        uint8 of shape (variants, ceil(samples / 4)).
    samples
        Number of samples.

    Returns
    -------
    Copies of A1, int8 of shape (variants, samples), -1 for missing.
    """
    width = packed.shape[1]
    if width % 2:
        packed = np.pad(packed, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(packed).view("<u2")
    dosage: np.ndarray = _TABLE[words].view(np.int8)
    return dosage[:, :samples]


def decode_sample_major(packed: np.ndarray, samples: int) -> np.ndarray:
    """Decode packed genotypes into a matrix of samples, in blocks that fit the caches.

    The bytes of four variants are words of 4 x 4 genotypes, which are transposed by swapping bits; two such words give eight
    variants of a sample as 16 bits, which are reversed and looked up as in `decode`.

    Parameters
    ----------
    packed
        uint8 of shape (variants, ceil(samples / 4)).
    samples
        Number of samples.

    Returns
    -------
    Copies of A1, int8 of shape (samples, variants), -1 for missing.

    References
    ----------
    Warren (2013) Hacker's Delight, 2nd edition, section 7-3 (transposing a bit matrix).
    """
    variants, width = packed.shape
    dosage = np.empty((4 * width, variants), dtype=np.int8)
    for start in range(0, variants, _BLOCK_VARIANTS):
        rows = packed[start : start + _BLOCK_VARIANTS]
        count = len(rows)
        if count % 8:
            rows = np.pad(rows, ((0, -count % 8), (0, 0)))
        for first in range(0, width, _BLOCK_BYTES):
            eights = _eight_variants(rows[:, first : first + _BLOCK_BYTES])
            calls = _TABLE[np.ascontiguousarray(eights.T)].view(np.int8)
            dosage[4 * first : 4 * first + len(calls), start : start + count] = calls[:, :count]
    return dosage[:samples]


def _eight_variants(packed: np.ndarray) -> np.ndarray:
    """Return codes of eight variants a sample, uint16 of shape (variants / 8, samples), from bytes of shape (variants, samples / 4)."""
    fours = packed.reshape(-1, 4, packed.shape[1]).astype(np.uint32)
    words = fours[:, 0] | fours[:, 1] << np.uint32(8) | fours[:, 2] << np.uint32(16) | fours[:, 3] << np.uint32(24)
    for shift, mask in _SWAPS:
        differ = (words ^ words >> shift) & mask
        words ^= differ ^ differ << shift
    # The bytes of four variants and of the next four, in turn
    pairs = words.reshape(-1, 2, words.shape[1]).astype(np.uint64)
    for distance, kept in _SPREADS:
        pairs = (pairs | pairs << distance) & kept
    return (pairs[:, 0] | pairs[:, 1] << np.uint64(8)).view("<u2")


def is_plink1(path: Path) -> bool:
    """Say whether a path is a .bed file with PLINK's magic number, or the prefix of one.

    Raises
    ------
    DataError
        If it can only be one, but has not the magic number.
    """
    bed = _side(path, ".bed")
    if not bed.is_file() or (path.exists() and path.suffix not in _SIDES):
        return False
    with bed.open("rb") as handle:
        found = handle.read(2) == MAGIC
    if not found and (path.suffix == ".bed" or not path.exists()):
        raise DataError(
            "a .bed without PLINK's magic number", "a PLINK 1 .bed", "check the file (BED intervals have no genotypes)", where=str(bed)
        )
    return found


def _side(path: Path, suffix: str) -> Path:
    path = Path(path)
    if path.suffix in _SIDES:
        return path.with_suffix(suffix)
    return path.with_name(path.name + suffix)


class Plink1Reader(GenotypeReader):
    """Reader of a PLINK 1 file set (see `reader.GenotypeReader`); A1 is the effect allele.

    Raises
    ------
    DataError
        If one of the three files is missing or damaged, or the .bed is sample-major.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        bed = _side(path, ".bed")
        for suffix in _SIDES:
            if not _side(path, suffix).is_file():
                fix = "put the three files side by side"
                raise DataError(f"no {_side(path, suffix).name}", "a .bed, .bim and .fam with the same name", fix, where=str(path))
        require_diploid(bed, reading)
        if reading.field in (GenotypeField.DOSAGE, GenotypeField.GP):
            raise no_field(reading.field.value, "of PLINK 1, which has calls alone", str(bed))
        sample_table = read_fam(_side(path, ".fam"))
        super().__init__(bed, sample_table.names.samples, reading, hard_calls=True)
        self.names, self.sex, self.phenotypes = sample_table.names, sample_table.sex, sample_table.phenotypes
        self.bim = _side(path, ".bim")
        self._width = (len(self.samples) + 3) // 4
        self.variants = self._count_variants()

    def _count_variants(self) -> int:
        with self.path.open("rb") as handle:
            header = handle.read(3)
        if header[2:] != VARIANT_MAJOR:
            raise DataError("a sample-major .bed file", "variant-major order", "rewrite it with plink --make-bed", where=str(self.path))
        body = self.path.stat().st_size - len(header)
        if body % self._width:
            expected = f"a multiple of {self._width} bytes"
            fix = "the .bed is cut off or belongs to another .fam: copy the three files again"
            raise DataError(f"{body} bytes of genotypes for {len(self.samples)} samples", expected, fix, where=str(self.path))
        return body // self._width

    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the .bim alone."""
        with open_text(self.bim) as names:
            for first in range(0, self.variants, CHUNK):
                contig, start, *_ = self._read_bim(names, first, min(CHUNK, self.variants - first))
                yield contig, start

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        end = self.variants if last is None else last
        with self.path.open("rb") as genotypes, open_text(self.bim) as names:
            genotypes.seek(3 + first * self._width)
            for _ in islice(names, first):
                pass
            for start in range(first, end, CHUNK):
                count = min(CHUNK, end - start)
                packed = np.frombuffer(genotypes.read(count * self._width), dtype=np.uint8).reshape(count, self._width)
                contig, position, effect, other, rsid = self._read_bim(names, start, count)
                dosage = decode(packed, len(self.samples))
                dosage = halve(dosage) if self.reading.ploidy == 1 else dosage
                yield VariantChunk(contig, position, effect, other, rsid, dosage)
            if end == self.variants and names.readline().strip():
                raise self._disagree(f"more than {self.variants} variants")

    def _read_bim(self, names: IO[str], first: int, count: int) -> tuple[np.ndarray, ...]:
        """Return contig, start, effect allele (A1), other allele and id of the next ``count`` lines."""
        rows = [line.split() for line in islice(names, count)]
        if len(rows) < count:
            raise self._disagree(f"{first + len(rows)} variants")
        for number, row in enumerate(rows, start=first + 1):
            position = whole_position(row[3]) if len(row) == 6 else None
            if position is None or not 0 < position < 1 << 31:
                expected = "contig, id, cM, position (from 1), A1, A2"
                raise DataError(f"{' '.join(row)[:80]!r}", expected, "correct the row", where=place(self.bim, line=number))
            row[3] = str(position)
        contig, rsid, _, positions, effect, other = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
        return contig, positions.astype(np.int64) - 1, effect, other, rsid

    def _disagree(self, found: str) -> DataError:
        return DataError(
            f"{found} in the .bim", f"the {self.variants} variants of the .bed", "copy the three files again", where=str(self.bim)
        )
