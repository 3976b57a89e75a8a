"""From a file of summary statistics to the suite's form: read, lift over, hold against genome and panel, sort, judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genome import Genome
from lucidseq.core.log import get_logger
from lucidseq.encode.sumstats.align import Alignment, align, fill_alleles, place_by_name
from lucidseq.encode.sumstats.builds import name_of
from lucidseq.encode.sumstats.choices import Dialect, StrandRule, ZKind
from lucidseq.encode.sumstats.contigs import match_names, rename
from lucidseq.encode.sumstats.detect import Layout
from lucidseq.encode.sumstats.liftover import Chain, lift, read_chain
from lucidseq.encode.sumstats.meanings import Meaning
from lucidseq.encode.sumstats.panel import Panel, read_panel
from lucidseq.encode.sumstats.read import ReadOptions, ReadStudy, read_study
from lucidseq.encode.sumstats.reference import Fit, apply, fill_other_from_reference, judge, kinds
from lucidseq.encode.sumstats.study import Ledger, Study
from lucidseq.encode.sumstats.values import UNKNOWN

_log = get_logger("lucidseq.encode")


@dataclass(frozen=True)
class References:
    """What a study is held against, and how."""

    fasta: Path | None
    panel: Path | None
    chain: Path | None
    strand: StrandRule
    max_palindrome_frequency: float


@dataclass(frozen=True)
class Harmonised:
    """A study in the suite's form and what was found out about it.

    Attributes
    ----------
    source
        The file as it was read.
    fit, alignment
        How it fits the genome and the panel; None without one.
    build
        Name of the build, as far as contig lengths tell it.
    lengths
        Contig lengths of the genome; empty without one.
    palindromic
        Number of palindromic variants left.
    """

    source: ReadStudy
    fit: Fit | None
    alignment: Alignment | None
    build: str | None
    lengths: dict[str, int]
    palindromic: int

    @property
    def study(self) -> Study:
        """The rows."""
        return self.source.study


def harmonise_file(path: Path, options: ReadOptions, references: References, ledger: Ledger) -> Harmonised:
    """Read summary statistics and bring them into the suite's form.

    Raises
    ------
    DataError
        If the file cannot be read, is of another build than the genome, or nothing is left of it.
    UsageError
        If the dialect needs a panel or genome that was not given.
    """
    source = read_study(path, options, ledger)
    study = source.study
    panel = read_panel(references.panel, study.contigs, study.alleles, study.names) if references.panel else None
    _check_references(source.layout, study, panel, references, path)
    numbers, lengths, order, fit, alignment = source.layout.facts.numbers, source.lengths, [], None, None
    build, filled = name_of(lengths), False
    if panel is not None:
        place_by_name(study, panel, ledger)
    if references.chain is not None:
        lengths = _lift(study, read_chain(references.chain), source, references, ledger)
        build = name_of(lengths)
    if references.fasta is not None:
        with Genome(references.fasta) as genome:
            _check_lengths(lengths, genome.lengths, str(path), genome.path.name)
            order, build = list(genome.lengths), name_of(genome.lengths)
            rename(study, order, numbers, ledger, reason="contig not in the FASTA", kind=genome.path.name, where=str(path))
            if panel is not None:
                panel.contig = _renamed(panel, study, order, numbers)
                filled = fill_alleles(study, panel, ledger)
            if (study["other"] == UNKNOWN).any():
                fill_other_from_reference(study, genome, ledger)
            fit = judge(study, genome, references.strand)
            apply(study, genome, fit, ledger)
            lengths = dict(genome.lengths)
    elif panel is not None:
        targets = [study.contigs.texts[code] for code in np.unique(panel.contig).tolist()]
        rename(study, targets, numbers, ledger, reason="contig not in the panel", kind=panel.path.name, where=str(path))
        filled = fill_alleles(study, panel, ledger)
    if panel is not None and len(study):
        mixed = fit is not None and fit.strand == "mixed"
        alignment = align(
            study, panel, ledger, max_palindrome_frequency=references.max_palindrome_frequency, mixed=mixed, from_panel=filled
        )
    elif fit is not None and fit.strand == "mixed":
        study.drop(kinds(study)[1], "palindromic, strand unknown", ledger)
    study.sort(order)
    study.drop(study.duplicates(), "duplicate", ledger)
    if not len(study):
        lost = ", ".join(f"{reason}: {count}" for reason, count in ledger.counts.items() if count)
        raise DataError(f"no variant left ({lost})", "at least one variant", "check alleles, build and contig names", where=str(path))
    palindromic = int(kinds(study)[1].sum())
    ledger.note("palindromic, kept", palindromic)
    return Harmonised(source, fit, alignment, build, lengths, palindromic)


def z_kind_of(layout: Layout, chosen: ZKind) -> str:
    """Return what z is: as chosen, or what the dialect's program computes (logistic regression by PLINK: wald)."""
    if chosen is not ZKind.AUTO:
        return chosen.value
    logistic = layout.has(Meaning.ODDS_RATIO) or layout.column(Meaning.Z) == "Z_STAT"
    return "wald" if layout.facts.z_kind == "t" and logistic else layout.facts.z_kind


def _check_references(layout: Layout, study: Study, panel: Panel | None, references: References, path: Path) -> None:
    """Refuse a file whose positions or alleles can come from nowhere."""
    title = layout.facts.title
    if (study["position"] == 0).any():
        if panel is None:
            raise UsageError(
                f"{path.name} ({title}) without positions",
                "a panel that has the variants by name",
                "add --panel (a .bim, .pvar, genotype store or table)",
            )
        if references.chain is not None:
            raise UsageError("--chain for a file whose positions come from the panel", "a panel of the wanted build", "leave --chain out")
    if (study["effect"] == UNKNOWN).any() and panel is None:
        raise UsageError(f"{path.name} ({title}), which names no alleles", "the .bim of the PLINK run", "give it as --panel")
    if (study["other"] == UNKNOWN).any() and panel is None and references.fasta is None:
        raise UsageError(
            f"{path.name} ({title}), which names one allele alone",
            "a panel or genome that has the other",
            "add --panel (the .bim of the PLINK run) or --fasta",
        )
    if references.chain is not None and panel is not None and (study["other"] == UNKNOWN).any():
        raise UsageError(
            "--chain for a file whose alleles come from --panel",
            "one build at a time",
            "run once with --panel, and give its result as --input of a second run with --chain",
        )
    if layout.facts.name is Dialect.PLINK1_QASSOC and panel is not None and not panel.is_bim:
        raise UsageError(f"--panel {panel.path.name} for a file without alleles", "the .bim of the PLINK run", "give it as --panel")


def _renamed(panel: Panel, study: Study, targets: list[str], numbers: Mapping[str, str]) -> np.ndarray:
    """Return the panel's contig codes under the genome's names."""
    names = list(study.contigs.texts)
    found = match_names(names, set(targets), numbers)
    return np.array([study.contigs.code(found.get(name, name)) for name in names], dtype=np.int32)[panel.contig]


def _lift(study: Study, chain: Chain, source: ReadStudy, references: References, ledger: Ledger) -> dict[str, int]:
    """Lift a study over; return the contig lengths of its new build."""
    where = str(references.chain)
    _check_lengths(source.lengths, chain.source_lengths, "the summary statistics", f"{references.chain}'s source")
    rename(study, list(chain.segments), source.layout.facts.numbers, ledger, reason="not lifted", kind="the chain file", where=where)
    lift(study, chain, ledger)
    if not len(study):
        raise DataError(
            "no variant that can be lifted",
            "positions of the chain's source build",
            "use the chain from the file's build to the wanted one",
            where=where,
        )
    return chain.target_lengths


def _check_lengths(ours: dict[str, int], theirs: dict[str, int], name: str, other: str) -> None:
    """Refuse contigs of one name and two lengths: two builds."""
    found = match_names(list(ours), set(theirs), {})
    for contig, target in found.items():
        if ours[contig] != theirs[target]:
            builds = [name_of({contig: length}) for length in (ours[contig], theirs[target])]
            shown = [
                f"{length}{f' ({build})' if build else ''}" for length, build in zip((ours[contig], theirs[target]), builds, strict=True)
            ]
            raise DataError(
                f"{contig} is {shown[0]} bases long in {name} and {shown[1]} in {other}",
                "one build",
                "use files of one build, or lift over with --chain",
                where=name,
            )
