"""Genotypes through htslib (cyvcf2): BCF files, and the rows of a VCF that are shaped in an unusual way."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK, MISSING_CALL
from lucidseq.core.tables import is_gzip
from lucidseq.encode.genotypes.allele_counts import genotype_copies
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import (
    GenotypeReader,
    Reading,
    VariantChunk,
    as_float,
    make_chunk,
    no_field,
    require_unique_samples,
)  # fmt: skip

if TYPE_CHECKING:
    import cyvcf2

_PADDING = -2  # cyvcf2's alleles past the end of a shorter call
_SUM_SLACK = 0.1  # probabilities rounded to a digit or two may sum to this much more or less than one
KEYS = {GenotypeField.DOSAGE: "DS", GenotypeField.GP: "GP", GenotypeField.GT: "GT"}


def is_bcf(path: Path) -> bool:
    """Say whether a file is BCF (compressed or not)."""
    if is_gzip(path):
        try:
            with gzip.open(path) as handle:
                return handle.read(3) == b"BCF"
        except (OSError, EOFError):
            return False
    with Path(path).open("rb") as handle:
        return handle.read(3) == b"BCF"


def field_to_read(field: GenotypeField, *, has_dosage: bool) -> GenotypeField:
    """Return the field that ``auto`` means: DS where the header declares it, else GT."""
    if field is not GenotypeField.AUTO:
        return field
    return GenotypeField.DOSAGE if has_dosage else GenotypeField.GT


def record_dosage(
    record: cyvcf2.Variant,
    field: GenotypeField = GenotypeField.GT,
    *,
    where: str,
    allele: int = 1,
    ploidy: int = 2,
    strict: bool = False,
) -> np.ndarray:
    """Return the copies of one ALT allele of a record.

    Parameters
    ----------
    record
        The record.
    field
        GT gives int8, -1 for missing; DS and GP give float32, NaN for missing, and the call of a sample that has one but no DS or
        GP (PLINK 2 leaves them out where the call says as much). A call with one allele missing is missing. In a diploid data set a
        haploid call counts twice.
    where
        Place for error messages.
    allele
        The ALT allele, from 1.
    ploidy
        Alleles of a call.
    strict
        Refuse a record without DS or GP; otherwise its GT is read.

    Raises
    ------
    DataError
        If the field is not there, its values are not what they should be, or a call has another ploidy.
    """
    if field is GenotypeField.GT or KEYS[field] not in record.FORMAT:
        if strict and field is not GenotypeField.GT:
            raise no_field(KEYS[field], ":".join(record.FORMAT), where)
        return _copies(record, allele, ploidy, where)
    values = record.format(KEYS[field])
    if values is None or not np.issubdtype(values.dtype, np.floating):
        raise DataError(f"{KEYS[field]} that is no number", f"{KEYS[field]} declared as Float in the header", "correct the header",
                        where=where)  # fmt: skip
    if field is GenotypeField.GP:
        dosage = _from_probabilities(values, len(record.ALT) + 1, allele, ploidy, where)
    else:
        dosage = _from_dosages(record, values, allele, ploidy, where)
    missing = np.isnan(dosage)
    if missing.any() and "GT" in record.FORMAT:
        calls = as_float(_copies(record, allele, ploidy, where))
        dosage = np.where(missing, calls, dosage)
    return dosage


def _from_dosages(record: cyvcf2.Variant, values: np.ndarray, allele: int, ploidy: int, where: str) -> np.ndarray:
    if values.shape[1] < allele:
        raise DataError(
            f"{values.shape[1]} dosages", f"{len(record.ALT)}, one an ALT allele", "correct the row", where=where
        )
    dosage: np.ndarray = values[:, allele - 1].astype(np.float32)
    if ploidy != 2 or "GT" not in record.FORMAT:
        return dosage
    return np.where(_haploid(record), 2 * dosage, dosage)


def _alleles(record: cyvcf2.Variant) -> np.ndarray:
    alleles: np.ndarray = record.genotype.array()[:, :-1]
    return alleles


def _haploid(record: cyvcf2.Variant) -> np.ndarray:
    alleles = _alleles(record)
    single: np.ndarray = (alleles[:, 0] >= 0) & (alleles[:, 1:] == _PADDING).all(axis=1)
    return single


def _copies(record: cyvcf2.Variant, allele: int, ploidy: int, where: str) -> np.ndarray:
    if "GT" not in record.FORMAT:
        raise no_field("GT", ":".join(record.FORMAT), where)
    alleles = _alleles(record)
    if (alleles > len(record.ALT)).any():
        raise DataError(f"allele {int(alleles.max())} in a call", f"0 to {len(record.ALT)}, as REF and ALT have them",
                        "correct the row", where=where)  # fmt: skip
    missing = (alleles == -1).any(axis=1) | (alleles[:, 0] == _PADDING)
    number = (alleles != _PADDING).sum(axis=1)
    haploid = (number == 1) & (ploidy == 2)
    odd = ~missing & (number != ploidy) & ~haploid
    if odd.any():
        raise DataError(f"calls of {int(number[odd][0])} alleles", f"{ploidy} alleles (--ploidy {ploidy})",
                        "correct --ploidy, or leave out these samples", where=where)  # fmt: skip
    copies = (alleles == allele).sum(axis=1)
    return np.where(missing, MISSING_CALL, np.where(haploid, 2 * copies, copies)).astype(np.int8)


def _from_probabilities(values: np.ndarray, alleles: int, allele: int, ploidy: int, where: str) -> np.ndarray:
    """Return expected copies; a sample with as many probabilities as alleles is haploid."""
    known = ~np.isnan(values)
    dosage = np.full(len(values), np.nan)
    shapes = [(copies, len(genotype_copies(copies, alleles))) for copies in {ploidy, 1 if ploidy == 2 else ploidy}]
    left = known.any(axis=1)
    for copies, width in shapes:
        people = left & (known.sum(axis=1) == width) & known[:, :width].all(axis=1)
        if people.any():
            some = values[people][:, :width].astype(np.float64)
            total = some.sum(axis=1)
            if (some < 0).any() or (np.abs(total - 1) > _SUM_SLACK).any():
                raise DataError(f"GP that sum to {total[np.abs(total - 1).argmax()]:.4g}", "probabilities that sum to 1",
                                "GP on a Phred scale must be converted first; or choose --field gt", where=where)  # fmt: skip
            dosage[people] = some @ genotype_copies(copies, alleles)[:, allele] / total * (ploidy / copies)
        left &= ~people
    if left.any():
        raise DataError(f"{int(known[left].sum(axis=1)[0])} genotype probabilities", f"{shapes[0][1]} (--ploidy {ploidy})",
                        "correct --ploidy or the row", where=where)  # fmt: skip
    return dosage.astype(np.float32)


class BcfReader(GenotypeReader):
    """Reader of a BCF file (see `reader.GenotypeReader`)."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = Path(path)
        records = self._open()
        samples = list(records.samples)
        self._field = field_to_read(reading.field, has_dosage="ID=DS," in records.raw_header)
        records.close()
        require_unique_samples(samples, path)
        super().__init__(path, samples, reading, hard_calls=self._field is GenotypeField.GT)

    def _open(self) -> cyvcf2.VCF:
        import cyvcf2

        try:
            return cyvcf2.VCF(str(self.path))
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"a BCF file that cannot be read ({error})", "a whole BCF file", "copy or make it again",
                         where=str(self.path))  # fmt: skip

    def _records(self) -> Iterator[cyvcf2.Variant]:
        records = self._open()
        try:
            yield from records
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error
        finally:
            records.close()

    def positions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the file without decoding genotypes."""
        contigs: list[str] = []
        starts: list[int] = []
        for record in self._records():
            contigs.append(record.CHROM)
            starts.append(record.start)
            if len(starts) == CHUNK:
                yield np.array(contigs, dtype=object), np.array(starts)
                contigs, starts = [], []
        if starts:
            yield np.array(contigs, dtype=object), np.array(starts)

    def _chunks(self, first: int, last: int | None) -> Iterator[VariantChunk]:
        rows: list[tuple[str, int, str, str, str]] = []
        dosages: list[np.ndarray] = []
        for row, record in enumerate(self._records()):
            if row < first:
                continue
            if last is not None and row >= last:
                break
            for allele in self.keep_alleles(len(record.ALT)):
                rows.append((record.CHROM, record.start, record.ALT[allele - 1], record.REF, record.ID or "."))
                dosages.append(self._dosage(record, allele))
            if len(rows) >= CHUNK:
                yield make_chunk(rows, np.stack(dosages))
                rows, dosages = [], []
        if rows:
            yield make_chunk(rows, np.stack(dosages))

    def _dosage(self, record: cyvcf2.Variant, allele: int) -> np.ndarray:
        where = place(self.path, variant=f"{record.CHROM}:{record.POS}")
        try:
            values = record_dosage(
                record, self._field, where=where, allele=allele, ploidy=self.reading.ploidy,
                strict=self.reading.field is not GenotypeField.AUTO,
            )  # fmt: skip
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error
        return values if self.hard_calls else as_float(values)


def decode_lines(
    header: bytes,
    lines: list[bytes],
    alleles: list[int],
    where: list[str],
    field: GenotypeField,
    *,
    ploidy: int,
    strict: bool,
) -> list[np.ndarray]:
    """Decode VCF lines by htslib, through a temporary file.

    Parameters
    ----------
    header
        The header's bytes, ``#CHROM`` line included, ending in a line feed.
    lines
        Lines without line ends.
    alleles
        The ALT allele that counts in each line, from 1.
    where
        Place of each line.
    field, ploidy, strict
        As in `record_dosage`.

    Raises
    ------
    DataError
        If htslib cannot read a line.
    """
    import cyvcf2

    decoded: list[np.ndarray] = []
    with tempfile.TemporaryDirectory(prefix="lucidseq-vcf-") as folder:
        path = Path(folder) / "lines.vcf"
        path.write_bytes(header + b"\n".join(lines) + b"\n")
        try:
            for record in cyvcf2.VCF(str(path)):
                at = len(decoded)
                decoded.append(
                    record_dosage(record, field, where=where[at], allele=alleles[at], ploidy=ploidy, strict=strict)
                )
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise _unreadable(str(error), where[min(len(decoded), len(where) - 1)]) from error
    if len(decoded) < len(lines):
        raise _unreadable("htslib stopped", where[len(decoded)])
    return decoded


def _unreadable(reason: str, where: str) -> DataError:
    return DataError(f"a row that is not VCF ({reason})", "one field a sample, laid out as FORMAT says", "correct the row",
                     where=where)  # fmt: skip
