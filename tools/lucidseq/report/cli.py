"""Options of `lucidseq-report`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Tool
from lucidseq.core.options import Option, Options
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import FACTS, TRUST, TRUTH_VARIANTS

tool = Tool("report", "Collect results in one page.", image="core")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class BuildOptions(Options):
    """Build the report: findings and trust cards first, then figures, tables, methods and versions.

    Files are recognised by their contents: any file that a lucidseq command wrote can be given, in any order, or the folder that holds them. Of a folder, files
    of other programs are skipped.
    """

    results: Annotated[
        list[Path],
        Option("Files that lucidseq commands wrote, of any kind, or a folder of them (repeat for each)."),
        In(Format.TSV, Format.HDF5, Format.JSON, Format.PNG, Format.KERAS, Format.BIGWIG, Format.DIRECTORY),
    ]
    truth_variants: Annotated[
        Path | None, Option("Causal variants of a simulation, to compare with the results."), In(Format.TSV, schema=TRUTH_VARIANTS)
    ] = None
    truth: Annotated[Path | None, Option("Settings and causal gene set of a simulation."), In(Format.JSON)] = None
    gtf: Annotated[Path | None, Option("Genes to draw in locus plots (GTF)."), In(Format.GTF)] = None
    fasta: Annotated[Path | None, Option("Reference genome, to name the motifs that variants make or break (FASTA)."), In(Format.FASTA)] = (
        None
    )
    title: Annotated[str, Option("Title of the page.")] = "lucidseq report"


build = tool.command(
    "build",
    BuildOptions,
    run="lucidseq.report.run:build",
    outputs={
        "report": OutFile(".report.html", Format.HTML, "The report: one page, no network, no scripts needed."),
        "figures": OutFile(".figures/", Format.DIRECTORY, "Every figure as PNG, and the numbers behind it as TSV."),
        "multiqc": OutFile(".multiqc/", Format.DIRECTORY, "Custom content for MultiQC."),
        "trust": OutFile(".trust.tsv", Format.TSV, "Every check of every trust card, the worst first.", schema=TRUST),
        "facts": OutFile(".facts.tsv", Format.TSV, "Planted facts, and whether they were found.", optional=True, schema=FACTS),
    },
)
