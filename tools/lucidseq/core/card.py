"""The trust card: the checks a result carries, each with its value, interval, threshold and verdict."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict, TypeGuard, Unpack

SCHEMA, SCHEMA_VERSION = "lucidseq.card", 1


class Verdict(StrEnum):
    """Verdict of a check, from best to worst."""

    OK = "ok"
    CAUTION = "caution"
    REFUSE = "refuse"


_ORDER = [Verdict.OK, Verdict.CAUTION, Verdict.REFUSE]


@dataclass(frozen=True)
class Check:
    """One check of a result.

    Parameters
    ----------
    name
        What is checked, in a few words.
    value
        The figure or word (NaN and infinities become null in the file).
    verdict
        `Verdict`.
    threshold
        The bound in words, such as ``">= 0.9"``.
    advice
        What a reader should do when the verdict is not ok; what the check means otherwise.
    interval
        Lower and upper bound of the value, when there is one.
    level
        Confidence level of the interval, such as 0.95.
    """

    name: str
    value: float | str | None
    verdict: Verdict
    threshold: str
    advice: str
    interval: tuple[float, float] | None = None
    level: float | None = None


class Bounds(TypedDict, total=False):
    """Interval of a check's value, and its confidence level (see `Check`)."""

    interval: tuple[float, float] | None
    level: float | None


@dataclass
class Card:
    """The checks of one run of one command."""

    tool: str
    command: str
    checks: list[Check] = field(default_factory=list)

    def add(self, name: str, value: float | str | None, verdict: Verdict, *, threshold: str, advice: str, **bounds: Unpack[Bounds]) -> None:
        """Append a check (see `Check` for the fields)."""
        self.checks.append(Check(name, value, verdict, threshold, advice, **bounds))

    def at_least(
        self,
        name: str,
        value: float | None,
        threshold: float,
        *,
        advice: str,
        refuse_below: float | None = None,
        text: str | None = None,
        **bounds: Unpack[Bounds],
    ) -> None:
        """Append a check of a number that should not be less than a threshold; a number that is missing or NaN is a caution.

        Parameters
        ----------
        refuse_below
            The verdict is refuse below it; never when None.
        text
            The threshold in words, where ``>= number`` does not describe it.

        Examples
        --------
        >>> card = Card("tool", "command")
        >>> card.at_least("variants kept", 0.7, 0.9, refuse_below=0.5, advice="Check the build.")
        >>> (card.checks[0].verdict.value, card.checks[0].threshold)
        ('caution', '>= 0.9')
        """
        refused = _is_number(value) and refuse_below is not None and value < refuse_below
        fulfilled = _is_number(value) and value >= threshold
        self.add(name, value, _graded(fulfilled, refused), threshold=text or f">= {threshold:g}", advice=advice, **bounds)

    def at_most(
        self,
        name: str,
        value: float | None,
        threshold: float,
        *,
        advice: str,
        refuse_above: float | None = None,
        text: str | None = None,
        **bounds: Unpack[Bounds],
    ) -> None:
        """Append a check of a number that should not exceed a threshold (see `at_least`)."""
        refused = _is_number(value) and refuse_above is not None and value > refuse_above
        fulfilled = _is_number(value) and value <= threshold
        self.add(name, value, _graded(fulfilled, refused), threshold=text or f"<= {threshold:g}", advice=advice, **bounds)

    def below(
        self, name: str, value: float | None, threshold: float, *, advice: str, text: str | None = None, **bounds: Unpack[Bounds]
    ) -> None:
        """Append a check of a number that should be less than a threshold (see `at_least`)."""
        fulfilled = _is_number(value) and value < threshold
        self.expect(name, value, fulfilled, threshold=text or f"< {threshold:g}", advice=advice, **bounds)

    def expect(
        self,
        name: str,
        value: float | str | None,
        fulfilled: bool,  # noqa: FBT001
        *,
        threshold: str,
        advice: str,
        otherwise: Verdict = Verdict.CAUTION,
        **bounds: Unpack[Bounds],
    ) -> None:
        """Append a check with a condition: ok where it is fulfilled, else a caution (or the verdict given)."""
        self.add(name, value, Verdict.OK if fulfilled else otherwise, threshold=threshold, advice=advice, **bounds)

    def add_shares(self, name: str, counts: Mapping[str, int], total: int, threshold: float, *, advice: str) -> None:
        """Append a check for each reason for which part of the input was removed or skipped: its share of the input.

        Parameters
        ----------
        counts
            Reason to number.
        total
            Size of the input.

        Examples
        --------
        >>> card = Card("tool", "command")
        >>> card.add_shares("share of alleles skipped", {"too long": 3}, 10, 0.05, advice="Raise the limit.")
        >>> card.checks[0].name, card.checks[0].value, card.checks[0].advice
        ('share of alleles skipped: too long', 0.3, '3 of 10. Raise the limit.')
        """
        for reason, count in sorted(counts.items()):
            self.at_most(f"{name}: {reason}", count / total, threshold, advice=f"{count} of {total}. {advice}")

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks; ok when there is none."""
        return max((check.verdict for check in self.checks), key=_ORDER.index, default=Verdict.OK)

    def to_json(self) -> str:
        """Return the card as JSON text with a final newline."""
        document = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "tool": self.tool,
            "command": self.command,
            "verdict": self.verdict.value,
            "checks": [_finite(asdict(check)) for check in self.checks],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """Return the card as lines for a terminal."""
        lines = [f"trust card of {self.tool} {self.command}: {self.verdict.value}"]
        for check in self.checks:
            interval = f" [{check.interval[0]:.4g}, {check.interval[1]:.4g}]" if check.interval else ""
            value = f"{check.value:.4g}" if isinstance(check.value, float) else check.value
            line = f"  {check.verdict.value:<8}{check.name}: {value}{interval} (expected {check.threshold})"
            lines.append(line if check.verdict is Verdict.OK else f"{line}. {check.advice}")
        return "\n".join(lines)


def read_card(path: Path) -> Card:
    """Read a card file.

    Raises
    ------
    DataError
        If the file is not a card of this version.
    """
    from lucidseq.core.errors import DataError

    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        checks = [
            Check(**{**check, "verdict": Verdict(check["verdict"]), "interval": _pair(check["interval"])}) for check in document["checks"]
        ]
        if document["schema"] != SCHEMA or document["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema {document['schema']} version {document['schema_version']}")
        return Card(document["tool"], document["command"], checks)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"not a trust card: {error}",
            f"JSON with schema {SCHEMA}, version {SCHEMA_VERSION}",
            "give a *.card.json file written by a lucidseq command",
            where=str(path),
        ) from error


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


def _graded(fulfilled: bool, refused: bool) -> Verdict:  # noqa: FBT001
    return Verdict.REFUSE if refused else Verdict.OK if fulfilled else Verdict.CAUTION


def _pair(interval: list[float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0], interval[1])


def _finite(value: Any) -> Any:
    """Replace what JSON cannot carry: NaN and infinities become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
