"""`lucidseq train evaluate`: compare predictions with observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core import tables
from lucidseq.core.card import Card
from lucidseq.core.choices import SplitChoice
from lucidseq.core.errors import DataError, place
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import CURVES, METRICS, PREDICTIONS
from lucidseq.train import evaluation
from lucidseq.train.card import add_target_checks, evaluate_card
from lucidseq.train.cli import EvaluateOptions


def evaluate(options: EvaluateOptions, out: OutputSet) -> Card:
    """Evaluate (options as in cli.py)."""
    chosen = _read(options.predictions, options.split)
    frame = chosen[chosen["target"].notna()]
    rows: list[dict[str, object]] = []
    points: list[pd.DataFrame] = []
    card = evaluate_card(len(chosen), len(chosen) - len(frame))
    for name, part in frame.groupby("target_name", sort=False):
        target = _target(str(name), part, options)
        metric_rows = list(evaluation.metric_rows(target))
        rows += metric_rows
        points.append(evaluation.curve_points(target))
        add_target_checks(card, target, metric_rows)
    tables.write_table(pd.DataFrame(rows), out["metrics"], METRICS)
    tables.write_table(pd.concat(points, ignore_index=True), out["curves"], CURVES)
    return card


def _read(path: Path, split: SplitChoice) -> pd.DataFrame:
    """Return the rows of the split, with or without an observed target, with their line numbers as index.

    Raises
    ------
    DataError
        If there is no observed target, no row of the split, or a prediction that is not a number.
    """
    frame = tables.read_table(path, PREDICTIONS)
    if "target" not in frame or frame["target"].isna().all():
        raise DataError(
            "predictions without observed targets", "a column target with values", "predict on a dataset that has targets", where=str(path)
        )
    for name in ("prediction", "target", "standard_deviation", "lower", "upper"):
        values = frame[name].to_numpy(dtype=np.float64) if name in frame else np.zeros(1)
        wrong = ~np.isfinite(values) if name == "prediction" else np.isinf(values)
        if wrong.any():
            where = place(path, line=int(wrong.argmax()) + 2)
            raise DataError(f"a {name} that is not a number", "a finite number", "predict again", where=where)
    chosen = frame if split is SplitChoice.ALL else frame[frame["split"] == split.value]
    if not chosen["target"].notna().any():
        splits = ", ".join(sorted(frame["split"].unique()))
        raise DataError(
            f"no {split.value} rows with a target (splits: {splits})", "at least one", "choose another --split", where=str(path)
        )
    return chosen


def _target(name: str, part: pd.DataFrame, options: EvaluateOptions) -> evaluation.TargetPredictions:
    observed, predicted = part["target"].to_numpy(), part["prediction"].to_numpy()
    tasks = set(part["task"]) if "task" in part else set()
    task = tasks.pop() if len(tasks) == 1 else task_of(observed, predicted)
    # For labels the bounds are about the probability, not about the observation
    bounded = task != "binary" and {"lower", "upper"} <= set(part.columns) and bool(part["lower"].notna().all())
    return evaluation.TargetPredictions(
        name,
        task,
        observed,
        predicted,
        part["contig"].to_numpy(dtype=object),
        (part["lower"].to_numpy(), part["upper"].to_numpy()) if bounded else None,
        _members(part, options.predictions),
        options.bootstrap_samples,
        options.seed,
    )


def _members(part: pd.DataFrame, path: Path) -> np.ndarray:
    """Return the predictions of each network (members, n); no rows where the table does not have them.

    Raises
    ------
    DataError
        If a row has another number of networks, or something that is not a finite number.
    """
    texts = part["member_predictions"] if "member_predictions" in part else pd.Series("", index=part.index)
    if (texts == "").all():
        return np.empty((0, len(part)))
    columns = texts.str.split(",", expand=True).apply(pd.to_numeric, errors="coerce")
    wrong = ~np.isfinite(columns.to_numpy(dtype=np.float64)).all(axis=1)
    if wrong.any():
        where = place(path, line=int(part.index[wrong.argmax()]) + 2)
        expected = f"{columns.shape[1]} finite numbers, comma separated"
        raise DataError(f"member_predictions {texts[wrong].iloc[0]!r}", expected, "predict again", where=where)
    return columns.to_numpy(dtype=np.float64).T


def task_of(target: np.ndarray, prediction: np.ndarray) -> str:
    """Guess the task of a table that does not name it, from targets and predictions (n,) each.

    Examples
    --------
    >>> task_of(np.array([0.0, 1.0]), np.array([0.2, 0.7]))
    'binary'
    """
    if np.isin(target, (0, 1)).all() and prediction.min() >= 0 and prediction.max() <= 1:
        return "binary"
    return "counts" if (target >= 0).all() and (target % 1 == 0).all() and (prediction > 0).all() else "regression"
