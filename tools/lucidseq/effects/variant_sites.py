"""Read the sites of VCF and BCF files, and write them with scores."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lucidseq.core.errors import DataError
from lucidseq.core.intervals import Interval
from lucidseq.effects.allele_windows import Variant

INFO_LINE = (
    '##INFO=<ID=LSEQ,Number=.,Type=String,Description="Scores by lucidseq. Format: allele|target|ref_score|alt_score|effect|effect_sd">'
)


@dataclass
class Sites:
    """Sites of one or several files.

    Attributes
    ----------
    header
        Header lines of the first file, with the contigs of all.
    records
        Fixed columns (CHROM to INFO) of each record, as text fields.
    variants
        One element an ALT allele that can be scored.
    skipped
        Reason to number of alleles.
    """

    header: list[str] = field(default_factory=list)
    records: list[list[str]] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def read_sites(paths: list[Path], regions: list[Interval] | None, max_allele_length: int) -> Sites:
    """Read sites; alleles that are symbolic, too long or not DNA are skipped and counted.

    Raises
    ------
    DataError
        If a file is not VCF or BCF, or holds no variant (inside the regions).
    """
    sites = Sites()
    for path in paths:
        _read_file(Path(path), _by_contig(regions), max_allele_length, sites)
    if not sites.variants:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(sites.skipped.items()))
        raise DataError(
            f"no variant to score ({reasons or 'no records'})",
            "at least one variant with DNA alleles" + (" inside the regions" if regions else ""),
            "check that the variants and the regions have the same build and contig names",
            where=", ".join(map(str, paths)),
        )
    return sites


def _read_file(path: Path, regions: dict[str, list[tuple[int, int]]] | None, max_allele_length: int, sites: Sites) -> None:
    import pysam

    try:
        with pysam.VariantFile(str(path), drop_samples=True) as source:
            _merge_header(sites, str(source.header).splitlines())
            for record in source:
                if regions is not None and not _inside(record.contig, record.start, regions):
                    sites.skipped["outside the regions"] += 1
                    continue
                fields = str(record).rstrip("\n").split("\t")[:8]
                sites.records.append(fields)
                _add_alleles(fields, len(sites.records) - 1, max_allele_length, sites)
    except (OSError, ValueError) as error:
        fix = "copy or make the file again"
        raise DataError(f"variants that cannot be read ({error})", "a whole VCF or BCF file", fix, where=str(path)) from error


def _add_alleles(fields: list[str], record: int, max_allele_length: int, sites: Sites) -> None:
    contig, position, rsid, ref, alts = fields[0], int(fields[1]) - 1, fields[2], fields[3].upper(), fields[4].upper()
    for alt in alts.split(","):
        if not re.fullmatch("[ACGT]+", alt) or not re.fullmatch("[ACGT]+", ref):
            sites.skipped["allele that is not DNA letters"] += 1
        elif max(len(ref), len(alt)) > max_allele_length:
            sites.skipped["allele longer than --max-allele-length"] += 1
        else:
            sites.variants.append(Variant(contig, position, ref, alt, "" if rsid == "." else rsid, record))


def _merge_header(sites: Sites, lines: list[str]) -> None:
    lines = [line for line in lines if line.startswith("##") and not line.startswith("##FORMAT")]
    known = set(sites.header)
    sites.header += [line for line in lines if line not in known and (not known or line.startswith("##contig"))]


def _by_contig(regions: list[Interval] | None) -> dict[str, list[tuple[int, int]]] | None:
    if regions is None:
        return None
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for region in regions:
        by_contig.setdefault(region.contig, []).append((region.start, region.end))
    return by_contig


def _inside(contig: str, position: int, regions: dict[str, list[tuple[int, int]]]) -> bool:
    return any(start <= position < end for start, end in regions.get(contig, ()))


def write_annotated(path: Path, sites: Sites, notes: dict[int, list[str]]) -> None:
    """Write the records that have scores, sorted, bgzip-compressed and indexed.

    Parameters
    ----------
    path
        Ends in ``.vcf.gz``; the index is written beside it.
    notes
        Record number to its LSEQ values.
    """
    import pysam

    order = {contig: rank for rank, contig in enumerate(dict.fromkeys(fields[0] for fields in sites.records))}
    rows = sorted(notes, key=lambda number: (order[sites.records[number][0]], int(sites.records[number][1]), number))
    plain = path.with_name(path.name + ".text")
    with plain.open("w", encoding="utf-8") as handle:
        handle.writelines(f"{line}\n" for line in [*sites.header, INFO_LINE])
        handle.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for number in rows:
            fields = sites.records[number]
            note = "LSEQ=" + ",".join(notes[number])
            info = note if fields[7] == "." else f"{fields[7]};{note}"
            handle.write("\t".join([*fields[:7], info]) + "\n")
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)
