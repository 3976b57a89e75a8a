"""GWAS-VCF: one sample per trait, statistics in FORMAT fields, effects of ALT.

References
----------
Lyon et al. (2021) The variant call format provides efficient and robust storage of GWAS summary statistics, Genome Biol 22:32.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.encode.sumstats.detect import ColumnLayout
from lucidseq.encode.sumstats.dialects import GWAS_VCF
from lucidseq.encode.sumstats.meanings import Meaning
from lucidseq.encode.sumstats.text import Block, read_blocks

_FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
_PLACES = {Meaning.CHROMOSOME: 0, Meaning.POSITION: 1, Meaning.NAME: 2, Meaning.OTHER_ALLELE: 3, Meaning.EFFECT_ALLELE: 4}
_FORMAT_AT = 8
_CONTIG = re.compile(r"##contig=<.*?\bID=([^,>]+).*?\blength=(\d+)")
_FIELD = re.compile(r"##FORMAT=<ID=([^,>]+)")


@dataclass(frozen=True)
class VcfHeader:
    """Samples, FORMAT fields and contig lengths that a VCF declares."""

    samples: tuple[str, ...]
    fields: tuple[str, ...]
    lengths: dict[str, int]


def read_header(above: list[str], line: str, path: Path, number: int) -> VcfHeader:
    """Read a VCF's header.

    Raises
    ------
    DataError
        If the column line is not a VCF's with at least one sample.
    """
    names = line.rstrip("\n").lstrip("#").split("\t")
    if tuple(names[: len(_FIXED)]) != _FIXED or len(names) == len(_FIXED):
        expected = f"{', '.join(_FIXED)} and a sample, as in GWAS-VCF"
        raise DataError(f"columns {', '.join(names)[:200]}", expected, "check the file", where=place(path, line=number))
    lengths = {match[1]: int(match[2]) for match in map(_CONTIG.match, above) if match}
    fields = tuple(match[1] for match in map(_FIELD.match, above) if match)
    return VcfHeader(tuple(names[len(_FIXED) :]), fields, lengths)


def vcf_layout(header: VcfHeader, named: Mapping[Meaning, str], trait: str | None, path: Path, number: int) -> ColumnLayout:
    """Return the columns of a GWAS-VCF; FORMAT fields follow the fixed columns.

    Raises
    ------
    DataError
        If the file has several samples and none is named, no such sample, or no fields of effects.
    UsageError
        If a named field is missing.
    """
    if trait not in header.samples if trait is not None else len(header.samples) > 1:
        raise DataError(
            f"samples {', '.join(header.samples[:10])}", "one trait", "name its sample with --trait", where=place(path, line=number)
        )
    names = (*_FIXED, *header.fields)
    places: dict[Meaning, int] = dict(_PLACES)
    for meaning, candidates in GWAS_VCF.columns.items():
        field = next((name for name in candidates if name in header.fields), None)
        if meaning not in _PLACES and field is not None:
            places[meaning] = len(_FIXED) + header.fields.index(field)
    for meaning, name in named.items():
        if name == "none":
            places.pop(meaning, None)
        elif name not in names:
            raise UsageError(
                f"--column {meaning.value}={name}, but {path.name} has no such field", f"one of {', '.join(names)}", "correct the name"
            )
        else:
            places[meaning] = names.index(name)
    if not ({Meaning.BETA, Meaning.Z} & set(places)):
        fix = "give genotypes to `encode genotypes` instead"
        raise DataError(f"FORMAT fields {', '.join(header.fields) or 'none'}", "ES and SE, as in GWAS-VCF", fix, where=str(path))
    return ColumnLayout(GWAS_VCF, names, places)


def vcf_blocks(handle: IO[str], header: VcfHeader, layout: ColumnLayout, trait: str | None, first: int, path: Path) -> Iterator[Block]:
    """Read the rows, with each FORMAT field as a column; fields that a row lacks are missing.

    Raises
    ------
    DataError
        If a sample has more values than its FORMAT has fields, or the rows cannot be read.
    """
    width = len(_FIXED) + len(header.samples)
    sample_at = len(_FIXED) + (header.samples.index(trait) if trait else 0)
    chosen = [at for at in layout.places.values() if at >= len(_FIXED)]
    columns = [*_PLACES.values(), _FORMAT_AT, sample_at]
    texts = [0, 2, 3, 4, _FORMAT_AT, sample_at]
    for block in read_blocks(handle, separator="\t", width=width, columns=columns, texts=texts, first_line=first, path=path):
        frame = block.frame.rename(columns={sample_at: -1})
        parts = {at: pd.Series("", index=frame.index, dtype=object) for at in chosen}
        for keys, rows in frame.groupby(_FORMAT_AT, sort=False).groups.items():
            fields = str(keys).split(":")
            split = frame.loc[rows, -1].str.split(":", expand=True)
            if split.shape[1] > len(fields):
                long = int(split[len(fields)].notna().to_numpy().argmax())
                line = int(block.line[frame.index.get_indexer(rows)[long]])
                received = f"{split.iloc[long].notna().sum()} values for FORMAT {keys}"
                raise DataError(received, "a value for each field at most", "correct the row", where=place(path, line=line))
            for at in chosen:
                name = layout.header[at]
                if name in fields and fields.index(name) < split.shape[1]:
                    parts[at].loc[rows] = split[fields.index(name)].fillna("")
        yield Block(pd.concat([frame, pd.DataFrame(parts, index=frame.index)], axis=1), block.line)
