"""`lucidseq train predict`: apply a model file to a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lucidseq.core import alphabet, tables
from lucidseq.core.card import Card
from lucidseq.core.errors import DataError
from lucidseq.core.log import Progress
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import PREDICTIONS
from lucidseq.core.sequence_dataset import SequenceDataset, open_sequences
from lucidseq.core.splits import SPLIT_NAMES
from lucidseq.nets import backend, prediction_intervals
from lucidseq.train.card import predict_card
from lucidseq.train.cli import PredictOptions

if TYPE_CHECKING:
    from lucidseq.nets.facts import Facts
    from lucidseq.nets.predict import Predictor

CHUNK_ROWS = 8192


def predict(options: PredictOptions, out: OutputSet) -> Card:
    """Predict (options as in cli.py)."""
    backend.prepare(threads=options.threads)
    from lucidseq.nets import io
    from lucidseq.nets.predict import Predictor

    network, facts = io.load_model(options.model)
    predictor = Predictor(network, batch_size=options.batch_size, reverse_complement_average=options.reverse_complement_average)
    with open_sequences(options.dataset) as source:
        predictor.require_length(source.length, where=str(options.dataset))
        rows = source.rows(options.split)
        members, gc = _apply(predictor, source, rows)
        names = _target_names(members.shape[2], source, facts)
        frame = _table(members, names, rows, source, facts)
    tables.write_table(frame, out["predictions"], PREDICTIONS)
    return predict_card(members, gc, facts)


def _apply(predictor: Predictor, source: SequenceDataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions (n, members, targets) and GC content (n,), reading the codes in slices."""
    from lucidseq.nets.batches import CodeRows

    reader = CodeRows(source.codes, rows, in_memory_bytes=0)
    parts, gc = [], []
    with Progress("sequences", total=len(rows)) as progress:
        for start in range(0, len(rows), CHUNK_ROWS):
            codes = reader.take(np.arange(start, min(start + CHUNK_ROWS, len(rows))))
            parts.append(predictor(codes))
            gc.append(alphabet.gc_content(codes))
            progress.step(len(codes))
    return np.concatenate(parts), np.concatenate(gc)


def _target_names(outputs: int, source: SequenceDataset, facts: Facts | None) -> list[str]:
    """Return the names of the outputs; with targets in the dataset, they must be the same.

    Raises
    ------
    DataError
        If names or numbers differ.
    """
    if facts is None:
        names = source.target_names if source.target_names else [f"output_{i}" for i in range(outputs)]
    else:
        names = facts.target_names
    if len(names) != outputs or (source.target is not None and list(names) != list(source.target_names)):
        raise DataError(
            f"a model of {outputs} target(s) ({', '.join(names)}) and a dataset of {', '.join(source.target_names)}",
            "the same targets in the same order",
            "give the dataset this model was trained on, or one encoded the same way",
            where=str(source.path),
        )
    return list(names)


def _table(members: np.ndarray, names: list[str], rows: np.ndarray, source: SequenceDataset, facts: Facts | None) -> pd.DataFrame:
    """Return the table of predictions, all targets of a sequence together."""
    n, k, targets = members.shape
    source_columns = {**source.columns(), "split": np.array(SPLIT_NAMES, dtype=object)[source.split]}
    columns = {name: np.repeat(source_columns[name][rows], targets) for name in ("id", "contig", "start", "end", "strand", "split")}
    columns["target_name"] = np.tile(np.array(names, dtype=object), n)
    columns["task"] = np.full(n * targets, source.task if facts is None else facts.task, dtype=object)
    if source.target is not None:
        columns["target"] = source.target[rows].ravel()
    prediction = members.astype(np.float64).mean(axis=1)
    columns["prediction"] = _float32(prediction)
    columns["standard_deviation"] = members.astype(np.float64).std(axis=1, ddof=1).ravel() if k > 1 else np.zeros(n * targets)
    bounds = _bounds(members, prediction, facts)
    if bounds is not None:
        columns["lower"], columns["upper"] = (_float32(bound) for bound in bounds)
    if k > 1:
        columns["member_predictions"] = _joined(members)
    return pd.DataFrame(columns)


def _float32(values: np.ndarray) -> np.ndarray:
    """Return values in the networks' precision, in one column: a table in double precision would show noise."""
    return values.astype(np.float32).ravel()


def _joined(members: np.ndarray) -> np.ndarray:
    """Return the networks' predictions (n, members, targets) as texts of comma-separated numbers, (n * targets,)."""
    rows = members.astype(np.float32).transpose(0, 2, 1).reshape(-1, members.shape[1])
    return np.array([",".join(map(str, row)) for row in rows], dtype=object)


def _bounds(members: np.ndarray, prediction: np.ndarray, facts: Facts | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the interval that suits the task; None where the model file has no basis for one."""
    if facts is None:
        return None
    if facts.task == "binary":
        return prediction_intervals.of_another_network(members) if members.shape[1] > 1 else None
    return prediction_intervals.around(prediction, facts.conformal["quantiles"], facts.task) if facts.conformal else None
