"""Features of tables by variant: LDSC annotations, PolyFun's parquet, variant effects, or any table with a key.

References
----------
Finucane et al. (2015) Nature Genetics 47:1228 (LDSC .annot files); Weissbrod et al. (2020) Nature Genetics 52:1355 (PolyFun).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, missing_extra
from lucidseq.core.log import get_logger
from lucidseq.core.tables import open_text
from lucidseq.core.variants import clean_allele, contig_key, whole_position
from lucidseq.encode.annotations.choices import FeatureKind
from lucidseq.encode.annotations.targets import TargetRows
from lucidseq.encode.check_join import JoinSide
from lucidseq.encode.sumstats.parquet import is_parquet

_log = get_logger("lucidseq.encode")
_MARKS = ["", "#NA", "NA", "nan", "NaN", "."]
# Columns that name the variant, in small letters
_KEYS = {
    "id": ("variant_id",),
    "contig": ("chromosome", "chrom", "chr", "#chrom", "contig"),
    "position": ("base_pair_location", "bp", "pos", "position"),
    "effect": ("effect_allele", "a1", "alt", "allele1"),
    "other": ("other_allele", "a2", "ref", "allele2"),
    "rsid": ("rsid", "snp", "id"),
}
_IGNORED = ("cm",)
_TARGET = "target_name"


@dataclass(frozen=True)
class _Keyed:
    """Values of a table and the keys of its rows.

    Attributes
    ----------
    values
        Numeric columns.
    keys
        Text key of each row.
    by
        Kind of key: id, alleles, position or rsid.
    """

    values: pd.DataFrame
    keys: pd.Index
    by: str


class TableSource:
    """Numeric columns of a table, matched by variant (see `feature_source.Source`); NaN where the table has no row.

    Its attribute ``unmatched_rows`` counts the variants without a row.

    Rows are matched by variant_id; else by contig (with or without ``chr``) and position, with both alleles in either order where the table has them,
    or with the identifier where two rows share a position; else by identifier.

    Raises
    ------
    DataError
        If the table has no key, no numeric column, a repeated variant, or none of the rows' variants.
    """

    def __init__(self, path: Path, parts: Iterable[TargetRows]) -> None:
        self.path = path
        table = _by_key(_spread(_read(path), path), path)
        self._values = table.values.to_numpy(dtype=np.float32)
        self._index, self._by = table.keys, table.by
        self.unmatched_rows, self._matched = 0, np.zeros(len(self._index), dtype=bool)
        self.names = [str(name) for name in table.values.columns]
        self.kinds = [FeatureKind.TABLE] * len(self.names)
        if all((self._index.get_indexer(_row_keys(rows, self._by)) < 0).all() for rows in parts):
            fix = "use a table of the same build and alleles"
            raise DataError(f"a table without any of the variants (matched by {self._by})", "variants in common", fix, where=str(path))

    def values(self, rows: TargetRows) -> np.ndarray:
        """Return the features of rows."""
        at = self._index.get_indexer(_row_keys(rows, self._by))
        self.unmatched_rows += int((at < 0).sum())
        self._matched[at[at >= 0]] = True
        features: np.ndarray = np.where((at >= 0)[:, None], self._values[at], np.float32(np.nan))
        return features

    @property
    def table_side(self) -> JoinSide:
        """Rows of the table that none of the variants read so far has."""
        return JoinSide(f"rows of {self.path.name}", int((~self._matched).sum()), len(self._matched))


def _read(path: Path) -> pd.DataFrame:
    if is_parquet(path):
        return _read_parquet(path)
    try:
        with open_text(path) as handle:
            first = handle.readline()
        separator = "\t" if "\t" in first else r"\s+"
        places = {name: str for name in re.split(separator, first.strip()) if _key(name) == "position"}  # text shows lost digits
        return pd.read_csv(open_text(path), sep=separator, keep_default_na=False, na_values=_MARKS, low_memory=False, dtype=places)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError, EOFError, ValueError) as error:
        raise _unreadable(error, path) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
        texts = table.select_dtypes(exclude=["number", "bool"]).columns
        return table.astype(dict.fromkeys(texts, object))  # damaged texts show when they are converted from Arrow
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    except Exception as error:  # on damaged files pyarrow and pandas raise errors of many kinds
        raise _unreadable(error, path) from error


def _unreadable(error: Exception, path: Path) -> DataError:
    return DataError(
        f"a table that cannot be read ({str(error)[:120]})", "a whole table with a header", "copy or create it again", where=str(path)
    )


def _spread(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a table of several targets with one row a variant and a column for each target and value."""
    if _TARGET not in table:
        return table
    keys = [name for name in table.columns if _key(name)]
    values = [name for name in table.columns if name not in keys and name != _TARGET and pd.api.types.is_numeric_dtype(table[name])]
    try:
        wide = table.pivot(index=keys, columns=_TARGET, values=values)
    except ValueError as error:
        raise DataError(
            "a variant twice for one target", "each variant once for each target", "remove the second row", where=str(path)
        ) from error
    wide.columns = wide.columns.map(lambda pair: f"{pair[1]}.{pair[0]}")  # (value, target)
    return wide.reset_index()


def _key(column: object) -> str | None:
    name = str(column).lower()
    return next((kind for kind, names in _KEYS.items() if name in names), None)


def _by_key(table: pd.DataFrame, path: Path) -> _Keyed:
    places: dict[str, str] = {}
    for column in table.columns:
        kind = _key(column)
        if kind and kind not in places:
            places[kind] = column
    values = _numbers(table[[c for c in table.columns if not _key(c) and str(c).lower() not in _IGNORED]], path)
    if not len(values.columns) or not len(table):
        received = f"a table with columns {', '.join(map(str, table.columns))[:150]} and {len(table)} rows"
        raise DataError(received, "numeric columns and rows", "check the file", where=str(path))
    keys, by = _keys(table, places, path)
    twice = keys.duplicated()
    if twice.any():
        fix = "remove the second row, or add both alleles"
        raise DataError(f"variant {keys[int(np.argmax(twice))]} twice", "each variant once", fix, where=str(path))
    return _Keyed(values, keys, by)


def _numbers(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the numeric columns (true and false are 1 and 0); text columns are reported and skipped.

    Raises
    ------
    DataError
        If a numeric column holds text or decimal commas.
    """
    table = table.copy()
    texts = [name for name in table.columns if name not in table.select_dtypes(["number", "bool"])]
    for name in list(texts):
        present = table[name].dropna().astype(str)
        wrong = pd.to_numeric(present, errors="coerce").isna()
        if len(present) and not wrong.any():  # whole numbers that no integer holds
            table[name] = pd.to_numeric(table[name].astype(str), errors="coerce")
            texts.remove(name)
            continue
        with_decimal_commas = pd.to_numeric(present.str.replace(",", "."), errors="coerce").notna()
        if len(present) and with_decimal_commas.mean() > 0.5:
            raise DataError(
                f"{present[wrong].iloc[0]!r} in column {name}", "numbers with a decimal point, or NA", "correct the column", where=str(path)
            )
    if texts:
        _log.warning(f"text columns of {path.name}, skipped: {', '.join(map(str, texts))}")
    numbers = table.drop(columns=texts)
    for name in numbers.columns:
        beyond = np.abs(numbers[name].to_numpy(dtype=np.float64, na_value=np.nan)) > np.finfo(np.float32).max
        if beyond.any():
            raise DataError(
                f"{numbers[name].iloc[int(np.argmax(beyond))]} in column {name}", "finite numbers", "correct the value", where=str(path)
            )
    return numbers


def _keys(table: pd.DataFrame, places: dict[str, str], path: Path) -> tuple[pd.Index, str]:
    column = {kind: table[name].astype(str).to_numpy(dtype=object) for kind, name in places.items()}
    if "id" in column:
        return pd.Index(column["id"]), "id"
    if "contig" in column and "position" in column:
        position = table[places["position"]]
        if position.dtype.kind not in "iu":
            position = position.map(whole_position, na_action="ignore")
        if position.isna().any():
            received = f"position {column['position'][int(np.argmax(position.isna()))]!r}"
            raise DataError(received, "a whole number from 1", "correct the row", where=str(path))
        at = _join(column["contig"], position.to_numpy(dtype=np.int64))
        if "effect" in column and "other" in column:
            return _with_alleles(at, column["effect"], column["other"]), "alleles"
        plain = pd.Index(at)
        if not plain.has_duplicates or "rsid" not in column:
            return plain, "position"
        return plain + ":" + column["rsid"], "position and identifier"
    if "rsid" in column:
        return pd.Index(column["rsid"]), "identifier"
    received = f"a table with columns {', '.join(map(str, table.columns))[:150]}"
    raise DataError(received, "variant_id, or CHR and BP, or SNP", "add a column that names the variant", where=str(path))


def _row_keys(rows: TargetRows, by: str) -> pd.Index:
    if by == "id":
        return pd.Index(rows.id)
    if by == "identifier":
        return pd.Index(rows.rsid)
    at = _join(rows.contig, rows.start + 1)
    if by == "alleles":
        return _with_alleles(at, rows.effect_allele, rows.other_allele)
    return pd.Index(at) if by == "position" else pd.Index(at) + ":" + rows.rsid


def _join(contig: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return contig:position, the contig as all its spellings have it (`contig_key`)."""
    texts = pd.Series(contig, dtype=object).astype(str).map(contig_key, na_action="ignore") + ":" + pd.Series(position).astype(str)
    joined: np.ndarray = texts.to_numpy(dtype=object)
    return joined


def _with_alleles(at: np.ndarray, effect: np.ndarray, other: np.ndarray) -> pd.Index:
    """Return keys that do not depend on the alleles' order."""
    effect, other = (
        pd.Series(column, dtype=object).map(lambda text: clean_allele(str(text)) or str(text)).to_numpy(dtype=object)
        for column in (effect, other)
    )
    first = np.where(effect < other, effect, other)
    last = np.where(effect < other, other, effect)
    return pd.Index(at + ":" + first + ":" + last)
