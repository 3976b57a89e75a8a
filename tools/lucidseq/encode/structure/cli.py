"""Command line of `lucidseq encode structure`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lucidseq.core.app import Methods
from lucidseq.core.options import Option, Options, Seed, Threads
from lucidseq.core.roles import Format, In, OutFile
from lucidseq.core.schema import EIGENVALUES, KINSHIP, PCS, SPLITS
from lucidseq.encode.options import Store, tool
from lucidseq.encode.structure.choices import SplitBy


@dataclass(frozen=True, kw_only=True)
class StructureOptions(Options):
    """Find relatives, compute principal components, and split the samples so that no relatives are on both sides.

    Variants on contigs called X, Y, Z, W or M, and 23 to 26 of a human build, are ignored. Components are fitted on unrelated training samples; all others are projected.
    """

    genotypes: Store
    split_table: Annotated[
        Path | None,
        Option("Table `sample split` (train, valid, test) to use unchanged; optionally with group and fold."),
        In(Format.TSV, schema=SPLITS),
    ] = None
    groups: Annotated[
        Path | None,
        Option("Table `FID IID group...` or `sample group...`; samples of a group (family, batch, site) stay together."),
        In(Format.TSV),
    ] = None
    group_column: Annotated[str | None, Option("Column of --groups; default: the first.")] = None
    split_by: Annotated[
        SplitBy,
        Option(
            "Without --split-table and --groups. kinship: relatives stay together; clusters: neighbours on the components stay together; random: only for samples known to be independent."
        ),
    ] = SplitBy.KINSHIP
    valid_share: Annotated[float, Option("Share of the samples for validation.", min=0, max=0.9)] = 0.1
    test_share: Annotated[float, Option("Share of the samples for the test.", min=0, max=0.9)] = 0.2
    folds: Annotated[int, Option("Folds of cross-validation over all samples; 0 for none.", min=0, max=1000)] = 0
    trait: Annotated[
        str | None,
        Option(
            "Trait of the genotype store to balance between the sets: classes of a binary one, quintiles of a quantitative one below 500 samples."
        ),
    ] = None
    min_kinship: Annotated[float, Option("Least kinship coefficient of a listed pair (0.0442: third degree).", min=0.01, max=0.5)] = 0.0442
    max_kinship: Annotated[
        float,
        Option(
            "Least kinship coefficient of pairs that stay in one set, only one of each behind the components (0.0884: second degree).",
            min=0.01,
            max=0.5,
        ),
    ] = 0.0884
    largest_group: Annotated[
        float,
        Option(
            "Largest share of the samples in one family of relatives; above it, clusters on the components replace families.",
            min=0.05,
            max=1,
        ),
    ] = 0.3
    clusters: Annotated[int, Option("Number of clusters on the components.", min=2, max=1000)] = 20
    components: Annotated[int, Option("Number of principal components.", min=1, max=100)] = 10
    exclude_regions: Annotated[
        Path | None, Option("BED file of regions of long-range LD to exclude from the components."), In(Format.BED)
    ] = None
    min_frequency: Annotated[float, Option("Least minor-allele frequency of a variant behind the components.", min=0, max=0.5)] = 0.01
    hard_call_tolerance: Annotated[float, Option("Largest distance of a dosage from 0, 1 or 2 for kinship to use it.", min=0, max=0.49)] = (
        0.1
    )
    seed: Seed = 1
    threads: Threads = 1


structure = tool.command(
    "structure",
    StructureOptions,
    run="lucidseq.encode.structure.run:structure",
    outputs={
        "kinship": OutFile(".kinship.tsv", Format.TSV, "Close pairs of samples.", schema=KINSHIP),
        "pcs": OutFile(".pcs.tsv", Format.TSV, "Principal components of every sample.", schema=PCS),
        "eigenvalues": OutFile(".eigenvalues.tsv", Format.TSV, "Eigenvalues.", schema=EIGENVALUES),
        "splits": OutFile(".splits.tsv", Format.TSV, "Training, validation and test samples.", schema=SPLITS),
        "picture": OutFile(".structure.png", Format.PNG, "Components by split, and relatedness."),
    },
    label="process_low",
    methods=Methods(
        "Relatives were found by KING-robust kinship coefficients; samples were split so that relatives stay together, and principal "
        "components were fitted on unrelated training samples.",
        "Manichaikul et al. 2010, Bioinformatics 26:2867 (KING)",
    ),
)
