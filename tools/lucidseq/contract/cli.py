"""`lucidseq check`: validate the parameters and sample sheet of a pipeline before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Tool
from lucidseq.core.options import Option, Options
from lucidseq.core.roles import Format, In, OutFile

tool = Tool("check", "Validate pipeline parameters and sample sheets.", image="core")
main = tool.main


@dataclass(frozen=True, kw_only=True)
class PipelineOptions(Options):
    """Check pipeline parameters against the schema, and the sample sheet line by line.

    The sample sheet has the columns cohort, chromosome, genotypes, phenotypes and covariates. A cohort may have one row, or one
    row for each chromosome; its phenotypes and covariates must then be the same file in every row.
    """

    parameters: Annotated[Path, Option("Pipeline parameters (JSON)."), In(Format.JSON)]
    schema: Annotated[Path, Option("The pipeline's nextflow_schema.json."), In(Format.JSON)]
    samplesheet: Annotated[Path | None, Option("Sample sheet of cohorts (CSV)."), In(Format.CSV)] = None


pipeline = tool.command(
    "pipeline",
    PipelineOptions,
    run="lucidseq.contract.check:pipeline",
    outputs={"samplesheet": OutFile(".samplesheet.csv", Format.CSV, "The sample sheet, checked and in canonical form.")},
)
