"""Command line of `lucidseq encode matrix`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lucidseq.core.roles import Format, In, OutFile, OutputPrefix
from lucidseq.encode.matrix.choices import MatrixLayout
from lucidseq.encode.options import Store, tool


@tool.command(run="lucidseq.encode.matrix.run:matrix")
def matrix(
    genotypes: Store,
    out: Annotated[
        Path,
        typer.Option("--out", help="Prefix of the output files."),
        OutputPrefix(matrix=OutFile(".matrix.h5", Format.HDF5, "Genotype matrix.", schema="lucidseq.genotype_matrix")),
    ],
    splits: Annotated[
        Path | None,
        typer.Option(
            "--splits",
            help="Table `sample split` of `lucidseq encode structure`; imputer and codings are fitted on the training samples. Without it on all.",
        ),
        In(Format.TSV, schema="lucidseq.splits"),
    ] = None,
    layout: Annotated[
        MatrixLayout,
        typer.Option(
            "--layout", help="bits2: hard calls, 4 a byte; float16, float32: dosages; auto: as the store has them (dosages as float16)."
        ),
    ] = MatrixLayout.AUTO,
    hard_call_tolerance: Annotated[
        float,
        typer.Option(
            "--hard-call-tolerance", min=0, max=0.49, help="bits2 from dosages: largest distance from 0, 1 or 2; others are missing."
        ),
    ] = 0.1,
) -> None:
    """Turn the genotype store into rows by sample for training, with imputer and codings fitted on training samples alone."""
