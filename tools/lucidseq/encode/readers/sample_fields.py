"""Fields of a VCF or BCF record for one ALT allele: calls (GT), dosages (DS) or probabilities (GP)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.readers.allele_counts import genotype_copies
from lucidseq.encode.readers.reader import as_float, no_field

PADDING = -2  # alleles past the end of a shorter call
_END_OF_VALUES = 0x7F800002  # the float32 that BCF and htslib put past the end of a shorter list
_MISSING_CODE, _END_CODE = -(2**31), 1 - 2**31  # of calls, as BCF has them
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
        Numbers of the field that is read, float32 of shape (samples, values); None without it. What is missing and what is past the
        end of a shorter list are BCF's two NaN.
    maybe_haploid
        Whether samples may have one copy of the contig (`sex_chromosomes.maybe_haploid`).
    """

    alternates: int
    names: list[str]
    alleles: np.ndarray | None
    values: np.ndarray | None
    maybe_haploid: bool = False

    def doubled(self, ploidy: int) -> int:
        """Return the number of haploid calls that count as two copies, unless the contig is one that may be haploid."""
        if self.alleles is None or self.maybe_haploid or ploidy != 2:
            return 0
        return int(np.count_nonzero(_single(self.alleles) & (self.alleles[:, 0] >= 0)))


def coded_alleles(coded: np.ndarray, where: str) -> np.ndarray:
    """Return the alleles of calls as BCF codes them: twice the allele plus two, plus one where it is phased with the one before.

    Parameters
    ----------
    coded
        int32 of any shape.
    where
        Place for the error message.

    Returns
    -------
    int32 of the same shape, -1 missing and `PADDING` past the end of a shorter call.

    Raises
    ------
    DataError
        If an allele is negative.
    """
    alleles = (coded >> 1) - 1
    alleles[coded == _MISSING_CODE] = -1
    alleles[coded == _END_CODE] = PADDING
    if (alleles < PADDING).any():
        raise DataError("calls of negative alleles", "alleles from 0", "the file is damaged: create it again", where=where)
    return alleles


def field_to_read(field: GenotypeField, header: str) -> GenotypeField:
    """Return the field for ``auto``: DS where the header declares it for samples (INFO may have a DS too), else GT."""
    if field is not GenotypeField.AUTO:
        return field
    return GenotypeField.DOSAGE if _DOSAGE.search(header) else GenotypeField.GT


def has_field(names: list[str], requested: GenotypeField, field: GenotypeField) -> bool:
    """Return whether a row's FORMAT has the field that is read; where it was not requested, calls stand in for dosages.

    Examples
    --------
    >>> has_field(["DP"], GenotypeField.AUTO, GenotypeField.GT), has_field(["GT"], GenotypeField.AUTO, GenotypeField.DOSAGE)
    (False, True)
    """
    return KEYS[field] in names or (requested is GenotypeField.AUTO and "GT" in names)


class AlleleDosage(NamedTuple):
    """Copies of one allele, and which of them come from a hard call, bool; both of shape (samples,)."""

    copies: np.ndarray
    called: np.ndarray


def allele_dosage(fields: SampleFields, field: GenotypeField, allele: int, ploidy: int, *, strict: bool, where: str) -> AlleleDosage:
    """Return the copies of one ALT allele.

    Parameters
    ----------
    fields
        The record's.
    field
        GT gives int8, -1 for missing; DS and GP give float32, NaN for missing, and the call of a sample that has one but no DS or
        GP (PLINK 2 omits them where the call is certain). A call with one allele missing is missing. In a diploid data set a
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
        copies = _copies(fields, allele, ploidy, where)
        return AlleleDosage(copies, np.ones(len(copies), dtype=bool))
    if field is GenotypeField.GP:
        dosage = _from_probabilities(fields, fields.values, allele, ploidy, where)
    else:
        dosage = _from_dosages(fields, fields.values, allele, ploidy, where)
    missing = np.isnan(dosage)
    if not missing.any() or fields.alleles is None:
        return AlleleDosage(dosage, np.zeros(len(dosage), dtype=bool))
    return AlleleDosage(np.where(missing, as_float(_copies(fields, allele, ploidy, where)), dosage), missing)


def _from_dosages(fields: SampleFields, values: np.ndarray, allele: int, ploidy: int, where: str) -> np.ndarray:
    if values.shape[1] > 1 or fields.alternates > 1:  # otherwise there is one value a sample
        number = _lengths(values)
        odd = (number != fields.alternates) & ~((number <= 1) & np.isnan(values[:, 0]))
        if odd.any():
            fix = "correct the row (decimals have a point, no comma)"
            raise DataError(f"{int(number[odd][0])} dosages", f"{fields.alternates}, one per ALT allele, or a single dot", fix, where=where)
    if values.shape[1] < allele:
        return np.full(len(values), np.nan, dtype=np.float32)
    dosage: np.ndarray = values[:, allele - 1].astype(np.float32)
    if ploidy != 2 or fields.alleles is None:
        return dosage
    with np.errstate(over="ignore"):  # what is out of range is refused where chunks are taken
        return np.where(_haploid(fields.alleles, maybe=fields.maybe_haploid), 2 * dosage, dosage)


def _lengths(values: np.ndarray) -> np.ndarray:
    """Return how many values each sample has, missing ones too, int64 of shape (samples,)."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return (bits != _END_OF_VALUES).sum(axis=1)


def _haploid(alleles: np.ndarray, *, maybe: bool) -> np.ndarray:
    """Return a mask of the samples whose call has room for one allele: their DS is on the scale of one copy.

    The allele may be missing, as PLINK 2 writes an uncertain male on X (``.:0.94``). Some programs write missing diploid calls as a single dot too; it is
    haploid on contigs that may be haploid, and in rows with other haploid calls.
    """
    single = _single(alleles)
    called = single & (alleles[:, 0] >= 0)
    return single if maybe or called.any() else called


def _single(alleles: np.ndarray) -> np.ndarray:
    """Return a mask of the samples whose call has room for one allele."""
    found = alleles[:, 0] != PADDING
    for place in range(1, alleles.shape[1]):
        found &= alleles[:, place] == PADDING
    return found


def _copies(fields: SampleFields, allele: int, ploidy: int, where: str) -> np.ndarray:
    alleles = fields.alleles
    if alleles is None:
        raise no_field("GT", ":".join(fields.names), where)
    if (alleles > fields.alternates).any():
        raise DataError(
            f"allele {int(alleles.max())} in a call", f"0 to {fields.alternates}, as REF and ALT have them", "correct the row", where=where
        )
    missing = (alleles == -1).any(axis=1) | (alleles[:, 0] == PADDING)
    number = (alleles != PADDING).sum(axis=1)
    haploid = (number == 1) & (ploidy == 2)
    odd = ~missing & (number != ploidy) & ~haploid
    if odd.any():
        fix = "correct --ploidy, or remove these samples"
        raise DataError(f"calls of {int(number[odd][0])} alleles", f"{ploidy} alleles (--ploidy {ploidy})", fix, where=where)
    copies = (alleles == allele).sum(axis=1)
    return np.where(missing, MISSING_CALL, np.where(haploid, 2 * copies, copies)).astype(np.int8)


def _from_probabilities(fields: SampleFields, values: np.ndarray, allele: int, ploidy: int, where: str) -> np.ndarray:
    """Return expected copies; a sample has the probabilities of as many copies as its call, or, without GT, by their number."""
    alleles, number = fields.alternates + 1, _lengths(values)
    dosage = np.full(len(values), np.nan)
    left = ~np.isnan(values).all(axis=1)
    for copies in dict.fromkeys([ploidy, 1 if ploidy == 2 else ploidy]):
        width = len(genotype_copies(copies, alleles))
        members = left & (number == width) & ~np.isnan(values[:, :width]).any(axis=1)
        members &= _may_have(fields.alleles, copies, ploidy)
        if members.any():
            chosen_values = values[members][:, :width].astype(np.float64)
            total = chosen_values.sum(axis=1)
            if (chosen_values < 0).any() or (np.abs(total - 1) > _SUM_SLACK).any():
                fix = "GP on a Phred scale must be converted first; or choose --field gt"
                raise DataError(f"GP that sum to {total[np.abs(total - 1).argmax()]:.4g}", "probabilities that sum to 1", fix, where=where)
            dosage[members] = chosen_values @ genotype_copies(copies, alleles)[:, allele] / total * (ploidy / copies)
        left &= ~members
    if left.any():
        width = len(genotype_copies(ploidy, alleles))
        expected = f"as many as the copies in GT imply: {width} for {ploidy} (--ploidy {ploidy})"
        fix = "correct --ploidy or the row (decimals have a point, no comma)"
        raise DataError(f"{int(number[left][0])} genotype probabilities, or missing ones among them", expected, fix, where=where)
    return dosage.astype(np.float32)


def _may_have(alleles: np.ndarray | None, copies: int, ploidy: int) -> np.ndarray | bool:
    """Return which samples may have this number of copies; a missing call may be short (a single dot of a diploid)."""
    if alleles is None:
        return True
    fits: np.ndarray = (alleles != PADDING).sum(axis=1) == copies
    return fits | (alleles < 0).all(axis=1) if copies == ploidy else fits
