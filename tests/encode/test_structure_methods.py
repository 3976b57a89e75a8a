"""The methods behind `encode structure` against other implementations and small exact cases: KING, PCA, pruning, groups."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import random_calls, write_plink1
from fixtures_structure import Pedigree, calls_of, write_store
from lucidseq.core.card import Card
from lucidseq.core.genotypes import open_genotypes
from lucidseq.core.splits import Splits
from lucidseq.encode.structure import card as checks
from lucidseq.encode.structure import groups as grouping
from lucidseq.encode.structure import king, pca
from lucidseq.encode.structure.ancestry import allele_frequency, place_samples, prune, standardise
from lucidseq.encode.structure.assign_groups import assign_groups, strata_of
from lucidseq.encode.structure.autosomal_panel import AutosomalPanel, identical, survey
from lucidseq.encode.structure.groups import clusters, components, unrelated
from lucidseq.encode.structure.king import pair_blocks, relationship, sharing
from lucidseq.encode.structure.pruning import Pruner
from lucidseq.encode.structure.splitting import with_duplicates
from support import program


def plink2(folder: Path, *words: object) -> None:
    """Run PLINK 2 on folder/x.bed."""
    line = [program("LUCIDSEQ_PLINK2", "plink2"), "--bfile", folder / "x", "--out", folder / "x", "--threads", 1, *words]
    subprocess.run([str(word) for word in line], check=True, capture_output=True)


def dense(calls: np.ndarray, *, size: int = 2048, chunk: int = 100) -> dict[str, np.ndarray]:
    """Return every statistic of every pair as square arrays."""

    def read(samples: slice) -> Iterator[np.ndarray]:
        return (calls[first : first + chunk, samples] for first in range(0, len(calls), chunk))

    n = calls.shape[1]
    found = {name: np.full((n, n), np.nan) for name in ("called", "hethet", "ibs0", "same", "kinship")}
    for block in pair_blocks(read, len(calls), n, size=size):
        pairs = [grid.ravel() for grid in np.indices(block.called.shape)]
        shared = sharing(read, block, *pairs)
        every = {name: getattr(block, name) for name in ("called", "kinship")}
        every |= {name: np.rint(getattr(shared, name).reshape(block.called.shape) * block.called) for name in ("hethet", "ibs0", "same")}
        for name, values in every.items():
            found[name][block.rows, block.columns] = values
            found[name][block.columns, block.rows] = values.T
    return found


@pytest.fixture(scope="module")
def families() -> np.ndarray:
    pedigree = Pedigree(3000, 7)
    people = [person for _ in range(4) for person in pedigree.family()[0]]
    return calls_of(people, missing=0.03, seed=2)


def test_king__equals_counting_pair_by_pair(families: np.ndarray) -> None:
    calls = families[:400]
    found = dense(calls)
    for one, other in ((0, 1), (3, 9), (20, 5), (43, 0)):
        a, b = calls[:, one], calls[:, other]
        both = (a >= 0) & (b >= 0)
        a, b = a[both], b[both]
        hethet, ibs0 = int(((a == 1) & (b == 1)).sum()), int((np.abs(a - b) == 2).sum())
        fewer, het = min((a == 1).sum(), (b == 1).sum()), (a == 1).sum() + (b == 1).sum()
        assert found["called"][one, other] == both.sum()
        assert (found["hethet"][one, other], found["ibs0"][one, other]) == (hethet, ibs0)
        assert found["same"][one, other] == (a == b).sum()
        equation_11 = (hethet - 2 * ibs0) / (2 * fewer) + 0.5 - het / (4 * fewer)
        assert np.isclose(found["kinship"][one, other], equation_11, rtol=1e-12)


def test_king__blocks_and_chunks_do_not_matter(families: np.ndarray) -> None:
    whole = dense(families)
    for name, values in dense(families, size=13, chunk=77).items():
        assert np.array_equal(values, whole[name], equal_nan=True), name


def test_king__dense_and_sparse_products_with_missing_genotypes_agree(families: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dense(families[:500])
    monkeypatch.setattr(king, "_SPARSE", 0)
    for name, values in dense(families[:500], size=13).items():
        assert np.array_equal(values, whole[name], equal_nan=True), name


def test_king__equals_plink2_with_missing_genotypes(families: np.ndarray, tmp_path: Path) -> None:
    write_plink1(tmp_path / "x", families)
    plink2(tmp_path, "--make-king-table", "counts", "cols=id,nsnp,hethet,ibs0,kinship")
    theirs = pd.read_csv(tmp_path / "x.kin0", sep="\t").rename(columns=lambda name: name.lstrip("#"))
    a, b = (theirs[name].str[1:].astype(int).to_numpy() for name in ("IID1", "IID2"))
    ours = dense(families)
    assert len(theirs) == 44 * 43 // 2
    for column, name in (("NSNP", "called"), ("HETHET", "hethet"), ("IBS0", "ibs0")):
        assert np.array_equal(theirs[column], ours[name][a, b]), name
    assert np.allclose(theirs["KINSHIP"], ours["kinship"][a, b], rtol=2e-5, atol=1e-6)  # PLINK prints six digits


def test_king__without_heterozygotes_is_undefined() -> None:
    calls = np.array([[0, 2, 1], [2, 2, 1], [0, 0, 0]], dtype=np.int8)
    found = dense(calls)["kinship"]
    assert np.isnan(found[0, 1]) and np.isnan(found[0, 2])


def test_relationship__nothing_for_undefined_or_distant() -> None:
    assert relationship(np.array([-0.2, 0.04])).tolist() == ["", ""]


def structured(seed: int, variants: int, people: int) -> np.ndarray:
    """Calls of four populations without LD, none missing."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.1, 0.9, (variants, 1))
    shift = np.clip(base + rng.normal(0, 0.12, (variants, 4)), 0.02, 0.98)
    return rng.binomial(2, shift[:, np.arange(people) % 4]).astype(np.int8)


def exact(calls: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    p = calls.mean(axis=1, keepdims=True) / 2
    z = (calls - 2 * p) / np.sqrt(2 * p * (1 - p))
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    return values[::-1][:k], vectors[:, ::-1][:, :k]


def matching(a: np.ndarray, b: np.ndarray) -> float:
    """Return the smallest absolute correlation of columns of the same number."""
    return min(abs(np.corrcoef(a[:, column], b[:, column])[0, 1]) for column in range(a.shape[1]))


def test_pca__exact_and_randomised_equal_numpy() -> None:
    calls = structured(1, 900, 200)
    values, vectors = exact(calls, 3)

    def blocks() -> Iterator[np.ndarray]:
        p = allele_frequency(calls)
        return (standardise(calls[at : at + 128], p[at : at + 128]) for at in range(0, 900, 128))

    for found in (pca.fit_exact(blocks, 200, 3), pca.fit_randomised(blocks, 200, 3, np.random.default_rng(1))):
        assert np.allclose(found.values, values, rtol=1e-5)
        assert matching(found.vectors, vectors) > 1 - 1e-6
        p = calls.mean(axis=1) / 2
        assert np.isclose(found.total, ((calls - 2 * p[:, None]) ** 2 / (2 * p * (1 - p))[:, None]).sum() / 900, rtol=1e-5)
    assert np.allclose(found.vectors.T @ found.vectors, np.eye(3), atol=1e-10)


def test_pca__equals_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    calls = structured(2, 500, 120)
    p = allele_frequency(calls)
    z = standardise(calls, p)
    theirs = PCA(3, svd_solver="full").fit(z.T)
    found = pca.fit_exact(lambda: iter([z]), 120, 3)
    assert matching(found.vectors, theirs.transform(z.T)) > 1 - 1e-6
    assert np.allclose(found.values, theirs.explained_variance_ * 119 / 500, rtol=1e-4)


def test_pca__equals_plink2(tmp_path: Path) -> None:
    calls = structured(3, 1500, 150)
    write_plink1(tmp_path / "x", calls)
    plink2(tmp_path, "--pca", 3)
    theirs = pd.read_csv(tmp_path / "x.eigenvec", sep="\t")[["PC1", "PC2", "PC3"]].to_numpy()
    p = allele_frequency(calls)
    found = pca.fit_exact(lambda: iter([standardise(calls, p)]), 150, 3)
    assert matching(found.vectors, theirs) > 1 - 1e-5
    assert np.allclose(found.values, np.loadtxt(tmp_path / "x.eigenval")[:3], rtol=1e-3)


def place(tmp_path: Path, calls: np.ndarray, fitted: np.ndarray, k: int) -> np.ndarray:
    with open_genotypes(write_store(tmp_path / "g.h5", calls, spacing=2_000_000)) as store:
        return place_samples(AutosomalPanel(store, np.ones(len(calls), bool), 0.1), fitted, k, 0.01, 1).scores


def test_projection__lands_in_the_own_population(tmp_path: Path) -> None:
    calls = structured(4, 4000, 240)
    fitted = np.arange(240) < 160
    scores = place(tmp_path, calls, fitted, 3)
    centres = np.stack([scores[fitted & (np.arange(240) % 4 == group)].mean(axis=0) for group in range(4)])
    nearest = ((scores[~fitted, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == np.arange(160, 240) % 4).all()


def test_projection__of_fitted_samples_is_their_fit() -> None:
    z = standardise(structured(5, 700, 90), np.full(700, 0.5))
    found = pca.fit_exact(lambda: iter([z]), 90, 4)
    scores, squares = pca.project(iter([(z[:300], z[:300]), (z[300:], z[300:])]), found, np.arange(len(z)))
    assert np.allclose(scores, found.vectors, atol=1e-5)
    assert np.allclose(squares.sum(axis=0), 1, atol=1e-5)


def test_shrinkage__is_near_one_with_structure_and_small_without() -> None:
    calls = structured(6, 5000, 200)
    with_structure = standardise(calls, allele_frequency(calls))
    assert (pca.fit_exact(lambda: iter([with_structure]), 200, 3).shrinkage > 0.85).all()
    noise = random_calls(6, 5000, 200, missing=0)
    alone = pca.fit_exact(lambda: iter([standardise(noise, allele_frequency(noise))]), 200, 1)
    assert alone.shrinkage[0] < 0.4


def linked(seed: int, variants: int, samples: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    latent = np.cumsum(rng.normal(size=(variants, 2 * samples)), axis=0) + rng.normal(size=(variants, 1)) * 3
    return (latent > 0).reshape(variants, samples, 2).sum(axis=2).astype(np.int8)


def pruned(calls: np.ndarray, start: np.ndarray, chunk: int, window: int = 50) -> list[int]:
    pruner = Pruner(window=window, r2=0.2)
    unit = calls - calls.mean(axis=1, keepdims=True)
    unit = unit / np.sqrt((unit**2).sum(axis=1, keepdims=True))
    common = np.minimum(calls.mean(axis=1) / 2, 1 - calls.mean(axis=1) / 2)
    for at in range(0, len(calls), chunk):
        part = slice(at, at + chunk)
        pruner.add("c", np.arange(len(calls))[part], start[part], common[part], unit[part])
    return pruner.kept().tolist()


def test_pruning__leaves_no_linked_pair_within_the_window_and_drops_none_needlessly() -> None:
    calls = linked(1, 300, 150)
    calls = calls[calls.std(axis=1) > 0]
    start = np.arange(len(calls))
    kept = pruned(calls, start, 64)
    r2 = np.corrcoef(calls) ** 2
    near = np.abs(start[:, None] - start) <= 50
    among = (r2 >= 0.2) & near
    assert not (among[np.ix_(kept, kept)] & ~np.eye(len(kept), dtype=bool)).any()
    assert 3 < len(kept) < len(calls) / 2
    for chunk in (1, 7, 1000):
        assert pruned(calls, start, chunk) == kept


def test_pruning__keeps_the_commoner_of_two_and_ends_with_the_window() -> None:
    rare = np.array([0, 0, 0, 0, 0, 1, 1, 0], dtype=np.int8)
    common = np.array([0, 0, 0, 0, 1, 2, 2, 1], dtype=np.int8)
    calls = np.stack([rare, common, rare])
    assert pruned(calls, np.array([0, 10, 20]), 3) == [1]
    assert pruned(calls, np.array([0, 10, 61]), 3) == [1, 2]
    assert pruned(calls, np.array([0, 10, 60]), 1) == [1]


def test_pruning__does_not_compare_contigs(tmp_path: Path) -> None:
    row = linked(3, 40, 60)[20:21]
    contig = np.array(["chr1", "chr1", "chr2"], dtype=object)
    store_path = write_store(tmp_path / "g.h5", np.repeat(row, 3, axis=0), contig=contig, start=np.array([0, 5, 0]))
    with open_genotypes(store_path) as store:
        kept, _ = prune(AutosomalPanel(store, np.ones(3, bool), 0.1), np.ones(60, bool), 0.01)
    assert kept.tolist() == [0, 2]


def test_survey__inbreeding_and_fingerprints(tmp_path: Path) -> None:
    calls = random_calls(3, 2500, 60, missing=0.02)
    calls[:, 10] = calls[:, 50]
    calls[0, 11], calls[1:, 11] = (calls[0, 12] + 2) % 3, calls[1:, 12]
    calls[2499, 13], calls[:2499, 13] = (calls[2499, 14] + 2) % 3, calls[:2499, 14]
    with open_genotypes(write_store(tmp_path / "g.h5", calls)) as store:
        found = survey(AutosomalPanel(store, np.ones(2500, bool), 0.1))
    assert abs(np.median(found.inbreeding)) < 0.02
    sets = identical(found.fingerprint)
    assert sets[10] == sets[50] and len(np.unique(sets)) == 59
    assert np.array_equal(found.called, (calls >= 0).sum(axis=0)) and np.array_equal(found.het, (calls == 1).sum(axis=0))


def test_unrelated__is_a_set_without_pairs_and_loses_few() -> None:
    first, second = np.array([0, 0, 0, 4, 6]), np.array([1, 2, 3, 5, 7])
    keep = unrelated(9, first, second, np.array([True] * 8 + [False]))
    assert not (keep[first] & keep[second]).any()
    assert keep.sum() == 5 and not keep[0] and not keep[8]


@pytest.mark.parametrize("seed", range(5))
def test_filling__meets_the_shares_and_cuts_no_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(150), rng.integers(1, 12, 150))
    rng.shuffle(groups)
    chosen = assign_groups(groups, np.array([0.7, 0.1, 0.2]), np.zeros(len(groups), np.int64), np.random.default_rng(1))
    assert pd.Series(chosen).groupby(groups).nunique().max() == 1
    assert np.allclose(np.bincount(chosen) / len(groups), [0.7, 0.1, 0.2], atol=1.5 / len(groups))


def test_filling__leaves_no_wanted_set_empty_and_fills_no_unwanted_one() -> None:
    groups = np.repeat([0, 1, 2], [50, 30, 20])
    strata = np.zeros(100, np.int64)
    chosen = assign_groups(groups, np.array([0.7, 0.1, 0.2]), strata, np.random.default_rng(1))
    assert sorted(np.bincount(chosen).tolist()) == [20, 30, 50]
    assert set(assign_groups(groups, np.array([0.8, 0.0, 0.2]), strata, np.random.default_rng(1))) == {0, 2}


def test_strata__quintiles_below_the_limit_and_classes_of_binary_traits() -> None:
    values = np.arange(50.0)
    values[7] = np.nan
    strata = strata_of(values, samples=50, binary=False, few=500)
    assert np.bincount(strata).tolist() == [10, 10, 10, 10, 9, 1]
    assert not strata_of(values, samples=50, binary=False, few=50).any()
    classes = strata_of(np.array([0.0, 1, 1, np.nan]), samples=4, binary=True, few=0)
    assert classes.tolist() == [0, 1, 1, 2]


def test_duplicates__follow_the_first_of_them() -> None:
    groups = np.array([0, 1, 2, 3, 4])
    same = np.array([0, 1, 2, 3, 1])
    assert with_duplicates(groups, np.array([1]), np.array([3]), same).tolist() == [0, 1, 2, 1, 1]
    assert components(4, np.array([0]), np.array([2])).tolist() == [0, 1, 0, 2]


def test_clusters__of_many_samples_come_from_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "_WARD_SAMPLES", 1)
    scores = np.random.default_rng(1).normal(size=(60, 2)) + 20 * (np.arange(60) % 2)[:, None]
    found = [clusters(scores, 2, np.random.default_rng(3)) for _ in range(2)]
    assert np.array_equal(*found)
    assert len(set(found[0][::2])) == 1 == len(set(found[0][1::2])) and found[0][0] != found[0][1]


@pytest.mark.parametrize(
    ("split", "wanted", "verdict"),
    [
        ([0] * 10, (1.0, 0.0, 0.0), "ok"),  # nobody held out, as wanted
        ([0] * 10, (0.8, 0.1, 0.1), "caution"),
        ([0] * 10, None, "caution"),  # a table that holds nobody out
        ([0] * 8 + [1, 2], (0.8, 0.1, 0.1), "ok"),
        ([0] * 8 + [1, 2], None, "ok"),
    ],
)
def test_sizes_of_sets__are_held_against_what_was_wanted(split: list[int], wanted: tuple[float, float, float] | None, verdict: str) -> None:
    card = Card("encode", "structure")
    splits = Splits(np.array(split, dtype=np.uint8), np.array(["g"] * len(split)), np.array([1, 1, 2, 2, 3] * 2))
    checks.check_sizes(card, splits, wanted)
    checks.check_folds(card, splits, 0)
    assert card.verdict.value == verdict
    checks.check_folds(card, splits, 4)
    assert card.verdict.value == "caution"
    assert card.checks[-1].value == 3
