"""Read a file of summary statistics of any dialect, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.tables import open_text
from lucidseq.encode.sumstats.choices import Dialect, SampleSize
from lucidseq.encode.sumstats.convert import Converter
from lucidseq.encode.sumstats.detect import ColumnLayout, detect
from lucidseq.encode.sumstats.gwas_vcf import VcfHeader, read_header, vcf_blocks, vcf_layout
from lucidseq.encode.sumstats.meanings import TEXTS, Meaning
from lucidseq.encode.sumstats.parquet import is_parquet, open_parquet
from lucidseq.encode.sumstats.sample_sizes import SampleSizes
from lucidseq.encode.sumstats.sumstats_columns import Builder, Ledger, SumstatsColumns
from lucidseq.encode.sumstats.text import Block, find_separator, read_blocks, read_line, split_line

_log = get_logger("lucidseq.encode")
_LONGEST_HEADER = 1_000_000  # lines


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading."""

    dialect: Dialect = Dialect.AUTO
    named: dict[Meaning, str] = field(default_factory=dict)
    trait: str | None = None
    n: float | None = None
    sample_size: SampleSize = SampleSize.TOTAL
    drop_incomplete: bool = False


@dataclass(frozen=True)
class ReadStudy:
    """Rows, layout and number of rows of a file, and attributes of the whole file.

    Attributes
    ----------
    positive_share
        Share of effects above 0.
    standardised
        Effects were computed from z, in standard deviations of the trait.
    lengths
        Contig lengths from a VCF's header; empty elsewhere.
    size_ratios
        Ratios of columns of sample sizes (`SampleSizes.ratios`).
    """

    study: SumstatsColumns
    layout: ColumnLayout
    read: int
    positive_share: float
    standardised: bool
    lengths: dict[str, int]
    size_ratios: dict[str, float]


def read_study(path: Path, options: ReadOptions, ledger: Ledger) -> ReadStudy:
    """Read summary statistics.

    Parameters
    ----------
    path
        Text (plain, gzip or bgzip), GWAS-VCF, or parquet.
    ledger
        Lists the removed rows.

    Raises
    ------
    DataError
        If the file is not a table of a known dialect, or a value is invalid; naming the line.
    UsageError
        If options contradict the file.
    MissingExtraError
        If the file is parquet and pyarrow is not installed.
    """
    if is_parquet(path):
        header, parquet_blocks = open_parquet(path)
        layout = _detect(header, options, path, 1)
        return _convert(parquet_blocks(layout), layout, options, ledger, path, {})
    with open_text(path) as handle:
        first, number, vcf = _first_line(handle, path)
        if vcf is not None:
            if options.dialect not in (Dialect.AUTO, Dialect.GWAS_VCF):
                raise UsageError(f"--dialect {options.dialect.value}, and {path.name} is a VCF", "gwas-vcf or auto", "omit --dialect")
            layout = vcf_layout(vcf, options.named, options.trait, path, number)
            return _convert(vcf_blocks(handle, vcf, layout, options.trait, number + 1, path), layout, options, ledger, path, vcf.lengths)
        separator = find_separator(first)
        header = split_line(first, separator)
        layout = _detect(header, options, path, number)
        if layout.facts.name is Dialect.PLINK1_QASSOC and options.dialect is Dialect.AUTO:
            raise UsageError(
                f"{path.name} ({layout.facts.title}), which names no alleles: PLINK counts the rarer one, not A1 of the .bim",
                "a file that names them, as of --linear",
                "run PLINK with --linear; or, if it ran with --keep-allele-order or A1 of the .bim is the rarer allele, "
                "add --dialect plink1-qassoc and --panel with the .bim",
            )
        columns = list(layout.places.values())
        texts = [at for meaning, at in layout.places.items() if meaning in TEXTS or meaning is Meaning.P]
        whole = [at for meaning, at in layout.places.items() if meaning is Meaning.POSITION]
        blocks = read_blocks(
            handle, separator=separator, width=len(header), columns=columns, texts=texts, first_line=number + 1, path=path, whole=whole
        )
        return _convert(blocks, layout, options, ledger, path, {})


def _detect(header: list[str], options: ReadOptions, path: Path, number: int) -> ColumnLayout:
    return detect(header, dialect=options.dialect, named=options.named, trait=options.trait, path=path, line=number)


def _first_line(handle: IO[str], path: Path) -> tuple[str, int, VcfHeader | None]:
    """Return the header line, its number, and a VCF's header."""
    number, above = 0, []
    while line := read_line(handle, path, number + 1):
        number += 1
        if number > _LONGEST_HEADER:
            break
        if line.startswith("##"):
            above.append(line.rstrip("\n"))
        elif line.strip():
            vcf = above and above[0].startswith("##fileformat=VCF")
            return line.rstrip("\n"), number, read_header(above, line, path, number) if vcf else None
    raise DataError("no header", "a table of summary statistics with a header line", "check the file", where=str(path))


def _convert(
    blocks: Iterator[Block], layout: ColumnLayout, options: ReadOptions, ledger: Ledger, path: Path, lengths: dict[str, int]
) -> ReadStudy:
    _log.info(f"{path.name}: {layout.describe()}; not read: {layout.unread or 'none'}")
    converter = Converter(layout, path, ledger, SampleSizes(options.sample_size, options.n), options.drop_incomplete)
    converter.check_sample_size()
    builder = Builder()
    with Progress("rows") as progress:
        for block in blocks:
            builder.append(converter.convert(block))
            progress.step(len(block.line))
    converter.report_sample_size()
    if not converter.read:
        raise DataError("zero variants", "at least one row below the header", "check the file", where=str(path))
    study = SumstatsColumns(converter.contigs, converter.alleles, converter.names, builder.finish())
    tested = ledger.counts["another term of the model"]
    if tested == converter.read:
        expected = "a row of the additive effect for each variant"
        fix = "run the program with its additive model"
        raise DataError(f"no row of the test {' or '.join(layout.facts.additive)}", expected, fix, where=place(path))
    share = converter.positive / len(study) if len(study) else 0.5
    return ReadStudy(study, layout, converter.read, share, converter.standardised, lengths, converter.sizes.ratios())
