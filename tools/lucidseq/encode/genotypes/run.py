"""`encode genotypes`: files of genotypes, phenotypes and covariates -> the genotype store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card, Verdict
from lucidseq.core.errors import DataError
from lucidseq.core.genotypes import MISSING_CALL
from lucidseq.core.intervals import read_bed
from lucidseq.core.log import Progress, get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC
from lucidseq.core.tables import write_table
from lucidseq.encode.genotypes import quality
from lucidseq.encode.genotypes.choices import GenotypeField
from lucidseq.encode.genotypes.open_reader import open_reader
from lucidseq.encode.genotypes.people import BINARY, Individuals, Joined, Trait, join, read_individuals, recognise
from lucidseq.encode.genotypes.plink1 import Plink1Reader, whole_sets
from lucidseq.encode.genotypes.reader import MULTIALLELIC, NO_ALTERNATE, GenotypeReader, VariantChunk
from lucidseq.encode.genotypes.store import GenotypeWriter, OrderCheck, create_genotypes
from lucidseq.encode.regions import Regions, other_spelling

_log = get_logger("lucidseq.encode")
_STEPS = (
    MULTIALLELIC, NO_ALTERNATE, quality.DUPLICATE, quality.OUTSIDE, quality.MISSING, quality.FREQUENCY, quality.HARDY_WEINBERG,
)  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """What goes into the store."""

    readers: list[GenotypeReader]
    traits: list[Trait]
    covariate_names: list[str]
    covariates: np.ndarray
    filters: quality.Filters
    regions: Regions | None
    build: str

    @property
    def samples(self) -> list[str]:
        return self.readers[0].samples


class _Pass:
    """One reading of the files: every chunk is judged and written, and what happens is counted."""

    def __init__(self, plan: _Plan, keep: np.ndarray) -> None:
        self.plan, self.keep = plan, keep
        self.read = self.kept = self.kept_missing = 0
        self.removed: Counter[str] = Counter()
        self.sample_missing = np.zeros(len(keep), dtype=np.int64)
        self.contigs: list[str] = []
        self._order = OrderCheck()

    def run(self, path: Path) -> None:
        """Read every file once and write the store, leaving out samples that are not kept."""
        plan, keep = self.plan, self.keep
        traits = [replace(trait, values=trait.values[keep]) for trait in plan.traits]
        samples = [sample for sample, kept in zip(plan.samples, keep, strict=True) if kept]
        hard_calls = all(reader.hard_calls for reader in plan.readers)
        with (
            create_genotypes(
                path,
                samples,
                hard_calls=hard_calls,
                build=plan.build,
                traits=traits,
                covariate_names=plan.covariate_names,
            ) as writer,
            Progress("variants") as progress,
        ):
            for reader in plan.readers:
                for chunk in reader.chunks():
                    self._add(chunk, reader, writer)
                    progress.step(len(chunk))
                self.removed.update(reader.skipped)
            self.kept = writer.variants
            if self.kept:  # otherwise the caller refuses, unless it can do better with fewer samples
                writer.finish(traits, plan.covariates[:, keep])

    def _add(self, chunk: VariantChunk, reader: GenotypeReader, writer: GenotypeWriter) -> None:
        self.read += len(chunk)
        self.contigs += [str(name) for name in pd.unique(chunk.contig) if name not in self.contigs]
        self.sample_missing += _missing(chunk.dosage).sum(axis=0)
        if not self.keep.all():
            chunk = replace(chunk, dosage=chunk.dosage[:, self.keep])
        rows = ~self._order.duplicates(chunk, reader.path)
        self.removed[quality.DUPLICATE] += int((~rows).sum())
        if self.plan.regions is not None:
            inside = self.plan.regions.contain(chunk.contig, chunk.start)
            self.removed[quality.OUTSIDE] += int((rows & ~inside).sum())
            rows &= inside
        chunk = chunk if rows.all() else chunk.take(rows)
        judged = quality.assess(chunk.dosage, self.plan.filters)
        self.removed.update(judged.removed)
        self.kept_missing += int(judged.missing[judged.keep].sum())
        writer.add(chunk if judged.keep.all() else chunk.take(judged.keep), judged.frequency[judged.keep])


def genotypes(
    *,
    genotypes: list[Path],
    phenotypes: Path | None,
    covariates: Path | None,
    field: GenotypeField,
    min_frequency: float,
    max_missing: float,
    max_sample_missing: float,
    min_hwe_p: float,
    region: Path | None,
    build: str,
    out: OutputSet,
) -> Card:
    """Encode genotypes (options as in ``cli.genotypes``)."""
    readers = [open_reader(path, field) for path in whole_sets(genotypes)]
    samples = _same_samples(readers)
    card = Card("encode", "genotypes")
    traits = _traits(phenotypes, samples, readers[0], card)
    names, values = _covariates(covariates, samples, readers[0].path, card)
    filters = quality.Filters(min_frequency, max_missing, min_hwe_p)
    plan = _Plan(readers, traits, names, values, filters, Regions(read_bed(region)) if region else None, build)

    found = _Pass(plan, np.ones(len(samples), dtype=bool))
    found.run(out["genotypes"])
    if max_sample_missing < 1:
        keep = found.sample_missing <= max_sample_missing * found.read
        if not keep.any():
            raise DataError("every sample misses too many genotypes", f"a missing rate of at most {max_sample_missing}",
                            "raise --max-sample-missing (1 turns it off)", where=str(readers[0].path))  # fmt: skip
        if not keep.all():  # what is judged of the variants must not depend on samples that go
            _log.info(
                f"{(~keep).sum()} samples miss more than {max_sample_missing:.0%} of genotypes: reading again without them"
            )
            found = _Pass(plan, keep)
            found.run(out["genotypes"])
    _refuse_nothing(found)
    _write_qc(found, out["qc"])
    _judge(card, found)
    return card


def _missing(dosage: np.ndarray) -> np.ndarray:
    missing: np.ndarray = dosage == MISSING_CALL if dosage.dtype == np.int8 else np.isnan(dosage)
    return missing


def _same_samples(readers: list[GenotypeReader]) -> list[str]:
    first = readers[0]
    for other in readers[1:]:
        if other.samples != first.samples:
            differ = sorted(set(other.samples) ^ set(first.samples))
            detail = f"such as {', '.join(differ[:3])}" if differ else "in another order"
            raise DataError(f"samples that differ from those of {first.path.name} ({detail})", "the same samples in every file",
                            "give files of the same individuals, in the same order", where=str(other.path))  # fmt: skip
    return first.samples


def _traits(path: Path | None, samples: list[str], reader: GenotypeReader, card: Card) -> list[Trait]:
    if path is None:
        traits = _fam_trait(reader)
    else:
        people = read_individuals(path)
        joined = join(people, samples, reader.path)
        _judge_overlap(card, "phenotype", joined)
        traits = [
            recognise(name, values, plink=people.plink, where=str(path))
            for name, values in zip(people.names, joined.values, strict=True)
        ]
    for trait in traits:
        present = ~np.isnan(trait.values)
        cases = f", {int(np.nansum(trait.values))} cases" if trait.kind == BINARY else ""
        said = f"{trait.note}; {present.sum()} individuals{cases}"
        _log.info(f"trait {trait.name}: {said}")
        constant = len(np.unique(trait.values[present])) < 2
        card.add(
            f"trait {trait.name}", said, Verdict.CAUTION if constant else Verdict.OK, threshold="read as meant",
            advice="The trait does not vary, so nothing can be associated with it." if constant
            else "Check that the coding is what you meant.",
        )  # fmt: skip
    return traits


def _fam_trait(reader: GenotypeReader) -> list[Trait]:
    """Return the phenotype of a .fam as trait ``phenotype``, unless the column says nothing (all missing, or one value)."""
    if not isinstance(reader, Plink1Reader):
        return []
    said = np.unique(reader.phenotype[~np.isnan(reader.phenotype)])
    if len(set(said) - {-9.0, 0.0}) < 2:
        return []
    return [recognise("phenotype", reader.phenotype, plink=True, where=str(reader.path.with_suffix(".fam")))]


def _covariates(path: Path | None, samples: list[str], genotypes: Path, card: Card) -> tuple[list[str], np.ndarray]:
    if path is None:
        return [], np.empty((0, len(samples)))
    people: Individuals = read_individuals(path)
    joined = join(people, samples, genotypes)
    _judge_overlap(card, "covariate", joined)
    return people.names, joined.values


def _judge_overlap(card: Card, what: str, joined: Joined) -> None:
    share = joined.shared / (joined.shared + joined.only_genotypes)
    _log.info(
        f"{what}s: {joined.shared} samples shared, {joined.only_genotypes} only in the genotypes, {joined.only_table} only in the table"
    )
    card.add(
        f"samples with a {what} row", share, Verdict.OK if share >= 0.5 else Verdict.CAUTION, threshold=">= 0.5 of the genotypes' samples",
        advice="Few samples have a row: check the sample names in both files.",
    )  # fmt: skip


def _refuse_nothing(found: _Pass) -> None:
    if found.kept:
        return
    path = found.plan.readers[0].path
    wanted = found.plan.regions.contigs if found.plan.regions else []
    for contig in wanted:
        if contig not in found.contigs and other_spelling(contig) in found.contigs:
            raise DataError(f"regions on {contig}, genotypes on {other_spelling(contig)}", "the same contig names in both files",
                            "rename the contigs in the BED file", where=str(path))  # fmt: skip
    if found.contigs and wanted and not set(wanted).intersection(found.contigs):
        raise DataError(f"regions on {', '.join(list(wanted)[:3])}, genotypes on {', '.join(found.contigs[:3])}",
                        "contigs that both files have", "use files of the same build", where=str(path))  # fmt: skip
    lost = ", ".join(f"{name}: {count}" for name, count in found.removed.items() if count) or "the files hold none"
    raise DataError(
        f"no variants left ({lost})", "at least one variant", "check the files, or relax the filters", where=str(path)
    )


def _write_qc(found: _Pass, path: Path) -> None:
    left = found.read + found.removed[MULTIALLELIC] + found.removed[NO_ALTERNATE]
    rows = [("variants", "read", 0, left)]
    for step in _STEPS:
        left -= found.removed[step]
        rows.append(("variants", step, found.removed[step], left))
    samples = len(found.keep)
    rows.append(("samples", "read", 0, samples))
    rows.append(("samples", "missing rate", int((~found.keep).sum()), int(found.keep.sum())))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)


def _judge(card: Card, found: _Pass) -> None:
    total = found.read + found.removed[MULTIALLELIC] + found.removed[NO_ALTERNATE]
    samples = int(found.keep.sum())
    share = found.kept / total
    card.add("variants kept", share, Verdict.OK if share >= 0.5 else Verdict.CAUTION, threshold=">= 0.5",
             advice="Many variants went: the qc table says at which filter.")  # fmt: skip
    departed = found.removed[quality.HARDY_WEINBERG] / total
    card.add("variants out of Hardy-Weinberg proportions", departed, Verdict.OK if departed < 0.05 else Verdict.CAUTION,
             threshold="< 0.05", advice="Inbred lines, haploids and mixed populations depart from it: --min-hwe-p 0 turns it off.")  # fmt: skip
    missing = found.kept_missing / (found.kept * samples)
    card.add("missing genotypes among kept variants", missing, Verdict.OK if missing < 0.02 else Verdict.CAUTION,
             threshold="< 0.02", advice="Impute the genotypes first, or lower --max-missing.")  # fmt: skip
    removed = int((~found.keep).sum())
    card.add("samples removed", removed, Verdict.OK if removed <= 0.1 * len(found.keep) else Verdict.CAUTION,
             threshold="<= 10 %", advice="Many samples miss genotypes: check how they were called.")  # fmt: skip
