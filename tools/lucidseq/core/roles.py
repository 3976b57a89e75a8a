"""File roles: the formats that a path option reads, and the files that a command writes.

Commands use them to check inputs and to write outputs in one transaction; the contract turns them into Nextflow channels and Galaxy
datasets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lucidseq.core.declarations import Schema


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
    schema: Schema | None = None

    def __init__(self, *formats: Format, schema: Schema | None = None) -> None:
        object.__setattr__(self, "formats", formats)
        object.__setattr__(self, "schema", schema)


@dataclass(frozen=True)
class OutFile:
    """One file (or folder) that a command writes: the prefix of ``--out`` followed by ``suffix``."""

    suffix: str
    format: Format
    help: str
    optional: bool = False
    schema: Schema | None = None


@dataclass(frozen=True)
class Needs:
    """The option has an effect only together with another option: a value without it is refused, since it would be ignored.

    Attributes
    ----------
    option
        Parameter of the other option, which must differ from its default.
    """

    option: str
