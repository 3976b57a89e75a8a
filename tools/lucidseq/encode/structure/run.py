"""`encode structure`: the genotype store -> relatives, principal components and splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.genotypes import GenotypeStore, open_genotypes
from lucidseq.core.intervals import read_bed
from lucidseq.core.log import get_logger
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import EIGENVALUES, KINSHIP, PCS, SPLITS
from lucidseq.core.seeds import stream
from lucidseq.core.splits import Split, Splits, read_splits
from lucidseq.core.tables import write_table
from lucidseq.encode.regions import Regions, other_spelling
from lucidseq.encode.structure import card as checks
from lucidseq.encode.structure import groups as grouping
from lucidseq.encode.structure.ancestry import Ancestry, place_samples
from lucidseq.encode.structure.assign_groups import strata_of
from lucidseq.encode.structure.autosomal_panel import AutosomalPanel, Survey, autosomal, identical, survey
from lucidseq.encode.structure.choices import SplitBy
from lucidseq.encode.structure.cli import StructureOptions
from lucidseq.encode.structure.picture import draw
from lucidseq.encode.structure.relatives import Relatives, find_relatives
from lucidseq.encode.structure.splitting import SetSizes, assign_sets, with_duplicates

_log = get_logger("lucidseq.encode")
_INBRED = 0.5  # median F above which kinship is not defined
_FEW = 500  # samples below which a quantitative trait is stratified


@dataclass(frozen=True)
class _StructureData:
    """Data that the steps share."""

    panel: AutosomalPanel
    common: AutosomalPanel
    survey: Survey
    relatives: Relatives
    same: np.ndarray
    max_kinship: float
    components: int
    min_frequency: float
    seed: int

    def place(self, candidates: np.ndarray) -> Ancestry:
        """Fit components on unrelated candidates (mask) and project all samples."""
        fitted = grouping.unrelated(len(candidates), *self.relatives.closer_than(self.max_kinship), candidates)
        return place_samples(self.common, fitted, self.components, self.min_frequency, self.seed)


def structure(options: StructureOptions, out: OutputSet) -> Card:
    """Find relatives, components and splits (options as in ``cli.structure``)."""
    _check_options(
        options.split_table,
        options.groups,
        options.group_column,
        options.split_by,
        options.valid_share,
        options.test_share,
        options.folds,
        options.min_kinship,
        options.max_kinship,
    )
    card = Card("encode", "structure")
    sizes = SetSizes(options.valid_share, options.test_share, options.folds, options.seed)
    with open_genotypes(options.genotypes) as store:
        given = None if options.split_table is None else read_splits(options.split_table, list(store.samples))
        named = None if options.groups is None else grouping.read_groups(options.groups, options.group_column, list(store.samples))
        strata = _strata(store, options.trait)
        study = _find_structure(
            store,
            options.exclude_regions,
            options.hard_call_tolerance,
            options.min_kinship,
            options.max_kinship,
            options.components,
            options.min_frequency,
            options.seed,
            card,
        )
        if given is not None:
            splits = given
            checks.check_given(card)
        elif named is not None:
            splits = _by_groups(named, strata, sizes, card)
        else:
            splits = _by_relatedness(study, options.split_by, strata, sizes, options.largest_group, options.clusters, card)
        _need_training(splits, options.split_table or options.genotypes)
        ancestry = study.place(splits.train)
        samples, relatives, same = store.samples, study.relatives, study.same
    del store, study  # with the columns of the variants
    checks.check_relatives(card, relatives, ancestry.components.variants)
    checks.check_sizes(
        card, splits, None if given is not None else (1 - options.valid_share - options.test_share, options.valid_share, options.test_share)
    )
    checks.check_folds(card, splits, options.folds)
    checks.check_leakage(card, relatives, splits, same, options.max_kinship)
    checks.check_components(card, ancestry)
    _write(out, samples, relatives, ancestry, splits)
    return card


def _check_options(
    split_table: Path | None,
    groups: Path | None,
    column: str | None,
    split_by: SplitBy,
    valid: float,
    test: float,
    folds: int,
    min_kinship: float,
    max_kinship: float,
) -> None:
    if valid + test >= 1:
        raise UsageError(f"--valid-share {valid} and --test-share {test}", "less than 1 together", "lower the shares")
    if folds == 1:
        raise UsageError("--folds 1", "0, or at least 2", "correct the value of --folds")
    if max_kinship < min_kinship:
        raise UsageError(
            f"--max-kinship {max_kinship} below --min-kinship {min_kinship}",
            "--max-kinship of at least --min-kinship",
            "lower --min-kinship",
        )
    if split_table is not None and (groups is not None or split_by is not SplitBy.KINSHIP or folds):
        raise UsageError("--split-table with --groups, --split-by or --folds", "one way to split", "omit the others")
    if groups is not None and split_by is not SplitBy.KINSHIP:
        raise UsageError("--groups with --split-by", "one way to split", "omit one of them")
    if column is not None and groups is None:
        raise UsageError("--group-column without --groups", "the table with the column", "add --groups")


def _find_structure(
    store: GenotypeStore,
    exclude: Path | None,
    tolerance: float,
    min_kinship: float,
    max_kinship: float,
    components: int,
    min_frequency: float,
    seed: int,
    card: Card,
) -> _StructureData:
    """Read the genotypes: heterozygosity, then pairs."""
    autosomes = autosomal(store.contig, store.build)
    checks.check_contigs(card, store.contig, store.build)
    if not autosomes.any():
        raise DataError(
            "no variant on an autosome",
            "at least one contig that is not called X, Y, Z, W or M",
            "give the other chromosomes",
            where=str(store.path),
        )
    if len(store.samples) < 2:
        raise DataError(f"{len(store.samples)} samples", "at least two", "give a store with more samples", where=str(store.path))
    panel = AutosomalPanel(store, autosomes, tolerance)
    counts = survey(panel)
    known = counts.inbreeding[np.isfinite(counts.inbreeding)]
    if not len(known):
        raise DataError(
            "variants that do not vary",
            "genotypes that differ between samples",
            "check the filters of the genotypes",
            where=str(store.path),
        )
    inbreeding = float(np.median(known))
    inbred = inbreeding > _INBRED or store.ploidy != 2
    checks.check_inbreeding(card, inbreeding, store.ploidy, inbred=inbred)
    relatives = find_relatives(panel, min_kinship, defined=not inbred)
    _log.info(f"{len(relatives.first)} close pairs among {panel.samples} samples at {panel.variants} variants")
    common = panel if exclude is None else panel.only(autosomes & ~_inside(store, exclude))
    return _StructureData(panel, common, counts, relatives, identical(counts.fingerprint), max_kinship, components, min_frequency, seed)


def _inside(store: GenotypeStore, path: Path) -> np.ndarray:
    regions = Regions(read_bed(path))
    known = set(store.contig)
    for contig in regions.contigs:
        if contig not in known and other_spelling(contig) in known:
            raise DataError(
                f"regions on {contig}, genotypes on {other_spelling(contig)}",
                "the same contig names in both files",
                "rename the contigs in the BED file",
                where=str(path),
            )
    if not known.intersection(regions.contigs):
        raise DataError(
            f"regions on {', '.join(regions.contigs[:3])}, genotypes on {', '.join(map(str, sorted(known)[:3]))}",
            "contigs that both files have",
            "use files of the same build",
            where=str(path),
        )
    inside = regions.contain(store.contig, store.start)
    _log.info(f"{inside.sum()} variants in the excluded regions")
    return inside


def _strata(store: GenotypeStore, trait: str | None) -> np.ndarray:
    samples = len(store.samples)
    if trait is None:
        return strata_of(None, samples=samples, binary=False, few=_FEW)
    return strata_of(store.trait(trait), samples=samples, binary=store.trait_kind(trait) == "binary", few=_FEW)


def _by_groups(named: tuple[np.ndarray, int], strata: np.ndarray, sizes: SetSizes, card: Card) -> Splits:
    names, absent = named
    _, codes = np.unique(names.astype(str), return_inverse=True)
    codes = codes.reshape(-1)
    checks.check_groups(card, int(codes.max()) + 1, absent, len(names))
    return assign_sets(codes, names, strata, sizes)


def _by_relatedness(
    study: _StructureData, split_by: SplitBy, strata: np.ndarray, sizes: SetSizes, largest: float, clusters: int, card: Card
) -> Splits:
    samples = study.panel.samples
    first, second = study.relatives.closer_than(study.max_kinship)
    families = with_duplicates(grouping.components(samples, first, second), *study.relatives.duplicates(), study.same)
    share = float(np.bincount(families).max() / samples)
    if split_by is SplitBy.RANDOM:
        checks.check_random(card)
        return assign_sets(np.arange(samples), study.panel.store.samples, strata, sizes)
    by_kinship = split_by is SplitBy.KINSHIP and study.relatives.defined and share <= largest
    if by_kinship:
        checks.check_families(card, len(np.unique(families)), share)
        return assign_sets(families, _named("family", families), strata, sizes)
    ancestry = study.place(np.ones(samples, dtype=bool))
    spread = ancestry.scores * np.sqrt(ancestry.components.values)
    cluster = grouping.clusters(spread, clusters, stream(study.seed, "clusters"))
    cluster = with_duplicates(cluster, *study.relatives.duplicates(), study.same)
    reason = "as requested"
    if split_by is SplitBy.KINSHIP:
        reason = (
            "since kinship is not defined"
            if not study.relatives.defined
            else f"since one family of relatives has {share:.0%} of the samples"
        )
    _log.warning(f"split by clusters on the principal components, {reason}")
    checks.check_clusters(card, len(np.unique(cluster)), reason, chosen=split_by is SplitBy.CLUSTERS)
    return assign_sets(cluster, _named("cluster", cluster), strata, sizes)


def _named(word: str, groups: np.ndarray) -> np.ndarray:
    """Return names of groups, numbered from 1 in the order of their first samples."""
    _, first_sample, codes = np.unique(groups, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first_sample)) + 1
    return np.array([f"{word}{value}" for value in number[codes.reshape(-1)]], dtype=object)


def _need_training(splits: Splits, path: Path) -> None:
    if splits.train.sum() < 2:
        raise DataError(
            f"{int(splits.train.sum())} training samples",
            "at least two",
            "give more samples, or smaller shares to the other sets",
            where=str(path),
        )


def _write(out: OutputSet, samples: np.ndarray, relatives: Relatives, ancestry: Ancestry, splits: Splits) -> None:
    table = relatives.table.copy()
    table.insert(0, "sample_1", samples[relatives.first])
    table.insert(1, "sample_2", samples[relatives.second])
    write_table(table, out["kinship"], KINSHIP)
    names = [f"PC{number + 1}" for number in range(ancestry.scores.shape[1])]
    frame = pd.DataFrame(np.round(ancestry.scores, 6) + 0.0, columns=names)
    frame.insert(0, "sample", samples)
    write_table(frame, out["pcs"], PCS)
    components = ancestry.components
    write_table(
        pd.DataFrame(
            {
                "component": names,
                "eigenvalue": np.round(components.values, 6),
                "variance_share": np.round(components.values / components.total, 8),
                "shrinkage": np.round(components.shrinkage, 4),
            }
        ),
        out["eigenvalues"],
        EIGENVALUES,
    )
    write_table(
        pd.DataFrame(
            {
                "sample": samples,
                "split": [Split(value).name.lower() for value in splits.split],
                "group": splits.group,
                "fold": splits.fold,
                "components": np.where(ancestry.fitted, "fitted", "projected"),
            }
        ),
        out["splits"],
        SPLITS,
    )
    out["picture"].write_bytes(draw(ancestry, relatives, splits))
