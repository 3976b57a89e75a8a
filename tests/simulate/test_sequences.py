"""simulate sequences: the generator has the statistics of the published benchmark."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import stats

from support import assert_bad_input, run_cli, run_ok


def motif_positions_and_runs(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, per sequence, the positions that are not uniform, and the runs they form."""
    informative = np.abs(probabilities - 0.25).max(axis=-1) > 1e-3
    runs = (np.diff(informative.astype(int), axis=1) == 1).sum(axis=1) + informative[:, 0]
    return informative.sum(axis=1), runs


@pytest.fixture(scope="module")
def generated(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    prefix = tmp_path_factory.mktemp("code") / "code"
    run_ok(
        "simulate",
        "sequences",
        "--out",
        prefix,
        "--positives",
        4000,
        "--negatives",
        4000,
        "--motifs",
        shared_data / "sequences" / "pfm_vertebrates.txt",
    )
    return prefix


@pytest.mark.parametrize("label", [0, 1])
def test_motif_statistics__match_the_benchmark(generated: Path, shared_data: Path, label: int) -> None:
    with np.load(shared_data / "sequences" / "synthetic_code.npz") as benchmark, h5py.File(f"{generated}.truth.h5") as ours:
        theirs = benchmark["model_test"].astype(float).transpose(0, 2, 1)[benchmark["label"].ravel()[benchmark["split"] == 2] == label]
        mine = ours["probabilities"][()].astype(float)[ours["label"][()] == label]
    for wanted, found in zip(motif_positions_and_runs(theirs), motif_positions_and_runs(mine), strict=True):
        assert stats.ks_2samp(wanted, found).pvalue > 0.01


def test_motif_count__has_the_published_distribution(generated: Path) -> None:
    with h5py.File(f"{generated}.truth.h5") as ours:
        counts = np.bincount(ours["motif_count"][()], minlength=8)[3:8]
    # Seven of the widest motifs may not fit and are redrawn, never recounted, so the counts are exact
    assert stats.chisquare(counts, counts.sum() * np.array([0.5, 0.25, 0.17, 0.05, 0.03])).pvalue > 0.01


def test_bases__match_the_benchmark(generated: Path, shared_data: Path) -> None:
    with np.load(shared_data / "sequences" / "synthetic_code.npz") as benchmark:
        theirs = benchmark["codes"][benchmark["label"].ravel() == 1]
    with Path(f"{generated}.fa").open() as handle:
        text = handle.read().split(">")[1:]
    from lucidseq.core.alphabet import encode

    mine = np.array([encode("".join(record.splitlines()[1:])) for record in text if record.startswith("pos_")])
    for base in range(4):
        assert stats.ks_2samp((theirs == base).mean(axis=1), (mine == base).mean(axis=1)).pvalue > 0.01


def test_bases__are_drawn_from_the_truth(generated: Path) -> None:
    """Mean log-likelihood of the bases under the stored probabilities equals minus their entropy (law of large numbers)."""
    from lucidseq.core.alphabet import encode

    with h5py.File(f"{generated}.truth.h5") as ours:
        p = ours["probabilities"][:1000].astype(float)
    records = Path(f"{generated}.fa").read_text().split(">")[1:1001]
    codes = np.array([encode("".join(record.splitlines()[1:])) for record in records])
    drawn = np.take_along_axis(p, codes[..., None].astype(int), axis=-1)
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1).mean()
    assert -np.log(drawn).mean() == pytest.approx(entropy, rel=0.01)


def test_bad_input__unknown_motif_and_bad_matrix(tmp_path: Path) -> None:
    result = run_cli("simulate", "sequences", "--out", tmp_path / "out" / "s", "--core-motifs", "NOSUCH")
    assert_bad_input(result, "NOSUCH", folder=tmp_path / "out")
    matrix = tmp_path / "bad.txt"
    matrix.write_text(">M1 X\nA [1 2]\nC [1 2]\nG [1]\nT [1 2]\n")
    result = run_cli("simulate", "sequences", "--out", tmp_path / "out" / "s", "--motifs", matrix)
    assert_bad_input(result, "line 5", folder=tmp_path / "out")
