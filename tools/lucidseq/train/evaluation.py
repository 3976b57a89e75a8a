"""Figures and curves of the predictions of one target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lucidseq.core import seeds
from lucidseq.nets import calibration, metrics
from lucidseq.nets.metrics import Estimate
from lucidseq.nets.prediction_intervals import LEVEL
from lucidseq.train import curves

ALL = "all"
LEAST_OF_A_CONTIG = 20  # rows below which a contig's own figure is too uncertain to report
_SCATTER_POINTS = 2000


@dataclass(frozen=True)
class TargetPredictions:
    """Predictions of one target and what was observed.

    Parameters
    ----------
    name, task
        Name of the target; ``"binary"``, ``"regression"`` or ``"counts"``.
    observed, predicted
        Shape (n,).
    contig
        Sequence name of each row, (n,).
    bounds
        Lower and upper bounds of the prediction intervals for new observations, each (n,), or None.
    members
        Predictions of each network of an ensemble, (members, n); no rows for a single network.
    samples, seed
        Resamples behind each interval, and their seed.
    """

    name: str
    task: str
    observed: np.ndarray
    predicted: np.ndarray
    contig: np.ndarray
    bounds: tuple[np.ndarray, np.ndarray] | None
    members: np.ndarray
    samples: int
    seed: int

    def estimate(self, metric: str, rows: np.ndarray, group: str, predicted: np.ndarray | None = None) -> Estimate:
        """Return a metric on some rows with its bootstrap interval, of these predictions or the given ones (n,)."""
        score = calibration.ece if metric == "ece" else metrics.METRICS[metric]
        weighted = score(self.observed[rows], (self.predicted if predicted is None else predicted)[rows])
        generator = seeds.stream(self.seed, "bootstrap", self.name, group)
        return metrics.estimate(weighted, int(rows.sum()), samples=self.samples, generator=generator, level=LEVEL)


def metric_rows(target: TargetPredictions) -> Iterator[dict[str, object]]:
    """Yield rows of the metrics table: all sequences first, then network by network, then contig by contig."""
    every_row = np.ones(len(target.observed), dtype=bool)
    names = metrics.OF_TASK[target.task]
    for metric in (*names, "ece") if target.task == "binary" else names:
        yield _row(target, metric, every_row, ALL)
    if target.bounds is not None:
        yield _coverage_row(target)
    for index, predicted in enumerate(target.members):
        for metric in names:  # the rows drawn for all: networks are compared on the same sequences
            yield _record(target, member_group(index), metric, target.estimate(metric, every_row, ALL, predicted), len(predicted))
    contigs = sorted(set(target.contig))
    for contig in contigs if len(contigs) > 1 else []:
        rows = target.contig == contig
        if rows.sum() >= LEAST_OF_A_CONTIG:
            for metric in names:
                yield _row(target, metric, rows, contig)


def member_group(index: int) -> str:
    """Return the name of a network's group in the metrics table."""
    return f"member_{index}"


def _row(target: TargetPredictions, metric: str, rows: np.ndarray, group: str) -> dict[str, object]:
    return _record(target, group, metric, target.estimate(metric, rows, group), int(rows.sum()))


def _coverage_row(target: TargetPredictions) -> dict[str, object]:
    """Share of observations inside their interval, with a bootstrap interval of the share."""
    assert target.bounds is not None
    inside = ((target.observed >= target.bounds[0]) & (target.observed <= target.bounds[1])).astype(np.float64)
    generator = seeds.stream(target.seed, "bootstrap", target.name, "coverage")
    share = metrics.estimate(metrics.mean_of(inside), len(inside), samples=target.samples, generator=generator)
    return _record(target, ALL, "interval_coverage", share, len(inside))


def _record(target: TargetPredictions, group: str, metric: str, estimate: Estimate, n: int) -> dict[str, object]:
    return {"target_name": target.name, "group": group, "metric": metric, **estimate._asdict(), "n": n}


def curve_points(target: TargetPredictions) -> pd.DataFrame:
    """Return the curves table of a target: ROC and precision-recall, or a scatter; and reliability."""
    observed, predicted = target.observed, target.predicted
    parts = []
    if target.task == "binary":
        if 0 < observed.sum() < len(observed):
            parts += [_points("roc", *curves.roc(observed, predicted)), _points("pr", *curves.precision_recall(observed, predicted))]
    else:
        generator = seeds.stream(target.seed, "scatter", target.name)
        shown = np.sort(generator.choice(len(observed), min(len(observed), _SCATTER_POINTS), replace=False))
        parts.append(_points("scatter", predicted[shown], observed[shown]))
    bins = calibration.reliability(observed, predicted)
    parts.append(_points("reliability", bins.predicted, bins.observed, bins.n))
    return pd.concat(parts, ignore_index=True).assign(target_name=target.name)


def _points(curve: str, x: np.ndarray, y: np.ndarray, n: np.ndarray | None = None) -> pd.DataFrame:
    return pd.DataFrame({"curve": curve, "x": x, "y": y, "n": np.ones(len(x), dtype=int) if n is None else n})
