from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import toy_models
from lucidseq.core import alphabet, tables
from lucidseq.core.card import read_card
from lucidseq.core.schema import PREDICTIONS
from lucidseq.nets import architectures, io
from lucidseq.nets.facts import Facts
from sequence_sets import planted_dataset, splits, write_sequences
from support import assert_bad_input, run_cli, run_ok

LENGTH, N = 60, 50


def _model(path: Path, *, members: int = 2, task: str = "binary", names: tuple[str, ...] = ("motif",), **facts: object) -> Path:
    """Write an untrained ensemble with facts."""
    design = architectures.Design("cnn-shallow", LENGTH, len(names), task, filters=4)
    model = io.ensemble([architectures.build(design, seed=i, name=f"member_{i}") for i in range(members)])
    io.save_model(model, path, Facts(task, list(names), LENGTH, members=members, **facts))
    return path


def _predict(model: Path, dataset: Path, out: Path, *options: object) -> pd.DataFrame:
    run_ok("train", "predict", "--model", model, "--dataset", dataset, "--out", out, *options)
    return tables.read_table(out.with_name(f"{out.name}.predictions.tsv.gz"), PREDICTIONS)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return planted_dataset(tmp_path / "d.h5", n=N, length=LENGTH)


def test_predict__averages_strands_and_members(dataset, tmp_path):
    model = _model(tmp_path / "m.keras")
    frame = _predict(model, dataset, tmp_path / "p")
    with h5py.File(dataset) as file:
        codes = file["codes"][()]
    network, _ = io.load_model(model)
    both = [network.predict_on_batch(alphabet.one_hot(c)) for c in (codes, alphabet.reverse_complement(codes))]
    members = ((both[0] + both[1]) / 2)[..., 0]
    np.testing.assert_allclose(frame["prediction"], members.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(frame["standard_deviation"], members.std(axis=1, ddof=1), atol=1e-6)
    texts = frame["member_predictions"].str.split(",", expand=True).astype(float)
    np.testing.assert_allclose(texts, members, atol=1e-6)
    assert ((frame["lower"] < frame["prediction"]) & (frame["prediction"] < frame["upper"])).all()
    assert frame["id"].tolist() == [f"seq_{i}" for i in range(N)]
    assert frame["end"].tolist() == (frame["start"] + LENGTH).tolist()


def test_predict__does_not_depend_on_the_strand_given(dataset, tmp_path):
    model, turned = _model(tmp_path / "m.keras"), tmp_path / "turned.h5"
    turned.write_bytes(dataset.read_bytes())
    with h5py.File(turned, "r+") as file:
        file["codes"][...] = alphabet.reverse_complement(file["codes"][()])
    there, back = _predict(model, dataset, tmp_path / "a"), _predict(model, turned, tmp_path / "b")
    assert there["prediction"].tolist() == back["prediction"].tolist()


def test_predict__does_not_depend_on_batch_size(dataset, tmp_path):
    model = _model(tmp_path / "m.keras")
    whole, sliced = (_predict(model, dataset, tmp_path / "a"), _predict(model, dataset, tmp_path / "b", "--batch-size", 7))
    np.testing.assert_allclose(whole["prediction"], sliced["prediction"], atol=1e-6)


def test_predict__takes_one_split(dataset, tmp_path):
    frame = _predict(_model(tmp_path / "m.keras"), dataset, tmp_path / "p", "--split", "test")
    assert set(frame["split"]) == {"test"} and frame["id"].tolist() == [f"seq_{i}" for i in range(4, N, 5)]


def test_predict__of_several_targets_gives_a_row_each(tmp_path):
    codes = np.zeros((4, LENGTH), dtype=np.uint8)
    data = write_sequences(tmp_path / "d.h5", codes, np.arange(8).reshape(4, 2) % 2, splits(4), names=["a", "b"])
    frame = _predict(_model(tmp_path / "m.keras", names=("a", "b")), data, tmp_path / "p")
    assert frame["target_name"].tolist() == ["a", "b"] * 4 and frame["target"].tolist() == [0.0, 1.0] * 4


def test_predict__without_targets_leaves_the_column_out(tmp_path):
    data = write_sequences(tmp_path / "d.h5", np.zeros((3, LENGTH), np.uint8), None, splits(3))
    frame = _predict(_model(tmp_path / "m.keras"), data, tmp_path / "p")
    assert "target" not in frame and frame["target_name"].tolist() == ["motif"] * 3


def test_predict__gives_regression_its_conformal_interval(tmp_path):
    data = planted_dataset(tmp_path / "d.h5", n=N, length=LENGTH, task="regression")
    model = _model(tmp_path / "m.keras", task="regression", members=1, conformal={"level": 0.95, "quantiles": [2.5]})
    frame = _predict(model, data, tmp_path / "p")
    np.testing.assert_allclose(frame["upper"] - frame["prediction"], 2.5, rtol=1e-4)
    np.testing.assert_allclose(frame["prediction"] - frame["lower"], 2.5, rtol=1e-4)


def test_predict__takes_a_plain_keras_model_and_says_so(tmp_path):
    toy_models.ZOO["conv_relu"](LENGTH).save(tmp_path / "plain.keras")
    frame = _predict(tmp_path / "plain.keras", planted_dataset(tmp_path / "d.h5", n=N, length=LENGTH), tmp_path / "p")
    assert frame["target_name"].unique().tolist() == ["motif"]
    assert {check.name: check.verdict for check in read_card(tmp_path / "p.train_predict.card.json").checks}["model facts"] == "caution"


def test_predict__warns_of_another_gc_content(dataset, tmp_path):
    model = _model(tmp_path / "m.keras", training={"gc": {"mean": 0.8, "sd": 0.05}})
    _predict(model, dataset, tmp_path / "p")
    assert read_card(tmp_path / "p.train_predict.card.json").verdict == "caution"


@pytest.mark.parametrize("lower, verdict", [(0.45, "refuse"), (0.55, "ok")])
def test_predict__repeats_the_verdict_of_the_training(dataset, tmp_path, lower, verdict):
    targets = {"motif": {"value": 0.6, "lower": lower, "upper": 0.7}}
    model = _model(tmp_path / "m.keras", members=1, training={"validation": {"metric": "auroc", "targets": targets}})
    _predict(model, dataset, tmp_path / "p")
    checks = {check.name: check for check in read_card(tmp_path / "p.train_predict.card.json").checks}
    assert checks["validation auroc of the training, motif"].verdict == verdict


def test_predict__refuses_another_length_or_other_targets(dataset, tmp_path):
    long = planted_dataset(tmp_path / "long.h5", n=20, length=LENGTH + 1)
    model, other = _model(tmp_path / "m.keras"), _model(tmp_path / "o.keras", names=("something",))
    for network, data, mention in ((model, long, "61 bp"), (other, dataset, "something")):
        result = run_cli("train", "predict", "--model", network, "--dataset", data, "--out", tmp_path / "out" / "p")
        assert_bad_input(result, mention, folder=tmp_path / "out")
        assert f"at: {data}" in result.stderr


def test_predict__refuses_an_empty_split_and_a_damaged_model(tmp_path):
    data = write_sequences(tmp_path / "d.h5", np.zeros((3, LENGTH), np.uint8), None, np.zeros(3))
    model = _model(tmp_path / "m.keras")
    words = ["train", "predict", "--dataset", data, "--out", tmp_path / "out" / "p"]
    assert_bad_input(run_cli(*words, "--model", model, "--split", "test"), "no test sequences", folder=tmp_path / "out")
    model.write_bytes(model.read_bytes()[:500])
    assert_bad_input(run_cli(*words, "--model", model), "not a usable .keras", folder=tmp_path / "out")
