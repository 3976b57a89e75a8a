"""What every genotype reader offers, whatever the format behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.core.variants import AlleleKind, ContigNames, allele_kind, clean_allele
from lucidseq.encode.genotypes.choices import GenotypeField, HaploidCoding, Multiallelic
from lucidseq.encode.genotypes.sample_names import SampleNames

MULTIALLELIC, NO_ALTERNATE, NO_FIELD = "multi-allelic", "no alternate allele", "without the sample field"
UNKNOWN, MALE, FEMALE = 0, 1, 2  # sexes, as PLINK codes them
_SLACK = 1e-3  # a dosage may exceed its range by rounding


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes
    ----------
    field
        What is read of a sample.
    multiallelic
        Split sites of several ALT alleles into one variant an allele, or drop them.
    ploidy
        Chromosome copies of a sample.
    sample_file
        Oxford .sample file of BGEN files; None for the one beside each.
    drop_incomplete
        Skip rows of VCF and BCF without the field that is read, rather than refuse the file.
    """

    field: GenotypeField = GenotypeField.AUTO
    multiallelic: Multiallelic = Multiallelic.SPLIT
    ploidy: int = 2
    sample_file: Path | None = None
    drop_incomplete: bool = False


@dataclass(frozen=True)
class VariantChunk:
    """Some variants in file order.

    Attributes
    ----------
    contig, effect_allele, other_allele, rsid
        Object arrays of str, shape (variants,).
    start
        0-based positions, int64 of shape (variants,).
    dosage
        Copies of the effect allele, shape (variants, samples): int8 with -1 for missing, or float32 with NaN.
    doubled
        Haploid calls that count as two copies although the contig is none of X, Y and MT, int64 of shape (variants,); None where
        the format has none, or has them doubled already.
    called
        Which dosages come from a hard call, bool of shape (variants, samples); None where all do (int8), or none does (float32).
        Readers give it on contigs that may be haploid, whose rules are different for calls and dosages.
    """

    contig: np.ndarray
    start: np.ndarray
    effect_allele: np.ndarray
    other_allele: np.ndarray
    rsid: np.ndarray
    dosage: np.ndarray
    doubled: np.ndarray | None = None
    called: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: np.ndarray) -> VariantChunk:
        """Return the variants of a mask or of indices."""
        return VariantChunk(
            self.contig[rows],
            self.start[rows],
            self.effect_allele[rows],
            self.other_allele[rows],
            self.rsid[rows],
            self.dosage[rows],
            None if self.doubled is None else self.doubled[rows],
            None if self.called is None else self.called[rows],
        )

    def of_samples(self, keep: np.ndarray) -> VariantChunk:
        """Return the genotypes of the samples of a mask."""
        return replace(self, dosage=self.dosage[:, keep], called=None if self.called is None else self.called[:, keep])

    def hard_calls(self) -> np.ndarray:
        """Return which dosages come from a hard call, bool of shape (variants, samples)."""
        return np.full(self.dosage.shape, self.dosage.dtype == np.int8) if self.called is None else self.called


class GenotypeReader(ABC):
    """A file of genotypes, read in chunks; memory does not grow with the number of variants.

    Attributes
    ----------
    path
        The file.
    samples
        Sample names in file order.
    names
        Sample names with families, where the file has them.
    hard_calls
        Whether chunks have int8 calls rather than float32 dosages.
    sex
        Sexes in the file, uint8 of shape (samples,): `UNKNOWN`, `MALE` or `FEMALE`.
    phenotypes
        Phenotypes in the file by name, float64 of shape (samples,) each, in PLINK's coding.
    haploid
        How haploid calls are coded in chunks: as two copies, unless a store was written otherwise.
    skipped
        Rows skipped, by reason, counted by `chunks`.
    split
        Sites of several ALT alleles that were split, counted likewise.
    """

    haploid = HaploidCoding.TWO

    def __init__(self, path: Path, samples: list[str], reading: Reading, *, hard_calls: bool) -> None:
        self.path, self.samples, self.reading, self.hard_calls = Path(path), samples, reading, hard_calls
        self.names = SampleNames(samples)
        self.sex = np.zeros(len(samples), dtype=np.uint8)
        self.phenotypes: dict[str, np.ndarray] = {}
        self.skipped: Counter[str] = Counter()
        self.split = 0
        self.contig_names = ContigNames()

    def chunks(self, first: int = 0, last: int | None = None) -> Iterator[VariantChunk]:
        """Read the file's rows first..last-1 (all of them by default) from the beginning.

        A contig that the file spells in several ways has its first name (of the rows from ``first`` on, unless `positions` has been read); alleles are
        in capitals (see `core.variants`).

        Raises
        ------
        DataError
            If an allele is neither bases, a code, nor a placeholder, or both alleles of a variant are the same.
        """
        self.skipped.clear()
        self.split = 0
        return map(self._clean, self._chunks(first, last))

    @abstractmethod
    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]: ...

    def positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return (contigs, positions) of all rows piece by piece, without genotypes."""
        return ((_mapped(contigs, self.contig_names), starts) for contigs, starts in self._positions())

    @abstractmethod
    def _positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return contigs and positions as the file has them."""

    def _clean(self, chunk: VariantChunk) -> VariantChunk:
        """Return a chunk with clean names of contigs and alleles."""
        alleles = {name: self._clean_alleles(getattr(chunk, name), chunk) for name in ("effect_allele", "other_allele")}
        self._refuse_same(alleles["effect_allele"], alleles["other_allele"], chunk)
        return replace(chunk, contig=_mapped(chunk.contig, self.contig_names), **alleles)

    def _refuse_same(self, effect: np.ndarray, other: np.ndarray, chunk: VariantChunk) -> None:
        for row in np.flatnonzero(effect == other):
            if allele_kind(effect[row]) is not AlleleKind.PLACEHOLDER:
                where = place(self.path, variant=f"{chunk.contig[row]}:{chunk.start[row] + 1}")
                raise DataError(f"the allele {effect[row][:40]!r} twice", "two different alleles", "correct the row", where=where)

    def _clean_alleles(self, alleles: np.ndarray, chunk: VariantChunk) -> np.ndarray:
        clean = {allele: clean_allele(allele) or allele for allele in set(alleles)}
        for allele, text in clean.items():
            if allele_kind(text) is AlleleKind.INVALID:
                row = int(np.argmax(alleles == allele))
                where = place(self.path, variant=f"{chunk.contig[row]}:{chunk.start[row] + 1}")
                raise DataError(f"an allele {allele[:40]!r}", "bases (A, C, G, T)", "correct the row", where=where)
        return _mapped(alleles, clean.__getitem__)

    def keep_alleles(self, alternates: int) -> range:
        """Return the alleles of a row that become variants (1 is the first ALT), and count split and skipped rows."""
        if alternates == 1:
            return range(1, 2)
        if not alternates:
            self.skipped[NO_ALTERNATE] += 1
            return range(0)
        if self.reading.multiallelic is Multiallelic.DROP:
            self.skipped[MULTIALLELIC] += 1
            return range(0)
        self.split += 1
        return range(1, alternates + 1)


def _mapped(texts: np.ndarray, clean: Callable[[str], str]) -> np.ndarray:
    """Return an object array of the clean texts; the same array where none differs."""
    table = {text: clean(text) for text in set(texts)}
    if all(text == name for text, name in table.items()):
        return texts
    return np.array([table[text] for text in texts], dtype=object)


def require_diploid(path: Path, reading: Reading) -> None:
    """Refuse a ploidy that a format of diploid calls does not support.

    Raises
    ------
    DataError
        If the ploidy is above two.
    """
    if reading.ploidy > 2:
        raise DataError(
            f"--ploidy {reading.ploidy} for a file of diploid calls", "--ploidy 1 or 2", "give polyploids as VCF or BCF", where=str(path)
        )


def halve(calls: np.ndarray) -> np.ndarray:
    """Return diploid calls (int8 or float32) as those of haploids: half the copies, heterozygous hard calls missing."""
    if calls.dtype == np.int8:
        return np.array([0, MISSING_CALL, 1, MISSING_CALL], dtype=np.int8)[calls]
    return calls / np.float32(2)


def in_range(chunk: VariantChunk, ploidy: int, path: Path) -> VariantChunk:
    """Return a chunk whose dosages are within 0..ploidy (what rounding adds is cut off).

    Raises
    ------
    DataError
        If one is further outside.
    """
    if chunk.dosage.dtype == np.int8 or not chunk.dosage.size:
        return chunk
    with np.errstate(invalid="ignore"):
        outside = ((chunk.dosage < -_SLACK) | (chunk.dosage > ploidy + _SLACK)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        values = chunk.dosage[row]
        worst = float(values[np.nanargmax(np.abs(values - ploidy / 2))])
        where = place(path, variant=f"{chunk.contig[row]}:{chunk.start[row] + 1}")
        raise DataError(f"a dosage of {worst:g}", f"0 to {ploidy} copies", "check the file, its FORMAT field and --ploidy", where=where)
    return replace(chunk, dosage=np.clip(chunk.dosage, 0, ploidy))


def as_float(dosage: np.ndarray) -> np.ndarray:
    """Return dosages as float32 with NaN for missing."""
    if dosage.dtype == np.int8:
        return np.where(dosage == MISSING_CALL, np.float32(np.nan), dosage.astype(np.float32))
    return dosage


def make_chunk(
    rows: list[tuple[str, int, str, str, str]], dosage: np.ndarray, doubled: list[int], called: np.ndarray | None
) -> VariantChunk:
    """Build a chunk from (contig, start, effect allele, other allele, id) rows."""
    contig, start, effect, other, rsid = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    return VariantChunk(contig, start.astype(np.int64), effect, other, rsid, dosage, np.array(doubled, dtype=np.int64), called)


def parse_sex(text: str) -> int:
    """Return `MALE`, `FEMALE` or `UNKNOWN` for the spellings of PLINK, Oxford and tables."""
    return {"1": MALE, "m": MALE, "male": MALE, "2": FEMALE, "f": FEMALE, "female": FEMALE}.get(text.lower(), UNKNOWN)


def no_field(expected: str, received: str, where: str) -> DataError:
    """Build the error for a row or file without the field that is to be read."""
    fix = "choose another --field, remove the row, or add --drop-incomplete to remove such rows of a VCF or BCF"
    return DataError(f"FORMAT {received}", f"a row with {expected}", fix, where=where)


def require_unique_samples(samples: list[str], path: Path) -> None:
    """Check that there are samples and that names are unique.

    Raises
    ------
    DataError
        Otherwise.
    """
    if not samples:
        raise DataError("zero samples", "genotypes of at least one sample", "give a file with genotype columns", where=str(path))
    twice = [name for name, count in Counter(samples).items() if count > 1]
    if twice:
        raise DataError(f"sample {twice[0]} more than once", "different sample names", "rename the samples", where=str(path))
