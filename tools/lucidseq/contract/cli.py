"""`lucidseq check`: validate what a pipeline is given before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.app import Tool
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix

tool = Tool("check", "Validate pipeline parameters and sample sheets.")
main = tool.main


@tool.command(run="lucidseq.contract.check:pipeline")
def pipeline(
    parameters: Annotated[Path, typer.Option("--parameters", help="Pipeline parameters (JSON)."), In(Format.JSON)],
    schema: Annotated[Path, typer.Option("--schema", help="The pipeline's nextflow_schema.json."), In(Format.JSON)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(samplesheet=OutFile(".samplesheet.csv", Format.CSV, "The sample sheet, checked and in canonical form.")),
    ],
    samplesheet: Annotated[Path | None, typer.Option("--samplesheet", help="Sample sheet of cohorts (CSV)."), In(Format.CSV)] = None,
) -> None:
    """Check pipeline parameters against the schema, and the sample sheet line by line.

    The sample sheet has the columns cohort, chromosome, genotypes, phenotypes and covariates. A cohort may have one row, or one
    row for each chromosome; its phenotypes and covariates must then be the same file in every row.
    """
