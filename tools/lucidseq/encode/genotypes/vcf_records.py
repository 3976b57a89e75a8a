"""Genotypes through htslib (cyvcf2): BCF files, and the rows of a VCF that are shaped in an unusual way."""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.genotypes import CHUNK, MISSING_CALL
from lucidseq.core.tables import is_gzip
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import MULTIALLELIC, NO_ALTERNATE, VariantChunk, as_float, require_unique_samples

if TYPE_CHECKING:
    import cyvcf2

_PADDING = -2  # cyvcf2's second allele of a haploid call


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


def record_dosage(record: cyvcf2.Variant, *, dosage: bool, where: str) -> np.ndarray:
    """Return the copies of ALT of one record.

    Parameters
    ----------
    record
        A record with one ALT allele.
    dosage
        Read DS (float32, NaN for missing) when the record has it, else GT (int8, -1 for missing). A haploid 1 counts as two
        copies; a call with one allele missing is missing.
    where
        Place for error messages.

    Raises
    ------
    DataError
        If neither is there, or the ploidy is above two.
    """
    if dosage and "DS" in record.FORMAT:
        values: np.ndarray = record.format("DS")[:, 0].astype(np.float32)
        return values
    if "GT" not in record.FORMAT:
        raise no_field("GT", ":".join(record.FORMAT), where)
    alleles = record.genotype.array()[:, :-1]
    if alleles.shape[1] > 2:
        raise DataError(f"calls of {alleles.shape[1]} alleles", "haploid or diploid calls", "leave out these samples",
                        where=where)  # fmt: skip
    copies = (alleles == 1).sum(axis=1)
    haploid = (alleles[:, 1:] == _PADDING).all(axis=1)
    missing = (alleles == -1).any(axis=1) | (alleles[:, 0] == _PADDING)
    return np.where(missing, MISSING_CALL, np.where(haploid, 2 * copies, copies)).astype(np.int8)


def no_field(wanted: str, found: str, where: str) -> DataError:
    """Build the error for a row without the field that is to be read."""
    return DataError(
        f"FORMAT {found}", f"a row with {wanted}", "choose another --field, or leave the row out", where=where
    )


class BcfReader:
    """Reader of a BCF file (see `reader.GenotypeReader`)."""

    def __init__(self, path: Path, field: GenotypeField) -> None:
        self.path, self.field = Path(path), field
        self.skipped: Counter[str] = Counter()
        with_file = self._open()
        self.samples = list(with_file.samples)
        has_dosage = "ID=DS," in with_file.raw_header
        with_file.close()
        require_unique_samples(self.samples, self.path)
        self.hard_calls = not (field is GenotypeField.DOSAGE or (field is GenotypeField.AUTO and has_dosage))

    def _open(self) -> cyvcf2.VCF:
        import cyvcf2

        try:
            return cyvcf2.VCF(str(self.path))
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"a BCF file that cannot be read ({error})", "a whole BCF file", "copy or make it again",
                         where=str(self.path))  # fmt: skip

    def chunks(self) -> Iterator[VariantChunk]:
        """Read `core.genotypes.CHUNK` records at a time."""
        self.skipped.clear()
        records = self._open()
        rows: list[tuple[str, int, str, str, str]] = []
        dosages: list[np.ndarray] = []
        try:
            for record in records:
                if len(record.ALT) != 1:
                    self.skipped[MULTIALLELIC if record.ALT else NO_ALTERNATE] += 1
                    continue
                rows.append((record.CHROM, record.start, record.ALT[0], record.REF, record.ID or "."))
                dosages.append(self._dosage(record))
                if len(rows) == CHUNK:
                    yield make_chunk(rows, np.stack(dosages))
                    rows, dosages = [], []
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise self._damaged(error) from error
        finally:
            records.close()
        if rows:
            yield make_chunk(rows, np.stack(dosages))

    def _dosage(self, record: cyvcf2.Variant) -> np.ndarray:
        where = place(self.path, variant=f"{record.CHROM}:{record.POS}")
        if self.field is GenotypeField.DOSAGE and "DS" not in record.FORMAT:
            raise no_field("DS", ":".join(record.FORMAT), where)
        values = record_dosage(record, dosage=not self.hard_calls, where=where)
        return values if self.hard_calls else as_float(values)


def make_chunk(rows: list[tuple[str, int, str, str, str]], dosage: np.ndarray) -> VariantChunk:
    """Build a chunk from (contig, start, effect allele, other allele, id) rows."""
    contig, start, effect, other, rsid = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    return VariantChunk(contig, start.astype(np.int64), effect, other, rsid, dosage)


def decode_lines(header: bytes, lines: list[bytes], *, dosage: bool, where: list[str]) -> list[np.ndarray]:
    """Decode VCF lines by htslib, through a temporary file.

    Parameters
    ----------
    header
        The header's bytes, ``#CHROM`` line included, ending in a line feed.
    lines
        Lines without line ends.
    dosage
        As in `record_dosage`.
    where
        Place of each line.

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
                decoded.append(record_dosage(record, dosage=dosage, where=where[len(decoded)]))
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
