"""Command line of `lucidseq encode matrix`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import GENOTYPE_MATRIX, SPLITS
from lucidseq.encode.matrix.choices import MatrixLayout
from lucidseq.encode.options import Store, tool


@dataclass(frozen=True, kw_only=True)
class MatrixOptions(Options):
    """Write the genotype store by sample for training, with imputer and codings fitted on training samples alone."""

    genotypes: Store
    splits: Annotated[
        Path | None,
        Option(
            "Table `sample split` of `lucidseq encode structure`; imputer and codings are fitted on the training samples; default: on all."
        ),
        In(Format.TSV, schema=SPLITS),
    ] = None
    layout: Annotated[
        MatrixLayout, Option("bits2: hard calls, 4 per byte; float16, float32: dosages; auto: as in the store (dosages as float16).")
    ] = MatrixLayout.AUTO
    hard_call_tolerance: Annotated[
        float, Option("bits2 from dosages: largest distance from 0, 1 or 2; others are missing.", min=0, max=0.49)
    ] = 0.1


def _methods(options: MatrixOptions) -> Methods:
    fitted = "all samples" if options.splits is None else "training samples alone"
    return Methods(f"Imputation and coding of genotypes were fitted on {fitted}.")


matrix = tool.command(
    "matrix",
    MatrixOptions,
    run="lucidseq.encode.matrix.run:matrix",
    outputs={"matrix": OutFile(".matrix.h5", Format.HDF5, "Genotype matrix.", schema=GENOTYPE_MATRIX)},
    methods=_methods,
)
