"""Sample files of genotypes: PLINK 1 .fam, PLINK 2 .psam and Oxford .sample."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.encode.genotypes.sample_names import SampleNames, refuse_repeated
from lucidseq.encode.readers.reader import parse_sex, require_unique_samples

_FAM = ["FID", "IID", "PAT", "MAT", "SEX", "phenotype"]
_NO_PHENOTYPE = {"FID", "IID", "SID", "PAT", "MAT", "SEX"}


@dataclass(frozen=True)
class SampleFile:
    """Content of a sample file.

    Attributes
    ----------
    names
        Individual names (IID; where two families share one, FID_IID), and families.
    sex
        uint8 of shape (samples,), as `reader` codes sexes.
    phenotypes
        float64 of shape (samples,) by name; NaN where there is no number.
    """

    names: SampleNames
    sex: np.ndarray
    phenotypes: dict[str, np.ndarray]


def read_fam(path: Path) -> SampleFile:
    """Read a .fam file; its sixth column is the phenotype ``phenotype``.

    Raises
    ------
    DataError
        If a row does not have six fields, there are no rows, or names are repeated.
    """
    numbers, rows = _rows(path, skip=0)
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != len(_FAM):
            raise DataError(
                f"{len(row)} fields", "FID, IID, father, mother, sex and phenotype", "correct the row", where=place(path, line=number)
            )
    return _build(path, _FAM, rows)


def read_psam(path: Path) -> SampleFile:
    """Read a .psam file; columns other than names, parents and sex are phenotypes. Without a header it is read as a .fam.

    Raises
    ------
    DataError
        If there is no IID column, a row has another number of fields, there are no rows, or names are repeated.
    """
    header: list[str] = []
    skip = 0
    with open_text(path) as handle:
        for line in handle:
            if not line.startswith("#"):
                break
            skip += 1
            if line.startswith(("#FID", "#IID")):
                header = line[1:].split()
    if not header:
        return read_fam(path)
    if "IID" not in header or len(set(header)) < len(header):
        raise DataError(
            f"columns {', '.join(header)}", "IID among them, and names that differ", "correct the header", where=place(path, line=skip)
        )
    numbers, rows = _rows(path, skip=skip)
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != len(header):
            raise DataError(f"{len(row)} fields", f"{len(header)}, as in the header", "correct the row", where=place(path, line=number))
    return _build(path, header, rows)


def read_oxford(path: Path) -> SampleFile:
    """Read an Oxford .sample file: ID_2 is the individual; sex is a column of that name (1 or 2).

    Raises
    ------
    DataError
        If the two header lines are missing, a row has another number of fields, or names are repeated.
    """
    numbers, rows = _rows(path, skip=0)
    if len(rows) < 2 or rows[0][0].lower() not in ("id_1", "id") or rows[1][0] != "0":
        expected = "`ID_1 ID_2 missing ...` and below it `0 0 0 ...`"
        raise DataError("no header lines of a .sample file", expected, "check the file, or create it again", where=place(path, line=1))
    header, _, *samples = rows
    for number, row in zip(numbers[2:], samples, strict=True):
        if len(row) != len(header):
            raise DataError(f"{len(row)} fields", f"{len(header)}, as in the header", "correct the row", where=place(path, line=number))
    lower = [name.lower() for name in header]
    column = 1 if len(lower) > 1 and lower[1] == "id_2" else 0
    families = [row[0] for row in samples] if column == 1 else []
    names = _names(families, [row[column] for row in samples], path)
    sexes = [row[lower.index("sex")] for row in samples] if "sex" in lower else ["0"] * len(samples)
    return SampleFile(names, np.array([parse_sex(text) for text in sexes], dtype=np.uint8), {})


def _names(families: list[str], individuals: list[str], path: Path) -> SampleNames:
    if not families:
        require_unique_samples(individuals, path)
        return SampleNames(individuals)
    samples = individuals
    if len(set(samples)) < len(samples):
        samples = [f"{family}_{person}" for family, person in zip(families, individuals, strict=True)]
    require_unique_samples(samples, path)
    return SampleNames(samples, families, individuals)


def _rows(path: Path, *, skip: int) -> tuple[list[int], list[list[str]]]:
    numbers, rows = [], []
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if number > skip and line.strip():
                numbers.append(number)
                rows.append(line.split())
    return numbers, rows


def _build(path: Path, header: list[str], rows: list[list[str]]) -> SampleFile:
    columns = {name: [row[index] for row in rows] for index, name in enumerate(header)}
    names = _names(columns.get("FID", []), columns["IID"], path)
    sex = np.array([parse_sex(text) for text in columns.get("SEX", ["0"] * len(rows))], dtype=np.uint8)
    phenotypes = {name: np.array([_number(text) for text in texts]) for name, texts in columns.items() if name not in _NO_PHENOTYPE}
    return SampleFile(names, sex, phenotypes)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def read_sex_table(path: Path, samples: SampleNames) -> np.ndarray:
    """Read a table with a header, ``sample sex`` or ``FID IID SEX``; sexes are 1/2, M/F or words.

    Returns
    -------
    uint8 of shape (samples,); unknown for samples without a row.

    Raises
    ------
    DataError
        If there is no column of sexes, a value is invalid, a name is repeated, no sample is shared, or a row matches several samples.
    """
    numbers, (header, *rows) = _table(path)
    names = [name.lstrip("#").lower() for name in header]
    if "sex" not in names[1:]:
        raise DataError(
            f"columns {', '.join(header)[:80]}", "sample and sex, or FID, IID and SEX", "correct the header", where=place(path, line=1)
        )
    plink, at = names[0] == "fid", names.index("sex")
    codes: list[int] = []
    for number, row in zip(numbers[1:], rows, strict=True):
        if len(row) != len(header):
            raise DataError(f"{len(row)} fields", f"{len(header)}, as in the header", "correct the row", where=place(path, line=number))
        sex = parse_sex(row[at])
        if not sex and row[at].lower() not in ("0", "na", "nan", ".", "-9", "unknown", "u"):
            raise DataError(
                f"sex {row[at]!r}", "1, M or male; 2, F or female; 0 or NA", "correct the value", where=place(path, line=number)
            )
        codes.append(sex)
    families, individuals = [row[0] if plink else "" for row in rows], [row[1 if plink else 0] for row in rows]
    refuse_repeated(families, individuals, numbers[1:], path)
    sample_of_row = samples.find(families, individuals, path)
    sexes = np.zeros(len(samples.samples), dtype=np.uint8)
    sexes[sample_of_row[sample_of_row >= 0]] = np.array(codes, dtype=np.uint8)[sample_of_row >= 0]
    return sexes


def read_sample_list(path: Path, samples: SampleNames) -> np.ndarray:
    """Read names of samples, one a line (or FID and IID), or a table whose first column is ``sample``; return a mask of them.

    Of the table of samples that this command writes those whose outcome is ``kept`` are taken.

    Raises
    ------
    DataError
        If no sample is shared, or a line matches none or several of the samples.
    """
    numbers, rows = _table(path)
    if rows[0][0] == "sample":  # a table with a header
        judged = rows[0][-1] == "outcome"
        chosen = [index for index in range(1, len(rows)) if not judged or rows[index][-1] == "kept"]
        numbers, rows = [numbers[index] for index in chosen], [rows[index][:1] for index in chosen]
    at = samples.find([row[0] if len(row) > 1 else "" for row in rows], [row[:2][-1] for row in rows], path)
    for number, row, index in zip(numbers, rows, at, strict=True):
        if index < 0:
            fix = "correct the name, or remove the line"
            raise DataError(f"sample {' '.join(row[:2])}", "samples of the genotypes", fix, where=place(path, line=number))
    mask = np.zeros(len(samples.samples), dtype=bool)
    mask[at] = True
    return mask


def _table(path: Path) -> tuple[list[int], list[list[str]]]:
    numbers, rows = _rows(path, skip=0)
    if not rows:
        raise DataError("an empty list", "a line for each sample", "check the file", where=str(path))
    return numbers, rows
