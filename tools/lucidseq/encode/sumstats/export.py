"""Write a study in the format of another program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.log import get_logger
from lucidseq.core.tables import TextWriter
from lucidseq.encode.sumstats.choices import Dialect
from lucidseq.encode.sumstats.dialects import DIALECTS, GWAS_SSF
from lucidseq.encode.sumstats.meanings import DialectFacts, Meaning
from lucidseq.encode.sumstats.sumstats_columns import SumstatsColumns

_log = get_logger("lucidseq.encode")
_M = Meaning
_SMALLEST = 300.0  # -log10 p; smaller p-values are written as text


def export_table(study: SumstatsColumns, dialect: Dialect, path: Path) -> None:
    """Write a study in a dialect's columns; a missing value is NA (GWAS-SSF: #NA), a missing name the variant_id (GWAS-SSF: #NA too)."""
    facts, catalog = DIALECTS[dialect], dialect is Dialect.GWAS_SSF
    mark, unnumbered = "#NA" if catalog else "NA", 0
    with TextWriter(path) as writer:
        writer.write(facts.separator.join(header for header, _ in facts.export) + "\n")
        for table in study.tables({}):
            frame = _columns(table, facts)
            if catalog:
                unnumbered += _to_catalog(frame)
            writer.write(frame.to_csv(sep=facts.separator, index=False, header=False, na_rep=mark, lineterminator="\n"))
    if unnumbered:
        _log.warning(f"{unnumbered} rows are on chromosomes for which GWAS-SSF has no number from 1 to 25: its validator will refuse them")


def _to_catalog(frame: pd.DataFrame) -> int:
    """Convert chromosomes, names and N to the format of the GWAS Catalog's validator (in place); return the number of rows without a chromosome number.

    Chromosomes are whole numbers from 1 to 25, names are rs numbers or missing, N is whole.
    """
    letters = {letter: number for number, letter in GWAS_SSF.numbers.items()} | {"M": "25"}
    names = {name: str(name).removeprefix("chr") for name in frame["chromosome"].unique()}
    numbers = {name: letters.get(plain, plain.lstrip("0")) for name, plain in names.items()}
    known = {str(number) for number in range(1, 26)}
    without_number = [name for name, number in numbers.items() if number not in known]
    unnumbered = int(frame["chromosome"].isin(without_number).sum())
    frame["chromosome"] = frame["chromosome"].map({**numbers, **{name: name for name in without_number}})
    frame["rsid"] = frame["rsid"].where(frame["rsid"].str.fullmatch(r"rs[0-9]+"))
    frame["n"] = frame["n"].round().astype("int64")
    return unnumbered


def export_vcf(study: SumstatsColumns, path: Path, *, name: str, lengths: dict[str, int]) -> None:
    """Write a study as GWAS-VCF, bgzip-compressed: REF is the other allele, ALT the effect allele.

    Parameters
    ----------
    name
        Name of the sample: the study.
    lengths
        Contig lengths by name, where known.
    """
    import pysam

    fields = {
        "ES": ("Float", "Effect size estimate of ALT"),
        "SE": ("Float", "Standard error of ES"),
        "LP": ("Float", "-log10 p-value"),
        "AF": ("Float", "Frequency of ALT"),
        "SS": ("Float", "Sample size"),
    }
    used = [study.contigs.texts[code] for code in pd.unique(study["contig"]).tolist()]
    sizes = [f",length={lengths[contig]}" if contig in lengths else "" for contig in used]
    header = ["##fileformat=VCFv4.2", '##FILTER=<ID=PASS,Description="All filters passed">']
    header += [f"##contig=<ID={contig}{size}>" for contig, size in zip(used, sizes, strict=True)]
    header += [f'##FORMAT=<ID={field},Number=A,Type={kind},Description="{words}">' for field, (kind, words) in fields.items()]
    header += ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", name])]
    plain = path.with_suffix("")
    with TextWriter(plain) as writer:
        writer.write("\n".join(header) + "\n")
        for table in study.tables({}):
            parts = _columns(table, DIALECTS[Dialect.GWAS_VCF])
            texts = [parts[field].map(lambda value: "." if value != value else str(value)) for field in fields]
            sample = texts[0]
            for text in texts[1:]:
                sample = sample + ":" + text
            frame = pd.DataFrame(
                {
                    "contig": table["chromosome"],
                    "position": table["base_pair_location"],
                    "name": _column(table, _M.NAME),
                    "reference": table["other_allele"],
                    "alternative": table["effect_allele"],
                    "quality": ".",
                    "filter": "PASS",
                    "info": ".",
                    "format": ":".join(fields),
                    "sample": sample,
                }
            )
            writer.write(frame.to_csv(sep="\t", index=False, header=False, lineterminator="\n"))
    pysam.tabix_compress(str(plain), str(path), force=True)
    plain.unlink()


def _columns(table: pd.DataFrame, facts: DialectFacts) -> pd.DataFrame:
    """Return the columns of a dialect from those of `core.schema.SUMSTATS`."""
    columns = {}
    for header, meaning in facts.export:
        if meaning.startswith("="):
            columns[header] = pd.Series(meaning[1:], index=table.index)
        else:
            columns[header] = _column(table, Meaning(meaning))
    return pd.DataFrame(columns)


def _column(table: pd.DataFrame, meaning: Meaning) -> pd.Series:
    if meaning is _M.NAME:
        return table["rsid"].where(table["rsid"] != ".", table["variant_id"])
    if meaning is _M.P:
        return p_texts(table["neg_log_10_p_value"])
    if meaning is _M.CHI_SQUARE:
        return table["z"] ** 2
    if meaning is _M.ODDS_RATIO:
        return np.exp(table["beta"])
    if meaning is _M.N:
        whole = (table["n"] % 1 == 0).all()
        return table["n"].astype("int64") if whole else table["n"]
    return table[meaning.value]


def p_texts(tail: pd.Series) -> pd.Series:
    """Return p-values of -log10 p: floats, and texts such as 1.25e-400 where a float would be 0.

    Examples
    --------
    >>> p_texts(pd.Series([1.0, 400.5])).tolist()
    [0.1, '3.162277660168e-401']
    """
    p: pd.Series = pd.Series(np.power(10.0, -tail.to_numpy()), index=tail.index)
    tiny = np.flatnonzero(tail.to_numpy() > _SMALLEST)
    if len(tiny):
        p = p.astype(object)
        power = np.ceil(tail.to_numpy()[tiny])
        digits = np.power(10.0, power - tail.to_numpy()[tiny])
        p.iloc[tiny] = [f"{first:.13g}e-{int(last)}" for first, last in zip(digits, power, strict=True)]
    return p
