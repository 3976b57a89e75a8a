"""The steps of harmonisation, in the order of `STEPS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError
from lucidseq.core.genome import Genome
from lucidseq.encode.sumstats.align import Alignment, align, fill_alleles, place_by_name
from lucidseq.encode.sumstats.builds import name_of
from lucidseq.encode.sumstats.choices import StrandRule
from lucidseq.encode.sumstats.contigs import match_names, rename, unify_names
from lucidseq.encode.sumstats.liftover import lift, read_chain
from lucidseq.encode.sumstats.reference_alleles import Fit, apply, fill_other_from_reference, find_strand, kinds
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns
from lucidseq.encode.sumstats.values import UNKNOWN
from lucidseq.encode.sumstats.variant_panel import VariantPanel


@dataclass
class Harmonisation:
    """A study between two steps.

    Attributes
    ----------
    study, ledger
        The rows, and what was removed or changed so far.
    path
        The study's file.
    numbers
        Numbers that stand for contigs in the file's dialect.
    panel, genome, chain
        What the study is compared with; None where it was not given.
    strand, max_palindrome_frequency
        Options of the command.
    lengths
        Contig lengths of the study's build, where known.
    build
        Name of the build, if known from contig lengths.
    alleles_from_panel
        Whether the panel gave alleles, which are then on its strand.
    fit, alignment
        Agreement with genome and panel, once compared.
    """

    study: SumstatsColumns
    ledger: Ledger
    path: Path
    numbers: Mapping[str, str]
    panel: VariantPanel | None
    genome: Genome | None
    chain: Path | None
    strand: StrandRule
    max_palindrome_frequency: float
    lengths: dict[str, int]
    build: str | None
    alleles_from_panel: bool = False
    fit: Fit | None = None
    alignment: Alignment | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether the genome shows that rows of both strands are mixed."""
        return self.fit is not None and self.fit.strand == "mixed"


def name_contigs_in_one_way(work: Harmonisation) -> None:
    """Give each contig of the file one name."""
    unify_names(work.study, work.ledger)


def take_positions_from_panel(work: Harmonisation) -> None:
    """Fill in missing positions by name from the panel."""
    if work.panel is not None:
        place_by_name(work.study, work.panel, work.ledger)


def lift_over(work: Harmonisation) -> None:
    """Lift rows over to the build of the chain."""
    if work.chain is None:
        return
    chain, where = read_chain(work.chain), str(work.chain)
    check_lengths(work.lengths, chain.source_lengths, "the summary statistics", f"{where}'s source")
    rename(work.study, list(chain.segments), work.numbers, work.ledger, reason="not lifted", kind="the chain file", where=where)
    lift(work.study, chain, work.ledger)
    if not len(work.study):
        fix = "use the chain from the build of the file to the target build"
        raise DataError("no variant that can be lifted", "positions of the chain's source build", fix, where=where)
    work.lengths, work.build = chain.target_lengths, name_of(chain.target_lengths)


def rename_contigs(work: Harmonisation) -> None:
    """Rename contigs to those of the genome, else of the panel."""
    study, panel, genome, where = work.study, work.panel, work.genome, str(work.path)
    if genome is not None:
        check_lengths(work.lengths, genome.lengths, where, genome.path.name)
        targets = list(genome.lengths)
        rename(study, targets, work.numbers, work.ledger, reason="contig not in the FASTA", kind=genome.path.name, where=where)
        work.lengths, work.build = dict(genome.lengths), name_of(genome.lengths)
        if panel is not None:
            panel.contig = _renamed(panel, study, targets, work.numbers)
    elif panel is not None:
        targets = [study.contigs.texts[code] for code in np.unique(panel.contig).tolist()]
        rename(study, targets, work.numbers, work.ledger, reason="contig not in the panel", kind=panel.path.name, where=where)


def take_alleles_from_panel(work: Harmonisation) -> None:
    """Fill in missing alleles from the panel."""
    if work.panel is not None:
        work.alleles_from_panel = fill_alleles(work.study, work.panel, work.ledger)


def take_alleles_from_genome(work: Harmonisation) -> None:
    """Fill in missing other alleles from the genome."""
    if work.genome is not None and (work.study["other"] == UNKNOWN).any():
        fill_other_from_reference(work.study, work.genome, work.ledger)


def compare_with_genome(work: Harmonisation) -> None:
    """Find build and strand, flip rows on the other strand, and remove rows that contradict the genome."""
    if work.genome is not None:
        work.fit = find_strand(work.study, work.genome, work.strand)
        apply(work.study, work.genome, work.fit, work.ledger)


def compare_with_panel(work: Harmonisation) -> None:
    """Align rows to the panel's strand and order of alleles; without a panel, remove palindromes of a mixed file."""
    if work.panel is None:
        if work.is_mixed:
            work.study.drop(kinds(work.study)[1], "palindromic, strand unknown", work.ledger)
    elif len(work.study):
        work.alignment = align(
            work.study,
            work.panel,
            work.ledger,
            max_palindrome_frequency=work.max_palindrome_frequency,
            mixed=work.is_mixed,
            from_panel=work.alleles_from_panel,
        )


def sort_by_position(work: Harmonisation) -> None:
    """Sort rows by the genome's contigs and position."""
    work.study.sort([] if work.genome is None else list(work.genome.lengths))


def remove_duplicates(work: Harmonisation) -> None:
    """Keep the first row of each position and pair of alleles."""
    work.study.drop(work.study.duplicates(), "duplicate", work.ledger)


STEPS: tuple[Callable[[Harmonisation], None], ...] = (
    name_contigs_in_one_way,
    take_positions_from_panel,
    lift_over,
    rename_contigs,
    take_alleles_from_panel,
    take_alleles_from_genome,
    compare_with_genome,
    compare_with_panel,
    sort_by_position,
    remove_duplicates,
)


def _renamed(panel: VariantPanel, study: SumstatsColumns, targets: list[str], numbers: Mapping[str, str]) -> np.ndarray:
    """Return the panel's contig codes under the genome's names."""
    names = list(study.contigs.texts)
    target_of = match_names(names, set(targets), numbers)
    return np.array([study.contigs.code(target_of.get(name, name)) for name in names], dtype=np.int32)[panel.contig]


def check_lengths(ours: dict[str, int], theirs: dict[str, int], name: str, other: str) -> None:
    """Refuse contigs of one name and two lengths: two builds."""
    target_of = match_names(list(ours), set(theirs), {})
    for contig, target in target_of.items():
        if ours[contig] != theirs[target]:
            builds = [name_of({contig: length}) for length in (ours[contig], theirs[target])]
            shown = [
                f"{length}{f' ({build})' if build else ''}" for length, build in zip((ours[contig], theirs[target]), builds, strict=True)
            ]
            fix = "use files of one build, or lift over with --chain"
            raise DataError(f"{contig} is {shown[0]} bases long in {name} and {shown[1]} in {other}", "one build", fix, where=name)
