"""Read the sites of VCF and BCF files, and write them with scores."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.intervals import Interval
from lucidseq.effects.allele_windows import Variant

OUTSIDE = "outside the regions"  # the only reason that a user chooses
_INFO_LINE = (
    '##INFO=<ID={key},Number=.,Type=String,Description="Scores by lucidseq. Format: allele|target|ref_score|alt_score|effect|effect_sd">'
)
_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*")  # names of INFO fields (VCF 4.3, section 1.6.1)


@dataclass
class Sites:
    """Sites of one or several files.

    Attributes
    ----------
    header
        Header lines of the first file, with the definitions (contigs, INFO, FILTER) of all.
    records
        Fixed columns (CHROM to INFO) of each record, as text fields.
    variants
        One element an ALT allele that can be scored.
    skipped
        Reason to number of alleles.
    info_keys
        Name of each INFO field that is declared or used, and the first file that has it.
    """

    header: list[str] = field(default_factory=list)
    records: list[list[str]] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    info_keys: dict[str, Path] = field(default_factory=dict)


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
            for key in source.header.info:
                sites.info_keys.setdefault(key, path)
            for record in source:
                if regions is not None and not _inside(record.contig, record.start, regions):
                    sites.skipped[OUTSIDE] += len(record.alts or (None,))
                    continue
                fields = str(record).rstrip("\n").split("\t")[:8]
                sites.records.append(fields)
                for item in fields[7].split(";"):
                    sites.info_keys.setdefault(item.partition("=")[0], path)
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
    """Add header lines: all of the first file, and of the others the definitions that are new."""
    lines = [line for line in lines if line.startswith("##") and not line.startswith("##FORMAT")]
    if sites.header:
        known = {_defined(line) for line in sites.header}
        lines = [line for line in lines if _defined(line) not in known | {None}]
    sites.header += lines


def _defined(line: str) -> str | None:
    """Return what a header line defines, such as ``##INFO=<ID=DP``; None for other lines."""
    match = re.match(r"##(contig|INFO|FILTER)=<ID=[^,>]+", line)
    return match[0] if match else None


def check_info_key(key: str, sites: Sites | None = None) -> None:
    """Check the name of the INFO field that scores are written to; with sites, also that no file has it.

    Raises
    ------
    UsageError
        If VCF does not allow the name, or a field has it: readers would see one of the two.
    """
    if not _KEY.fullmatch(key):
        expected = "letters, digits, _ and ., with a letter or _ first"
        raise UsageError(f"--info-key {key!r}", expected, "give such a name, for example LSEQ_2")
    if sites is not None and key in sites.info_keys:
        raise UsageError(
            f"variants that have INFO/{key} already",
            "a name of its own for the scores of each model",
            f"give --info-key another name, such as {_unused(key, sites)}",
            where=str(sites.info_keys[key]),
        )


def _unused(key: str, sites: Sites) -> str:
    return next(name for number in itertools.count(2) if (name := f"{key}_{number}") not in sites.info_keys)


def _by_contig(regions: list[Interval] | None) -> dict[str, list[tuple[int, int]]] | None:
    if regions is None:
        return None
    by_contig: dict[str, list[tuple[int, int]]] = {}
    for region in regions:
        by_contig.setdefault(region.contig, []).append((region.start, region.end))
    return by_contig


def _inside(contig: str, position: int, regions: dict[str, list[tuple[int, int]]]) -> bool:
    return any(start <= position < end for start, end in regions.get(contig, ()))


def write_annotated(path: Path, sites: Sites, notes: dict[int, list[str]], key: str) -> None:
    """Write the records that have scores, sorted, bgzip-compressed and indexed.

    Parameters
    ----------
    path
        Ends in ``.vcf.gz``; the index is written beside it.
    notes
        Record number to its values.
    key
        Name of their INFO field.
    """
    import pysam

    order = {contig: rank for rank, contig in enumerate(dict.fromkeys(fields[0] for fields in sites.records))}
    rows = sorted(notes, key=lambda number: (order[sites.records[number][0]], int(sites.records[number][1]), number))
    plain = path.with_name(path.name + ".text")
    with plain.open("w", encoding="utf-8") as handle:
        handle.writelines(f"{line}\n" for line in [*sites.header, _INFO_LINE.format(key=key)])
        handle.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for number in rows:
            fields = sites.records[number]
            note = f"{key}=" + ",".join(notes[number])
            info = note if fields[7] == "." else f"{fields[7]};{note}"
            handle.write("\t".join([*fields[:7], info]) + "\n")
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()
    pysam.tabix_index(str(path), preset="vcf", force=True)
