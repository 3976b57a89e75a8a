"""`encode genotypes`: files of genotypes, phenotypes and covariates -> the genotype store, quality tables and a figure."""

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
from lucidseq.encode.genotypes.choices import TraitKind
from lucidseq.encode.genotypes.cli import GenotypesOptions
from lucidseq.encode.genotypes.quality_figure import draw_quality
from lucidseq.encode.genotypes.reading_pass import ReadingPass, ReadingPlan
from lucidseq.encode.genotypes.sample_names import SampleNames
from lucidseq.encode.genotypes.sample_quality import HETEROZYGOSITY, MISSING_RATE, NOT_LISTED, outliers
from lucidseq.encode.genotypes.samples import SampleTable, Trait, join, missing_covariates, read_sample_table, recognise
from lucidseq.encode.genotypes.sex_chromosomes import SexChromosomes
from lucidseq.encode.genotypes.shards import shares
from lucidseq.encode.readers.bgen import BgenReader
from lucidseq.encode.readers.open import open_reader, whole_sets
from lucidseq.encode.readers.reader import MULTIALLELIC, NO_ALTERNATE, NO_FIELD, GenotypeReader, Reading
from lucidseq.encode.readers.sample_files import read_sample_list, read_sex_table
from lucidseq.encode.readers.store_reader import StoreReader
from lucidseq.encode.regions import Regions, other_spelling

_log = get_logger("lucidseq.encode")
_STEPS = (
    MULTIALLELIC,
    NO_ALTERNATE,
    NO_FIELD,
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
    """Filters of samples: a list, and thresholds over all variants."""

    listed: np.ndarray
    max_missing: float
    max_heterozygosity: float

    def outcomes(self, reading: ReadingPass) -> np.ndarray:
        """Return ``kept`` or the first failed filter of every sample, object array."""
        outcome = np.full(len(self.listed), "kept", dtype=object)
        outcome[~self.listed] = NOT_LISTED
        statistics = reading.statistics
        if self.max_missing < 1:
            outcome[self.listed & (statistics.missing > self.max_missing * statistics.read)] = MISSING_RATE
        if self.max_heterozygosity > 0:
            remaining = outcome == "kept"
            outcome[remaining & outliers(statistics.autosomes.inbreeding, self.max_heterozygosity, remaining)] = HETEROZYGOSITY
        return outcome


def genotypes(options: GenotypesOptions, out: OutputSet) -> Card:
    """Encode genotypes (options as in ``cli.genotypes``)."""
    index, count = parse_shard(options.shard)
    if count > 1 and (options.max_sample_missing < 1 or options.max_heterozygosity > 0):
        raise UsageError(
            "--shard with filters of samples, which need every variant",
            "--max-sample-missing 1 and --max-heterozygosity 0",
            "turn them off, and list the samples to keep with --samples (.samples.tsv of a run without --shard)",
        )
    settings = Reading(options.field, options.multiallelic, options.ploidy, options.sample, drop_incomplete=options.drop_incomplete)
    readers = [open_reader(path, settings) for path in whole_sets(options.genotypes)]
    sample_names = _same_samples(readers)
    names = sample_names.samples
    if options.sample is not None and not any(isinstance(reader, BgenReader) for reader in readers):
        raise UsageError("--sample without a BGEN file", "a BGEN file as --genotypes", "omit --sample")
    card = Card("encode", "genotypes")
    traits = _traits(options.phenotypes, options.trait_kind, sample_names, readers[0], card)
    covariate_names, values = _covariates(options.covariates, sample_names, readers[0], card)
    sexes = read_sex_table(options.sex, sample_names) if options.sex else sexes_from_files(readers)
    plan = ReadingPlan(
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
    listed = read_sample_list(options.samples, sample_names) if options.samples else np.ones(len(names), dtype=bool)
    reading, outcomes = _read(plan, _SampleFilters(listed, options.max_sample_missing, options.max_heterozygosity), out)
    _refuse_nothing(reading)
    _write_qc(reading, outcomes, out["qc"])
    _write_samples(reading, outcomes, out["samples"])
    draw_quality(reading.counts, reading.statistics, reading.keep, out["picture"])
    checks.check_quality(card, reading, outcomes)
    return card


def _read(plan: ReadingPlan, filters: _SampleFilters, out: OutputSet) -> tuple[ReadingPass, np.ndarray]:
    """Read the files, and again without the removed samples, which must not affect the filters of variants."""
    reading = ReadingPass(plan, filters.listed)
    reading.run(out)
    outcomes = filters.outcomes(reading)
    keep = outcomes == "kept"
    if not keep.any():
        raise DataError(
            "every sample lacks too many genotypes",
            f"a missing rate of at most {filters.max_missing}",
            "raise --max-sample-missing (1 turns it off)",
            where=str(plan.path),
        )
    if (keep == filters.listed).all():
        return reading, outcomes
    _log.info(f"{int((filters.listed & ~keep).sum())} samples fail their filters: reading again without them")
    second_pass = ReadingPass(plan, keep)
    second_pass.run(out)
    second_pass.statistics = reading.statistics  # of the first pass, which filtered the samples
    return second_pass, outcomes


def _same_samples(readers: list[GenotypeReader]) -> SampleNames:
    """Return the samples that all files have; families are those of the first file that has them."""
    first = readers[0]
    for reader in readers[1:]:
        if reader.samples != first.samples:
            differ = sorted(set(reader.samples) ^ set(first.samples))
            detail = f"such as {', '.join(differ[:3])}" if differ else "in another order"
            raise DataError(
                f"samples that differ from those of {first.path.name} ({detail})",
                "the same samples in every file",
                "give files of the same samples, in the same order",
                where=str(reader.path),
            )
    return next((reader.names for reader in readers if reader.names.families), first.names)


def _build(build: str, readers: list[GenotypeReader]) -> str:
    """Return the given build, else that of the stores.

    Raises
    ------
    DataError
        If they differ.
    """
    builds = {reader.build for reader in readers if isinstance(reader, StoreReader)} - {"unknown"}
    if build != "unknown":
        builds.add(build)
    if len(builds) > 1:
        raise DataError(
            f"genome builds {' and '.join(sorted(builds))}",
            "one build",
            "give stores of the same build, and their --build",
            where=str(readers[0].path),
        )
    return builds.pop() if builds else "unknown"


def sexes_from_files(readers: list[GenotypeReader]) -> np.ndarray:
    """Return the sexes of the files; later files fill unknown ones."""
    sexes = readers[0].sex.copy()
    for reader in readers[1:]:
        clash = (sexes > 0) & (reader.sex > 0) & (sexes != reader.sex)
        if clash.any():
            raise DataError(
                f"different sex of {reader.samples[int(clash.argmax())]} than in {readers[0].path.name}",
                "one sex per sample",
                "correct the file, or give --sex",
                where=str(reader.path),
            )
        sexes = np.where(sexes > 0, sexes, reader.sex)
    return sexes


def _traits(path: Path | None, kind: TraitKind, samples: SampleNames, first: GenotypeReader, card: Card) -> list[Trait]:
    if path is None:
        traits = traits_from_sample_file(first)
    else:
        table = read_sample_table(path)
        joined = join(table, samples)
        checks.check_overlap(card, "phenotype", joined)
        traits = [
            recognise(name, values, plink=table.plink, where=str(path), kind=kind)
            for name, values in zip(table.names, joined.values, strict=True)
        ]
    for trait in traits:
        checks.check_trait(card, trait)
    return traits


def traits_from_sample_file(reader: GenotypeReader) -> list[Trait]:
    """Return the traits of the genotypes' own sample file that vary."""
    if isinstance(reader, StoreReader):
        return reader.traits
    traits = []
    for name, values in reader.phenotypes.items():
        distinct = np.unique(values[~np.isnan(values)])
        if len(set(distinct) - {-9.0, 0.0}) >= 2:
            traits.append(recognise(name, values, plink=True, where=str(reader.path)))
    return traits


def _covariates(path: Path | None, samples: SampleNames, first: GenotypeReader, card: Card) -> tuple[list[str], np.ndarray]:
    if path is None and isinstance(first, StoreReader):
        return first.covariate_names, first.covariates
    if path is None:
        return [], np.empty((0, len(samples.samples)))
    table: SampleTable = read_sample_table(path)
    joined = join(table, samples)
    checks.check_overlap(card, "covariate", joined)
    checks.check_covariates(card, table.names, joined.values, plink=table.plink)
    return table.names, missing_covariates(joined.values, plink=table.plink)


def _refuse_nothing(reading: ReadingPass) -> None:
    if reading.kept:
        return
    path = reading.plan.path
    contigs = reading.plan.regions.contigs if reading.plan.regions else []
    for contig in contigs:
        if contig not in reading.contigs and other_spelling(contig) in reading.contigs:
            raise DataError(
                f"regions on {contig}, genotypes on {other_spelling(contig)}",
                "the same contig names in both files",
                "rename the contigs in the BED file",
                where=str(path),
            )
    if reading.contigs and contigs and not set(contigs).intersection(reading.contigs):
        raise DataError(
            f"regions on {', '.join(list(contigs)[:3])}, genotypes on {', '.join(reading.contigs[:3])}",
            "contigs that both files have",
            "use files of the same build",
            where=str(path),
        )
    removed = ", ".join(f"{name}: {count}" for name, count in reading.removed.items() if count) or "the files hold none"
    raise DataError(f"no variants left ({removed})", "at least one variant", "check the files, or relax the filters", where=str(path))


def _write_qc(reading: ReadingPass, outcomes: np.ndarray, path: Path) -> None:
    remaining = checks.rows_read(reading)
    rows = [("variants", "read", 0, remaining)]
    for step in _STEPS:
        remaining -= reading.removed[step]
        rows.append(("variants", step, reading.removed[step], remaining))
    remaining = len(outcomes)
    rows.append(("samples", "read", 0, remaining))
    for step in (NOT_LISTED, MISSING_RATE, HETEROZYGOSITY):
        removed = int((outcomes == step).sum())
        remaining -= removed
        rows.append(("samples", step, removed, remaining))
    rows.append(("sites of several ALT alleles", "split, one variant an allele", 0, reading.split))
    genotypes = reading.kept_genotypes
    for step, removed in (
        ("heterozygous though haploid, set to missing (all variants read)", reading.haploid.heterozygous),
        ("females on Y, set to missing (all variants read)", reading.haploid.females_on_y),
        ("missing among kept variants", reading.kept_missing),
    ):
        rows.append(("genotypes", step, removed, genotypes - reading.kept_missing))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)


def _write_samples(reading: ReadingPass, outcomes: np.ndarray, path: Path) -> None:
    statistics = reading.statistics
    table = pd.DataFrame(
        {
            "sample": reading.plan.samples,
            "missing_rate": statistics.missing_rate,
            "heterozygosity": statistics.autosomes.rate,
            "inbreeding": statistics.autosomes.inbreeding,
            "sex": _SEXES[reading.plan.rules.sex],
            "x_inbreeding": statistics.x.inbreeding,
            "inferred_sex": _SEXES[statistics.inferred_sex()],
            "outcome": outcomes,
        }
    )
    write_table(table, path, SAMPLE_QC)
