"""Transcripts, exons and coding sequence of a GTF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError
from lucidseq.core.gtf import Columns, GtfRows, join, read_gtf, spans
from lucidseq.core.intervals import Intervals

_READ = ("gene", "transcript", "exon", "CDS")
_PLACES, _NAMES = ("contig", "start", "end", "strand"), ("name", "transcript")


@dataclass(frozen=True)
class GeneModels:
    """Genes of a GTF file, as intervals named by gene.

    Attributes
    ----------
    genes, exons, coding
        Spans of genes, their exons, and coding sequence; exons and coding sequence without names.
    starts
        Transcription start sites, one base each, once a gene and position, with strand; named by gene.
    """

    genes: Intervals
    exons: Intervals
    coding: Intervals
    starts: Intervals


def read_gene_models(path: Path) -> GeneModels:
    """Read a GTF file.

    Where it has no ``gene`` or ``transcript`` rows, as in files of UCSC, spans are taken over the exons (and CDS) of a gene_id or transcript_id on a contig.

    Raises
    ------
    DataError
        As `core.gtf.read_gtf`, or if there is no gene.
    """
    rows = {feature: _columns(parts) for feature, parts in _read_rows(path, _READ).items()}
    exons = rows["exon"] if len(rows["exon"]["start"]) else rows["CDS"]
    return GeneModels(
        _intervals(_genes(rows, path, "gene, transcript, exon or CDS rows")), _unnamed(exons), _unnamed(rows["CDS"]), _starts(rows)
    )


def read_starts(path: Path, *, gene_type: str | None = None) -> Intervals:
    """Read the transcription start sites of a GTF file: one base each, once a gene and position, with strand; named by gene.

    Parameters
    ----------
    path
        GTF, plain or gzip.
    gene_type
        Keep genes of this gene_type (or gene_biotype) only, such as ``protein_coding``.

    Raises
    ------
    DataError
        As `core.gtf.read_gtf`, or if no gene remains.
    """
    rows = {feature: _columns(parts) for feature, parts in _read_rows(path, _READ[:2], gene_type).items()}
    _genes(rows, path, f"genes of type {gene_type}" if gene_type else "gene, transcript, exon or CDS rows")
    return _starts(rows)


def promoters(starts: Intervals, upstream: int, downstream: int) -> Intervals:
    """Return the promoters of transcription starts: ``upstream`` bases before each and ``downstream`` from it on, by strand, cut at 0.

    Examples
    --------
    >>> found = promoters(Intervals.of("c", [50], [51], "g", "-"), 10, 5)
    >>> (found.start.tolist(), found.end.tolist())
    ([46], [61])
    """
    backward = starts.strand == "-"
    first = np.maximum(0, starts.start - np.where(backward, downstream - 1, upstream))
    last = starts.start + np.where(backward, upstream + 1, downstream)
    return Intervals.of(starts.contig, first, np.maximum(last, first + 1), starts.name, starts.strand)


def _read_rows(path: Path, always: tuple[str, ...], gene_type: str | None = None) -> dict[str, list[Columns]]:
    """Return the rows of each feature; once spans of exons cannot be needed, features of ``always`` alone, and names of genes and transcripts alone."""
    parts: dict[str, list[Columns]] = {feature: [] for feature in _READ}
    for block in read_gtf(path):
        for feature in _READ:
            chosen, named = block.feature == feature, feature in _READ[:2] or not (parts["gene"] and parts["transcript"])
            if not (named or feature in always):
                continue
            if gene_type is not None and chosen.any():
                rows = block.take(chosen)
                chosen[chosen] = (rows.attribute("gene_type") == gene_type) | (rows.attribute("gene_biotype") == gene_type)
            if chosen.any():
                names = _names(block.take(chosen)) if named else dict.fromkeys(_NAMES, np.full(int(chosen.sum()), "", dtype=object))
                parts[feature].append({name: getattr(block, name)[chosen] for name in _PLACES} | names)
    return parts


def _genes(rows: dict[str, Columns], path: Path, expected: str) -> Columns:
    """Return the genes, or spans of their parts."""
    genes = next(
        (part for part in (rows["gene"], _spans(_parts(rows), "name"), _spans(rows["transcript"], "name")) if len(part["start"])), None
    )
    if genes is None:
        raise DataError("no genes", expected, "check the file", where=str(path))
    return genes


def _parts(rows: dict[str, Columns]) -> Columns:
    return join([rows["exon"], rows["CDS"]])


def _names(rows: GtfRows) -> Columns:
    transcript = rows.attribute("transcript_id")
    if (transcript == "").any():
        transcript = np.where(transcript == "", rows.attribute("gene_id"), transcript)
    return dict(zip(_NAMES, (rows.names(), transcript), strict=True))


def _columns(parts: list[Columns]) -> Columns:
    nothing = {name: np.empty(0, dtype=np.int64 if name in ("start", "end") else object) for name in (*_PLACES, *_NAMES)}
    return join(parts or [nothing])


def _intervals(rows: Columns) -> Intervals:
    return Intervals.of(rows["contig"], rows["start"], rows["end"], rows["name"], rows["strand"])


def _unnamed(rows: Columns) -> Intervals:
    return Intervals.of(rows["contig"], rows["start"], rows["end"], strand=rows["strand"])


def _spans(rows: Columns, key: str) -> Columns:
    """Return the span of all rows of a key on a contig and strand."""
    return spans(rows, key, "contig", "strand") if len(rows["start"]) else rows


def _starts(rows: dict[str, Columns]) -> Intervals:
    """Return the starts of the transcripts (else of their spans, else of the genes), each once, sorted by contig, position, strand and name."""
    transcripts = next(part for part in (rows["transcript"], _spans(_parts(rows), "transcript"), rows["gene"]) if len(part["start"]))
    site = np.where(transcripts["strand"] == "-", transcripts["end"] - 1, transcripts["start"])
    columns = {name: pd.Series(transcripts[name], dtype=object) for name in ("contig", "strand", "name")}
    sites = pd.DataFrame({**columns, "start": site}).drop_duplicates().sort_values(["contig", "start", "strand", "name"], kind="stable")
    start = sites["start"].to_numpy()
    return Intervals.of(sites["contig"].to_numpy(), start, start + 1, sites["name"].to_numpy(), sites["strand"].to_numpy())
