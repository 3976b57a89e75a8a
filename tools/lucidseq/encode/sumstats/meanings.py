"""Meanings of columns of summary statistics, and descriptions of dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lucidseq.encode.sumstats.choices import Dialect


class Meaning(StrEnum):
    """Meaning of a column, in the words of GWAS-SSF and --column."""

    CHROMOSOME = "chromosome"
    POSITION = "base_pair_location"
    NAME = "rsid"
    EFFECT_ALLELE = "effect_allele"
    OTHER_ALLELE = "other_allele"
    REFERENCE = "reference_allele"  # with the next two: the other allele is the one that is not the effect allele
    ALTERNATIVE = "alternative_allele"
    OMITTED = "omitted_allele"
    BETA = "beta"
    ODDS_RATIO = "odds_ratio"
    HAZARD_RATIO = "hazard_ratio"
    STANDARD_ERROR = "standard_error"
    Z = "z"
    CHI_SQUARE = "chi_square"
    P = "p_value"
    NEG_LOG10_P = "neg_log_10_p_value"
    LOG10_P = "log_10_p_value"
    FREQUENCY = "effect_allele_frequency"
    N = "n"
    N_EFFECTIVE = "n_effective"
    N_CASES = "n_cases"
    N_CONTROLS = "n_controls"
    TEST = "test"
    STATE = "state"


TEXTS = frozenset(
    {
        Meaning.CHROMOSOME,
        Meaning.NAME,
        Meaning.EFFECT_ALLELE,
        Meaning.OTHER_ALLELE,
        Meaning.REFERENCE,
        Meaning.ALTERNATIVE,
        Meaning.OMITTED,
        Meaning.TEST,
        Meaning.STATE,
    }
)

_PLINK_NUMBERS = {"23": "X", "24": "Y", "25": "X", "26": "MT"}  # 25 is XY, the pseudo-autosomal part of X


@dataclass(frozen=True)
class DialectFacts:
    """Description of a dialect.

    Attributes
    ----------
    name, title
        Value of --dialect, and title.
    effect_allele
        Effect allele, in words.
    source
        Documentation of the program.
    signature
        Columns that identify the dialect.
    columns
        Names by meaning; of several, the first in the file is read.
    export
        Header and meaning of each column written; a literal is marked with ``=``.
    z_kind
        Kind of effect / standard error.
    numbers
        Chromosomes that are written as numbers.
    additive
        Values of the test column that stand for the additive effect; other rows are terms of the model.
    working
        Values of the state column of rows that the program could test.
    failing
        Words in the state column of rows that it could not test.
    undefined_ratios
        NA stands for an odds ratio that is not defined, beside a p-value that is.
    by_place
        Columns are identified by position: the program does not read its header.
    """

    name: Dialect
    title: str
    effect_allele: str
    source: str
    signature: tuple[str, ...]
    columns: Mapping[Meaning, tuple[str, ...]]
    export: tuple[tuple[str, str], ...] = ()
    z_kind: str = "wald"
    numbers: Mapping[str, str] = field(default_factory=lambda: _PLINK_NUMBERS)
    additive: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    undefined_ratios: bool = False
    by_place: tuple[Meaning, ...] = ()
    separator: str = "\t"


def columns(text: str) -> dict[Meaning, tuple[str, ...]]:
    """Return column names by meaning from words ``meaning=name|name``.

    Examples
    --------
    >>> columns("rsid=SNP|ID")
    {<Meaning.NAME: 'rsid'>: ('SNP', 'ID')}
    """
    pairs = (word.split("=") for word in text.split())
    return {Meaning(meaning): tuple(names.split("|")) for meaning, names in pairs}


def exported(text: str) -> tuple[tuple[str, str], ...]:
    """Return header and meaning of each column written from words ``header:meaning``; a literal keeps its ``=``.

    Examples
    --------
    >>> exported("SNP:rsid INFO:=1")
    (('SNP', 'rsid'), ('INFO', '=1'))
    """
    pairs = (word.split(":", 1) for word in text.split())
    return tuple((header, meaning) for header, meaning in pairs)
