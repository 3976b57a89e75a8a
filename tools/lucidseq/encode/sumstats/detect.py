"""Recognise the dialect of summary statistics and the meaning of its columns from the header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.encode.sumstats.choices import Dialect
from lucidseq.encode.sumstats.dialects import CUSTOM, DIALECTS, NAMED_ALLELES
from lucidseq.encode.sumstats.meanings import DialectFacts, Meaning

_M = Meaning
_EFFECTS = (_M.BETA, _M.ODDS_RATIO, _M.HAZARD_RATIO)
_UNCERTAINTY = (_M.STANDARD_ERROR, _M.Z, _M.CHI_SQUARE, _M.NEG_LOG10_P, _M.LOG10_P, _M.P)
_IGNORED = "none"  # --column p_value=none: do not read it


@dataclass(frozen=True)
class ColumnLayout:
    """Columns of one file: the index of each column to read.

    Attributes
    ----------
    facts
        The dialect.
    header
        Names of all columns, in order.
    places
        Index (from 0) of the column of each meaning.
    """

    facts: DialectFacts
    header: tuple[str, ...]
    places: Mapping[Meaning, int]

    def has(self, meaning: Meaning) -> bool:
        """Return whether the file has a column of that meaning."""
        return meaning in self.places

    def column(self, meaning: Meaning) -> str:
        """Return the file's name of a column (the meaning itself without one)."""
        return self.header[self.places[meaning]] if self.has(meaning) else meaning.value

    @property
    def unread(self) -> str:
        """Names of the columns that are not read."""
        read = set(self.places.values())
        return ", ".join(name for at, name in enumerate(self.header) if at not in read)

    def describe(self) -> str:
        """Return dialect, effect allele and columns in one line."""
        pairs = ", ".join(f"{meaning.value} = {self.header[at]}" for meaning, at in self.places.items())
        return f"{self.facts.title}; the effect allele is {self.facts.effect_allele}; {pairs}"


def parse_columns(words: Sequence[str]) -> dict[Meaning, str]:
    """Parse ``meaning=name`` words of --column.

    Raises
    ------
    UsageError
        If a word has another form, an unknown meaning, or names a meaning twice.
    """
    named: dict[Meaning, str] = {}
    for word in words:
        meaning, mark, name = word.partition("=")
        if not mark or not name or meaning not in list(Meaning):
            fix = "name a column of the file, such as --column n=Neff"
            raise UsageError(f"--column {word}", f"MEANING=NAME with a meaning of {', '.join(Meaning)}", fix)
        if Meaning(meaning) in named:
            raise UsageError(f"--column {meaning} twice", "each meaning once", "remove one of them")
        named[Meaning(meaning)] = name
    return named


def detect(
    header: Sequence[str], *, dialect: Dialect, named: Mapping[Meaning, str], trait: str | None, path: Path, line: int = 1
) -> ColumnLayout:
    """Find the layout of a header.

    Parameters
    ----------
    header
        Column names; a leading ``#`` is no part of the first.
    dialect
        The dialect, or auto.
    named
        Columns named by the user, which have priority.
    trait
        Suffix of columns where a file holds several traits (``BETA.trait``).

    Raises
    ------
    DataError
        If no dialect or several fit, or a column is repeated or missing.
    UsageError
        If a named column is missing.
    """
    where = place(path, line=line)
    names = [name.strip().strip('"') for name in header]
    names[0] = names[0].removeprefix("#")
    if trait is not None and not any(name.endswith(f".{trait}") for name in names):
        raise UsageError(f"--trait {trait}, and no column of {path.name} ends in .{trait}", "a file with several traits", "omit --trait")
    facts = _find(names, where, named) if dialect is Dialect.AUTO else DIALECTS[dialect]
    places = _places(facts, names, trait)
    twice = [name for name, count in Counter(names).items() if count > 1]
    for meaning, name in named.items():
        if name == _IGNORED:
            places.pop(meaning, None)
        elif name in names:
            places[meaning] = names.index(name)
        else:
            raise UsageError(
                f"--column {meaning.value}={name}, but {path.name} has no such column", f"one of {', '.join(names)}", "correct the name"
            )
    read_twice = [names[at] for at in places.values() if names[at] in twice]
    if read_twice:
        raise DataError(f"column {read_twice[0]} twice", "different column names", "rename one of them", where=where)
    layout = ColumnLayout(facts, tuple(names), places)
    _check_needed(layout, where)
    return layout


def _find(names: list[str], where: str, named: Mapping[Meaning, str]) -> DialectFacts:
    fits = [facts for facts in DIALECTS.values() if facts.signature and set(facts.signature) <= set(names)]
    if not fits:
        folded = {name.lower() for name in names}
        fits = [facts for facts in DIALECTS.values() if facts.signature and {name.lower() for name in facts.signature} <= folded]
    if not fits and {_M.EFFECT_ALLELE, _M.OTHER_ALLELE} <= set(named):
        return CUSTOM
    if not fits and {_M.EFFECT_ALLELE, _M.OTHER_ALLELE} <= set(_places(NAMED_ALLELES, names, None)):
        return NAMED_ALLELES
    if not fits:
        raise _unknown(names, where)
    longest = max(len(facts.signature) for facts in fits)
    best = [facts for facts in fits if len(facts.signature) == longest]
    if len(best) > 1:
        received = f"a header that fits {' and '.join(facts.name.value for facts in best)}"
        raise DataError(received, "the header of one dialect", "name it with --dialect", where=where)
    return best[0]


def _unknown(names: list[str], where: str) -> DataError:
    """Return the error for a header of no known dialect: the missing column of a general table, or of the nearest dialect."""
    folded = {name.lower() for name in names}
    lacking = [(facts, [name for name in facts.signature if name.lower() not in folded]) for facts in DIALECTS.values() if facts.signature]
    nearest, absent = min(lacking, key=lambda item: (len(item[1]) / len(item[0].signature), item[0].name.value))
    general = [meaning for meaning in (_M.EFFECT_ALLELE, _M.OTHER_ALLELE) if meaning not in _places(NAMED_ALLELES, names, None)]
    missing = " and ".join(f"{meaning.value} (such as {NAMED_ALLELES.columns[meaning][1].upper()})" for meaning in general)
    near = 2 * len(absent) <= len(nearest.signature)
    program = (
        f"the header of a known dialect: {nearest.name.value} has {', '.join(absent)} too" if near else "the header of a known dialect"
    )
    expected = f"a column {missing}; or {program}"
    fix = f"name the columns, such as --column {general[0].value}=NAME, or the program with --dialect"
    return DataError(f"columns {', '.join(names)[:300]}", expected, fix, where=where)


def _places(facts: DialectFacts, names: list[str], trait: str | None) -> dict[Meaning, int]:
    folded = {name.lower(): at for at, name in reversed(list(enumerate(names)))}
    places = {}
    for meaning, candidates in facts.columns.items():
        names_tried = [f"{name}.{trait}" for name in candidates if trait] + list(candidates)
        place = next((names.index(name) for name in names_tried if name in names), None)
        place = next((folded[name.lower()] for name in names_tried if name.lower() in folded), None) if place is None else place
        if place is not None:
            places[meaning] = place
    if facts.by_place and len(names) == len(facts.by_place):
        places = {meaning: at for at, meaning in enumerate(facts.by_place)}
    return places


def _check_needed(layout: ColumnLayout, where: str) -> None:
    """Refuse a file without an effect, its uncertainty, or (except .qassoc) the effect allele."""
    absent = []
    if not layout.has(_M.EFFECT_ALLELE) and layout.facts.name is not Dialect.PLINK1_QASSOC:
        absent.append(_M.EFFECT_ALLELE.value)
    if layout.facts.name in (Dialect.GWAS_SSF, Dialect.NAMED_ALLELES, Dialect.CUSTOM) and not layout.has(_M.NAME):
        absent += [meaning.value for meaning in (_M.CHROMOSOME, _M.POSITION) if not layout.has(meaning)]
    if layout.has(_M.CHROMOSOME) != layout.has(_M.POSITION):
        absent.append((_M.POSITION if layout.has(_M.CHROMOSOME) else _M.CHROMOSOME).value)
    effect = any(layout.has(meaning) for meaning in _EFFECTS)
    if not effect and not layout.has(_M.Z):
        absent.append("beta (or odds_ratio, or z)")
    if effect and not any(layout.has(meaning) for meaning in _UNCERTAINTY):
        absent.append("standard_error (or p_value)")
    if absent:
        expected = f"the columns of {layout.facts.title}"
        fix = "name the column with --column MEANING=NAME, or rename it"
        raise DataError(f"no column {', '.join(dict.fromkeys(absent))} (columns: {', '.join(layout.header)})", expected, fix, where=where)
