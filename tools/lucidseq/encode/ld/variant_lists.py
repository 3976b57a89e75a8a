"""Lists of the variants behind a published matrix: PLINK's .bim and .pvar, ids, UK Biobank's, and LDGM's .snplist."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text
from lucidseq.core.variants import AlleleKind, ContigNames, allele_kind, clean_allele, whole_position

MOST_CHARACTERS = 100_000  # of a line
COLUMNS = ["contig", "position", "other", "effect", "rsid"]
_BIM, _PVAR = 6, ("#CHROM", "POS", "ID", "REF", "ALT")
_UKB = ("rsid", "chromosome", "position", "allele1", "allele2")
_SNPLIST = ("index", "anc_alleles", "deriv_alleles", "site_ids", "position")
_LISTS = "a .bim, .pvar, list of contig:position:other:effect, UK Biobank list (rsid chromosome position allele1 allele2) or LDGM .snplist"


def read_variants(path: Path, contig: str | None = None) -> pd.DataFrame:
    """Read a list of variants, of the format of its first line.

    The effect allele is the one that the published correlations count: A1 of .bim, ALT of .pvar, allele1 of UK Biobank,
    the derived allele of LDGM.

    Parameters
    ----------
    contig
        Name of the contig where the list has none (.snplist).

    Returns
    -------
    DataFrame with `COLUMNS`, position 1-based; for a .snplist also ``index`` (its row of the precision matrix).

    Raises
    ------
    DataError
        If the format is unknown, a row lacks fields, or a position or allele is invalid.
    """
    rows: list[list[str]] = []
    header: list[str] | None = None
    first = 1
    with open_text(path) as handle:
        for number, line in enumerate(iter(lambda: handle.readline(MOST_CHARACTERS), ""), start=1):
            if line.startswith("##") or not line.strip():
                continue
            fields = _split(line)
            if not rows and header is None:
                header, first = _header(fields), number
                if header:
                    continue
            wide = len(header) if header else len(rows[0]) if rows else len(fields)
            if len(fields) != wide:
                expected = f"{wide} fields, as in line {first}"
                fix = f"correct the row, or give {_LISTS}"
                raise DataError(f"{len(fields)} fields: {line[:60].rstrip()!r}", expected, fix, where=place(path, line=number))
            rows.append(fields)
    if not rows:
        raise DataError("a list without variants", _LISTS, "check the file", where=str(path))
    return _frame(np.array(rows, dtype=object), header, path, contig, first)


def is_bim(path: Path) -> bool:
    """Return whether a list is a .bim: six columns without a header."""
    with open_text(path) as handle:
        for line in iter(lambda: handle.readline(MOST_CHARACTERS), ""):
            if line.strip() and not line.startswith("##"):
                fields = _split(line)
                return _header(fields) is None and len(fields) == _BIM
    return False


def _split(line: str) -> list[str]:
    """Split at tabs or spaces, or at commas where there is neither (LDGM)."""
    fields = line.rstrip("\r\n").split()
    return next(csv.reader([fields[0]])) if len(fields) == 1 and "," in fields[0] else fields


def _header(fields: list[str]) -> list[str] | None:
    known = ({"#CHROM"}, set(_UKB), set(_SNPLIST))
    return fields if any(names <= set(fields) for names in known) else None


def _frame(rows: np.ndarray, header: list[str] | None, path: Path, contig: str | None, first: int) -> pd.DataFrame:
    where = place(path, line=first)
    if header is None and rows.shape[1] == _BIM:
        parts = dict(zip(COLUMNS, (rows[:, 0], rows[:, 3], rows[:, 5], rows[:, 4], rows[:, 1]), strict=True))
    elif header is None and rows.shape[1] == 1:
        parts = _from_ids(rows[:, 0], path, first)
    elif header is not None:
        table = dict(zip(header, rows.T, strict=True))
        parts = _named(table, len(rows), path, contig, where)
    else:
        fix = "give the list that belongs to the matrix"
        raise DataError(f"{rows.shape[1]} columns without a known header: {' '.join(rows[0])[:60]!r}", _LISTS, fix, where=where)
    frame = pd.DataFrame({name: parts[name] for name in [*COLUMNS, *(["index"] if "index" in parts else [])]})
    for name in ("position", "index"):
        if name in frame:
            frame[name] = _whole(frame[name], name, path, first + (header is not None), least=int(name == "position"))
    _clean(frame, path, first + (header is not None))
    return frame


def _named(table: dict[str, np.ndarray], rows: int, path: Path, contig: str | None, where: str) -> dict[str, np.ndarray]:
    """Return the columns of a list with a header."""
    kinds = {
        ("#CHROM", "POS", "REF", "ALT", "ID"): COLUMNS,
        ("chromosome", "position", "allele2", "allele1", "rsid"): COLUMNS,
        ("position", "anc_alleles", "deriv_alleles", "site_ids", "index"): [*COLUMNS[1:], "index"],
    }
    for theirs, ours in kinds.items():
        if set(theirs) <= set(table):
            parts = {name: table[column] for column, name in zip(theirs, ours, strict=True)}
            if "contig" not in parts:
                if contig is None:
                    raise DataError(
                        "no contig in the list, nor chrN in the matrix's file name", "the contig's name", "give --contig", where=where
                    )
                parts["contig"] = np.full(rows, contig, dtype=object)
            return parts
    raise DataError(f"columns {' '.join(table)[:80]}", _LISTS, "add the missing columns", where=where)


def _from_ids(ids: np.ndarray, path: Path, first: int) -> dict[str, np.ndarray]:
    """Split contig:position:other:effect."""
    parts = [str(name).rsplit(":", 3) for name in ids]
    for row, fields in enumerate(parts):
        if len(fields) != 4:
            expected = "contig:position:other:effect in each line"
            fix = "give the .bim or .pvar of exactly these variants instead (plink2 --make-just-pvar)"
            raise DataError(f"the variant {ids[row]!r}, without alleles", expected, fix, where=place(path, line=first + row))
    table = np.array(parts, dtype=object)
    return {**dict(zip(COLUMNS[:4], table.T, strict=True)), "rsid": ids}


def _whole(column: pd.Series, name: str, path: Path, first: int, least: int) -> pd.Series:
    numbers = column.map(whole_position)
    wrong = numbers.isna() | (numbers < least)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        expected = f"a whole number from {least}"
        raise DataError(f"{name} {str(column.iloc[row])[:40]!r}", expected, "correct the value", where=place(path, line=first + row))
    return numbers.astype("int64")


def _clean(frame: pd.DataFrame, path: Path, first: int) -> None:
    """Take contigs and alleles as all readers do (`core.variants`), in place; refuse alleles of something else."""
    frame["contig"] = frame["contig"].map(ContigNames())
    for name in ("other", "effect"):
        frame[name] = frame[name].map(lambda text: clean_allele(text) or text)
    kinds = {name: frame[name].map(allele_kind) for name in ("other", "effect")}
    wrong = (kinds["other"] == AlleleKind.INVALID) | (kinds["effect"] == AlleleKind.INVALID)
    wrong |= (frame["other"] == frame["effect"]) & (kinds["effect"] != AlleleKind.PLACEHOLDER)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        received = f"alleles {frame['other'].iloc[row][:20]!r} and {frame['effect'].iloc[row][:20]!r}"
        fix = "correct the row, or give the right list"
        raise DataError(received, "two different alleles of letters A, C, G, T", fix, where=place(path, line=first + row))
