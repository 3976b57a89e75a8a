"""File roles: what a path option reads or writes. They ride in ``Annotated`` beside Typer's own objects, which ignores them.

The house (`app.py`) uses them to check inputs and to write outputs whole or not at all; the contract generator turns them
into Nextflow channels and Galaxy datasets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Format(StrEnum):
    """Formats of the files that commands exchange; the value is the usual suffix."""

    BED = "bed"
    BGEN = "bgen"
    BIGWIG = "bw"
    CHAIN = "chain"
    CSV = "csv"
    FAI = "fai"
    FASTA = "fa"
    GMT = "gmt"
    GTF = "gtf"
    HDF5 = "h5"
    HTML = "html"
    JASPAR = "jaspar"
    JSON = "json"
    KERAS = "keras"
    NPZ = "npz"
    PARQUET = "parquet"
    PGEN = "pgen"
    PLINK = "plink"
    PNG = "png"
    TREES = "trees"
    TSV = "tsv"
    VCF = "vcf"
    TABIX = "tbi"
    DIRECTORY = "directory"


@dataclass(frozen=True)
class In:
    """An option that names a file to read (or several, when its type is a list)."""

    formats: tuple[Format, ...]
    schema: str | None = None

    def __init__(self, *formats: Format, schema: str | None = None) -> None:
        object.__setattr__(self, "formats", formats)
        object.__setattr__(self, "schema", schema)


@dataclass(frozen=True)
class OutFile:
    """One file (or folder) that a command writes: the prefix of ``--out`` followed by ``suffix``."""

    suffix: str
    format: Format
    help: str
    optional: bool = False
    schema: str | None = None


@dataclass(frozen=True)
class Needs:
    """The option changes something beside another one alone: without it a value is refused, or nobody would know that it does nothing.

    Attributes
    ----------
    option
        Parameter of the other option, which must not be left at its default.
    """

    option: str


@dataclass(frozen=True)
class OutputPrefix:
    """The option ``--out``: a prefix, and every file that is written under it, by name."""

    files: dict[str, OutFile] = field(default_factory=dict)

    def __init__(self, **files: OutFile) -> None:
        object.__setattr__(self, "files", files)
