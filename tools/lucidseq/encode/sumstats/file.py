"""From a file of summary statistics to the suite's form: read, then `steps.STEPS`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genome import Genome
from lucidseq.encode.sumstats.align import Alignment
from lucidseq.encode.sumstats.builds import name_of
from lucidseq.encode.sumstats.choices import Dialect, StrandRule, ZKind
from lucidseq.encode.sumstats.detect import ColumnLayout
from lucidseq.encode.sumstats.meanings import Meaning
from lucidseq.encode.sumstats.read import ReadOptions, ReadStudy, read_study
from lucidseq.encode.sumstats.reference_alleles import Fit, kinds
from lucidseq.encode.sumstats.steps import STEPS, Harmonisation
from lucidseq.encode.sumstats.sumstats_columns import Ledger, SumstatsColumns
from lucidseq.encode.sumstats.values import UNKNOWN
from lucidseq.encode.sumstats.variant_panel import VariantPanel, read_panel


@dataclass(frozen=True)
class References:
    """References to compare a study with, and options."""

    fasta: Path | None
    panel: Path | None
    chain: Path | None
    strand: StrandRule
    max_palindrome_frequency: float


@dataclass(frozen=True)
class Harmonised:
    """A harmonised study and its comparisons.

    Attributes
    ----------
    source
        The file as it was read.
    fit, alignment
        Agreement with the genome and the panel; None without one.
    build
        Name of the build, if known from contig lengths.
    lengths
        Contig lengths of the genome; without one, those of the file or of the chain.
    palindromic
        Number of palindromic variants kept.
    panel_variants
        Number of variants of the panel; 0 without one.
    """

    source: ReadStudy
    fit: Fit | None
    alignment: Alignment | None
    build: str | None
    lengths: dict[str, int]
    palindromic: int
    panel_variants: int

    @property
    def study(self) -> SumstatsColumns:
        """The rows."""
        return self.source.study


def harmonise_file(path: Path, options: ReadOptions, references: References, ledger: Ledger) -> Harmonised:
    """Read and harmonise summary statistics.

    Raises
    ------
    DataError
        If the file cannot be read, is of another build than the genome, or no row remains.
    UsageError
        If the dialect needs a panel or genome that was not given.
    """
    source = read_study(path, options, ledger)
    study = source.study
    panel = read_panel(references.panel, study.contigs, study.alleles, study.names) if references.panel else None
    _check_references(source.layout, study, panel, references, path)
    with ExitStack() as files:
        work = Harmonisation(
            study,
            ledger,
            path,
            source.layout.facts.numbers,
            panel,
            files.enter_context(Genome(references.fasta)) if references.fasta else None,
            references.chain,
            references.strand,
            references.max_palindrome_frequency,
            source.lengths,
            name_of(source.lengths),
        )
        for step in STEPS:
            step(work)
    if not len(study):
        removed = ", ".join(f"{reason}: {count}" for reason, count in ledger.counts.items() if count)
        raise DataError(
            f"every variant was removed ({removed})", "at least one variant", "check alleles, build and contig names", where=str(path)
        )
    palindromic = int(kinds(study)[1].sum())
    ledger.note("palindromic, kept", palindromic)
    return Harmonised(source, work.fit, work.alignment, work.build, work.lengths, palindromic, 0 if panel is None else len(panel))


def z_kind_of(layout: ColumnLayout, chosen: ZKind) -> str:
    """Return what z is: as chosen, or what the dialect's program computes (logistic regression by PLINK: wald)."""
    if chosen is not ZKind.AUTO:
        return chosen.value
    logistic = layout.has(Meaning.ODDS_RATIO) or layout.column(Meaning.Z) == "Z_STAT"
    return "wald" if layout.facts.z_kind == "t" and logistic else layout.facts.z_kind


def _check_references(layout: ColumnLayout, study: SumstatsColumns, panel: VariantPanel | None, references: References, path: Path) -> None:
    """Check that missing positions and alleles have a source."""
    title = layout.facts.title
    if (study["position"] == 0).any():
        if panel is None:
            fix = "add --panel (a .bim, .pvar, genotype store or table)"
            raise UsageError(f"{path.name} ({title}) without positions", "a panel that has the variants by name", fix)
        if references.chain is not None:
            raise UsageError("--chain for a file whose positions come from the panel", "a panel of the target build", "omit --chain")
    if (study["effect"] == UNKNOWN).any() and panel is None:
        raise UsageError(f"{path.name} ({title}), which names no alleles", "the .bim of the PLINK run", "give it as --panel")
    if (study["other"] == UNKNOWN).any() and panel is None and references.fasta is None:
        fix = "add --panel (the .bim of the PLINK run) or --fasta"
        raise UsageError(f"{path.name} ({title}), which names one allele alone", "a panel or genome that has the other", fix)
    if references.chain is not None and panel is not None and (study["other"] == UNKNOWN).any():
        fix = "run once with --panel, and give its result as --input of a second run with --chain"
        raise UsageError("--chain for a file whose alleles come from --panel", "one build at a time", fix)
    if layout.facts.name is Dialect.PLINK1_QASSOC and panel is not None and not panel.is_bim:
        raise UsageError(f"--panel {panel.path.name} for a file without alleles", "the .bim of the PLINK run", "give it as --panel")
