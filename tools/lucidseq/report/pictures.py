"""Pictures drawn by other commands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lucidseq.report.figure import Figure
from lucidseq.report.result_files import Results

# Kind, as the file is called after its prefix: title, how to read it
KINDS = {
    "genotypes": (
        "Quality of genotypes",
        "Missing genotypes, allele frequencies, Hardy-Weinberg tests and heterozygosity, before the filters; the tables of samples and variants have the numbers.",
    ),
    "structure": (
        "Relatedness and population structure",
        "Samples on the first components, by their set, and the kinship of close pairs; the tables of components and kinship have the numbers.",
    ),
}


def picture_figures(results: Results) -> list[Figure]:
    """Return the pictures given, each as a figure."""
    return [_figure(path) for path in results.pictures]


def _figure(path: Path) -> Figure:
    prefix, _, kind = path.stem.rpartition(".")
    title, caption = KINDS.get(kind, (path.stem, "A picture among the given results."))
    label = f"{title}: {prefix}" if kind in KINDS and prefix else title
    return Figure(path.stem.replace(".", "_"), label, caption, f"{label}.", path.read_bytes(), pd.DataFrame())
