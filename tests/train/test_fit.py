from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from lucidseq.core import tables
from lucidseq.core.card import Card, read_card
from lucidseq.core.manifest import sha256
from lucidseq.core.schema import HISTORY
from lucidseq.core.sequence_dataset import open_sequences
from lucidseq.nets import io, metrics, predict
from lucidseq.train.card import _check_networks
from lucidseq.train.judgement import Judgement
from sequence_sets import planted, planted_dataset, splits, write_sequences
from support import assert_bad_input, run_cli, run_ok

SMALL = ("--filters", 8, "--batch-size", 32, "--seed", 7)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_dataset(tmp_path_factory.mktemp("data") / "planted.sequences.h5")


@pytest.fixture(scope="module")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefix of an ensemble of two, trained for three epochs."""
    out = tmp_path_factory.mktemp("fit") / "model"
    run_ok("train", "fit", "--dataset", dataset, "--out", out, "--epochs", 3, "--ensemble", 2, *SMALL)
    return out


def _file(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


def test_fit__writes_model_history_card_and_manifest(trained, dataset):
    names = sorted(path.name for path in trained.parent.iterdir())
    suffixes = ("history.tsv", "keras", "train_fit.card.json", "train_fit.manifest.json")
    assert names == [f"model.{suffix}" for suffix in suffixes]
    model, facts = io.load_model(_file(trained, ".keras"))
    assert model.output_shape == (None, 2, 1)
    assert facts is not None and facts.task == "binary" and facts.target_names == ["motif"] and facts.length == 60
    assert facts.members == 2 and facts.build == "test" and facts.training["dataset_sha256"] == sha256(dataset)
    history = tables.read_table(_file(trained, ".history.tsv"), HISTORY)
    assert history.groupby("member").size().tolist() == [3, 3]
    (networks,) = [check for check in read_card(_file(trained, ".train_fit.card.json")).checks if "of each network, motif" in check.name]
    assert networks.name == "validation auroc of each network, motif" and len(str(networks.value).split(", ")) == 2


def test_card__names_a_weak_network():
    judgement = Judgement(["a"], "auroc", [0.9], [metrics.Estimate(0.9, 0.8, 0.95)], [[0.9, 0.6, 0.91]], 500, [], (0.5, 0.1))
    card = Card("train", "fit")
    _check_networks(card, judgement)
    (check,) = card.checks
    assert check.value == "0.900, 0.600, 0.910" and check.verdict == "caution" and "Network 1" in check.advice


def test_fit__says_in_the_file_what_it_was_on_validation_rows(trained, dataset):
    model, facts = io.load_model(_file(trained, ".keras"))
    with open_sequences(dataset) as source:
        rows = np.flatnonzero(source.split == 1)
        prediction = predict.predict(model, source.codes[()][rows]).mean(axis=1)[:, 0]
        found = metrics.value(metrics.auroc(source.require_targets(rows)[:, 0], prediction), len(rows))
    assert found == pytest.approx(facts.training["validation"]["targets"]["motif"]["value"], abs=1e-3)


@pytest.mark.parametrize("task", ["binary", "regression", "counts"])
def test_fit__learns_the_planted_motif(task, tmp_path):
    data = planted_dataset(tmp_path / "d.h5", n=3000, task=task)
    run_ok("train", "fit", "--dataset", data, "--out", tmp_path / "m", "--epochs", 12, "--batch-size", 32)
    model, _ = io.load_model(tmp_path / "m.keras")
    with open_sequences(data) as source:
        rows = np.flatnonzero(source.split == 2)
        target, prediction = source.require_targets(rows)[:, 0], predict.predict(model, source.codes[()][rows])[:, 0, 0]
    if task == "binary":
        assert metrics.value(metrics.auroc(target, prediction), len(rows)) > 0.95
    else:
        assert metrics.value(metrics.pearson(target, prediction), len(rows)) > 0.75
        assert prediction.mean() == pytest.approx(target.mean(), rel=0.1)  # in the target's own units


def test_fit__learns_two_targets_at_once(tmp_path):
    codes, label = planted(2000, 60)
    gc = ((codes == 1) | (codes == 2)).mean(axis=1) > 0.5
    data = write_sequences(tmp_path / "d.h5", codes, np.stack([label, gc], axis=1), splits(2000), names=["motif", "gc"])
    run_ok("train", "fit", "--dataset", data, "--out", tmp_path / "m", "--epochs", 12, "--batch-size", 32)
    checks = {check.name: check for check in read_card(tmp_path / "m.train_fit.card.json").checks}
    assert checks["validation auroc, motif"].value > 0.9 and checks["validation auroc, gc"].value > 0.9


def test_fit__after_kill_goes_on_to_the_same_bytes(trained, dataset, tmp_path):
    words = [
        "train",
        "fit",
        "--dataset",
        dataset,
        "--out",
        tmp_path / "m",
        "--epochs",
        3,
        "--ensemble",
        2,
        *SMALL,
        "--checkpoint-dir",
        tmp_path / "checkpoints",
    ]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for already, resume in ((0, []), (2, ["--resume"])):  # killed in the first network, then in the second
        process = subprocess.Popen(
            [sys.executable, "-m", "lucidseq", *map(str, words), *resume], env=environment, stderr=subprocess.DEVNULL
        )
        _wait_for_epochs(tmp_path / "checkpoints" / "fit.npz", already + 2, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "m.keras").exists()
    result = run_ok(*words, "--resume")
    assert "network 1/2" not in result.stderr  # done before the second kill
    for suffix in (".keras", ".history.tsv", ".train_fit.card.json"):
        assert sha256(_file(trained, suffix)) == sha256(tmp_path / f"m{suffix}"), suffix


def _wait_for_epochs(checkpoint: Path, epochs: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2400):
        if checkpoint.exists() and len(json.loads(np.load(checkpoint)["state"].tobytes())["history"]) >= epochs:
            return
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.02)
    pytest.fail("no checkpoint after 48 s")


def test_fit__does_not_resume_another_training(dataset, tmp_path):
    options = ("train", "fit", "--dataset", dataset, "--epochs", 1, "--checkpoint-dir", tmp_path / "c", "--filters", 8)
    run_ok(*options, "--out", tmp_path / "a")
    result = run_cli(*options, "--out", tmp_path / "out" / "b", "--seed", 2, "--resume")
    assert_bad_input(result, "checkpoint of a training with other data", folder=tmp_path / "out")
    (tmp_path / "c" / "fit.npz").write_bytes(b"damaged")
    result = run_cli(*options, "--out", tmp_path / "out" / "b", "--resume")
    assert_bad_input(result, "checkpoint that cannot be read", folder=tmp_path / "out")


def test_fit__without_validation_split_draws_one_and_says_so(tmp_path):
    codes, label = planted(400, 60)
    data = write_sequences(tmp_path / "d.h5", codes, label[:, None], np.zeros(400), names=["motif"])
    run_ok("train", "fit", "--dataset", data, "--out", tmp_path / "m", "--epochs", 1, *SMALL)
    checks = {check.name: check for check in read_card(tmp_path / "m.train_fit.card.json").checks}
    assert checks["validation split"].verdict == "caution"
    assert 20 <= checks["validation sequences"].value <= 60


def test_fit__never_reads_the_test_split(dataset, trained, tmp_path):
    changed = tmp_path / "d.h5"
    changed.write_bytes(dataset.read_bytes())
    with h5py.File(changed, "r+") as file:
        test = np.flatnonzero(file["split"][()] == 2)
        target, codes = file["target"][()], file["codes"][()]
        target[test], codes[test] = np.nan, 4
        file["target"][...], file["codes"][...] = target, codes
    run_ok("train", "fit", "--dataset", changed, "--out", tmp_path / "m", "--epochs", 3, "--ensemble", 2, *SMALL)
    assert sha256(tmp_path / "m.history.tsv") == sha256(_file(trained, ".history.tsv"))


def test_fit__balanced_weights_shift_rare_labels_up(tmp_path):
    codes, label = planted(1500, 60)
    keep = ~label | (np.arange(1500) % 10 == 0)
    data = write_sequences(tmp_path / "d.h5", codes[keep], label[keep, None], splits(int(keep.sum())), names=["motif"])
    mean = {}
    for weights in ("none", "balanced"):
        run_ok("train", "fit", "--dataset", data, "--out", tmp_path / weights, "--epochs", 2, *SMALL, "--class-weights", weights)
        mean[weights] = predict.predict(io.load_model(tmp_path / f"{weights}.keras")[0], codes[keep]).mean()
    assert mean["none"] < 0.25 < mean["balanced"]


@pytest.mark.parametrize(
    ("damage", "mention"),
    [
        ("nan", "row 4 (id seq_3)"),
        ("label", "0 or 1"),
        ("constant", "in every training row"),
        ("none", "without targets"),
        ("rows", "at least 2 of each"),
        ("empty", "at least one sequence"),
        ("task", "task 'guess'"),
    ],
)
def test_fit__refuses_unusable_data(damage, mention, tmp_path):
    codes, label = planted(40, 60)
    target: np.ndarray | None = label[:, None].astype(np.float32)
    split, task = splits(40), "binary"
    if damage == "nan":
        target[3] = np.nan
    elif damage == "label":
        target[3] = 0.5
    elif damage == "constant":
        target[:] = 1
    elif damage == "none":
        target = None
    elif damage == "rows":
        split = np.full(40, 2)
    elif damage == "empty":
        codes, target, split = codes[:0], target[:0], split[:0]
    else:
        task = "guess"
    data = write_sequences(tmp_path / "d.h5", codes, target, split, task=task, names=None if target is None else ["motif"])
    result = run_cli("train", "fit", "--dataset", data, "--out", tmp_path / "out" / "m", "--epochs", 1)
    assert_bad_input(result, mention, folder=tmp_path / "out")


def test_fit__refuses_negative_counts(tmp_path):
    codes, label = planted(40, 60)
    data = write_sequences(tmp_path / "d.h5", codes, label[:, None] - 1.0, splits(40), task="counts", names=["reads"])
    result = run_cli("train", "fit", "--dataset", data, "--out", tmp_path / "out" / "m", "--epochs", 1)
    assert_bad_input(result, "count of 0 or more", "reads", folder=tmp_path / "out")


def test_fit__refuses_files_that_are_no_dataset(tmp_path, dataset):
    text = tmp_path / "text.h5"
    text.write_text("not HDF5\n")
    half = tmp_path / "half.h5"
    half.write_bytes(dataset.read_bytes()[:2000])
    for path in (text, half):
        result = run_cli("train", "fit", "--dataset", path, "--out", tmp_path / "out" / "m")
        assert_bad_input(result, path.name, folder=tmp_path / "out")


def test_fit__refuses_options_that_do_not_fit(tmp_path, dataset):
    result = run_cli("train", "fit", "--dataset", dataset, "--out", tmp_path / "out" / "m", "--resume")
    assert_bad_input(result, "--checkpoint-dir", folder=tmp_path / "out", exit_code=2)
    signal_data = planted_dataset(tmp_path / "s.h5", n=60, task="regression")
    result = run_cli("train", "fit", "--dataset", signal_data, "--out", tmp_path / "out" / "m", "--class-weights", "balanced")
    assert_bad_input(result, "--class-weights", folder=tmp_path / "out", exit_code=2)


def test_fit__stops_when_the_loss_is_no_number(tmp_path):
    codes, label = planted(200, 60)
    target = np.where(label, 1e38, 0.0)[:, None]
    data = write_sequences(tmp_path / "d.h5", codes, target, splits(200), task="counts", names=["reads"])
    result = run_cli("train", "fit", "--dataset", data, "--out", tmp_path / "out" / "m", "--epochs", 2)
    assert_bad_input(result, "finite", folder=tmp_path / "out")
