"""Two hundred and more planted mistakes: each is refused by name, counted and listed, flagged by the card, or read as meant."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_sumstats import COMPLEMENT, WRITTEN, Study, simulate
from lucidseq.core.card import read_card
from lucidseq.core.execute import execute
from lucidseq.core.schema import DROPPED, SUMSTATS
from lucidseq.core.tables import read_table
from lucidseq.encode.cli import tool

COMMAND = tool.commands["sumstats"]
ROW, LINE = 12, 14  # the row that is spoilt, and its line
COLUMNS = (
    "chromosome",
    "base_pair_location",
    "effect_allele",
    "other_allele",
    "beta",
    "standard_error",
    "effect_allele_frequency",
    "p_value",
    "rsid",
    "n",
)
Edit = Callable[[bytes, Study], bytes]


@dataclass(frozen=True)
class Mistake:
    """A mistake and what must come of it.

    Attributes
    ----------
    edit
        Spoils the file.
    refused
        Words of the error; None when the run must succeed.
    dropped
        Reason and least number of rows listed with it.
    flagged
        Check of the card that must not be ok.
    noted
        Step of the qc table that counts rows that stay.
    options
        Options beyond --input: ``fasta`` and ``panel`` are files made for it.
    dialect
        File that is spoilt.
    exact
        The number of rows listed is exactly that.
    """

    edit: Edit
    refused: tuple[str, ...] | None = None
    dropped: tuple[str, int] | None = None
    flagged: str | None = None
    noted: str | None = None
    options: dict[str, object] = field(default_factory=dict)
    dialect: str = "gwas-ssf"


def fields(edit: Callable[[list[list[str]]], None]) -> Edit:
    """Edit a table as rows of fields; the header is row 0 of what is given."""

    def apply(data: bytes, _: Study) -> bytes:
        rows = [line.split("\t") for line in data.decode().splitlines()]
        edit(rows)
        return ("\n".join("\t".join(row) for row in rows) + "\n").encode()

    return apply


def cell(column: str, value: str, *, rows: tuple[int, ...] = (ROW,)) -> Edit:
    """Set a cell of some rows."""

    def edit(table: list[list[str]]) -> None:
        for row in rows:
            table[row + 1][COLUMNS.index(column)] = value

    return fields(edit)


def change(column: str, make: Callable[[str], str], *, every: int = 1) -> Edit:
    """Change a column in every row, or every so many."""

    def edit(table: list[list[str]]) -> None:
        for row in table[1::every]:
            row[COLUMNS.index(column)] = make(row[COLUMNS.index(column)])

    return fields(edit)


def raw(make: Callable[[bytes], bytes]) -> Edit:
    return lambda data, _: make(data)


def lines(edit: Callable[[list[bytes]], None]) -> Edit:
    def apply(data: bytes, _: Study) -> bytes:
        table = data.splitlines()
        edit(table)
        return b"\n".join(table) + b"\n"

    return apply


NUMBERS = ("base_pair_location", "beta", "standard_error", "effect_allele_frequency", "p_value", "n")
NO_NUMBERS = {
    "text": "abc",
    "comma": "0,5",
    "infinite": "inf",
    "huge": "1e999",
    "dash": "--",
    "hexadecimal": "0x1F",
    "space": "1 000",
    "percent": "5%",
    "minus sign": "\u22120.5",
    "two points": "1.2.3",
    "date": "1-Mar",
}
MARKS = ("", "NA", ".", "#NA", "nan", "null")
FASTA, PANEL = {"fasta": True}, {"panel": True}
FILL = {"drop_incomplete": True}

MISTAKES: dict[str, Mistake] = {}
for name in NUMBERS:
    for kind, text in NO_NUMBERS.items():
        MISTAKES[f"{kind} in {name}"] = Mistake(cell(name, text), refused=(name, f"line {LINE}"))
for name, texts in {
    "base_pair_location": ("0", "-3", "1.5", "1e30"),
    "standard_error": ("0", "-0.1"),
    "effect_allele_frequency": ("-0.1", "1.2", "50"),
    "p_value": ("-0.1", "1.5", "12"),
    "n": ("0", "-5"),
}.items():
    for text in texts:
        MISTAKES[f"{name} of {text}"] = Mistake(cell(name, text), refused=(name, f"line {LINE}"))
for name in ("chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "n"):
    for mark in MARKS:
        MISTAKES[f"{name} missing as {mark!r}"] = Mistake(cell(name, mark), refused=(name, "missing", f"line {LINE}"))
        MISTAKES[f"{name} missing as {mark!r}, to be dropped"] = Mistake(cell(name, mark), dropped=("incomplete", 1), options=FILL)
for text in ("Q", "5", "A/G", "A C", "AXT", "T?"):
    MISTAKES[f"allele {text}"] = Mistake(cell("effect_allele", text), refused=(f"effect_allele = '{text}'", f"line {LINE}"))
for text in ("<DEL>", "I", "D", "-", "*", "<INS:ME:ALU>", "0"):
    MISTAKES[f"allele {text}"] = Mistake(cell("other_allele", text), dropped=("allele without its bases", 1))


def same_alleles(table: list[list[str]]) -> None:
    table[ROW + 1][2] = table[ROW + 1][3]


def exchange(*rows: int) -> Edit:
    """Exchange the alleles, and not the effect."""

    def edit(table: list[list[str]]) -> None:
        for row in rows:
            table[row + 1][2], table[row + 1][3] = table[row + 1][3], table[row + 1][2]

    return fields(edit)


def complement(*rows: int) -> Edit:
    def edit(table: list[list[str]]) -> None:
        for row in rows:
            for at in (2, 3):
                table[row + 1][at] = table[row + 1][at].translate(COMPLEMENT)[::-1]

    return fields(edit)


def rows_where(kind: str, count: int, study: Study) -> tuple[int, ...]:
    """Return rows whose frequencies, or alleles, make a mistake one that can be seen."""
    rows = study.rows
    snp = (rows["ref"].str.len() == 1) & (rows["alt"].str.len() == 1)
    palindromic = np.array([a.translate(COMPLEMENT) == b for a, b in zip(rows["ref"], rows["alt"], strict=True)])
    rare = np.minimum(rows["frequency"], 1 - rows["frequency"]) < 0.3
    mask = {"snp": snp & ~palindromic, "rare": snp & ~palindromic & rare, "palindromic": snp & palindromic & rare}[kind]
    return tuple(np.flatnonzero(mask)[:count])


def at_rows(kind: str, count: int, edit: Callable[..., Edit]) -> Edit:
    return lambda data, study: edit(*rows_where(kind, count, study))(data, study)


def repeated(*, swapped: bool, rows: int = 1) -> Edit:
    def edit(table: list[list[str]]) -> None:
        for row in range(ROW, ROW + rows):
            again = list(table[row + 1])
            if swapped:
                again[2], again[3], again[4] = again[3], again[2], str(-float(again[4]))
            table.append(again)

    return fields(edit)


def shuffled_cells(table: list[list[str]]) -> None:
    table[ROW + 1][2:] = table[ROW + 1][1:-1]


FILES: dict[str, Mistake] = {
    "byte-order mark": Mistake(raw(lambda data: b"\xef\xbb\xbf" + data)),
    "Windows line ends": Mistake(raw(lambda data: data.replace(b"\n", b"\r\n"))),
    "old Macintosh line ends": Mistake(raw(lambda data: data.replace(b"\n", b"\r"))),
    "mark and Windows line ends": Mistake(raw(lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))),
    "blank lines at the end": Mistake(raw(lambda data: data + b"\n\n\n")),
    "blank lines within": Mistake(lines(lambda table: table.insert(5, b""))),
    "a line of tabs": Mistake(lines(lambda table: table.insert(5, b"\t" * 9))),
    "no last line end": Mistake(raw(lambda data: data[:-1])),
    "quoted as R does": Mistake(
        raw(lambda data: b"\n".join(b"\t".join(b'"' + f + b'"' for f in line.split(b"\t")) for line in data.splitlines()) + b"\n")
    ),
    "comment lines above": Mistake(raw(lambda data: b"## made by hand\n" + data)),
    "hash before the header": Mistake(raw(lambda data: b"#" + data)),
    "gzip by another name": Mistake(raw(gzip.compress)),
    "capital header": Mistake(raw(lambda data: data.replace(b"chromosome", b"CHROMOSOME", 1).replace(b"beta", b"Beta", 1))),
    "spaces around header names": Mistake(raw(lambda data: data.replace(b"beta\t", b" beta \t", 1))),
    "commas between columns": Mistake(raw(lambda data: data.replace(b"\t", b","))),
    "small letters": Mistake(change("effect_allele", str.lower)),
    "spaces around alleles": Mistake(change("effect_allele", lambda text: f" {text} ")),
    "chr before contigs": Mistake(change("chromosome", lambda text: "chr" + text), options=FASTA),
    "CHR before contigs": Mistake(change("chromosome", lambda text: "CHR" + text), options=FASTA),
    "plus before numbers": Mistake(change("n", lambda text: "+" + text)),
    "positions as R writes them": Mistake(change("base_pair_location", lambda text: f"{int(text):.6e}".replace("e+0", "e+"))),
    "p as a power of ten": Mistake(cell("p_value", "1.5e-400"), noted="p-value far from that of z, kept"),
    "p of 0": Mistake(cell("p_value", "0", rows=(5,)), noted="p-value of 0, taken from z instead"),
    "p of 0.0": Mistake(cell("p_value", "0.000", rows=(5,)), noted="p-value of 0, taken from z instead"),
    "p missing": Mistake(cell("p_value", "NA")),
    "names missing": Mistake(change("rsid", lambda _: "NA")),
    "frequencies missing": Mistake(change("effect_allele_frequency", lambda _: "NA")),
    "UTF-16": Mistake(raw(lambda data: data.decode().encode("utf-16")), refused=("not text",)),
    "Latin-1 letter": Mistake(cell("rsid", "rs\xe9"), refused=()),
    "NUL byte": Mistake(raw(lambda data: data.replace(b"rs1084", b"rs\x001084")), refused=("NUL", f"line {LINE}")),
    "truncated gzip": Mistake(raw(lambda data: gzip.compress(data)[:-30]), refused=("in.tsv",)),
    "spoilt gzip": Mistake(
        raw(lambda data: (lambda packed: packed[:200] + b"\xff\xff\xff\xff" + packed[204:])(gzip.compress(data))), refused=("in.tsv",)
    ),
    "a field too many": Mistake(
        lines(lambda table: table.__setitem__(ROW + 1, table[ROW + 1] + b"\t5")), refused=("11 fields", f"line {LINE}")
    ),
    "a field too few": Mistake(
        lines(lambda table: table.__setitem__(ROW + 1, table[ROW + 1].rpartition(b"\t")[0])), refused=("9 fields", f"line {LINE}")
    ),
    "last line cut off": Mistake(raw(lambda data: data[:-30]), refused=("fields", "line 301")),
    "spaces in a row of tabs": Mistake(
        lines(lambda table: table.__setitem__(ROW + 1, table[ROW + 1].replace(b"\t", b" "))), refused=("1 fields", f"line {LINE}")
    ),
    "two files joined": Mistake(raw(lambda data: data + data), refused=("line 302",)),
    "header twice": Mistake(lines(lambda table: table.insert(1, table[0])), refused=("line 2",)),
    "no header": Mistake(lines(lambda table: table.pop(0)), refused=("header of a known dialect", "--dialect")),
    "a column twice": Mistake(raw(lambda data: data.replace(b"p_value", b"beta", 1)), refused=("column beta twice", "line 1")),
    "no rows": Mistake(lines(lambda table: table.__delitem__(slice(1, None))), refused=("zero variants",)),
    "an image": Mistake(raw(lambda data: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9), refused=()),
    "an endless line": Mistake(raw(lambda data: data + b"x" * 2_000_000), refused=("1 fields", "line 302")),
    "a web page": Mistake(raw(lambda data: b"<!DOCTYPE html>\n<html><body>404</body></html>\n"), refused=("known dialect",)),
    "semicolons between columns": Mistake(raw(lambda data: data.replace(b"\t", b";")), refused=("known dialect",)),
    "line ends in a name": Mistake(cell("rsid", '"rs\n5"'), refused=("fields", f"line {LINE}")),
}
for name in COLUMNS:
    if name in ("effect_allele_frequency", "rsid", "p_value", "standard_error"):
        continue
    MISTAKES[f"no column {name}"] = Mistake(raw(lambda data, name=name: data.replace(name.encode(), b"x", 1)), refused=("column",))

CONTENT: dict[str, Mistake] = {
    "no column standard_error": Mistake(
        raw(lambda data: data.replace(b"standard_error", b"x", 1)), noted="z from the p-value or chi-square"
    ),
    "no column standard_error, p of 0": Mistake(
        lambda data, study: cell("p_value", "0")(data.replace(b"standard_error", b"x", 1), study), refused=("p_value = '0'", f"line {LINE}")
    ),
    "neither standard_error nor p": Mistake(
        raw(lambda data: data.replace(b"standard_error", b"x", 1).replace(b"p_value", b"y", 1)),
        refused=("no column standard_error (or p_value)",),
    ),
    "alleles the same": Mistake(fields(same_alleles), refused=("other than other_allele", f"line {LINE}")),
    "columns shifted in a row": Mistake(fields(shuffled_cells), refused=(f"line {LINE}",)),
    "a row twice": Mistake(repeated(swapped=False), dropped=("duplicate", 1)),
    "a row twice, alleles swapped": Mistake(repeated(swapped=True), dropped=("duplicate", 1)),
    "fifty rows twice": Mistake(repeated(swapped=False, rows=50), dropped=("duplicate", 50)),
    "every name the same": Mistake(change("rsid", lambda _: "rs5"), flagged="rs numbers of more than one variant"),
    "names twice": Mistake(cell("rsid", "rs77", rows=tuple(range(20, 40))), flagged="rs numbers of more than one variant"),
    "contig unknown": Mistake(cell("chromosome", "HLA-A"), dropped=("contig not in the FASTA", 1), options=FASTA),
    "contig as a decimal": Mistake(cell("chromosome", "1.0"), options=FASTA),
    "contigs unknown": Mistake(change("chromosome", lambda text: f"scaffold{text}"), refused=("contigs scaffold1", "chr1"), options=FASTA),
    "contig of another row": Mistake(cell("chromosome", "2"), dropped=("not in the panel", 1), options=PANEL),
    "contig unknown to the panel": Mistake(cell("chromosome", "HLA"), dropped=("contig not in the panel", 1), options=PANEL),
    "position beyond the end": Mistake(
        cell("base_pair_location", "29999999"), dropped=("position beyond the contig's end", 1), options=FASTA
    ),
    "positions from 0": Mistake(change("base_pair_location", lambda text: str(int(text) - 1)), refused=("at least 90 %",), options=FASTA),
    "positions one too high": Mistake(
        change("base_pair_location", lambda text: str(int(text) + 1)), refused=("at least 90 %",), options=FASTA
    ),
    "positions far off": Mistake(change("base_pair_location", lambda text: str(int(text) + 1000)), refused=(), options=FASTA),
    "a fifth of positions shifted": Mistake(
        change("base_pair_location", lambda text: str(int(text) + 7), every=5),
        dropped=("reference allele in neither", 20),
        flagged="SNPs with the genome's reference allele",
        options=FASTA,
    ),
    "a position shifted": Mistake(cell("base_pair_location", "25"), dropped=("not in the panel", 1), options=PANEL),
    "positions shifted, panel": Mistake(
        change("base_pair_location", lambda text: str(int(text) + 1)), refused=("is in panel.tsv",), options=PANEL
    ),
    "strand of a row": Mistake(at_rows("snp", 1, complement), dropped=("reference allele in neither", 1), options=FASTA),
    "strand of two rows": Mistake(at_rows("snp", 2, complement), dropped=("reference allele in neither", 2), options=FASTA),
    "strand of a row, panel": Mistake(at_rows("snp", 1, complement), noted="strand flipped to the panel's", options=PANEL),
    "strand of a palindrome, panel": Mistake(at_rows("palindromic", 1, complement), options=PANEL),
    "strand of ten palindromes, panel": Mistake(at_rows("palindromic", 10, complement), options=PANEL),
    "alleles exchanged in a row": Mistake(at_rows("rare", 1, exchange), noted="frequency far from the panel's, kept", options=PANEL),
    "alleles exchanged in ten rows": Mistake(
        at_rows("rare", 10, exchange), flagged="frequencies more than 0.2 from the panel's", options=PANEL
    ),
    "alleles exchanged in every row": Mistake(exchange(*range(300)), flagged="correlation of frequencies with the panel's", options=PANEL),
    "allele that the panel does not have": Mistake(
        at_rows("snp", 1, lambda row: fields(lambda table: table[row + 1].__setitem__(2, table[row + 1][2] + "AAAA"))),
        dropped=("alleles other than the panel's", 1),
        options=PANEL,
    ),
    "frequency of the other allele": Mistake(
        change("effect_allele_frequency", lambda text: str(1 - float(text))),
        flagged="correlation of frequencies with the panel's",
        options=PANEL,
    ),
    "odds ratios as beta": Mistake(change("beta", lambda text: str(np.exp(float(text)))), flagged="share of effects above 0"),
    "absolute effects": Mistake(change("beta", lambda text: str(abs(float(text)))), flagged="share of effects above 0"),
    "errors of another scale": Mistake(
        change("standard_error", lambda text: str(3 * float(text))), flagged="p-values far from those of effect / standard error"
    ),
    "variances as errors": Mistake(
        change("standard_error", lambda text: str(float(text) ** 2)), flagged="p-values far from those of effect / standard error"
    ),
    "p of one side": Mistake(
        change("p_value", lambda text: str(min(1.0, float(text) ** 2))), flagged="p-values far from those of effect / standard error"
    ),
    "-log10 p as p": Mistake(change("p_value", lambda text: str(-np.log10(max(float(text), 1e-300)))), refused=("p_value", "0 to 1")),
    "log p as p": Mistake(change("p_value", lambda text: str(np.log(max(float(text), 1e-300)))), refused=("p_value", "0 to 1")),
    "p of one row": Mistake(cell("p_value", "1e-50"), noted="p-value far from that of z, kept"),
    "n a hundred times": Mistake(cell("n", "1900000"), flagged="largest over smallest N of a variant"),
    "n in thousands": Mistake(cell("n", "19"), flagged="largest over smallest N of a variant"),
    "n with a comma": Mistake(change("n", lambda text: f"{int(text):,}"), refused=("n = '", "line 2")),
    "column that is not there": Mistake(raw(lambda data: data), refused=("no such column",), options={"column": ["n=Neff"]}),
    "unknown meaning": Mistake(raw(lambda data: data), refused=("MEANING=NAME",), options={"column": ["size=n"]}),
    "meaning twice": Mistake(raw(lambda data: data), refused=("twice",), options={"column": ["n=n", "n=beta"]}),
    "another dialect named": Mistake(raw(lambda data: data), refused=("no column",), options={"dialect": "regenie"}),
    "genome of another species": Mistake(raw(lambda data: data), refused=("at least 90 %",), options={"other_fasta": True}),
    "panel of other variants": Mistake(
        raw(lambda data: data), refused=("no variant of the summary statistics",), options={"other_panel": True}
    ),
    "a trait that is not there": Mistake(raw(lambda data: data), refused=("--trait height",), options={"trait": "height"}),
}


def spaced(edit: Callable[[list[list[str]]], None]) -> Edit:
    """Edit a file whose columns are separated by spaces; the header is row 0."""

    def apply(data: bytes, _: Study) -> bytes:
        rows = [line.split() for line in data.decode().splitlines()]
        edit(rows)
        return ("\n".join(" ".join(row) for row in rows) + "\n").encode()

    return apply


def put(row: int, column: str, value: str) -> Callable[[list[list[str]]], None]:
    return lambda table: table[row].__setitem__(table[0].index(column), value)


def negated(table: list[list[str]]) -> None:
    at = table[0].index("STAT")
    table[1][at] = str(-float(table[1][at]))


PROGRAMS: dict[str, Mistake] = {
    "plink1: no SE, sign of the statistic turned": Mistake(
        spaced(negated), dropped=("signs of effect and statistic differ", 1), dialect="plink1-linear", options={"bim": True}
    ),
    "plink1: NA rows": Mistake(
        spaced(lambda table: [put(1, name, "NA")(table) for name in ("BETA", "STAT", "P")] and None),
        dropped=("not tested by the program", 1),
        dialect="plink1-linear",
        options={"bim": True},
    ),
    "plink1: rows of covariates": Mistake(
        raw(lambda data: data), dropped=("another term of the model", 300), dialect="plink1-linear", options={"bim": True}
    ),
    "plink1: rows of covariates alone": Mistake(
        raw(lambda data: data.replace(b" ADD", b" SEX")),
        refused=("no row of the test ADD",),
        dialect="plink1-linear",
        options={"bim": True},
    ),
    "plink1: nothing that has the other allele": Mistake(
        raw(lambda data: data), refused=("one allele alone", "--panel"), dialect="plink1-linear"
    ),
    "plink1: qassoc without .bim": Mistake(
        raw(lambda data: data), refused=("names no alleles", "--panel"), dialect="plink1-qassoc", options={"dialect": "plink1-qassoc"}
    ),
    "plink1: qassoc, whose alleles nobody vouches for": Mistake(
        raw(lambda data: data), refused=("counts the rarer one", "--keep-allele-order"), dialect="plink1-qassoc", options={"bim": True}
    ),
    "plink1: qassoc with another panel": Mistake(
        raw(lambda data: data),
        refused=("the .bim of the PLINK run",),
        dialect="plink1-qassoc",
        options=PANEL | {"dialect": "plink1-qassoc"},
    ),
    "plink1: alleles from a panel, and a chain file": Mistake(
        raw(lambda data: data), refused=("one build at a time",), dialect="plink1-linear", options={"bim": True, "chain": Path(__file__)}
    ),
    "plink1: odds ratio of 0": Mistake(
        spaced(put(1, "OR", "0")), dropped=("odds ratio of 0", 1), dialect="plink1-assoc", options={"n": 5000.0}
    ),
    "plink1: odds ratio below 0": Mistake(
        spaced(put(1, "OR", "-0.5")), refused=("OR = '-0.5'", "line 2"), dialect="plink1-assoc", options={"n": 5000.0}
    ),
    "plink1: odds ratio of 1 with p below 1": Mistake(
        spaced(put(1, "OR", "1")), dropped=("effect without a sign", 1), dialect="plink1-assoc", options={"n": 5000.0}
    ),
    "plink1: no sample size": Mistake(raw(lambda data: data), refused=("no column n", "--n"), dialect="plink1-assoc"),
    "plink2: allele that is neither": Mistake(
        fields(put(1, "A1", "GGG")), refused=("one of REF and ALT", "line 2"), dialect="plink2-logistic"
    ),
    "plink2: several alternative alleles": Mistake(
        fields(put(1, "ALT", "A,C,G")), dropped=("several alternative alleles", 1), dialect="plink2-logistic"
    ),
    "plink2: untested": Mistake(
        fields(put(1, "ERRCODE", "CONST_OMITTED_ALLELE")), dropped=("not tested by the program", 2), dialect="plink2-logistic"
    ),
    "regenie: failed test": Mistake(spaced(put(1, "EXTRA", "TEST_FAIL")), dropped=("not tested by the program", 2), dialect="regenie"),
    "regenie: -log10 p below 0": Mistake(spaced(put(1, "LOG10P", "-3")), refused=("LOG10P", "line 2"), dialect="regenie"),
    "regenie: chi-square below 0": Mistake(spaced(put(1, "CHISQ", "-3")), refused=("CHISQ", "line 2"), dialect="regenie"),
    "regenie: another test": Mistake(spaced(put(1, "TEST", "ADD-INT_SNP")), dropped=("another term of the model", 1), dialect="regenie"),
    "regenie: several traits": Mistake(
        raw(lambda data: data.replace(b" BETA SE CHISQ LOG10P", b" BETA.Y1 SE.Y1 CHISQ.Y1 LOG10P.Y1")),
        refused=("no column beta",),
        dialect="regenie",
    ),
    "saige: cases below 0": Mistake(fields(put(1, "N_case", "-4")), refused=("N_case", "line 2"), dialect="saige-binary"),
    "bolt: no sample size": Mistake(raw(lambda data: data), refused=("no column n", "--n"), dialect="bolt-lmm"),
    "ldsc: no positions": Mistake(raw(lambda data: data), refused=("without positions", "--panel"), dialect="ldsc"),
    "ldsc: name that the panel does not have": Mistake(
        fields(put(1, "SNP", "rs1")), dropped=("name not in the panel", 1), dialect="ldsc", options=PANEL
    ),
    "ldsc: a name twice": Mistake(lines(lambda table: table.append(table[-1])), dropped=("duplicate", 1), dialect="ldsc", options=PANEL),
    "ldsc: empty row of a SNP that was not measured": Mistake(
        lines(lambda table: table.append(b"rs5\t\t\t\t")), dropped=("not tested by the program", 1), dialect="ldsc", options=PANEL
    ),
    "metal: names without positions": Mistake(
        raw(lambda data: data.replace(b"\n1:", b"\nrs").replace(b"\n2:", b"\nrs").replace(b"\nX:", b"\nrs")),
        refused=("without positions",),
        dialect="metal-z",
    ),
    "vcf: several samples": Mistake(
        raw(lambda data: data.replace(b"ieu-a-2", b"a\tb")), refused=("samples a, b", "--trait"), dialect="gwas-vcf"
    ),
    "vcf: another dialect named": Mistake(raw(lambda data: data), refused=("is a VCF",), dialect="gwas-vcf", options={"dialect": "saige"}),
    "a sample size that the file has": Mistake(
        raw(lambda data: data), dialect="regenie", dropped=("not tested by the program", 1), options={"n": 5.0}
    ),
    "vcf: genotypes": Mistake(
        raw(lambda data: data.replace(b"##FORMAT=<ID=ES", b"##FORMAT=<ID=GT").replace(b"ES:", b"GT:")),
        refused=("FORMAT fields", "encode genotypes"),
        dialect="gwas-vcf",
    ),
    "vcf: several alternative alleles": Mistake(
        lambda data, study: data.replace(b"\t" + study.rows["alt"][0].encode() + b"\t.\tPASS", b"\tA,C\t.\tPASS", 1),
        dropped=("several alternative alleles", 1),
        dialect="gwas-vcf",
    ),
    "vcf: a value too many": Mistake(
        raw(lambda data: data.rstrip(b"\n") + b":7\n"), refused=("values for FORMAT", "line"), dialect="gwas-vcf"
    ),
    "vcf: no FORMAT": Mistake(raw(lambda data: data.replace(b"\tFORMAT\tieu-a-2", b"")), refused=("as in GWAS-VCF",), dialect="gwas-vcf"),
    "vcf: contig lengths of another build": Mistake(
        raw(lambda data: data.replace(b"length=30000", b"length=31000")), refused=("31000", "30000"), options=FASTA, dialect="gwas-vcf"
    ),
}
MISTAKES |= FILES | CONTENT | PROGRAMS


@pytest.fixture(scope="module")
def study() -> Study:
    return simulate(indels=False)


@pytest.fixture(scope="module")
def references(study: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("references")
    other = simulate(seed=99, indels=False)
    return {
        "fasta": study.write_fasta(folder / "genome.fa"),
        "panel": study.write_panel(folder / "panel.tsv"),
        "bim": study.write_bim(folder / "panel.bim"),
        "other_fasta": other.write_fasta(folder / "other.fa"),
        "other_panel": other.write_panel(folder / "other.tsv"),
    }


def arguments(mistake: Mistake, references: dict[str, Path], path: Path, out: Path) -> dict[str, object]:
    given: dict[str, object] = {"input": path, "out": out}
    for name, value in mistake.options.items():
        role = {"bim": "panel", "other_fasta": "fasta", "other_panel": "panel"}.get(name, name)
        given[role] = references.get(name, value)
    return given


def test_mistakes__are_two_hundred() -> None:
    assert len(MISTAKES) >= 200


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str, study: Study, references: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mistake = MISTAKES[name]
    path = WRITTEN[mistake.dialect].write(study.rows, tmp_path / "in.tsv")
    good = path.read_bytes()
    path.write_bytes(mistake.edit(good, study) if name != "Latin-1 letter" else good.replace(b"rs1084", b"rs\xe9"))
    code = execute(COMMAND, arguments(mistake, references, path, tmp_path / "out" / "h"))
    said = capfd.readouterr().err
    assert "Traceback" not in said, said
    if mistake.refused is not None:
        assert code in (2, 3), said
        assert all(part in said for part in ("received: ", "expected: ", "fix: "))
        assert all(word in said for word in mistake.refused), said
        assert list((tmp_path / "out").iterdir()) == []
        return
    assert code == 0, said
    found = read_table(tmp_path / "out" / "h.sumstats.tsv.gz", SUMSTATS)
    listed = read_table(tmp_path / "out" / "h.sumstats.dropped.tsv.gz", DROPPED)
    steps = pd.read_csv(tmp_path / "out" / "h.sumstats.qc.tsv", sep="\t")
    assert steps["removed"].sum() == len(listed) and steps["kept"].iloc[-1] == len(found)
    assert steps.set_index("step").loc["read", "kept"] == len(found) + len(listed)
    if mistake.dropped is not None:
        assert (listed["reason"] == mistake.dropped[0]).sum() >= mistake.dropped[1], listed["reason"].value_counts()
    card = {check.name: check for check in read_card(tmp_path / "out" / "h.encode_sumstats.card.json").checks}
    if mistake.flagged is not None:
        assert card[mistake.flagged].verdict != "ok", card[mistake.flagged]
    if mistake.noted is not None:
        assert steps["step"].str.startswith(mistake.noted).any(), steps["step"]
    if mistake.flagged is None and mistake.noted != "frequency far from the panel's, kept":
        assert_true(found, study.rows)
    if mistake.flagged is None and mistake.dropped is None:  # read as meant: nothing lost but what panels cannot tell
        assert set(listed["reason"]) <= {"palindromic, strand unknown"}


def assert_true(found: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Every row that is left is right."""
    truth = rows.assign(key=rows["chromosome"] + ":" + rows["position"].astype(str)).set_index("key")
    contig = found["chromosome"].str.removeprefix("chr").replace({"23": "X"})
    joined = truth.loc[contig + ":" + found["base_pair_location"].astype(str)]
    same = found["effect_allele"].to_numpy() == joined["effect"].to_numpy()
    assert (same | (found["effect_allele"].to_numpy() == joined["other"].to_numpy())).all()
    assert np.allclose(found["z"], np.where(same, 1, -1) * joined["z"], rtol=1e-9)
