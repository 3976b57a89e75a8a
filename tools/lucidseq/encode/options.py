"""The tool `lucidseq encode` and the options that its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Tool
from lucidseq.core.options import Option
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import GENOTYPES, QC

tool = Tool("encode", "Convert genomic files to the suite's formats.", image="core")
Build = Annotated[str, Option("Name of the genome build to store (such as GRCh38).")]
Store = Annotated[Path, Option("Genotype store of `lucidseq encode genotypes` (.genotypes.h5)."), In(Format.HDF5, schema=GENOTYPES)]


def qc(kind: str) -> OutFile:
    """Return the table of what each filter removed."""
    return OutFile(f".{kind}.qc.tsv", Format.TSV, "What each filter removed.", schema=QC)
