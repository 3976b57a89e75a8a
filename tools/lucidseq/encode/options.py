"""What the commands of `lucidseq encode` share: the tool itself and the options that mean the same in several of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Tool
from lucidseq.core.options import Option
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import GENOTYPES, QC

tool = Tool("encode", "Turn genomic files into the suite's own.", image="core")
Build = Annotated[str, Option("Name of the genome build, kept in the output (such as GRCh38).")]
Store = Annotated[Path, Option("Genotype store of `lucidseq encode genotypes` (.genotypes.h5)."), In(Format.HDF5, schema=GENOTYPES)]


def qc(kind: str) -> OutFile:
    """Return the table of what each filter removed."""
    return OutFile(f".{kind}.qc.tsv", Format.TSV, "What each filter removed.", schema=QC)
