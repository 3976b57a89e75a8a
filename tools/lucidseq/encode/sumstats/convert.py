"""Convert blocks of a summary-statistics file to the columns of `SumstatsColumns`, and remove rows without a test."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError, UsageError, place
from lucidseq.core.intervals import MOST_BASES
from lucidseq.core.log import get_logger
from lucidseq.core.variants import AlleleKind, clean_allele, clean_contig
from lucidseq.encode.sumstats.choices import Dialect, SampleSize
from lucidseq.encode.sumstats.detect import ColumnLayout
from lucidseq.encode.sumstats.effects import complete_effects, effects_of_z
from lucidseq.encode.sumstats.meanings import Meaning
from lucidseq.encode.sumstats.sample_sizes import SampleSizes
from lucidseq.encode.sumstats.sumstats_columns import COLUMNS, Ledger
from lucidseq.encode.sumstats.text import Block
from lucidseq.encode.sumstats.values import (
    UNKNOWN,
    Alleles,
    ColumnContext,
    StringPool,
    VariantNamePool,
    allele_state,
    neg_log10_of_p,
    numbers,
    positions,
    select,
)

_log = get_logger("lucidseq.encode")
_M = Meaning
_MARKER = re.compile(r"(?:chr)?([0-9A-Za-z.]+)[:_](\d+)(?:[:_][ACGTacgt]+[:_][ACGTacgt]+)?")
_LN10 = np.log(10.0)
# Programs write missing values for variants they did not test; in edited files they are errors
_EDITED_DIALECTS = (Dialect.GWAS_SSF, Dialect.NAMED_ALLELES, Dialect.CUSTOM)
_COUNTS = (_M.N_CASES, _M.N_CONTROLS)
_ESTIMATES = (_M.BETA, _M.ODDS_RATIO, _M.HAZARD_RATIO, _M.STANDARD_ERROR)


@dataclass
class Converter:
    """Converts blocks of one file; all share the codes of contigs, alleles and names.

    Attributes
    ----------
    layout, path
        The file's dialect and columns, and its name for messages.
    sizes
        Sample sizes of the rows.
    drop_incomplete
        Remove rows with missing values, or a standard error or N of 0, rather than refuse the file.
    """

    layout: ColumnLayout
    path: Path
    ledger: Ledger
    sizes: SampleSizes
    drop_incomplete: bool
    contigs: StringPool = field(default_factory=StringPool)
    alleles: Alleles = field(default_factory=Alleles)
    names: VariantNamePool = field(default_factory=VariantNamePool)
    read: int = 0
    positive: int = 0  # effects above 0, of all
    standardised: bool = False  # effects come from z alone

    def convert(self, block: Block) -> dict[str, np.ndarray]:
        """Return the columns of the kept rows.

        Raises
        ------
        DataError
            If a value is invalid, or missing (unless incomplete rows are dropped).
        """
        rows = _BlockRows(self, block)
        self.read += len(rows.line)
        rows.drop_other_tests()
        rows.encode_texts()
        rows.read_numbers()
        rows.drop_untested()
        rows.drop_incomplete()
        rows.check()
        return rows.finish()

    @property
    def sized(self) -> bool:
        """Whether columns give the sample size; cases without controls do not."""
        layout = self.layout
        counted = layout.has(_M.N_CASES) and layout.has(_M.N_CONTROLS)
        return layout.has(_M.N) or layout.has(_M.N_EFFECTIVE) or counted

    def report_sample_size(self) -> None:
        """Report, once all rows are read, whether the sample size that was given was used."""
        given = self.sizes.given
        if given is not None and not self.sizes.filled:
            _log.warning(
                f"--n {given:g} is not used: every row of {self.path.name} has a sample size of its own (--column n=none ignores them)"
            )
        elif given is not None and self.sized:
            self.ledger.note("N from --n", self.sizes.filled)

    def check_sample_size(self) -> None:
        """Refuse a file without sample sizes when none was given.

        Raises
        ------
        UsageError
            Naming the option.
        """
        layout = self.layout
        counted = layout.has(_M.N_CASES) and layout.has(_M.N_CONTROLS)
        if self.sizes.rule is SampleSize.EFFECTIVE and not (layout.has(_M.N_EFFECTIVE) or counted):
            received = f"--sample-size effective, and {self.path.name} has neither effective N nor cases and controls"
            raise UsageError(received, "columns that give it", "name them with --column n_effective=NAME, or n_cases= and n_controls=")
        if not self.sized and self.sizes.given is None:
            raise UsageError(f"no column n in {self.path.name}", "the sample size", "add --n NUMBER, or name a column with --column n=NAME")


def _shown(values: pd.Series) -> list[str]:
    """Return values as text; whole numbers without a point, missing ones as #NA."""
    texts = values.astype(object).where(values.notna(), "#NA")
    return [str(int(value)) if isinstance(value, float) and value % 1 == 0 else str(value) for value in texts]


class _BlockRows:
    """One block; all arrays shrink together as rows are removed."""

    def __init__(self, converter: Converter, block: Block) -> None:
        self._to, self._layout = converter, converter.layout
        self._frame, self.line = block.frame, block.line
        self._values: dict[str, np.ndarray] = {}
        self._states: list[np.ndarray] = []

    def text(self, meaning: Meaning) -> pd.Series:
        return self._frame[self._layout.places[meaning]]

    def where(self, meaning: Meaning) -> ColumnContext:
        return ColumnContext(self._layout.column(meaning), self.line, self._to.path)

    def drop(self, removed: np.ndarray, reason: str) -> None:
        """Remove rows and list them."""
        if not removed.any():
            return
        texts = {
            name: _shown(self.text(meaning)[removed]) if self._layout.has(meaning) else "#NA"
            for name, meaning in (
                ("chromosome", _M.CHROMOSOME),
                ("base_pair_location", _M.POSITION),
                ("effect_allele", _M.EFFECT_ALLELE),
                ("other_allele", _M.OTHER_ALLELE),
                ("rsid", _M.NAME),
            )
        }
        self._to.ledger.drop(reason, pd.DataFrame({"line": self.line[removed], **texts}))
        self._frame, self.line = self._frame[~removed], self.line[~removed]
        self._values = {name: values[~removed] for name, values in self._values.items()}

    def drop_other_tests(self) -> None:
        facts = self._layout.facts
        if facts.additive and self._layout.has(_M.TEST):
            self.drop(select(self.text(_M.TEST), lambda text: text not in facts.additive), "another term of the model")
        if self._layout.has(_M.STATE):

            def failed(text: str) -> bool:
                stopped = bool(facts.working) and text not in facts.working
                return stopped or any(word in text for word in facts.failing)

            self.drop(select(self.text(_M.STATE), failed), "not tested by the program")

    def encode_texts(self) -> None:
        """Code contigs, alleles and names; find the other allele in REF and ALT."""
        size, layout, to = len(self.line), self._layout, self._to
        unknown = np.full(size, UNKNOWN, dtype=np.int32)

        def get(words: StringPool, meaning: Meaning, clean: Callable[[str], str | None]) -> np.ndarray:
            return words.encode(self.text(meaning), clean) if layout.has(meaning) else unknown

        self._values["contig"] = get(to.contigs, _M.CHROMOSOME, clean_contig)
        self._values["effect"] = get(to.alleles, _M.EFFECT_ALLELE, clean_allele)
        self._values["other"] = get(to.alleles, _M.OTHER_ALLELE, clean_allele)
        self._values["name"] = to.names.encode(self.text(_M.NAME)) if layout.has(_M.NAME) else np.zeros(size, dtype=np.int64)
        if layout.has(_M.OMITTED):
            self._values["other"] = get(to.alleles, _M.OMITTED, clean_allele)
        elif layout.has(_M.REFERENCE) and layout.has(_M.ALTERNATIVE) and not layout.has(_M.OTHER_ALLELE):
            self._other_of_two(get(to.alleles, _M.REFERENCE, clean_allele), get(to.alleles, _M.ALTERNATIVE, clean_allele))
        commas = np.array([*("," in text for text in to.alleles.texts), False])
        self.drop(commas[self._values["effect"]] | commas[self._values["other"]], "several alternative alleles")

    def _other_of_two(self, reference: np.ndarray, alternative: np.ndarray) -> None:
        effect = self._values["effect"]
        several = np.array([*("," in text for text in self._to.alleles.texts), False])[alternative]
        neither = (effect != reference) & (effect != alternative) & (effect != UNKNOWN) & ~several
        self.where(_M.EFFECT_ALLELE).refuse(neither, self.text(_M.EFFECT_ALLELE), "one of REF and ALT")
        self._values["other"] = np.where(effect == reference, alternative, reference)
        self.drop(several, "several alternative alleles")

    def number(self, meaning: Meaning) -> np.ndarray:
        """Return a column of numbers; NaN where the file has no such column."""
        if not self._layout.has(meaning):
            return np.full(len(self.line), np.nan)
        infinite = meaning in _ESTIMATES and self._layout.facts.name not in _EDITED_DIALECTS
        values = numbers(self.text(meaning), self.where(meaning), infinite=infinite)
        if meaning in _COUNTS:
            self.where(meaning).refuse(values < 0, values, "a number from 0")
        return values

    def read_numbers(self) -> None:
        """Read every number of the rows, on the scale of beta and -log10 p."""
        values = self._values
        values["beta"] = self.number(_M.BETA)
        for meaning in (_M.ODDS_RATIO, _M.HAZARD_RATIO):
            ratio = self.number(meaning)
            self.where(meaning).refuse(ratio < 0, ratio, "a number above 0")
            values[meaning.value] = ratio
            with np.errstate(divide="ignore"):
                values["beta"] = np.where(np.isnan(values["beta"]), np.log(ratio), values["beta"])
        for name, meaning in (
            ("standard_error", _M.STANDARD_ERROR),
            ("statistic", _M.Z),
            ("chi_square", _M.CHI_SQUARE),
            ("frequency", _M.FREQUENCY),
        ):
            values[name] = self.number(meaning)
        values["tail"] = self._tail()
        values["n"] = self._to.sizes.of_rows(self.number)
        if self._layout.has(_M.POSITION):
            values["position"] = positions(self.text(_M.POSITION), self.where(_M.POSITION))
        else:
            values["position"] = self._position_from_name()

    def _tail(self) -> np.ndarray:
        tail = self.number(_M.NEG_LOG10_P)
        self.where(_M.NEG_LOG10_P).refuse(tail < 0, tail, "a number from 0")
        log = self.number(_M.LOG10_P)
        self.where(_M.LOG10_P).refuse(log > 0, log, "a number up to 0")
        tail = np.where(np.isnan(tail), -log, tail)
        if self._layout.has(_M.P):
            tail = np.where(np.isnan(tail), neg_log10_of_p(self.text(_M.P), self.where(_M.P)), tail)
        return tail

    def _position_from_name(self) -> np.ndarray:
        """Return positions written in names (``1:12345`` or ``chr1:12345:A:G``), with their contigs; 0 where there is none."""
        position = np.zeros(len(self.line))
        if self._layout.facts.name is Dialect.METAL and self._layout.has(_M.NAME):
            matches = [_MARKER.fullmatch(str(name)) for name in self.text(_M.NAME)]
            for row, match in enumerate(matches):
                if match is not None:
                    position[row] = float(match[2])
                    self._values["contig"][row] = self._to.contigs.code(clean_contig(match[1]) or match[1])
        return position

    def drop_untested(self) -> None:
        """Remove rows without effect and p-value, or with an infinite effect or error."""
        values, facts = self._values, self._layout.facts
        if facts.name not in _EDITED_DIALECTS:
            untested = np.isnan(values["tail"]) & np.isnan(values["statistic"]) & np.isnan(values["chi_square"])
            self.drop(untested & (np.isnan(values["beta"]) | np.isnan(values["standard_error"])), "not tested by the program")
        for meaning in (_M.ODDS_RATIO, _M.HAZARD_RATIO):
            self.drop(values[meaning.value] == 0, "odds ratio of 0")
            values = self._values
        infinite = np.isinf(values["beta"]) | np.isinf(values["standard_error"])
        undefined = facts.undefined_ratios & np.isnan(values["beta"]) & ~np.isnan(values["tail"])
        self.drop(infinite | undefined, "no finite effect or standard error")

    def _needed(self) -> dict[Meaning, np.ndarray]:
        """Return the mask of missing values of each required meaning."""
        layout, values = self._layout, self._values
        missing: dict[Meaning, np.ndarray] = {}
        if layout.has(_M.CHROMOSOME):
            missing[_M.CHROMOSOME] = values["contig"] == UNKNOWN
            missing[_M.POSITION] = np.isnan(values["position"])
        elif layout.has(_M.NAME):
            missing[_M.NAME] = (values["name"] == 0) & (values["position"] == 0)
        if layout.has(_M.EFFECT_ALLELE):
            missing[_M.EFFECT_ALLELE] = values["effect"] == UNKNOWN
        if any(layout.has(meaning) for meaning in (_M.OTHER_ALLELE, _M.OMITTED, _M.REFERENCE)):
            missing[_M.OTHER_ALLELE] = values["other"] == UNKNOWN
        with_effect = [meaning for meaning in (_M.BETA, _M.ODDS_RATIO, _M.HAZARD_RATIO) if layout.has(meaning)]
        doubts = [meaning for meaning in (_M.STANDARD_ERROR, _M.Z, _M.CHI_SQUARE, _M.NEG_LOG10_P, _M.LOG10_P, _M.P) if layout.has(meaning)]
        if with_effect:
            missing[with_effect[0]] = np.isnan(values["beta"]) & np.isnan(values["statistic"])
            known = [values[name] for name in ("standard_error", "statistic", "chi_square", "tail")]
            missing[doubts[0]] = np.all([np.isnan(value) for value in known], axis=0)
        else:
            missing[_M.Z] = np.isnan(values["statistic"])
            if layout.has(_M.FREQUENCY):
                missing[_M.FREQUENCY] = np.isnan(values["frequency"])
        missing[_M.N] = np.isnan(values["n"])
        return missing

    def drop_incomplete(self) -> None:
        """Remove rows with missing values, or refuse the file."""
        missing = self._needed()
        incomplete = np.any(list(missing.values()), axis=0) if missing else np.zeros(len(self.line), dtype=bool)
        if incomplete.any() and not self._to.drop_incomplete:
            row = int(incomplete.argmax())
            meaning = next(meaning for meaning, mask in missing.items() if mask[row])
            shown = repr(str(self.text(meaning).iloc[row])) if self._layout.has(meaning) else "no column gives it"
            received = f"{self._layout.column(meaning)} is missing ({shown})"
            fix = "fill it in, or add --drop-incomplete to remove such rows" + (
                " (--n gives the N of rows without one)" if meaning is _M.N else ""
            )
            raise DataError(received, "a value in every row", fix, where=place(self._to.path, line=int(self.line[row])))
        self.drop(incomplete, "incomplete")

    def check(self) -> None:
        """Refuse impossible values, and remove alleles without known bases."""
        values = self._values
        states = allele_state(self._to.alleles)
        for name, meaning in (("effect", _M.EFFECT_ALLELE), ("other", _M.OTHER_ALLELE)):
            shown = self._to.alleles.decode(values[name])
            self.where(meaning).refuse(states[values[name]] == AlleleKind.INVALID, shown, "bases (A, C, G, T)")
        placeholder = states == AlleleKind.PLACEHOLDER
        self.drop(placeholder[values["effect"]] | placeholder[values["other"]], "allele without its bases")
        values = self._values
        zero = (values["standard_error"] == 0) | (values["n"] == 0)
        if self._to.drop_incomplete:
            self.drop(zero, "standard error or N of 0")
            values = self._values
        same = (values["effect"] == values["other"]) & (values["effect"] != UNKNOWN)
        self.where(_M.EFFECT_ALLELE).refuse(same, self._to.alleles.decode(values["effect"]), "an allele other than other_allele")
        position, least = values["position"], 1 if self._layout.has(_M.POSITION) else 0
        odd = (position < least) | (position % 1 != 0) | (position >= MOST_BASES)
        self.where(_M.POSITION).refuse(odd, position, "a whole number from 1")
        for meaning, name, wrong, expected in (
            (_M.STANDARD_ERROR, "standard_error", values["standard_error"] <= 0, "a number above 0"),
            (_M.CHI_SQUARE, "chi_square", values["chi_square"] < 0, "a number from 0"),
            (_M.FREQUENCY, "frequency", (values["frequency"] < 0) | (values["frequency"] > 1), "a number from 0 to 1"),
            (_M.N, "n", values["n"] <= 0, "a number above 0"),
        ):
            fix = (
                "correct the value, or add --drop-incomplete to remove such rows"
                if bool((wrong & (values[name] == 0)).any())
                else "correct the value"
            )
            self.where(meaning).refuse(wrong, values[name], expected, fix=fix)

    def finish(self) -> dict[str, np.ndarray]:
        """Complete effects, and return the study's columns."""
        values, layout = self._values, self._layout
        if not any(layout.has(meaning) for meaning in (_M.BETA, _M.ODDS_RATIO, _M.HAZARD_RATIO)):
            self._to.standardised = True
            known = layout.has(_M.FREQUENCY)
            if known:
                self.drop((values["frequency"] == 0) | (values["frequency"] == 1), "no variation")
                values = self._values
            values["beta"], values["standard_error"] = effects_of_z(
                values["statistic"], values["n"], values["frequency"] if known else None
            )
        effects = complete_effects(
            beta=values["beta"],
            standard_error=values["standard_error"],
            statistic=values["statistic"],
            chi_square=values["chi_square"],
            tail=values["tail"],
        )
        shown = self.text(_M.P) if layout.has(_M.P) else values["tail"]
        unknown_z = np.isnan(effects.z) & np.isinf(values["tail"])
        self.where(_M.P).refuse(unknown_z, shown, "a number above 0 and up to 1 (or a column standard_error or neg_log_10_p_value)")
        values |= {"beta": effects.beta, "standard_error": effects.standard_error, "z": effects.z, "tail": effects.neg_log10_p}
        note = self._to.ledger.note
        for what, mask in (
            ("p-value of 0, taken from z instead", effects.zero_p),
            ("p-value far from that of z, kept", effects.disagreeing),
            ("z from the p-value or chi-square", effects.from_p),
        ):
            if mask.any():
                note(what, int(mask.sum()))
        opposed = effects.opposed & ~effects.unsigned
        self.drop(opposed, "signs of effect and statistic differ")
        self.drop(effects.unsigned[~opposed], "effect without a sign")
        without_z = np.isnan(self._values["z"])
        self.drop(without_z, "incomplete") if without_z.any() and self._to.drop_incomplete else self._refuse_without_z(without_z)
        self._to.positive += int((self._values["beta"] > 0).sum())
        self._values["line"] = self.line
        return {name: self._values[name] for name in COLUMNS}

    def _refuse_without_z(self, without_z: np.ndarray) -> None:
        shown = self._values["beta"]
        self.where(_M.BETA).refuse(without_z, shown, "an effect with a standard error or p-value")
