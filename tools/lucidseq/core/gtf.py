"""GTF files as columns; mistakes are reported with their line numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, place
from lucidseq.core.intervals import MOST_BASES
from lucidseq.core.text_blocks import TextTable, table_lines, text_blocks, whole_number

_CONTIG, _FEATURE, _START, _END, _STRAND, _FIELDS = 0, 2, 3, 4, 6, 9
_NOT_ROWS = ("#",)
_LONGEST_ID = 48  # bytes from ``gene_id`` to the quote behind it, in most files
_GENE_ID, _WITH_GENE_ID = re.compile(r'gene_id "[^"]+"'), re.compile(rb'gene_id "[^"\n]+"[^\n]*')


Columns = dict[str, np.ndarray]  # arrays of shape (rows,) by name


@dataclass(frozen=True)
class Gene:
    """A gene, 0-based and half-open."""

    gene_id: str
    gene_name: str
    contig: str
    start: int
    end: int
    strand: str


@dataclass(frozen=True)
class GtfRows:
    """Rows of a GTF file, arrays of shape (rows,).

    Attributes
    ----------
    contig, feature, strand
        Object.
    start, end
        0-based and half-open, int64.
    data
        The rows as UTF-8, a line each.
    ends
        End of each line in ``data``.
    """

    contig: np.ndarray
    feature: np.ndarray
    strand: np.ndarray
    start: np.ndarray
    end: np.ndarray
    data: bytes
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: np.ndarray) -> GtfRows:
        """Return the rows of a mask."""
        if rows.all():
            return self
        lines = [self.data[start:end] for start, end in self._edges(np.flatnonzero(rows))]
        ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
        columns = {name: getattr(self, name)[rows] for name in ("contig", "feature", "strand", "start", "end")}
        return GtfRows(**columns, data=b"".join(lines), ends=ends)

    def attribute(self, name: str) -> np.ndarray:
        """Return an attribute of each row, object; empty where a row has none."""
        values = re.findall(rf'{name} "([^"\n]+)"[^\n]*'.encode(), self.data)  # the first of a line, and the rest of the line
        if not values:
            return np.full(len(self), "", dtype=object)
        if len(values) != len(self):
            pattern = re.compile(rf'{name} "([^"\n]+)"'.encode())
            matches = (pattern.search(self.data, start, end) for start, end in self._edges(np.arange(len(self))))
            values = [match[1] if match else b"" for match in matches]
        codes, texts = pd.factorize(np.array(values, dtype=object))
        return np.array([text.decode() for text in texts], dtype=object)[codes]

    def names(self) -> np.ndarray:
        """Return gene_name, or gene_id where there is none."""
        names = self.attribute("gene_name")
        return np.where(names == "", self.attribute("gene_id"), names) if (names == "").any() else names

    def _edges(self, rows: np.ndarray) -> Iterator[tuple[int, int]]:
        starts = np.concatenate([[0], self.ends[:-1]])
        return zip(starts[rows].tolist(), self.ends[rows].tolist(), strict=True)


def read_gtf(path: Path) -> Iterator[GtfRows]:
    """Yield the rows of a GTF file, in its order, in blocks.

    Raises
    ------
    DataError
        If a row does not have nine columns, 1 <= start <= end, a known strand and a gene_id.
    """
    for number, data in text_blocks(path, _NOT_ROWS):
        rows = _read_block(data)
        if rows is None and (checked := _checked(data, path, number)):
            rows = _read_block(checked)
            if rows is None:
                raise DataError("damaged rows", "contigs and attributes of plain text", "make or copy the file again", where=str(path))
        if rows is not None:
            yield rows


def read_genes(path: Path) -> list[Gene]:
    """Read the genes of a GTF, sorted by contig and position.

    ``gene`` rows are used; in files without any (UCSC tables), the span of all rows of a gene_id on one contig.

    Raises
    ------
    DataError
        As `read_gtf`, or if there is no gene.
    """
    genes: list[Columns] = []
    other_rows: list[Columns] = []
    for rows in read_gtf(path):
        is_gene = rows.feature == "gene"
        if is_gene.any():
            genes.append(_gene_spans([_named(rows.take(is_gene))]))
        elif not genes:
            other_rows.append(_gene_spans([_named(rows)]))
    if not genes and not other_rows:
        raise DataError("no genes", "a GTF with gene rows", "check the file", where=str(path))
    table = _gene_spans(genes or other_rows)
    spanned = [Gene(*row) for row in zip(*(values.tolist() for values in table.values()), strict=True)]
    return sorted(spanned, key=lambda gene: (gene.contig, gene.start, gene.end, gene.gene_id))


def spans(columns: Columns, *keys: str) -> Columns:
    """Return a row for each combination of columns, in order of first rows: smallest start, largest end, other values of the last row.

    Examples
    --------
    >>> rows = {"name": np.array(["a", "b", "a"]), "start": np.array([5, 0, 2]), "end": np.array([9, 4, 3])}
    >>> {name: values.tolist() for name, values in spans(rows, "name").items()}
    {'name': ['a', 'b'], 'start': [2, 0], 'end': [9, 4]}
    """
    codes = np.zeros(len(columns["start"]), dtype=np.int64)
    for key in keys:
        parts, values = pd.factorize(columns[key])
        codes = pd.factorize(codes * len(values) + parts)[0]
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order], prepend=-1))
    last = order[np.append(edges[1:], len(order)) - 1]
    start, end = np.minimum.reduceat(columns["start"][order], edges), np.maximum.reduceat(columns["end"][order], edges)
    return {name: values[last] for name, values in columns.items()} | {"start": start, "end": end}


def join(parts: list[Columns]) -> Columns:
    """Return tables of the same columns as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _named(rows: GtfRows) -> Columns:
    columns = {name: getattr(rows, name) for name in ("contig", "start", "end", "strand")}
    return {"gene_id": rows.attribute("gene_id"), "gene_name": rows.names(), **columns}


def _gene_spans(parts: list[Columns]) -> Columns:
    return spans(join(parts), "gene_id", "contig")


def _read_block(data: bytes) -> GtfRows | None:
    """Read rows; None where there is no row, or a row is not valid."""
    table = TextTable.of(data, marks=_NOT_ROWS)
    if table is None or table.width != _FIELDS:
        return None
    start, end, strand = table.integers(_START), table.integers(_END), table.words(_STRAND)
    if start is None or end is None or not _is_good(start, end, strand) or not _has_gene_ids(table):
        return None
    return GtfRows(table.words(_CONTIG), table.words(_FEATURE), strand, start - 1, end, data, table.ends[:, -1] + 1)


def _is_good(start: np.ndarray, end: np.ndarray, strand: np.ndarray) -> bool:
    return bool(start.min() >= 1 and (start <= end).all() and end.max() <= MOST_BASES and set(strand) <= {"+", "-", "."})


def _has_gene_ids(table: TextTable) -> bool:
    """Return whether every row has a gene_id."""
    letters, quote, key = table.grid(_FIELDS - 1, _LONGEST_ID)[0], ord('"'), b'gene_id "'
    if letters.shape[1] > len(key):  # it is the first attribute in most files
        first = (letters[:, : len(key)] == np.frombuffer(key, dtype=np.uint8)).all() and (letters[:, len(key)] != quote).all()
        if first and (letters[:, len(key) + 1 :] == quote).any(axis=1).all():
            return True
    return len(_WITH_GENE_ID.findall(table.data)) == len(table)


def _checked(data: bytes, path: Path, number: int) -> bytes:
    """Return the rows with nine fields each; refuse the first row that is not valid."""
    rows = ("\t".join(_check(line, place(path, line=at))) for at, line in table_lines(data, number, _NOT_ROWS))
    return "".join(f"{row}\n" for row in rows).encode()


def _check(line: str, where: str) -> list[str]:
    fields = line.split("\t")
    start, end = (whole_number(text) for text in [*fields[_START : _END + 1], "", ""][:2])
    if len(fields) < _FIELDS or start is None or end is None:
        raise DataError(f"{line[:60]!r}", "nine columns separated by tabs, with start and end", "correct the row", where=where)
    if not 1 <= start <= end <= MOST_BASES:
        raise DataError(f"{line[:60]!r}", "nine columns separated by tabs, with start <= end from 1", "correct the row", where=where)
    if fields[_STRAND] not in ("+", "-", "."):
        raise DataError(f"strand {fields[_STRAND]!r}", "+, - or .", "correct the row", where=where)
    if _GENE_ID.search(fields[_FIELDS - 1]) is None:
        raise DataError(f"attributes {fields[_FIELDS - 1][:60]!r}", 'gene_id "..." among them', "correct the row", where=where)
    fields[_START : _END + 1] = [str(start), str(end)]
    return [re.sub(r"[\x00-\x20]+", " ", text).strip() for text in fields[:_FIELDS]]
