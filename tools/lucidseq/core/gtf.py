"""Genes of a GTF file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.tables import open_text

_GENE_ID, _GENE_NAME = re.compile(r'gene_id "([^"]+)"'), re.compile(r'gene_name "([^"]+)"')


@dataclass(frozen=True)
class Gene:
    """A gene, 0-based and half-open."""

    gene_id: str
    gene_name: str
    contig: str
    start: int
    end: int
    strand: str


def read_genes(path: Path) -> list[Gene]:
    """Read the genes of a GTF, sorted by contig and position.

    ``gene`` rows are used; in files without any (UCSC tables), the span of all rows of a gene_id on one contig.

    Raises
    ------
    DataError
        If a row has not nine columns, bad positions or no gene_id, or if there is no gene.
    """
    found: dict[tuple[str, str], Gene] = {}
    rows: dict[tuple[str, str], Gene] = {}
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            feature, gene = _parse(line, path, number)
            key = (gene.gene_id, gene.contig)
            (found if feature == "gene" else rows)[key] = _span((found if feature == "gene" else rows).get(key), gene)
    genes = found or rows
    if not genes:
        raise DataError("no genes", "a GTF with gene rows", "check the file", where=str(path))
    return sorted(genes.values(), key=lambda gene: (gene.contig, gene.start, gene.end, gene.gene_id))


def _parse(line: str, path: Path, number: int) -> tuple[str, Gene]:
    fields = line.rstrip("\r\n").split("\t")
    where = place(path, line=number)
    if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()):
        raise DataError(f"{line[:60]!r}", "nine columns separated by tabs, with start and end", "correct the row", where=where)
    gene_id = _GENE_ID.search(fields[8])
    if gene_id is None:
        raise DataError(f"attributes {fields[8][:60]!r}", 'gene_id "..." among them', "correct the row", where=where)
    name = _GENE_NAME.search(fields[8])
    gene = Gene(gene_id[1], name[1] if name else gene_id[1], fields[0], int(fields[3]) - 1, int(fields[4]), fields[6])
    return fields[2], gene


def _span(known: Gene | None, gene: Gene) -> Gene:
    if known is None:
        return gene
    return Gene(gene.gene_id, gene.gene_name, gene.contig, min(known.start, gene.start), max(known.end, gene.end), gene.strand)
