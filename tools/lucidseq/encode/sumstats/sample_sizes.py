"""The sample size of each row, and columns of sample sizes that contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lucidseq.encode.sumstats.choices import SampleSize
from lucidseq.encode.sumstats.meanings import Meaning

TOTAL, EFFECTIVE, TOTAL_AS_EFFECTIVE = (
    "N over cases + controls",
    "effective N over 4 / (1 / cases + 1 / controls)",
    "N over 4 / (1 / cases + 1 / controls)",
)


@dataclass
class SampleSizes:
    """Sample sizes of a file, row by row.

    Attributes
    ----------
    rule
        Sample size of case-control studies to use.
    given
        Sample size of rows without one (--n).
    filled
        Rows that got it.
    sums
        Sums of two columns over the rows that have both, by what is compared: their ratio shows whether they contradict each other.
    """

    rule: SampleSize
    given: float | None
    filled: int = 0
    sums: dict[str, np.ndarray] = field(default_factory=dict)

    def of_rows(self, number: Callable[[Meaning], np.ndarray]) -> np.ndarray:
        """Return the sample size of each row, float64, NaN where none is known.

        Parameters
        ----------
        number
            Returns a column by its meaning, NaN where it is missing.
        """
        cases, controls = number(Meaning.N_CASES), number(Meaning.N_CONTROLS)
        total, effective = number(Meaning.N), number(Meaning.N_EFFECTIVE)
        with np.errstate(divide="ignore", invalid="ignore"):
            balanced = 4 / (1 / cases + 1 / controls)
        self._compare(TOTAL, total, cases + controls)
        self._compare(TOTAL_AS_EFFECTIVE, total, balanced)
        self._compare(EFFECTIVE, effective, balanced)
        if self.rule is SampleSize.EFFECTIVE:
            return np.where(np.isnan(effective), balanced, effective)
        size = total
        for other in (cases + controls, effective):
            size = np.where(np.isnan(size), other, size)
        if self.given is None:
            return size
        self.filled += int(np.isnan(size).sum())
        return np.where(np.isnan(size), self.given, size)

    def _compare(self, what: str, first: np.ndarray, second: np.ndarray) -> None:
        both = np.isfinite(first) & np.isfinite(second)
        if both.any():
            self.sums[what] = self.sums.get(what, np.zeros(2)) + np.array([first[both].sum(), second[both].sum()])

    def ratios(self) -> dict[str, float]:
        """Return the ratios of what could be compared."""
        return {what: float(first / second) for what, (first, second) in self.sums.items() if second > 0}
