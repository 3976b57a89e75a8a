"""`encode genotypes`: files of genotypes, phenotypes and covariates -> the genotype store, quality tables and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.intervals import read_bed
from lucidseq.core.log import get_logger
from lucidseq.core.options import parse_shard
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, SAMPLE_QC
from lucidseq.core.tables import write_table
from lucidseq.encode.genotypes import card as checks
from lucidseq.encode.genotypes import quality
from lucidseq.encode.genotypes.cli import GenotypesOptions
from lucidseq.encode.genotypes.figure import draw_quality
from lucidseq.encode.genotypes.reading_pass import Plan, ReadingPass
from lucidseq.encode.genotypes.sample_names import SampleNames
from lucidseq.encode.genotypes.sample_quality import HETEROZYGOSITY, MISSING_RATE, NOT_LISTED, outliers
from lucidseq.encode.genotypes.samples import Individuals, Trait, join, missing_covariates, read_individuals, recognise
from lucidseq.encode.genotypes.sex_chromosomes import SexChromosomes
from lucidseq.encode.genotypes.shards import shares
from lucidseq.encode.readers.open import open_reader, whole_sets
from lucidseq.encode.readers.reader import MULTIALLELIC, NO_ALTERNATE, GenotypeReader, Reading
from lucidseq.encode.readers.sample_files import read_sample_list, read_sex_table
from lucidseq.encode.readers.store_reader import StoreReader
from lucidseq.encode.regions import Regions, other_spelling

_log = get_logger("lucidseq.encode")
_STEPS = (
    MULTIALLELIC,
    NO_ALTERNATE,
    quality.DUPLICATE,
    quality.OUTSIDE,
    quality.MISSING,
    quality.FREQUENCY,
    quality.MINOR_COUNT,
    quality.HARDY_WEINBERG,
)
_SEXES = np.array(["unknown", "male", "female"], dtype=object)


@dataclass(frozen=True)
class _SampleFilters:
    """Why samples leave: a list, and thresholds that need all variants."""

    listed: np.ndarray
    max_missing: float
    max_heterozygosity: float

    def outcomes(self, found: ReadingPass) -> np.ndarray:
        """Return ``kept`` or the first reason to leave of every sample, object array."""
        outcome = np.full(len(self.listed), "kept", dtype=object)
        outcome[~self.listed] = NOT_LISTED
        statistics = found.statistics
        if self.max_missing < 1:
            outcome[self.listed & (statistics.missing > self.max_missing * statistics.read)] = MISSING_RATE
        if self.max_heterozygosity > 0:
            left = outcome == "kept"
            outcome[left & outliers(statistics.autosomes.inbreeding, self.max_heterozygosity, left)] = HETEROZYGOSITY
        return outcome


def genotypes(options: GenotypesOptions, out: OutputSet) -> Card:
    """Encode genotypes (options as in ``cli.genotypes``)."""
    index, count = parse_shard(options.shard)
    if count > 1 and (options.max_sample_missing < 1 or options.max_heterozygosity > 0):
        raise UsageError(
            "--shard with filters of samples, which need every variant",
            "--max-sample-missing 1 and --max-heterozygosity 0",
            "turn them off, and name the samples to keep with --samples (the .samples.tsv of a run without --shard tells them)",
        )
    reading = Reading(options.field, options.multiallelic, options.ploidy)
    readers = [open_reader(path, reading) for path in whole_sets(options.genotypes)]
    people = _same_samples(readers)
    names = people.samples
    card = Card("encode", "genotypes")
    traits = _traits(options.phenotypes, people, readers[0], card)
    covariate_names, values = _covariates(options.covariates, people, readers[0], card)
    sexes = read_sex_table(options.sex, people) if options.sex else _told_sexes(readers)
    plan = Plan(
        shares=shares(readers, index, count),
        samples=names,
        hard_calls=all(reader.hard_calls for reader in readers),
        traits=traits,
        covariate_names=covariate_names,
        covariates=values,
        filters=quality.Filters(options.min_frequency, options.max_missing, options.min_hwe_p, options.min_minor_count),
        regions=Regions(read_bed(options.region)) if options.region else None,
        rules=SexChromosomes(sexes, _build(options.build, readers), options.male_x, options.ploidy),
    )
    if not plan.shares:
        raise DataError(f"no variants in shard {options.shard}", "at least one variant", "use fewer shards", where=str(readers[0].path))
    listed = read_sample_list(options.samples, people) if options.samples else np.ones(len(names), dtype=bool)
    found, outcomes = _read(plan, _SampleFilters(listed, options.max_sample_missing, options.max_heterozygosity), out)
    _refuse_nothing(found)
    _write_qc(found, outcomes, out["qc"])
    _write_samples(found, outcomes, out["samples"])
    draw_quality(found.counts, found.statistics, found.keep, out["picture"])
    checks.judge(card, found, outcomes)
    return card


def _read(plan: Plan, filters: _SampleFilters, out: OutputSet) -> tuple[ReadingPass, np.ndarray]:
    """Read the files, and again without the samples that leave: what is judged of variants must not depend on them."""
    found = ReadingPass(plan, filters.listed)
    found.run(out)
    outcomes = filters.outcomes(found)
    keep = outcomes == "kept"
    if not keep.any():
        raise DataError(
            "every sample misses too many genotypes",
            f"a missing rate of at most {filters.max_missing}",
            "raise --max-sample-missing (1 turns it off)",
            where=str(plan.path),
        )
    if (keep == filters.listed).all():
        return found, outcomes
    _log.info(f"{int((filters.listed & ~keep).sum())} samples fail their filters: reading again without them")
    again = ReadingPass(plan, keep)
    again.run(out)
    again.statistics = found.statistics  # as the samples were judged
    return again, outcomes


def _same_samples(readers: list[GenotypeReader]) -> SampleNames:
    """Return the samples that all files have; families are those of the first file that tells them."""
    first = readers[0]
    for other in readers[1:]:
        if other.samples != first.samples:
            differ = sorted(set(other.samples) ^ set(first.samples))
            detail = f"such as {', '.join(differ[:3])}" if differ else "in another order"
            raise DataError(
                f"samples that differ from those of {first.path.name} ({detail})",
                "the same samples in every file",
                "give files of the same individuals, in the same order",
                where=str(other.path),
            )
    return next((reader.names for reader in readers if reader.names.families), first.names)


def _build(build: str, readers: list[GenotypeReader]) -> str:
    """Return the build that is said, else that of stores.

    Raises
    ------
    DataError
        If they differ.
    """
    told = {reader.build for reader in readers if isinstance(reader, StoreReader)} - {"unknown"}
    if build != "unknown":
        told.add(build)
    if len(told) > 1:
        raise DataError(
            f"genome builds {' and '.join(sorted(told))}",
            "one build",
            "give stores of the same build, and their --build",
            where=str(readers[0].path),
        )
    return told.pop() if told else "unknown"


def _told_sexes(readers: list[GenotypeReader]) -> np.ndarray:
    """Return the sexes that the files tell; a later file fills what earlier ones do not know."""
    sexes = readers[0].sex.copy()
    for reader in readers[1:]:
        clash = (sexes > 0) & (reader.sex > 0) & (sexes != reader.sex)
        if clash.any():
            raise DataError(
                f"another sex of {reader.samples[int(clash.argmax())]} than in {readers[0].path.name}",
                "one sex a person",
                "correct the file, or give --sex",
                where=str(reader.path),
            )
        sexes = np.where(sexes > 0, sexes, reader.sex)
    return sexes


def _traits(path: Path | None, samples: SampleNames, first: GenotypeReader, card: Card) -> list[Trait]:
    if path is None:
        traits = _told_traits(first)
    else:
        people = read_individuals(path)
        joined = join(people, samples)
        checks.overlap(card, "phenotype", joined)
        traits = [
            recognise(name, values, plink=people.plink, where=str(path)) for name, values in zip(people.names, joined.values, strict=True)
        ]
    for trait in traits:
        checks.trait(card, trait)
    return traits


def _told_traits(reader: GenotypeReader) -> list[Trait]:
    """Return what the genotypes' own file of samples tells, unless a column says nothing (all missing, or one value)."""
    if isinstance(reader, StoreReader):
        return reader.traits
    told = []
    for name, values in reader.phenotypes.items():
        said = np.unique(values[~np.isnan(values)])
        if len(set(said) - {-9.0, 0.0}) >= 2:
            told.append(recognise(name, values, plink=True, where=str(reader.path)))
    return told


def _covariates(path: Path | None, samples: SampleNames, first: GenotypeReader, card: Card) -> tuple[list[str], np.ndarray]:
    if path is None and isinstance(first, StoreReader):
        return first.covariate_names, first.covariates
    if path is None:
        return [], np.empty((0, len(samples.samples)))
    people: Individuals = read_individuals(path)
    joined = join(people, samples)
    checks.overlap(card, "covariate", joined)
    checks.covariates(card, people.names, joined.values, plink=people.plink)
    return people.names, missing_covariates(joined.values, plink=people.plink)


def _refuse_nothing(found: ReadingPass) -> None:
    if found.kept:
        return
    path = found.plan.path
    wanted = found.plan.regions.contigs if found.plan.regions else []
    for contig in wanted:
        if contig not in found.contigs and other_spelling(contig) in found.contigs:
            raise DataError(
                f"regions on {contig}, genotypes on {other_spelling(contig)}",
                "the same contig names in both files",
                "rename the contigs in the BED file",
                where=str(path),
            )
    if found.contigs and wanted and not set(wanted).intersection(found.contigs):
        raise DataError(
            f"regions on {', '.join(list(wanted)[:3])}, genotypes on {', '.join(found.contigs[:3])}",
            "contigs that both files have",
            "use files of the same build",
            where=str(path),
        )
    lost = ", ".join(f"{name}: {count}" for name, count in found.removed.items() if count) or "the files hold none"
    raise DataError(f"no variants left ({lost})", "at least one variant", "check the files, or relax the filters", where=str(path))


def _write_qc(found: ReadingPass, outcomes: np.ndarray, path: Path) -> None:
    left = checks.rows_read(found)
    rows = [("variants", "read", 0, left)]
    for step in _STEPS:
        left -= found.removed[step]
        rows.append(("variants", step, found.removed[step], left))
    left = len(outcomes)
    rows.append(("samples", "read", 0, left))
    for step in (NOT_LISTED, MISSING_RATE, HETEROZYGOSITY):
        removed = int((outcomes == step).sum())
        left -= removed
        rows.append(("samples", step, removed, left))
    rows.append(("sites of several ALT alleles", "split, one variant an allele", 0, found.split))
    genotypes = found.kept_genotypes
    for step, removed in (
        ("heterozygous though haploid, set missing (all variants read)", found.haploid.heterozygous),
        ("women on Y, set missing (all variants read)", found.haploid.women_on_y),
        ("missing among kept variants", found.kept_missing),
    ):
        rows.append(("genotypes", step, removed, genotypes - found.kept_missing))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)


def _write_samples(found: ReadingPass, outcomes: np.ndarray, path: Path) -> None:
    statistics = found.statistics
    table = pd.DataFrame(
        {
            "sample": found.plan.samples,
            "missing_rate": statistics.missing_rate,
            "heterozygosity": statistics.autosomes.rate,
            "inbreeding": statistics.autosomes.inbreeding,
            "sex": _SEXES[found.plan.rules.sex],
            "x_inbreeding": statistics.x.inbreeding,
            "inferred_sex": _SEXES[statistics.inferred_sex()],
            "outcome": outcomes,
        }
    )
    write_table(table, path, SAMPLE_QC)
