"""One pass over the files: every chunk is coded, filtered and written, with counts of each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.log import Progress
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import VARIANT_QC
from lucidseq.core.tables import TableWriter
from lucidseq.core.variants import variant_ids
from lucidseq.encode.genotypes import quality
from lucidseq.encode.genotypes.choices import HaploidCoding
from lucidseq.encode.genotypes.genotype_store import GenotypeWriter, OrderCheck, StoreContents, create_genotypes
from lucidseq.encode.genotypes.quality import FILTERS, Assessment, Filters
from lucidseq.encode.genotypes.quality_figure import VariantCounts
from lucidseq.encode.genotypes.sample_quality import SampleStatistics, missing_mask
from lucidseq.encode.genotypes.samples import Trait
from lucidseq.encode.genotypes.sex_chromosomes import DIPLOID, HaploidCounts, SexChromosomes, X
from lucidseq.encode.genotypes.shards import Share
from lucidseq.encode.readers.reader import FEMALE, GenotypeReader, VariantChunk, in_range
from lucidseq.encode.regions import Regions

_OUTCOMES = np.array([*FILTERS, "kept"], dtype=object)  # Assessment.failed picks; -1 is the last


@dataclass(frozen=True)
class ReadingPlan:
    """What to read and to store.

    Attributes
    ----------
    shares
        Rows of files, in order.
    sex
        Sexes of all samples, uint8 of shape (samples,).
    rules
        Sex chromosomes of all samples.
    """

    shares: list[Share]
    samples: list[str]
    hard_calls: bool
    traits: list[Trait]
    covariate_names: list[str]
    covariates: np.ndarray
    filters: Filters
    regions: Regions | None
    rules: SexChromosomes

    @property
    def path(self) -> Path:
        """The first file, for messages."""
        return self.shares[0].reader.path

    def contents(self, keep: np.ndarray) -> StoreContents:
        """Return the contents of a store of the kept samples."""
        return StoreContents(
            samples=[sample for sample, kept in zip(self.samples, keep, strict=True) if kept],
            hard_calls=self.hard_calls,
            build=self.rules.build,
            ploidy=self.rules.ploidy,
            haploid=self.rules.coding,
            sex=self.rules.sex[keep],
            traits=[replace(trait, values=trait.values[keep]) for trait in self.traits],
            covariate_names=self.covariate_names,
            covariates=self.covariates[:, keep],
        )


class ReadingPass:
    """Reads the files once; its attributes are counts.

    Attributes
    ----------
    read, kept, split
        Variants read, variants written, and sites that were split into several variants.
    kept_missing, kept_genotypes
        Missing genotypes among kept variants, and all genotypes.
    removed
        Variants removed, by step.
    contigs
        Contigs in order.
    statistics
        Quality of all samples, whether they are kept or not.
    counts
        Histograms of the assessed variants.
    haploid
        Calls set to missing on sex chromosomes, and haploid calls on others.
    """

    def __init__(self, plan: ReadingPlan, keep: np.ndarray) -> None:
        self.plan, self.keep = plan, keep
        self.rules = replace(plan.rules, sex=plan.rules.sex[keep])
        self.read = self.kept = self.split = self.kept_missing = self.kept_genotypes = 0
        self.removed: Counter[str] = Counter()
        self.contigs: list[str] = []
        self.statistics = SampleStatistics(keep)
        self.counts, self.haploid = VariantCounts(), HaploidCounts()
        self._order = OrderCheck()

    def run(self, out: OutputSet) -> None:
        """Read every share once; write the store of the kept samples and the table of variants."""
        with (
            create_genotypes(out["genotypes"], self.plan.contents(self.keep)) as writer,
            TableWriter(out["variants"], VARIANT_QC) as table,
            Progress("variants") as progress,
        ):
            for share in self.plan.shares:
                for chunk in share.reader.chunks(share.first, share.last):
                    self._add(in_range(chunk, self.rules.ploidy, share.reader.path), share.reader, writer, table)
                    progress.step(len(chunk))
                self.removed.update(share.reader.skipped)
                self.split += share.reader.split
            self.kept = writer.variants
            if self.kept:  # otherwise the caller raises, or reads again with fewer samples
                writer.finish()

    def _add(self, chunk: VariantChunk, reader: GenotypeReader, writer: GenotypeWriter, table: TableWriter) -> None:
        if not len(chunk):
            return
        self.read += len(chunk)
        self.contigs += [str(name) for name in pd.unique(chunk.contig) if name not in self.contigs]
        rows = ~self._order.duplicates(chunk, reader.path)
        self.removed[quality.DUPLICATE] += int((~rows).sum())
        if self.plan.regions is not None:
            inside = self.plan.regions.contain(chunk.contig, chunk.start)
            self.removed[quality.OUTSIDE] += int((rows & ~inside).sum())
            rows &= inside
        if chunk.doubled is not None:
            self.haploid.elsewhere += int(chunk.doubled[rows].sum())
        kinds = self.rules.kinds(chunk.contig, chunk.start)
        cuts = np.flatnonzero(np.diff(kinds)) + 1  # positions are sorted: a kind is a run of rows
        for first, last in zip([0, *cuts], [*cuts, len(chunk)], strict=True):
            piece = chunk.take(np.arange(first, last)) if len(cuts) else chunk
            self._add_kind(piece, rows[first:last], int(kinds[first]), reader, writer, table)

    def _add_kind(
        self, chunk: VariantChunk, rows: np.ndarray, kind: int, reader: GenotypeReader, writer: GenotypeWriter, table: TableWriter
    ) -> None:
        """Assess and write variants of one kind of chromosome."""
        missing = missing_mask(chunk.dosage)
        self.statistics.add_missing(missing, self.plan.rules.eligible(kind))
        if not rows.all():
            chunk, missing = chunk.take(rows), missing[rows]
        raw = chunk.dosage
        if not self.keep.all():
            chunk = chunk.of_samples(self.keep)
        chunk = replace(chunk, dosage=self.rules.code(chunk, kind, reader.haploid, self.haploid))
        eligible = self.rules.eligible(kind)
        judged = self._assess(chunk.dosage, kind, eligible)
        self.removed.update(judged.removed)
        self.counts.add(judged, int(eligible.sum()))
        self.kept_missing += int(judged.missing[judged.keep].sum())
        self.kept_genotypes += int(judged.keep.sum()) * int(eligible.sum())
        doubled = kind == X and reader.haploid is HaploidCoding.TWO  # the coding of male calls that the coefficient on X needs
        if self.rules.ploidy == 2 and (kind == DIPLOID or doubled):
            seen = self.statistics.autosomes if kind == DIPLOID else self.statistics.x
            kept = judged.keep
            seen.add(raw if kept.all() else raw[kept], missing if kept.all() else missing[kept])
        if len(chunk):
            table.append(_rows(chunk, judged, int(eligible.sum())))
        writer.add(chunk if judged.keep.all() else chunk.take(judged.keep), judged.frequency[judged.keep])

    def _assess(self, dosage: np.ndarray, kind: int, eligible: np.ndarray) -> Assessment:
        """Assess variants in the samples that have the chromosome; Hardy-Weinberg is tested in females on X, not on Y or mitochondria."""
        if kind == DIPLOID:
            return quality.assess(dosage, self.plan.filters, ploidy=self.rules.ploidy)
        females = (self.rules.sex == FEMALE) & (kind == X)
        eligible_dosage = dosage if eligible.all() else dosage[:, eligible]
        copies, doubled = self.rules.copies(kind)[eligible], self.rules.doubled(kind)[eligible]
        return quality.assess(eligible_dosage, self.plan.filters, copies=copies, doubled=doubled, tested=females[eligible])


def _rows(chunk: VariantChunk, judged: Assessment, samples: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "variant_id": variant_ids(chunk.contig, chunk.start + 1, chunk.other_allele, chunk.effect_allele),
            "chromosome": chunk.contig,
            "base_pair_location": chunk.start + 1,
            "effect_allele": chunk.effect_allele,
            "other_allele": chunk.other_allele,
            "rsid": chunk.rsid,
            "effect_allele_frequency": judged.frequency,
            "missing_rate": judged.missing / max(samples, 1),
            "minor_allele_count": judged.minor_count,
            "hwe_p_value": judged.hwe_p,
            "outcome": _OUTCOMES[judged.failed],
        }
    )
