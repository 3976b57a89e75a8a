"""The trust card of a matrix."""

from __future__ import annotations

import numpy as np

from lucidseq.core.card import Card, Verdict
from lucidseq.core.splits import Splits


def check_no_splits(card: Card) -> None:
    """Add that every sample is a training sample, without a table of splits."""
    advice = "Imputer and codings are fitted on every sample: no independent test set remains. Give --splits."
    card.add("training samples", "all: no table of splits was given", Verdict.CAUTION, threshold="the training split", advice=advice)


def check_training(card: Card, constant: float, missing: np.ndarray, splits: Splits, fingerprint: str) -> None:
    """Add the checks of the training samples.

    Parameters
    ----------
    still
        Share of variants that do not vary among training samples.
    missing
        Share of missing genotypes of each sample.
    """
    train = splits.train
    advice = f"Means and frequencies of few samples are noisy. Digest of their names: {fingerprint[:16]}."
    card.at_least("training samples behind imputer and codings", int(train.sum()), 50, advice=advice)
    advice = "They are 0 in standardised and dominance codings: filter rare variants first."
    card.at_most("variants that do not vary among training samples", constant, 0.05, advice=advice)
    share = float(missing[train].mean())
    advice = "They are imputed with the mean or the mode: impute from haplotypes first where possible."
    card.at_most("missing genotypes of training samples", share, 0.02, advice=advice)
    if not train.all():
        difference = abs(float(missing[~train].mean()) - share)
        advice = "The sets were called differently: a model can learn the batch."
        card.at_most("difference of missing genotypes between training and other samples", difference, 0.01, advice=advice)
