"""Transcripts, exons and coding sequence of a GTF file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, place
from lucidseq.core.intervals import MOST_BASES, Interval
from lucidseq.core.tables import open_text

_ATTRIBUTES = {name: re.compile(rf'{name} "([^"]+)"') for name in ("gene_id", "gene_name", "transcript_id", "gene_type", "gene_biotype")}
_READ = {"gene", "transcript", "exon", "CDS"}


@dataclass(frozen=True)
class GeneModels:
    """What a GTF file says of genes, as 0-based, half-open intervals named by gene.

    Attributes
    ----------
    genes, exons, coding
        Spans of genes, their exons, and coding sequence.
    starts
        Transcription start sites, one base each, once a gene and position, with strand; named by gene.
    """

    genes: list[Interval]
    exons: list[Interval]
    coding: list[Interval]
    starts: list[Interval]


def read_gene_models(path: Path, *, gene_type: str | None = None) -> GeneModels:
    """Read a GTF file.

    Where it has no ``gene`` or ``transcript`` rows, as those of UCSC, spans are taken over the exons (and CDS) of a gene_id or transcript_id on a contig.

    Parameters
    ----------
    path
        GTF, plain or gzip.
    gene_type
        Keep genes of this gene_type (or gene_biotype) only, such as ``protein_coding``.

    Raises
    ------
    DataError
        If a row has not nine columns, bad positions, strand or no gene_id, or nothing is left.
    """
    rows: dict[str, list[tuple[Interval, str]]] = {name: [] for name in _READ}
    with open_text(path) as handle:
        for number, line in enumerate(handle, start=1):
            if line.strip() and not line.startswith("#"):
                parsed = _parse(line, path, number, gene_type)
                if parsed is not None:
                    rows[parsed[0]].append(parsed[1:])
    parts = rows["exon"] + rows["CDS"]
    genes = [item for item, _ in rows["gene"]] or _spans([(item, item.name) for item, _ in parts or rows["transcript"]])
    transcripts = [item for item, _ in rows["transcript"]] or _spans(parts) or genes
    if not genes:
        wanted = f"genes of type {gene_type}" if gene_type else "gene, transcript, exon or CDS rows"
        raise DataError("no genes", wanted, "check the file", where=str(path))
    exons = [item for item, _ in rows["exon"]] or [item for item, _ in rows["CDS"]]
    return GeneModels(genes, exons, [item for item, _ in rows["CDS"]], _starts(transcripts))


def promoter(start: Interval, upstream: int, downstream: int) -> Interval:
    """Return the promoter of a transcription start: ``upstream`` bases before it and ``downstream`` from it on, by strand, cut at 0.

    Examples
    --------
    >>> site = Interval("c", 50, 51, "g", strand="-")
    >>> (promoter(site, 10, 5).start, promoter(site, 10, 5).end)
    (46, 61)
    """
    before, after = (upstream, downstream) if start.strand != "-" else (downstream - 1, upstream + 1)
    first, last = max(0, start.start - before), start.start + after
    return Interval(start.contig, first, max(last, first + 1), start.name, strand=start.strand)


def _parse(line: str, path: Path, number: int, gene_type: str | None) -> tuple[str, Interval, str] | None:
    fields = line.rstrip("\r\n").split("\t")
    where = place(path, line=number)
    if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()) or not 1 <= int(fields[3]) <= int(fields[4]) <= MOST_BASES:
        raise DataError(f"{line[:60]!r}", "nine columns separated by tabs, with start <= end from 1", "correct the row", where=where)
    if fields[2] not in _READ:
        return None
    found = {name: match[1] for name, pattern in _ATTRIBUTES.items() if (match := pattern.search(fields[8]))}
    if "gene_id" not in found:
        raise DataError(f"attributes {fields[8][:60]!r}", 'gene_id "..." among them', "correct the row", where=where)
    if fields[6] not in ("+", "-", "."):
        raise DataError(f"strand {fields[6]!r}", "+, - or .", "correct the row", where=where)
    if gene_type is not None and gene_type not in (found.get("gene_type"), found.get("gene_biotype")):
        return None
    gene = found.get("gene_name", found["gene_id"])
    interval = Interval(fields[0], int(fields[3]) - 1, int(fields[4]), gene, strand=fields[6])
    return fields[2], interval, found.get("transcript_id", found["gene_id"])


def _spans(rows: list[tuple[Interval, str]]) -> list[Interval]:
    """Return the span of all intervals of a key on a contig and strand."""
    spans: dict[tuple[str, str, str], Interval] = {}
    for item, key in rows:
        old = spans.get((key, item.contig, item.strand), item)
        spans[key, item.contig, item.strand] = Interval(
            item.contig, min(old.start, item.start), max(old.end, item.end), item.name, strand=item.strand
        )
    return list(spans.values())


def _starts(transcripts: list[Interval]) -> list[Interval]:
    found: dict[tuple[str, str, int, str], Interval] = {}
    for item in transcripts:
        site = item.end - 1 if item.strand == "-" else item.start
        found[item.name, item.contig, site, item.strand] = Interval(item.contig, site, site + 1, item.name, strand=item.strand)
    return sorted(found.values(), key=lambda site: (site.contig, site.start, site.strand, site.name))
