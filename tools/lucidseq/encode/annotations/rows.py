"""What is annotated: variants or windows, as 0-based, half-open intervals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.errors import DataError
from lucidseq.core.intervals import read_bed
from lucidseq.core.variants import variant_ids
from lucidseq.encode.bcf_records import is_bcf
from lucidseq.encode.sumstats.panel import read_panel
from lucidseq.encode.sumstats.parquet import is_parquet
from lucidseq.encode.sumstats.values import Alleles, Names, Words


@dataclass(frozen=True)
class Rows:
    """Variants or windows, in the file's order.

    Attributes
    ----------
    contig, start, end
        Object and int64 arrays of shape (rows,).
    id
        variant_id, or the window's name.
    rsid
        Identifier in the source; empty for windows.
    effect_allele, other_allele
        Empty for windows.
    """

    contig: np.ndarray
    start: np.ndarray
    end: np.ndarray
    id: np.ndarray
    rsid: np.ndarray
    effect_allele: np.ndarray
    other_allele: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def slice(self, first: int, last: int) -> Rows:
        """Return rows first..last-1."""
        part = slice(first, last)
        return Rows(
            self.contig[part], self.start[part], self.end[part], self.id[part], self.rsid[part], self.effect_allele[part],
            self.other_allele[part],
        )  # fmt: skip

    def frame(self) -> pd.DataFrame:
        """Return the intervals as bioframe wants them."""
        return pd.DataFrame({"chrom": self.contig, "start": self.start, "end": self.end})


def read_variants(path: Path) -> tuple[Rows, int]:
    """Read variants; each covers the bases of its other allele.

    Returns
    -------
    (the variants; how many rows were left out for being multi-allelic or without bases)

    Raises
    ------
    DataError
        If the file is none of the forms that `sumstats.panel.read_panel` reads, or a variant comes twice.
    """
    form = "a BCF file" if is_bcf(path) else "a parquet file" if is_parquet(path) else ""
    if form:
        raise DataError(form, "VCF, .pvar, .bim, a genotype store, or a table with alleles",
                        "turn it into VCF (bcftools view) or a table (TSV)", where=str(path))  # fmt: skip
    contigs, alleles, names = Words(), Alleles(), Names()
    panel = read_panel(path, contigs, alleles, names)
    start = panel.position - 1
    effect, other, contig = alleles.decode(panel.effect), alleles.decode(panel.other), contigs.decode(panel.contig)
    end = start + alleles.lengths()[panel.other]
    ids = np.array(variant_ids(contig, panel.position, other, effect), dtype=object)
    twice = pd.Index(ids).duplicated()
    if twice.any():
        raise DataError(f"variant {ids[int(np.argmax(twice))]} twice", "each variant once", "leave out the second row",
                        where=str(path))  # fmt: skip
    rsid = np.array(names.decode(panel.name), dtype=object)
    return Rows(contig, start, end, ids, rsid, effect, other), panel.left_out


def read_windows(path: Path) -> Rows:
    """Read windows of a BED file.

    Raises
    ------
    DataError
        As `core.intervals.read_bed`.
    """
    windows = read_bed(path)
    contig, start, end, name = zip(*((w.contig, w.start, w.end, w.name) for w in windows), strict=True)
    nothing = np.full(len(windows), "", dtype=object)
    return Rows(
        np.array(contig, dtype=object), np.array(start, dtype=np.int64), np.array(end, dtype=np.int64), np.array(name, dtype=object),
        nothing, nothing, nothing,
    )  # fmt: skip
