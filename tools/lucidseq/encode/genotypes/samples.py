"""Phenotypes and covariates: tables joined to the samples of the genotypes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.encode.genotypes.choices import TraitKind
from lucidseq.encode.genotypes.sample_names import SampleNames, refuse_repeated

PLINK_MISSING = -9.0
_MISSING = {"", "NA", "#NA", "nan", "NaN", "NAN", "N/A", "null", "."}
_FEW, _SMALL = 4, 5  # most values, and the largest, of a trait that may be a code
QUANTITATIVE, BINARY = "quantitative", "binary"
KEPT = "kept as a value (no PLINK table: write NA where it is missing)"


@dataclass
class SampleTable:
    """Numeric columns of a table, one row per sample.

    Attributes
    ----------
    names
        Names of the columns.
    ids
        IID, or sample names.
    values
        float64 of shape (columns, samples), NaN where missing.
    plink
        Whether the header is PLINK's (FID IID ..., or IID ...): -9 is then missing.
    families
        Family names where the table has them.
    """

    path: Path
    names: list[str]
    ids: list[str]
    values: np.ndarray
    plink: bool = False
    families: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trait:
    """A phenotype: values (0/1 when binary, NaN where missing), its kind, and a note on its coding."""

    name: str
    kind: str
    values: np.ndarray
    note: str = ""


def read_sample_table(path: Path) -> SampleTable:
    """Read a table with a header: ``FID IID column...``, ``IID column...`` (PLINK) or ``sample column...``, separated by tabs or spaces.

    Raises
    ------
    DataError
        If there are no columns or rows, a row has another number of fields, a value is not a number, or a name is repeated.
    """
    with open_text(path) as handle:
        header = handle.readline().rstrip("\r\n")
        tabs = "\t" in header
        columns = _split(header, tabs=tabs)
        keys = [name.lstrip("#").upper() for name in columns[:2]]
        first = 2 if keys == ["FID", "IID"] else 1
        plink = first == 2 or keys[:1] == ["IID"]
        names = columns[first:]
        if not names or len(set(names)) < len(names):
            expected = "FID IID name..., IID name... or sample name..., with different names"
            raise DataError(f"a header {header[:80]!r}", expected, "give the table a header line", where=place(path, line=1))
        lines, rows = [], []
        for number, line in enumerate(handle, start=2):
            if line.strip():
                lines.append(number)
                rows.append(_split(line.rstrip("\r\n"), tabs=tabs))
    if not rows:
        raise DataError("no samples", "a row for each sample", "check the file", where=str(path))
    for number, row in zip(lines, rows, strict=True):
        if len(row) != len(columns):
            raise DataError(f"{len(row)} fields", f"{len(columns)}, as in the header", "correct the row", where=place(path, line=number))
    values = np.array(
        [
            [_number(row[first + index], name, path, number) for number, row in zip(lines, rows, strict=True)]
            for index, name in enumerate(names)
        ]
    )
    families = [row[0] for row in rows] if first == 2 else []
    table = SampleTable(path, names, [row[first - 1] for row in rows], values, plink, families)
    refuse_repeated(families, table.ids, lines, path)
    return table


def _split(line: str, *, tabs: bool) -> list[str]:
    return [text.strip() for text in line.split("\t")] if tabs else line.split()


def _number(text: str, name: str, path: Path, line: int) -> float:
    if text in _MISSING:
        return np.nan
    try:
        value = float(text)
    except ValueError:
        value = np.inf
    if not np.isfinite(value):
        raise DataError(
            f"{name} = {text!r}", "a finite number, or NA", "correct the value (decimal point, no comma)", where=place(path, line=line)
        )
    return value


@dataclass(frozen=True)
class Joined:
    """Columns in the order of the genotypes' samples.

    Attributes
    ----------
    values
        float64 of shape (columns, samples), NaN for samples without a row.
    shared, only_genotypes, only_table
        Numbers of samples.
    """

    values: np.ndarray
    shared: int
    only_genotypes: int
    only_table: int


def join(table: SampleTable, samples: SampleNames) -> Joined:
    """Order rows by the samples (see `sample_names.SampleNames.find`).

    Raises
    ------
    DataError
        If no sample is shared, or a row matches several samples.
    """
    families = table.families or [""] * len(table.ids)
    at = samples.find(families, table.ids, table.path)
    matched = at >= 0
    values = np.full((len(table.names), len(samples.samples)), np.nan)
    values[:, at[matched]] = table.values[:, matched]
    shared = int(matched.sum())
    return Joined(values, shared, len(samples.samples) - shared, len(table.ids) - shared)


def missing_covariates(values: np.ndarray, *, plink: bool) -> np.ndarray:
    """Return covariates with -9 as missing where the table is PLINK's."""
    return np.where(values == PLINK_MISSING, np.nan, values) if plink else values


def _is_unclear(present: set[float]) -> bool:
    """Return whether the values of a trait may be codes of cases and controls, or a count or score."""
    values = present - {PLINK_MISSING}
    return 1 < len(values) <= _FEW and all(value % 1 == 0 and abs(value) <= _SMALL for value in values)


def _binary_of_codes(name: str, values: np.ndarray, present: set[float], where: str) -> Trait:
    """Return a trait of PLINK's codes: 1 control, 2 case, 0 and -9 missing."""
    if not {1.0, 2.0} <= present <= {0.0, 1.0, 2.0, PLINK_MISSING}:
        shown = ", ".join(f"{value:g}" for value in sorted(present))
        expected = "1 for controls and 2 for cases, 0 or -9 where it is missing"
        raise DataError(
            f"--trait-kind binary, and trait {name} of the values {shown}", expected, "recode the trait as 0, 1 and NA", where=where
        )
    coded = np.where((values == 1) | (values == 2), values - 1, np.nan)
    return Trait(name, BINARY, coded, "read as --trait-kind binary: 1 control, 2 case, 0 or -9 missing")


def recognise(name: str, values: np.ndarray, *, plink: bool, where: str, kind: TraitKind = TraitKind.AUTO) -> Trait:
    """Recognise binary traits, and undo PLINK's coding.

    0/1 is binary. 1/2 is PLINK's coding (1 control, 2 case), with -9 for missing, and with 0 for missing too in
    PLINK's tables. In a quantitative trait of such a table -9 is missing; elsewhere -9 is a value, as the note reports. Elsewhere a trait of
    a few small whole numbers, such as 0, 1 and 2, may be either: it is read as ``kind``, and refused without one.

    Parameters
    ----------
    name
        Name of the trait.
    values
        Shape (samples,), NaN where missing.
    plink
        The table has PLINK's columns FID IID, or IID.
    where
        File and trait, for the error message.
    kind
        How such a trait is read.

    Raises
    ------
    DataError
        If every value is missing, or the kind of the trait is not clear.
    """
    present = set(np.unique(values[~np.isnan(values)]).tolist())
    if not present - {PLINK_MISSING}:
        raise DataError(f"trait {name} has no value", "at least one sample with a value", "check the column", where=where)
    missing_codes = {PLINK_MISSING, 0.0} if plink else {PLINK_MISSING}
    if {1.0, 2.0} <= present <= {1.0, 2.0} | missing_codes:
        coded = np.where((values == 1) | (values == 2), values - 1, np.nan)
        return Trait(name, BINARY, coded, "read as PLINK's coding: 1 control, 2 case, -9" + (" or 0" if plink else "") + " missing")
    if {0.0, 1.0} <= present <= {0.0, 1.0, PLINK_MISSING}:
        return Trait(name, BINARY, np.where(values == PLINK_MISSING, np.nan, values), "read as binary: 0 control, 1 case")
    if not plink and _is_unclear(present):
        if kind is TraitKind.AUTO:
            shown = ", ".join(f"{value:g}" for value in sorted(present))
            expected = "a trait whose values show its kind (0 and 1, 1 and 2, or many numbers)"
            fix = "add --trait-kind quantitative (a count or score), or --trait-kind binary (0 missing, 1 control, 2 case)"
            raise DataError(f"trait {name} of the values {shown}", expected, fix, where=where)
        if kind is TraitKind.BINARY:
            return _binary_of_codes(name, values, present, where)
    if plink and PLINK_MISSING in present:
        return Trait(
            name, QUANTITATIVE, np.where(values == PLINK_MISSING, np.nan, values), "quantitative; -9 read as missing (PLINK's table)"
        )
    if PLINK_MISSING in present:
        return Trait(name, QUANTITATIVE, values, f"quantitative; -9 {KEPT}")
    return Trait(name, QUANTITATIVE, values, "quantitative")
