"""Prior weights of variants, read from a table (ours, PolyFun's SNPVAR) or a store of annotations, and matched to loci by position and alleles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.intervals import Interval
from lucidseq.core.schema import ANNOTATIONS, Column, Table
from lucidseq.core.stores import open_store, read_text
from lucidseq.core.tables import open_text, read_table

COLUMNS = ("prior_weight", "weight", "prior_variance", "prior", "snpvar")  # read when none is named
_CONTIG = ("chromosome", "chr", "chrom", "#chrom", "contig")
_POSITION = ("base_pair_location", "bp", "pos", "position")
_FIRST, _SECOND = ("effect_allele", "a1", "alt"), ("other_allele", "a2", "ref")
_VARIANT = "contig", "position", "first", "second"
_HDF5 = b"\x89HDF\r\n\x1a\n"


class PriorWeights:
    """Prior weights by variant; either order of the alleles, and contigs with or without chr, are the same variant.

    Parameters
    ----------
    path
        TSV (gzip too) with variant_id, or with a contig, position and two alleles; or the .h5 of `encode annotations` of variants.
    column
        Of the weights; when None, the first of `COLUMNS`, or the only feature of a store.

    Raises
    ------
    DataError
        If columns are missing, a weight is negative or infinite, or a variant has two.
    """

    def __init__(self, path: Path, column: str | None) -> None:
        with path.open("rb") as handle:
            is_store = handle.read(len(_HDF5)) == _HDF5
        table, self.column = _read_store(path, column) if is_store else _read_tsv(path, column)
        table = table[table["weight"].notna()]
        wrong = ~((table["weight"] >= 0) & np.isfinite(table["weight"]))
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            received = f"{self.column} = {table['weight'].iloc[row]:g} of variant {_names(table.iloc[[row]])[0]}"
            fix = "set negative weights to a small number (PolyFun: give the constrained SNPVAR)"
            raise DataError(received, "prior weights from 0", fix, where=str(path))
        table = table.assign(key=_names(table)).drop_duplicates(["key", "weight"])
        double = table["key"].duplicated()
        if double.any():
            received = f"two values of {self.column} for variant {table['key'][double].iloc[0]}"
            raise DataError(received, "one weight a variant", "remove one of the rows", where=str(path))
        if table.empty:
            raise DataError(f"no number in column {self.column}", "at least one prior weight", "check the weights", where=str(path))
        self._path, self._index, self._weights = path, pd.Index(table["key"]), table["weight"].to_numpy()
        positions = table[["contig", "position"]].reset_index(drop=True)
        ordered = positions.sort_values("position", kind="stable")
        self._by_contig = {str(contig): rows.to_numpy() for contig, rows in ordered["position"].groupby(ordered["contig"])}

    def of(self, variants: np.ndarray) -> tuple[np.ndarray | None, int]:
        """Return the prior weights of the variants of a locus, shape (p,), and how many have one.

        A variant without one counts as the mean of the others; None where no variant has one, so that the prior is flat.

        Raises
        ------
        DataError
            If the weights of the locus are all 0.
        """
        rows = self._index.get_indexer(pd.Index(_names(_split(pd.Series(variants)))))
        known = rows >= 0
        if not known.any():
            return None, 0
        weights = np.where(known, self._weights[rows], self._weights[rows[known]].mean())
        if not weights.any():
            received = f"{self.column} is 0 for all variants of a locus (such as {variants[0]})"
            raise DataError(received, "a prior weight above 0", "raise a weight, or remove the locus", where=str(self._path))
        return weights, int(known.sum())

    def inside(self, region: Interval) -> int:
        """Return the number of weights whose variant is in a region."""
        positions = self._by_contig.get(_plain(region.contig), np.empty(0))
        first, last = np.searchsorted(positions, [region.start + 1, region.end + 1])
        return int(last - first)


def _read_tsv(path: Path, column: str | None) -> tuple[pd.DataFrame, str]:
    """Return contig, position, first, second and weight, and the name of the weights' column."""
    with open_text(path) as handle:
        header = handle.readline().rstrip("\r\n").split("\t")
    where = place(path, line=1)
    name = column if column is not None else _first_of(header, COLUMNS)
    if name is None or name not in header:
        expected = f"the column {column}" if column else f"a column {', '.join(COLUMNS)}"
        raise DataError(f"columns {', '.join(header)[:300]}", expected, "name the column of the weights: --prior-column", where=where)
    weight = Column(name, "float", "Prior weight.")
    if "variant_id" in header:
        table = read_table(path, Table("prior weights", (Column("variant_id", "text", "Variant."), weight)), need_rows=True)
        return _split(table["variant_id"]).assign(weight=table[name]), name
    names = [_first_of(header, choices) for choices in (_CONTIG, _POSITION, _FIRST, _SECOND)]
    if None in names:
        expected = "variant_id, or contig, position and both alleles (CHR, BP, A1, A2)"
        raise DataError(f"columns {', '.join(header)[:300]}", expected, "rename or add the columns", where=where)
    kinds = zip([str(each) for each in names], ("text", "int", "text", "text"), strict=True)
    columns = tuple(Column(each, kind, "Of the variant.") for each, kind in kinds)
    table = read_table(path, Table("prior weights", (*columns, weight)), need_rows=True)
    variants = dict(zip(_VARIANT, (table[each.name] for each in columns), strict=True))
    return pd.DataFrame({**variants, "contig": [_plain(contig) for contig in variants["contig"]], "weight": table[name]}), name


def _read_store(path: Path, column: str | None) -> tuple[pd.DataFrame, str]:
    """Return the same from a store of annotations."""
    with open_store(path, ANNOTATIONS) as store:
        features, unit = read_text(store["features/name"]).tolist(), str(store.attrs["unit"])
        if unit != "variant":
            raise DataError(f"annotations of {unit}s", "annotations of variants", "encode them for the variants", where=str(path))
        name = column if column is not None else features[0] if len(features) == 1 else None
        if name is None or name not in features:
            expected = f"the feature {column}" if column else "a feature that is named"
            fix = "name the feature of the weights: --prior-column"
            raise DataError(f"features {', '.join(features)[:300]}", expected, fix, where=str(path))
        weights = store["values"][:, features.index(name)].astype(np.float64)
        return _split(pd.Series(read_text(store["rows/id"]))).assign(weight=weights), name


def _first_of(header: list[str], names: tuple[str, ...]) -> str | None:
    """First of some names that a header has, in any case, as the header spells it."""
    spelled = {column.lower(): column for column in reversed(header)}
    return next((spelled[name] for name in names if name in spelled), None)


def _plain(contig: str) -> str:
    return contig.removeprefix("chr")


def _split(ids: pd.Series) -> pd.DataFrame:
    """Parts of variant_ids; one that has no parts is the name of a contig, and so matches itself alone."""
    parts = [str(name).rsplit(":", 3) for name in ids]
    rows = [
        (_plain(part[0]), int(part[1]), *part[2:]) if len(part) == 4 and part[1].isdigit() else (":".join(part), 0, "", "")
        for part in parts
    ]
    return pd.DataFrame(rows, columns=list(_VARIANT))


def _names(variants: pd.DataFrame) -> list[str]:
    """Name variants by contig, position and alleles, the alleles in alphabetical order."""
    columns = (variants[name].tolist() for name in _VARIANT)
    rows = ((contig, position, *sorted((first.upper(), second.upper()))) for contig, position, first, second in zip(*columns, strict=True))
    return [f"{contig}:{position}:{first}:{second}" for contig, position, first, second in rows]
