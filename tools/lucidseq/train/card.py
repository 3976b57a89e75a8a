"""Checks of the trust cards of `train fit`, `train predict` and `train evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lucidseq.core import seeds
from lucidseq.core.card import Bounds, Card
from lucidseq.nets import calibration, metrics
from lucidseq.nets.metrics import Estimate
from lucidseq.nets.model_card import CHANCE, check_better_than_chance, check_model
from lucidseq.nets.prediction_intervals import LEVEL
from lucidseq.train.evaluation import ALL, LEAST_OF_A_CONTIG, TargetPredictions, member_group

if TYPE_CHECKING:
    from lucidseq.nets.checkpoint import TrainingProgress
    from lucidseq.nets.facts import Facts
    from lucidseq.train.fitting import Recipe
    from lucidseq.train.judgement import Judgement

_GAP, _RISE, _FEW_ROWS = 0.1, 0.01, 200
_GC_SHIFT, _MEMBER_SPREAD = 1.0, 0.1
_ECE, _COVERAGE_SLACK, _WEAKER = 0.05, 0.03, 0.05


def fit_card(judgement: Judgement, progress: TrainingProgress, recipe: Recipe, *, drawn: bool) -> Card:
    """Return the checks of a training."""
    card = Card("train", "fit")
    measure = judgement.metric
    for name, estimate in zip(judgement.target_names, judgement.valid, strict=True):
        advice = "The network has learnt nothing that generalises; do not explain or apply it."
        check_better_than_chance(card, f"validation {measure}, {name}", estimate, CHANCE[measure], advice)
    for name, fitted, valid in zip(judgement.target_names, judgement.train, judgement.valid, strict=True):
        advice = "Overfitted: raise --dropout-scale or --weight-decay, or give more sequences."
        card.at_most(f"training minus validation {measure}, {name}", fitted - valid.value, _GAP, advice=advice)
    _check_networks(card, judgement)
    _check_stopping(card, progress, recipe, measure)
    advice = "The validation figures are rough; encode more validation sequences."
    card.at_least("validation sequences", judgement.valid_rows, _FEW_ROWS, advice=advice)
    card.expect(
        "validation split",
        "drawn at random from the training split" if drawn else "given by the dataset",
        not drawn,
        threshold="given by the dataset",
        advice="Neighbouring or overlapping sequences in both splits inflate the figures; hold out whole contigs instead.",
    )
    return card


def _check_networks(card: Card, judgement: Judgement) -> None:
    """Give the figure of each network of an ensemble, so that a weak one is seen."""
    for name, values in zip(judgement.target_names, judgement.members, strict=True):
        if len(values) > 1:
            card.expect(
                f"validation {judgement.metric} of each network, {name}",
                ", ".join(f"{value:.3f}" for value in values),
                max(values) - min(values) <= _WEAKER,
                threshold=f"the weakest within {_WEAKER:g} of the best",
                advice=f"Network {int(np.argmin(values))} (from 0) is weak and lowers the ensemble: train again with another --seed, or more --epochs.",
            )


def _interval(estimate: Estimate) -> Bounds:
    return {"interval": (estimate.lower, estimate.upper), "level": LEVEL}


def _check_stopping(card: Card, progress: TrainingProgress, recipe: Recipe, measure: str) -> None:
    """Check whether the validation metric still rose at the last epoch (it did not where training stopped early)."""
    rises = [0.0]
    for member, done in enumerate(progress.epochs_done):
        scores = [row["valid_metric"] for row in progress.history if row["member"] == member]
        if done == recipe.epochs and done > 1:
            rises.append(max(scores) - max(scores[: done - max(1, done // 5)]))
    card.expect(
        "best epoch of each network",
        ", ".join(f"{epoch}/{recipe.epochs}" for epoch in progress.best_epochs),
        max(rises) <= _RISE,
        threshold=f"validation {measure} rises by <= {_RISE:g} over the last fifth of the epochs",
        advice="Training ended before the network had converged: raise --epochs.",
    )


def predict_card(members: np.ndarray, gc: np.ndarray, facts: Facts | None) -> Card:
    """Return the checks of predictions of shape (n, members, targets) on sequences with GC content (n,)."""
    card = Card("train", "predict")
    check_model(card, facts)
    if facts is None:
        return card
    if (trained := facts.training.get("gc")) is not None:
        shift = abs(float(gc.mean()) - trained["mean"]) / max(trained["sd"], 1e-3)
        advice = "These sequences differ from the training sequences; trust the predictions less."
        card.at_most("shift of GC content from training, in standard deviations", shift, _GC_SHIFT, advice=advice)
    if facts.task == "binary" and members.shape[1] > 1:
        spread = float(members.std(axis=1, ddof=1).mean())
        advice = "The networks disagree: look at lower and upper, or train on more sequences."
        card.at_most("mean standard deviation between the networks", spread, _MEMBER_SPREAD, advice=advice)
    return card


def evaluate_card(chosen: int, without_target: int) -> Card:
    """Return the card of an evaluation, to which the checks of each target are added.

    Parameters
    ----------
    chosen, without_target
        Rows of the split, and those of them that have no observed target.
    """
    card = Card("train", "evaluate")
    advice = f"{without_target} of {chosen} rows have no observed target and are not judged."
    card.at_most("share of rows without an observed target", without_target / chosen, 0.05, advice=advice)
    return card


def add_target_checks(card: Card, target: TargetPredictions, rows: list[dict[str, object]]) -> None:
    """Add the checks of an evaluated target, given its rows of the metrics table."""
    figures = {
        str(row["metric"]): Estimate(float(str(row["value"])), float(str(row["lower"])), float(str(row["upper"])))
        for row in rows
        if row["group"] == ALL
    }
    main = metrics.OF_TASK[target.task][0]
    advice = "The predictions are no better than chance; do not use or explain this model."
    check_better_than_chance(card, f"{main}, {target.name}", figures[main], CHANCE[main], advice)
    if target.task == "binary":
        _check_calibration(card, target, figures["ece"])
    elif "interval_coverage" in figures:
        _check_coverage(card, target, figures["interval_coverage"])
    if len(target.members):
        _check_members(card, target, main, rows)
    _check_contigs(card, target, main, figures[main], rows)


def _check_members(card: Card, target: TargetPredictions, main: str, rows: list[dict[str, object]]) -> None:
    """Name the weakest network of an ensemble; a caution where its interval ends below that of the best one."""
    groups = [member_group(index) for index in range(len(target.members))]
    figures = [next(row for row in rows if row["group"] == group and row["metric"] == main) for group in groups]
    values = [float(str(row["value"])) for row in figures]
    weakest, best = int(np.argmin(values)), int(np.argmax(values))
    card.expect(
        f"weakest network, {main}, {target.name}",
        f"{groups[weakest]}: {values[weakest]:.3f} (best: {values[best]:.3f})",
        float(str(figures[weakest]["upper"])) >= float(str(figures[best]["lower"])),
        threshold="interval reaches that of the best network",
        advice="This network lowers the ensemble: train again with another --seed, or more --epochs.",
    )


def _check_calibration(card: Card, target: TargetPredictions, error: Estimate) -> None:
    """Chance alone gives a small sample some ECE: compare with the larger of that and a fixed bound."""
    generator = seeds.stream(target.seed, "calibrated", target.name)
    chance = calibration.ece_if_calibrated(target.predicted, samples=min(target.samples, 200), generator=generator)
    bound = max(_ECE, chance)
    advice = "Rank by these probabilities, but do not read them as frequencies; --class-weights none keeps them closer."
    name = f"expected calibration error, {target.name}"
    card.at_most(name, error.value, bound, text=f"<= {bound:.3g}", advice=advice, **_interval(error))


def _check_coverage(card: Card, target: TargetPredictions, coverage: Estimate) -> None:
    bound = LEVEL - _COVERAGE_SLACK
    card.expect(
        f"coverage of prediction intervals, {target.name}",
        coverage.value,
        coverage.upper >= bound,
        threshold=f"interval reaches {bound:g}",
        advice="Held-out sequences differ from validation ones; the intervals are too narrow for them.",
        **_interval(coverage),
    )


def _check_contigs(card: Card, target: TargetPredictions, main: str, overall: Estimate, rows: list[dict[str, object]]) -> None:
    """A contig whose interval ends below that of all contigs together is worse than chance explains."""
    contigs = set(target.contig)
    by_contig = [row for row in rows if row["group"] in contigs]
    worse = [str(row["group"]) for row in by_contig if row["metric"] == main and float(str(row["upper"])) < overall.lower]
    if by_contig:
        name, advice = (
            f"contigs with clearly lower {main}, {target.name}",
            "The model is worse on these contigs; examine them before using it there.",
        )
        card.expect(name, ", ".join(worse) or "none", not worse, threshold="none", advice=advice)
        counts = np.unique(target.contig.astype(str), return_counts=True)[1]
        share = float(counts[counts < LEAST_OF_A_CONTIG].sum() / counts.sum())
        advice = "These contigs have no figures of their own, so a fault on them would not be seen."
        card.at_most(f"share of sequences on contigs of fewer than {LEAST_OF_A_CONTIG}, {target.name}", share, 0.5, advice=advice)
