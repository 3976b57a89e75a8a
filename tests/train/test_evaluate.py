from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as oracle

from lucidseq.core import tables
from lucidseq.core.card import read_card
from lucidseq.core.schema import CURVES, METRICS, PREDICTIONS
from support import assert_bad_input, run_cli, run_ok

N = 600


def _frame(task: str, *, seed: int = 1, signal: float = 2.0) -> pd.DataFrame:
    """Predictions of one target on three contigs; the last 100 rows are of the training split."""
    generator = np.random.default_rng(seed)
    z = generator.normal(size=N)
    if task == "binary":
        prediction = 1 / (1 + np.exp(-signal * z))
        target = (generator.random(N) < prediction).astype(float)
    else:
        prediction = signal * z
        target = prediction + generator.normal(size=N)
    frame = pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(N)],
            "contig": np.array(["chr1", "chr2", "chr3"])[np.arange(N) % 3],
            "start": np.arange(N),
            "end": np.arange(N) + 100,
            "strand": ".",
            "split": np.where(np.arange(N) < N - 100, "test", "train"),
            "target_name": "t",
            "task": task,
            "target": target,
            "prediction": prediction,
            "standard_deviation": 0.0,
        }
    )
    if task == "regression":
        frame["lower"], frame["upper"] = prediction - 1.96, prediction + 1.96
    return frame


def _evaluate(frame: pd.DataFrame, folder: Path, *options: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables.write_table(frame, folder / "p.tsv.gz", PREDICTIONS)
    run_ok("train", "evaluate", "--predictions", folder / "p.tsv.gz", "--out", folder / "e", *options)
    return tables.read_table(folder / "e.metrics.tsv", METRICS), tables.read_table(folder / "e.curves.tsv", CURVES)


def _figure(metrics: pd.DataFrame, metric: str, group: str = "all") -> pd.Series:
    (row,) = metrics[(metrics["metric"] == metric) & (metrics["group"] == group)].itertuples()
    return row


def test_evaluate__measures_the_test_split_of_labels(tmp_path):
    frame = _frame("binary")
    metrics, curves = _evaluate(frame, tmp_path)
    test = frame[frame["split"] == "test"]
    auroc = _figure(metrics, "auroc")
    assert auroc.value == pytest.approx(oracle.roc_auc_score(test["target"], test["prediction"]))
    assert auroc.n == 500 and auroc.lower < auroc.value < auroc.upper
    assert _figure(metrics, "auprc").value == pytest.approx(oracle.average_precision_score(test["target"], test["prediction"]))
    assert _figure(metrics, "brier").value == pytest.approx(oracle.brier_score_loss(test["target"], test["prediction"]))
    assert set(curves["curve"]) == {"roc", "pr", "reliability"}
    assert curves[curves["curve"] == "reliability"]["n"].sum() == 500
    assert read_card(tmp_path / "e.train_evaluate.card.json").verdict == "ok"


def _with_members(frame: pd.DataFrame, networks: list[np.ndarray]) -> pd.DataFrame:
    texts = [",".join(f"{value:.6g}" for value in row) for row in np.stack(networks, axis=1)]
    return frame.assign(member_predictions=texts)


def test_evaluate__names_the_weakest_network_of_an_ensemble(tmp_path):
    frame = _frame("binary")
    noise = np.random.default_rng(4).random(N)
    good = frame["prediction"].to_numpy()
    metrics, _ = _evaluate(_with_members(frame, [good, noise, good]), tmp_path)
    test = frame["split"] == "test"
    for index, predicted in enumerate((good, noise, good)):
        expected = oracle.roc_auc_score(frame["target"][test], predicted[test])
        assert _figure(metrics, "auroc", f"member_{index}").value == pytest.approx(expected, abs=1e-5)
    checks = {check.name: check for check in read_card(tmp_path / "e.train_evaluate.card.json").checks}
    weakest = checks["weakest network, auroc, t"]
    assert weakest.verdict == "caution" and str(weakest.value).startswith("member_1: 0.")
    assert "member" not in str(checks["contigs with clearly lower auroc, t"].value)
    _evaluate(_with_members(frame, [good, good + 0.0001 * noise]), tmp_path, "--force")
    checks = {check.name: check for check in read_card(tmp_path / "e.train_evaluate.card.json").checks}
    assert checks["weakest network, auroc, t"].verdict == "ok"


@pytest.mark.parametrize("text", ["0.5", "0.5,x", "0.5,inf", ""])
def test_networks_that_do_not_fit__are_refused_with_their_line(tmp_path, text):
    frame = _with_members(_frame("binary"), [np.full(N, 0.5), np.full(N, 0.4)])
    frame.loc[7, "member_predictions"] = text
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    result = run_cli("train", "evaluate", "--predictions", tmp_path / "p.tsv", "--out", tmp_path / "out" / "e")
    assert_bad_input(result, "member_predictions", "p.tsv, line 9", folder=tmp_path / "out")


@pytest.mark.parametrize("column", ["prediction", "target", "standard_deviation", "lower", "upper"])
def test_numbers_that_are_not_finite__are_refused_with_their_line(tmp_path, column):
    frame = _frame("regression")
    frame.loc[4, column] = np.inf
    frame.to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    result = run_cli("train", "evaluate", "--predictions", tmp_path / "p.tsv", "--out", tmp_path / "out" / "e")
    assert_bad_input(result, column, "line 6", folder=tmp_path / "out")


def test_card__gives_the_share_of_rows_that_are_not_judged(tmp_path):
    frame = _frame("binary")
    frame.loc[:99, "target"] = np.nan
    frame.loc[100:105, "contig"] = "chrM"
    _evaluate(frame, tmp_path)
    checks = {check.name: check for check in read_card(tmp_path / "e.train_evaluate.card.json").checks}
    assert checks["share of rows without an observed target"].value == pytest.approx(100 / 500)
    assert checks["share of rows without an observed target"].verdict == "caution"
    assert checks["share of sequences on contigs of fewer than 20, t"].value == pytest.approx(6 / 400)


def test_evaluate__gives_each_contig_its_row(tmp_path):
    frame = _frame("binary")
    metrics, _ = _evaluate(frame, tmp_path)
    part = frame[(frame["split"] == "test") & (frame["contig"] == "chr2")]
    row = _figure(metrics, "auroc", "chr2")
    assert row.n == len(part) and row.value == pytest.approx(oracle.roc_auc_score(part["target"], part["prediction"]))


def test_evaluate__measures_a_signal_and_its_intervals(tmp_path):
    metrics, curves = _evaluate(_frame("regression"), tmp_path)
    assert set(metrics["metric"]) == {"pearson", "spearman", "mse", "interval_coverage"}
    assert 0.92 < _figure(metrics, "interval_coverage").value < 0.98
    assert set(curves["curve"]) == {"scatter", "reliability"}


def test_evaluate__refuses_to_trust_chance_and_narrow_intervals(tmp_path):
    frame = _frame("regression", signal=2.0)
    frame["lower"], frame["upper"] = frame["prediction"] - 0.5, frame["prediction"] + 0.5
    _evaluate(frame, tmp_path)
    verdicts = {check.name: check.verdict for check in read_card(tmp_path / "e.train_evaluate.card.json").checks}
    assert verdicts["pearson, t"] == "ok" and verdicts["coverage of prediction intervals, t"] == "caution"
    frame["prediction"] = np.random.default_rng(3).permutation(frame["prediction"])
    tables.write_table(frame, tmp_path / "shuffled.tsv", PREDICTIONS)
    words = ("train", "evaluate", "--predictions", tmp_path / "shuffled.tsv", "--out", tmp_path / "s")
    assert run_cli(*words, "--strict").returncode == 5


def test_evaluate__finds_overconfidence_and_a_weak_contig(tmp_path):
    frame = _frame("binary")
    odds = frame["prediction"] / (1 - frame["prediction"])
    frame["prediction"] = odds**4 / (1 + odds**4)
    weak = frame["contig"] == "chr3"
    frame.loc[weak, "prediction"] = np.random.default_rng(4).permutation(frame.loc[weak, "prediction"])
    _evaluate(frame, tmp_path)
    checks = {check.name: check for check in read_card(tmp_path / "e.train_evaluate.card.json").checks}
    assert checks["expected calibration error, t"].verdict == "caution"
    assert checks["contigs with clearly lower auroc, t"].value == "chr3"


def test_evaluate__does_not_depend_on_the_order_of_rows(tmp_path):
    frame = _frame("binary")
    (tmp_path / "b").mkdir()
    first, _ = _evaluate(frame, tmp_path)
    second, _ = _evaluate(frame.sample(frac=1, random_state=1), tmp_path / "b")
    np.testing.assert_allclose(first["value"], second["value"], rtol=1e-12)


def test_evaluate__knows_the_task_of_tables_without_one(tmp_path):
    metrics, _ = _evaluate(_frame("binary").drop(columns="task"), tmp_path)
    assert "auroc" in set(metrics["metric"])


def test_evaluate__of_one_label_has_no_auroc(tmp_path):
    frame = _frame("binary")
    frame["target"] = 1.0
    tables.write_table(frame, tmp_path / "p.tsv", PREDICTIONS)
    run_ok("train", "evaluate", "--predictions", tmp_path / "p.tsv", "--out", tmp_path / "e")
    assert read_card(tmp_path / "e.train_evaluate.card.json").verdict == "refuse"
    assert np.isnan(_figure(tables.read_table(tmp_path / "e.metrics.tsv", METRICS), "auroc").value)


@pytest.mark.parametrize(
    ("damage", "mention"),
    [
        ("column", "no column prediction"),
        ("target", "without observed targets"),
        ("nan", "line 6"),
        ("split", "no test rows"),
        ("empty", "without observed targets"),
        ("gzip", "p.tsv.gz"),
    ],
)
def test_evaluate__refuses_unusable_tables(damage, mention, tmp_path):
    frame, path = _frame("binary"), tmp_path / "p.tsv.gz"
    if damage == "target":
        frame["target"] = np.nan
    elif damage == "nan":
        frame.loc[4, "prediction"] = np.nan
    elif damage == "split":
        frame["split"] = "train"
    tables.write_table(frame.iloc[:0] if damage == "empty" else frame, path, PREDICTIONS)
    if damage == "column":
        frame.drop(columns="prediction").to_csv(path, sep="\t", index=False)
    elif damage == "gzip":
        path.write_bytes(path.read_bytes()[:300])
    result = run_cli("train", "evaluate", "--predictions", path, "--out", tmp_path / "out" / "e")
    assert_bad_input(result, mention, folder=tmp_path / "out")
