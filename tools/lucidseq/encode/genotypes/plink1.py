"""PLINK 1 binary genotypes (.bed, .bim, .fam), decoded two bytes at a time.

Two bits hold a genotype, so two bytes hold eight; a table of 65,536 entries gives their eight int8 dosages as one 64-bit word,
and decoding is one table look-up for eight genotypes.

References
----------
PLINK 1 binary format, https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK
from lucidseq.core.tables import open_text
from lucidseq.encode.genotypes.reader import VariantChunk, require_unique_samples

MAGIC = b"\x6c\x1b"
VARIANT_MAJOR = b"\x01"
# Dosage of A1 by the two-bit code: 00 = both A1, 01 = missing, 10 = heterozygous, 11 = both A2
_CODES = np.array([2, -1, 1, 0], dtype=np.int8)
_SIDES = (".bed", ".bim", ".fam")


def _table() -> np.ndarray:
    pairs = np.arange(1 << 16, dtype=np.uint32)[:, None] >> (2 * np.arange(8, dtype=np.uint32))
    return np.ascontiguousarray(_CODES[pairs & 3]).view(np.uint64).ravel()


_TABLE = _table()


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
        raise DataError("a .bed without PLINK's magic number", "a PLINK 1 .bed", "check the file (BED intervals have no genotypes)",
                        where=str(bed))  # fmt: skip
    return found


def _side(path: Path, suffix: str) -> Path:
    path = Path(path)
    if path.suffix in _SIDES:
        return path.with_suffix(suffix)
    return path.with_name(path.name + suffix)


def whole_sets(paths: list[Path]) -> list[Path]:
    """Return paths with every PLINK 1 file set named once, however many of its three files were given.

    Workflow engines stage .bed, .bim and .fam together and hand all three over.
    """
    whole: list[Path] = []
    for path in paths:
        companion = path.suffix in _SIDES[1:] and is_plink1(path)
        bed = _side(path, ".bed") if companion else path
        if not (companion and (bed in paths or bed in whole)):  # the same .bed twice stays, to be refused
            whole.append(bed)
    return whole


class Plink1Reader:
    """Reader of a PLINK 1 file set (see `reader.GenotypeReader`); A1 is the effect allele.

    Samples are called by their individual id (IID); where two families share one, by FID_IID. ``phenotype`` is the sixth column
    of the .fam as numbers, float64 of shape (samples,).

    Raises
    ------
    DataError
        If one of the three files is missing or damaged, or the .bed is sample-major.
    """

    hard_calls = True

    def __init__(self, path: Path) -> None:
        self.path = _side(path, ".bed")
        self.skipped: Counter[str] = Counter()
        for suffix in _SIDES:
            if not _side(path, suffix).is_file():
                raise DataError(f"no {_side(path, suffix).name}", "a .bed, .bim and .fam with the same name",
                                "put the three files side by side", where=str(path))  # fmt: skip
        self.bim = _side(path, ".bim")
        self.samples, self.phenotype = _read_fam(_side(path, ".fam"))
        self._width = (len(self.samples) + 3) // 4
        self.variants = self._count_variants()

    def _count_variants(self) -> int:
        with self.path.open("rb") as handle:
            header = handle.read(3)
        if header[2:] != VARIANT_MAJOR:
            raise DataError("a sample-major .bed file", "variant-major order", "rewrite it with plink --make-bed",
                            where=str(self.path))  # fmt: skip
        body = self.path.stat().st_size - len(header)
        if body % self._width:
            raise DataError(
                f"{body} bytes of genotypes for {len(self.samples)} samples", f"a multiple of {self._width} bytes",
                "the .bed is cut off or belongs to another .fam: copy the three files again", where=str(self.path),
            )  # fmt: skip
        return body // self._width

    def chunks(self) -> Iterator[VariantChunk]:
        """Read `core.genotypes.CHUNK` variants at a time."""
        self.skipped.clear()
        with self.path.open("rb") as genotypes, open_text(self.bim) as names:
            genotypes.seek(3)
            for first in range(0, self.variants, CHUNK):
                count = min(CHUNK, self.variants - first)
                packed = np.frombuffer(genotypes.read(count * self._width), dtype=np.uint8).reshape(count, self._width)
                columns = self._read_bim(names, first, count)
                contig, start, effect, other, rsid = columns
                yield VariantChunk(contig, start, effect, other, rsid, decode(packed, len(self.samples)))
            if names.readline().strip():
                raise self._disagree(f"more than {self.variants} variants")

    def _read_bim(self, names: IO[str], first: int, count: int) -> tuple[np.ndarray, ...]:
        """Return contig, start, effect allele (A1), other allele and id of the next ``count`` lines."""
        rows = [line.split() for line in islice(names, count)]
        if len(rows) < count:
            raise self._disagree(f"{first + len(rows)} variants")
        for number, row in enumerate(rows, start=first + 1):
            if len(row) != 6 or not row[3].lstrip("-").isdigit() or int(row[3]) < 1:
                raise DataError(f"{' '.join(row)[:80]!r}", "contig, id, cM, position (from 1), A1, A2", "correct the row",
                                where=place(self.bim, line=number))  # fmt: skip
        contig, rsid, _, position, effect, other = (
            np.array(column, dtype=object) for column in zip(*rows, strict=True)
        )
        return contig, position.astype(np.int64) - 1, effect, other, rsid

    def _disagree(self, found: str) -> DataError:
        return DataError(f"{found} in the .bim", f"the {self.variants} variants of the .bed", "copy the three files again",
                         where=str(self.bim))  # fmt: skip


def _read_fam(path: Path) -> tuple[list[str], np.ndarray]:
    """Return sample names and the phenotype column (NaN where it is no number)."""
    families, people, values = [], [], []
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            fields = line.split()
            if len(fields) != 6:
                raise DataError(f"{len(fields)} fields", "FID, IID, father, mother, sex and phenotype", "correct the row",
                                where=place(path, line=number))  # fmt: skip
            families.append(fields[0])
            people.append(fields[1])
            values.append(_number(fields[5]))
    if len(set(people)) < len(people):
        people = [f"{family}_{person}" for family, person in zip(families, people, strict=True)]
    require_unique_samples(people, path)
    return people, np.array(values)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
