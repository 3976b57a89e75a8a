"""What the fields of a VCF or BCF record say of one ALT allele: calls (GT), dosages (DS) or probabilities (GP)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.genotypes.allele_counts import genotype_copies
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.reader import as_float, no_field

PADDING = -2  # alleles past the end of a shorter call
_SUM_SLACK = 0.1  # probabilities rounded to a digit or two may sum to this much more or less than one
_DOSAGE = re.compile(r"^##FORMAT=<(?:[^\"\n]*,)?ID=DS[,>]", re.MULTILINE)
KEYS = {GenotypeField.DOSAGE: "DS", GenotypeField.GP: "GP", GenotypeField.GT: "GT"}


@dataclass(frozen=True)
class SampleFields:
    """The fields of a record.

    Attributes
    ----------
    alternates
        Number of ALT alleles.
    names
        Names in FORMAT.
    alleles
        Alleles of GT, int of shape (samples, ploidy), -1 missing and `PADDING` past the end of a shorter call; None without GT.
    values
        Numbers of the field that is read, float of shape (samples, values) with NaN; None without it.
    maybe_haploid
        Whether the contig is one of which people may have one copy (`sex_chromosomes.maybe_haploid`).
    """

    alternates: int
    names: list[str]
    alleles: np.ndarray | None
    values: np.ndarray | None
    maybe_haploid: bool = False


def field_to_read(field: GenotypeField, header: str) -> GenotypeField:
    """Return the field that ``auto`` means: DS where the header's text declares it for samples (INFO may have a DS too), else GT."""
    if field is not GenotypeField.AUTO:
        return field
    return GenotypeField.DOSAGE if _DOSAGE.search(header) else GenotypeField.GT


def allele_dosage(
    fields: SampleFields, field: GenotypeField, allele: int, ploidy: int, *, strict: bool, where: str
) -> np.ndarray:
    """Return the copies of one ALT allele.

    Parameters
    ----------
    fields
        The record's.
    field
        GT gives int8, -1 for missing; DS and GP give float32, NaN for missing, and the call of a sample that has one but no DS or
        GP (PLINK 2 leaves them out where the call says as much). A call with one allele missing is missing. In a diploid data set a
        haploid call counts twice, and so does its DS (see `_haploid`).
    allele
        The ALT allele, from 1.
    ploidy
        Alleles of a call.
    strict
        Refuse a record without DS or GP; otherwise its GT is read.
    where
        Place for error messages.

    Raises
    ------
    DataError
        If the field is not there, its values are not what they should be, or a call has another ploidy.
    """
    if field is GenotypeField.GT or fields.values is None:
        if strict and field is not GenotypeField.GT:
            raise no_field(KEYS[field], ":".join(fields.names), where)
        return _copies(fields, allele, ploidy, where)
    if field is GenotypeField.GP:
        dosage = _from_probabilities(fields.values, fields.alternates + 1, allele, ploidy, where)
    else:
        dosage = _from_dosages(fields, fields.values, allele, ploidy, where)
    missing = np.isnan(dosage)
    if missing.any() and fields.alleles is not None:
        dosage = np.where(missing, as_float(_copies(fields, allele, ploidy, where)), dosage)
    return dosage


def _from_dosages(fields: SampleFields, values: np.ndarray, allele: int, ploidy: int, where: str) -> np.ndarray:
    if values.shape[1] < allele:
        raise DataError(
            f"{values.shape[1]} dosages", f"{fields.alternates}, one an ALT allele", "correct the row", where=where
        )
    dosage: np.ndarray = values[:, allele - 1].astype(np.float32)
    if ploidy != 2 or fields.alleles is None:
        return dosage
    with np.errstate(over="ignore"):  # what is out of range is refused where chunks are taken
        return np.where(_haploid(fields.alleles, maybe=fields.maybe_haploid), 2 * dosage, dosage)


def _haploid(alleles: np.ndarray, *, maybe: bool) -> np.ndarray:
    """Return a mask of the samples whose call has room for one allele: their DS is on the scale of one copy.

    The allele may be missing, as PLINK 2 writes an uncertain man on X (``.:0.94``). A lone dot is also how some programs write a
    diploid call that is missing; it is taken as haploid on contigs that may be, and beside haploid calls in the row.
    """
    single = (alleles[:, 0] != PADDING) & (alleles[:, 1:] == PADDING).all(axis=1)
    called = single & (alleles[:, 0] >= 0)
    return single if maybe or called.any() else called


def _copies(fields: SampleFields, allele: int, ploidy: int, where: str) -> np.ndarray:
    alleles = fields.alleles
    if alleles is None:
        raise no_field("GT", ":".join(fields.names), where)
    if (alleles > fields.alternates).any():
        raise DataError(f"allele {int(alleles.max())} in a call", f"0 to {fields.alternates}, as REF and ALT have them",
                        "correct the row", where=where)  # fmt: skip
    missing = (alleles == -1).any(axis=1) | (alleles[:, 0] == PADDING)
    number = (alleles != PADDING).sum(axis=1)
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
