"""Summary statistics in memory, about 100 bytes per variant, and the ledger of removed rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.close_on_exit import CloseOnExit
from lucidseq.core.pvalues import p_from_neg_log10
from lucidseq.core.schema import DROPPED
from lucidseq.core.tables import TableWriter
from lucidseq.core.variants import variant_ids
from lucidseq.encode.sumstats.values import Alleles, StringPool, VariantNamePool

# Why rows are removed, in the order of counting
REASONS = (
    "another term of the model",
    "not tested by the program",
    "several alternative alleles",
    "incomplete",
    "standard error or N of 0",
    "allele without its bases",
    "odds ratio of 0",
    "no finite effect or standard error",
    "effect without a sign",
    "signs of effect and statistic differ",
    "no variation",
    "name not in the panel",
    "name at several places of the panel",
    "not lifted",
    "lifted to the other strand",
    "lifted to several places",
    "contig not in the FASTA",
    "contig not in the panel",
    "position beyond the contig's end",
    "other allele unknown",
    "reference allele in neither",
    "not in the panel",
    "alleles other than the panel's",
    "palindromic, strand unknown",
    "duplicate",
)
OUTPUT_ROWS = 200_000
INTEGERS = {"line": np.int64, "contig": np.int32, "position": np.int64, "effect": np.int32, "other": np.int32, "name": np.int64}
_FLOATS = ("beta", "standard_error", "z", "tail", "frequency", "n")
COLUMNS = (*INTEGERS, *_FLOATS)
_FIRST_PAGE, _LAST_PAGE = 1 << 16, 1 << 23  # rows


class Ledger(CloseOnExit):
    """Counts removed rows by reason, and lists them in a table. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self.notes: dict[str, int] = {}  # changed or notable rows that are kept
        self._writer = TableWriter(path, DROPPED)

    def close(self) -> None:
        """Close the files."""
        self._writer.close()

    def note(self, what: str, count: int) -> None:
        """Count rows that are kept but changed or notable."""
        self.notes[what] = self.notes.get(what, 0) + int(count)

    def drop(self, reason: str, rows: pd.DataFrame) -> None:
        """List removed rows, with the columns of `core.schema.DROPPED` without reason."""
        if len(rows):
            self.counts[reason] += len(rows)
            self._writer.append(rows.assign(reason=reason))

    def steps(self, read: int) -> list[tuple[str, str, int, int]]:
        """Return the rows of the QC table: rows read, reasons, and notes."""
        steps, remaining = [("variants", "read", 0, read)], read
        always = ("incomplete", "contig not in the FASTA", "reference allele in neither", "duplicate")
        for reason, count in self.counts.items():
            if count or reason in always:
                remaining -= count
                steps.append(("variants", reason, count, remaining))
        return steps + [("variants", f"{what}: {count}", 0, remaining) for what, count in self.notes.items()]


class Builder:
    """Collects the columns of a study in pages.

    Pages double up to a size that is returned to the system when freed, so that memory never has two copies.
    """

    def __init__(self) -> None:
        self._pages: dict[str, list[np.ndarray]] = {column: [] for column in COLUMNS}
        self._used, self._size = 0, 0  # rows of the last page

    def append(self, part: dict[str, np.ndarray]) -> None:
        """Add rows."""
        rows, taken = len(part["line"]), 0
        while taken < rows:
            if self._used == self._size:
                self._size = min(max(2 * self._size, _FIRST_PAGE), _LAST_PAGE)
                self._used = 0
                for column, pages in self._pages.items():
                    pages.append(np.empty(self._size, dtype=INTEGERS.get(column, np.float64)))
            count = min(rows - taken, self._size - self._used)
            for column, pages in self._pages.items():
                pages[-1][self._used : self._used + count] = part[column][taken : taken + count]
            self._used, taken = self._used + count, taken + count

    def finish(self) -> dict[str, np.ndarray]:
        """Return the columns; pages are freed column by column."""
        columns = {}
        for column in COLUMNS:
            pages = self._pages.pop(column)
            if pages:
                pages[-1] = pages[-1][: self._used]
            columns[column] = np.concatenate(pages) if pages else np.empty(0, INTEGERS.get(column, np.float64))
        return columns


class SumstatsColumns:
    """Summary statistics as columns of numbers; contigs, alleles and names are codes.

    Attributes
    ----------
    contigs, alleles, names
        What the codes stand for.
    columns
        Arrays of shape (variants,) by name: line, contig, position (1-based; 0 unknown), effect, other, name, beta,
        standard_error, z, tail (-log10 p), frequency, n.
    """

    def __init__(self, contigs: StringPool, alleles: Alleles, names: VariantNamePool, columns: dict[str, np.ndarray]) -> None:
        self.contigs, self.alleles, self.names, self.columns = contigs, alleles, names, columns

    def __len__(self) -> int:
        return len(self.columns["line"])

    def __getitem__(self, column: str) -> np.ndarray:
        return self.columns[column]

    def __setitem__(self, column: str, values: np.ndarray) -> None:
        self.columns[column] = values.astype(self.columns[column].dtype, copy=False)

    def take(self, rows: np.ndarray) -> None:
        """Keep rows, by mask or in an order."""
        for column in COLUMNS:
            self.columns[column] = self.columns[column][rows]

    def drop(self, removed: np.ndarray, reason: str, ledger: Ledger) -> np.ndarray:
        """Remove rows and list them; return the mask of kept rows."""
        if removed.any():
            rows = np.flatnonzero(removed)
            for first in range(0, len(rows), OUTPUT_ROWS):
                ledger.drop(reason, self._listed(rows[first : first + OUTPUT_ROWS]))
            self.take(~removed)
        return ~removed

    def _listed(self, rows: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "line": self["line"][rows],
                "chromosome": self.contigs.decode(self["contig"][rows]),
                "base_pair_location": [str(position) if position else "#NA" for position in self["position"][rows].tolist()],
                "effect_allele": self.alleles.decode(self["effect"][rows]),
                "other_allele": self.alleles.decode(self["other"][rows]),
                "rsid": self.names.decode(self["name"][rows]),
            }
        )

    def swap_alleles(self, rows: np.ndarray) -> None:
        """Make the other allele the effect allele of rows (a mask): effects, z and frequencies change accordingly."""
        effect, other = self["effect"].copy(), self["other"]
        self["effect"], self["other"] = np.where(rows, other, effect), np.where(rows, effect, other)
        for column in ("beta", "z"):
            self.columns[column][rows] *= -1.0
            self.columns[column][rows] += 0.0  # no negative zero
        self.columns["frequency"][rows] = 1.0 - self["frequency"][rows]

    def sort(self, order: list[str]) -> None:
        """Sort by contig (in the given order, then as first seen) and position; rows of one position keep their order."""
        codes = [self.contigs.code(name) for name in order]
        rank = np.full(len(self.contigs.texts), len(codes), dtype=np.int64)
        seen, first = np.unique(self["contig"], return_index=True)
        rank[seen] = len(codes) + np.argsort(np.argsort(first))
        rank[codes] = np.arange(len(codes))
        ranks = rank[self["contig"]]
        key = (ranks << 40) + self["position"]
        if len(key) > 1 and (np.diff(key) < 0).any():
            self.take(np.argsort(key, kind="stable"))

    def duplicates(self) -> np.ndarray:
        """Return the mask of rows, in a sorted study, whose contig, position and pair of alleles an earlier row has."""
        next_is_same = (np.diff(self["position"]) == 0) & (np.diff(self["contig"]) == 0)
        shared = np.concatenate([next_is_same, [False]]) | np.concatenate([[False], next_is_same])
        rows = np.flatnonzero(shared[: len(self)])
        effect, other = self["effect"][rows], self["other"][rows]
        pairs = pd.DataFrame(
            {
                "contig": self["contig"][rows],
                "position": self["position"][rows],
                "low": np.minimum(effect, other),
                "high": np.maximum(effect, other),
            }
        )
        repeated = np.zeros(len(self), dtype=bool)
        repeated[rows] = pairs.duplicated().to_numpy()
        return repeated

    def tables(self, kinds: Mapping[str, str]) -> Iterator[pd.DataFrame]:
        """Yield tables of `core.schema.SUMSTATS`, in parts; ``kinds`` are columns of one value."""
        for first in range(0, max(len(self), 1), OUTPUT_ROWS):
            piece = slice(first, first + OUTPUT_ROWS)
            contig, effect = self.contigs.decode(self["contig"][piece]), self.alleles.decode(self["effect"][piece])
            other, tail = self.alleles.decode(self["other"][piece]), self["tail"][piece]
            yield pd.DataFrame(
                {
                    "variant_id": variant_ids(contig, self["position"][piece].tolist(), other, effect),
                    "chromosome": contig,
                    "base_pair_location": self["position"][piece],
                    "effect_allele": effect,
                    "other_allele": other,
                    "beta": self["beta"][piece],
                    "standard_error": self["standard_error"][piece],
                    "effect_allele_frequency": self["frequency"][piece],
                    "p_value": p_from_neg_log10(tail),
                    "neg_log_10_p_value": tail,
                    "rsid": self.names.decode(self["name"][piece]),
                    "n": self["n"][piece],
                    "z": self["z"][piece],
                    **kinds,
                }
            )
