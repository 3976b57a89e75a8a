"""The rows of a VCF that are shaped in an unusual way, through htslib (cyvcf2)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.sample_fields import KEYS, AlleleDosage, SampleFields, allele_dosage, coded_alleles

if TYPE_CHECKING:
    import cyvcf2

_HEAD = (b"##fileformat=VCFv4.3", b"##contig=<ID=c>")
_SITE = 8  # columns before FORMAT


def record_dosage(
    record: cyvcf2.Variant,
    field: GenotypeField = GenotypeField.GT,
    *,
    where: str,
    allele: int = 1,
    ploidy: int = 2,
    strict: bool = False,
    haploid: bool = False,
) -> np.ndarray:
    """Return the copies of one ALT allele of a record of htslib (see `sample_fields.allele_dosage`; ``haploid``: the contig may be).

    Raises
    ------
    DataError
        As there, or if DS or GP are declared as something else than Float.
    """
    fields = record_fields(record, field, haploid=haploid, where=where)
    return allele_dosage(fields, field, allele, ploidy, strict=strict, where=where).copies


def record_fields(record: cyvcf2.Variant, field: GenotypeField, *, haploid: bool, where: str) -> SampleFields:
    """Return the fields of a record of htslib that are read.

    Raises
    ------
    DataError
        If DS or GP are declared as something else than Float, or an allele is negative.
    """
    values = None
    if field is not GenotypeField.GT and KEYS[field] in record.FORMAT:
        values = record.format(KEYS[field])
        if values is None or not np.issubdtype(values.dtype, np.floating):
            raise DataError(
                f"{KEYS[field]} that is no number", f"{KEYS[field]} declared as Float in the header", "correct the header", where=where
            )
    coded = raw_calls(record)
    alleles = None if coded is None else coded_alleles(coded, where)
    return SampleFields(len(record.ALT), record.FORMAT, alleles, values, haploid)


def raw_calls(record: cyvcf2.Variant) -> np.ndarray | None:
    """Return GT as BCF codes it, int32 of shape (samples, ploidy); None without GT."""
    coded: np.ndarray | None = record.format("GT", int)
    return coded


def decode_lines(
    header: bytes,
    lines: list[bytes],
    alleles: list[int],
    haploid: list[bool],
    where: list[str],
    field: GenotypeField,
    *,
    ploidy: int,
    strict: bool,
) -> list[tuple[AlleleDosage, int]]:
    """Decode VCF lines by htslib, through a temporary file.

    Parameters
    ----------
    header
        The header's bytes, ``#CHROM`` line included, ending in a line feed.
    lines
        Lines without line ends.
    alleles
        The ALT allele that counts in each line, from 1.
    haploid
        Whether samples may have one copy of each line's contig.
    where
        Place of each line.
    field, ploidy, strict
        As in `record_dosage`.

    Returns
    -------
    For each line its dosages, and how many haploid calls they count as two copies (`sample_fields.SampleFields.doubled`).

    Raises
    ------
    DataError
        If htslib cannot read a line.
    """
    import cyvcf2

    decoded: list[tuple[AlleleDosage, int]] = []
    with tempfile.TemporaryDirectory(prefix="lucidseq-vcf-") as folder:
        path = Path(folder) / "lines.vcf"
        path.write_bytes(_plain_header(header) + b"".join(map(_plain_line, lines)))
        try:
            for record in cyvcf2.VCF(str(path)):
                at = len(decoded)
                fields = record_fields(record, field, haploid=haploid[at], where=where[at])
                values = allele_dosage(fields, field, alleles[at], ploidy, strict=strict, where=where[at])
                if len(values.copies) != lines[at].count(b"\t") - _SITE:
                    raise _unreadable(f"{len(values.copies)} samples are left of it", where[at])
                decoded.append((values, fields.doubled(ploidy)))
        except DataError:
            raise
        except Exception as error:  # cyvcf2 raises bare exceptions of several kinds
            raise _unreadable(str(error), where[min(len(decoded), len(where) - 1)]) from error
    if len(decoded) < len(lines):
        raise _unreadable("htslib stopped", where[len(decoded)])
    return decoded


def _plain_header(header: bytes) -> bytes:
    """Return what genotypes need of a header: cyvcf2 crashes where a row that it cannot read is on a contig that is not declared."""
    kept = [line for line in header.split(b"\n") if line.startswith((b"##FORMAT=", b"#CHROM"))]
    return b"\n".join([*_HEAD, *kept]) + b"\n"


def _plain_line(line: bytes) -> bytes:
    """Return a line with its alleles and genotypes alone."""
    fields = line.split(b"\t", _SITE)
    return b"\t".join([b"c", b"1", b".", b"A", fields[4], b".", b".", b".", *fields[8:]]) + b"\n"


def _unreadable(reason: str, where: str) -> DataError:
    return DataError(f"a row that is not VCF ({reason})", "one field per sample, as in FORMAT", "correct the row", where=where)
