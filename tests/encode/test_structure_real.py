"""Real genotypes: 489 people of a 1000 Genomes panel, and 599 wheat lines; encoded, split and turned into matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fixtures_genotypes import write_plink1
from lucidseq.core.card import Verdict, read_card
from lucidseq.core.codings import Coding
from lucidseq.core.genotype_matrix import open_matrix
from lucidseq.core.genotypes import open_genotypes
from support import run_ok

OFF = ("--min-frequency", 0, "--max-missing", 1, "--max-sample-missing", 1, "--min-hwe-p", 0)


def chain(folder: Path, bed: Path, *options: object) -> None:
    """Encode, find the structure, make the matrix."""
    run_ok("encode", "genotypes", "--genotypes", bed, "--out", folder / "g", *OFF)
    run_ok("encode", "structure", "--genotypes", folder / "g.genotypes.h5", "--out", folder / "r", *options)
    run_ok("encode", "matrix", "--genotypes", folder / "g.genotypes.h5", "--splits", folder / "r.splits.tsv", "--out", folder / "m")


def same_genotypes(folder: Path) -> None:
    with open_genotypes(folder / "g.genotypes.h5") as store, open_matrix(folder / "m.matrix.h5") as matrix:
        assert np.array_equal(matrix.rows(np.arange(len(matrix.samples))), store.dosage(0, matrix.variants).T)
        values = matrix.batch(np.flatnonzero(matrix.splits.train), Coding.ADDITIVE_EMPIRICAL)
        assert np.abs(values.mean(axis=0)).max() < 1e-4


def test_panel__of_one_locus_is_told_to_have_too_few_variants(shared_data: Path, tmp_path: Path) -> None:
    chain(tmp_path, shared_data / "polyfun" / "chr1.bed")
    same_genotypes(tmp_path)
    checks = {check.name: check for check in read_card(tmp_path / "r.encode_structure.card.json").checks}
    assert checks["variants behind relatedness"].verdict is Verdict.CAUTION
    splits = pd.read_csv(tmp_path / "r.splits.tsv", sep="\t")
    assert len(splits) == 489 and set(splits["split"]) == {"train", "valid", "test"}
    assert splits.groupby("group")["split"].nunique().max() == 1


@pytest.fixture(scope="module")
def wheat(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheat")
    markers = np.load(shared_data / "phenotype" / "wheat.npz")["X"]
    write_plink1(folder / "wheat", (2 * markers.T).astype(np.int8))
    chain(folder, folder / "wheat.bed", "--folds", 5)
    return folder


def test_wheat__has_no_kinship_and_is_split_by_clusters(wheat: Path) -> None:
    same_genotypes(wheat)
    checks = {check.name: check for check in read_card(wheat / "r.encode_structure.card.json").checks}
    assert checks["inbreeding (median F)"].verdict is Verdict.CAUTION and checks["inbreeding (median F)"].value > 0.99
    assert "clusters" in str(checks["split"].value) and checks["split"].verdict is Verdict.CAUTION
    assert checks["identical genotypes across train and other sets"].value == 0
    pairs = pd.read_csv(wheat / "r.kinship.tsv", sep="\t", na_values="#NA")
    assert pairs["kinship"].isna().all() and (pairs["relationship"] == "duplicate").all() and (pairs["identity"] >= 0.99).all()
    splits = pd.read_csv(wheat / "r.splits.tsv", sep="\t").set_index("sample")
    assert (splits.loc[pairs["sample_1"], "split"].to_numpy() == splits.loc[pairs["sample_2"], "split"].to_numpy()).all()
    assert splits.groupby("group")["fold"].nunique().max() == 1
    print(len(pairs), splits["split"].value_counts().to_dict(), splits["fold"].value_counts().to_dict())


def test_wheat__folds_by_clusters_predict_worse_than_random_folds(wheat: Path, shared_data: Path) -> None:
    """What the split is for: across clusters, ridge regression loses what relatives lend it."""
    y = np.load(shared_data / "phenotype" / "wheat.npz")["Y"][:, 0]
    clustered = pd.read_csv(wheat / "r.splits.tsv", sep="\t")["fold"].to_numpy()
    with open_matrix(wheat / "m.matrix.h5") as matrix:
        z = matrix.rows(np.arange(599)).astype(float)
    z -= z.mean(axis=0)
    kernel = z @ z.T / z.var(axis=0).sum()

    def accuracy(fold: np.ndarray) -> float:
        guess = np.zeros(599)
        for number in np.unique(fold):
            out = fold == number
            weights = np.linalg.solve(kernel[np.ix_(~out, ~out)] + np.eye(int((~out).sum())), y[~out] - y[~out].mean())
            guess[out] = kernel[np.ix_(out, ~out)] @ weights
        return float(np.corrcoef(guess, y)[0, 1])

    random = np.mean([accuracy(np.random.default_rng(seed).permutation(599) % 5) for seed in range(5)])
    assert random > 0.4  # GBLUP's published figure is about 0.5
    assert accuracy(clustered) < random - 0.05
