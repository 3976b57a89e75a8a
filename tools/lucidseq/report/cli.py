"""Options of `lucidseq-report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("report", "Gather results in one page.")
main = tool.main


@tool.command(run="lucidseq.report.run:build")
def build(
    results: Annotated[
        list[Path],
        typer.Option("--results", help="Files that lucidseq commands wrote, of any kind (repeat for each file)."),
        In(Format.TSV, Format.HDF5, Format.JSON, Format.PNG),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(
            report=OutFile(".report.html", Format.HTML, "The report: one page, no network, no scripts needed."),
            figures=OutFile(".figures/", Format.DIRECTORY, "Every figure as PNG, and the numbers behind it as TSV."),
            multiqc=OutFile(".multiqc/", Format.DIRECTORY, "Custom content for MultiQC."),
            trust=OutFile(".trust.tsv", Format.TSV, "Every check of every trust card, the worst first.", schema="lucidseq.trust"),
            facts=OutFile(".facts.tsv", Format.TSV, "Planted facts, and whether they were found.", optional=True, schema="lucidseq.facts"),
        ),
    ],
    truth_variants: Annotated[
        Path | None,
        typer.Option("--truth-variants", help="Causal variants of a simulation, to compare with what was found."),
        In(Format.TSV, schema="lucidseq.truth_variants"),
    ] = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="Settings and causal gene set of a simulation."), In(Format.JSON)] = None,
    gtf: Annotated[Path | None, typer.Option("--gtf", help="Genes to draw in locus plots (GTF)."), In(Format.GTF)] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the page.")] = "lucidseq report",
) -> None:
    """Build the report: trust cards first, then figures, tables, methods and versions.

    Files are recognised by what they hold, so anything a lucidseq command wrote can be given, in any order.
    """
