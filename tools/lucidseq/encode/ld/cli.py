"""Command line of `lucidseq encode ld`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.options import Threads
from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.ld.choices import LdMethod
from lucidseq.encode.options import Store, qc, tool


@tool.command(run="lucidseq.encode.ld.run:ld", label="process_low")
def ld(
    genotypes: Store,
    loci: Annotated[Path, typer.Option("--loci", help="BED file of loci, named in column 4."), In(Format.BED)],
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(ld=OutFile(".ld.h5", Format.HDF5, "LD store.", schema="lucidseq.ld"), qc=qc("ld")),
    ],
    trait: Annotated[
        str | None, typer.Option("--trait", help="Use only individuals with this trait, as its summary statistics did.")
    ] = None,
    variants: Annotated[
        Path | None,
        typer.Option("--variants", help="Summary statistics; only their variants are used."),
        In(Format.TSV, schema="lucidseq.sumstats"),
    ] = None,
    method: Annotated[
        LdMethod,
        typer.Option("--method", help="in-sample: the individuals behind the summary statistics; panel: others."),
    ] = LdMethod.IN_SAMPLE,
    adjust_covariates: Annotated[
        bool,
        typer.Option(
            "--adjust-covariates/--no-adjust-covariates", help="Project the encoded covariates out, as the tests do."
        ),
    ] = True,
    threads: Threads = 1,
) -> None:
    """Compute LD (correlations of effect-allele dosages) within loci."""
