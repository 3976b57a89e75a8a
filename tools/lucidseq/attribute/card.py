"""The trust card of attribution maps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.attribute.choices import Engine, Method
from lucidseq.attribute.zero_maps import ADVICE, reasons, zero_maps
from lucidseq.core.alphabet import N_CODE
from lucidseq.core.card import Card, Verdict
from lucidseq.nets.facts import Facts, scale_in_words
from lucidseq.nets.model_card import check_model

if TYPE_CHECKING:
    from lucidseq.attribute.choose import Sequences
    from lucidseq.attribute.methods import Maps
    from lucidseq.attribute.setup import Setup

COMPLETE = 1e-3  # completeness error up to which a map explains its prediction
_INTEGRATED = 0.05  # the same for integrated gradients, whose error falls with --steps
_ANGLES = (30, 45, 60)  # degrees


@dataclass
class Evidence:
    """Figures of every sequence, collected block by block; those of sequences without a map say nothing of the others'.

    Attributes
    ----------
    errors, concentration, agreement
        Completeness error, share of the strongest tenth, and cosine between strands, of sequences with a map.
    mapped
        Which sequences have a map that is not zero everywhere, bool.
    unmapped
        Reason to number of the others.
    contributions
        Maps of the first block of sequences with one.
    steep, positions, unknown
        Gradients off the simplex by angle; positions in all, and those of N.
    """

    errors: list[np.ndarray] = field(default_factory=list)
    concentration: list[np.ndarray] = field(default_factory=list)
    agreement: list[np.ndarray] = field(default_factory=list)
    mapped: list[np.ndarray] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    contributions: list[np.ndarray] = field(default_factory=list)
    steep: np.ndarray = field(default_factory=lambda: np.zeros(len(_ANGLES)))
    positions: int = 0
    unknown: int = 0

    def median_error(self) -> float | None:
        """Median completeness error; None for methods without references, or without any map."""
        errors = np.concatenate(self.errors) if self.errors else np.empty(0)
        return float(np.median(errors)) if len(errors) else None

    def first(self, sequences: Sequences, count: int) -> tuple[Sequences, np.ndarray]:
        """Return the first sequences with a map, and their contributions (count, length)."""
        rows = np.flatnonzero(np.concatenate(self.mapped))[:count]
        return sequences.take(rows), np.concatenate(self.contributions)[: len(rows)]

    def add(self, maps: Maps, sequences: Sequences, setup: Setup) -> None:
        """Add one block."""
        codes, zero = sequences.codes, zero_maps(maps)
        self.mapped.append(~zero)
        if sum(map(len, self.contributions)) < setup.block:
            self.contributions.append(maps.contributions[~zero])
        if zero.any():
            without = sequences.take(np.flatnonzero(zero))
            self.unmapped.update(reasons(setup, without.codes, without.ids))
        error = maps.completeness_error()
        if error is not None:
            self.errors.append(error[~zero])
        if maps.strand_agreement is not None:
            self.agreement.append(maps.strand_agreement[~zero])
        if maps.angle is not None:
            self.steep += [(maps.angle > angle).sum() for angle in _ANGLES]
        self.concentration.append(strongest_share(maps.contributions[~zero]))
        self.positions += codes.size
        self.unknown += int((codes == N_CODE).sum())


def strongest_share(contributions: np.ndarray, part: float = 0.1) -> np.ndarray:
    """Return the share of each row's absolute scores in its strongest tenth of positions.

    Examples
    --------
    >>> strongest_share(np.ones((1, 20))).tolist()
    [0.1]
    """
    size = np.sort(np.abs(contributions.astype(np.float64)), axis=1)[:, ::-1]
    top = max(1, round(part * size.shape[1]))
    return size[:, :top].sum(axis=1) / np.maximum(size.sum(axis=1), np.finfo(np.float64).tiny)


def maps_card(setup: Setup, sequences: Sequences, evidence: Evidence, *, selected: str, facts: Facts | None) -> Card:
    """Return the checks of the maps.

    Parameters
    ----------
    selected
        How many sequences of the split are explained, in words.
    facts
        Those of the network; None of a plain Keras file.
    """
    card = Card("attribute", "maps")
    if not len(sequences.codes):
        card.at_least("sequences", 0, 1, advice="This shard is empty: there are fewer blocks than shards.")
        return card
    scale = scale_in_words(setup.explained.activation)
    advice = "Scores are differences on this scale; end the model with an activation if it should be another."
    card.expect("scale of the scores", scale, True, threshold="before the final activation", advice=advice)
    card.expect("sequences explained", selected, True, threshold="any", advice="--max-sequences and --select decide.")
    _add_unmapped(card, evidence, len(sequences.codes))
    _add_completeness(card, setup, evidence)
    first, contributions = evidence.first(sequences, setup.block)
    _add_random(card, setup, first, contributions)
    agreement = _median(np.concatenate(evidence.agreement)) if evidence.agreement else _sampled_agreement(setup, first, contributions)
    advice = "The predictions depend on the strand: train with reverse complements, or average over strands."
    card.at_least("agreement of maps between strands (median cosine)", agreement, 0.7, advice=advice)
    share = _median(np.concatenate(evidence.concentration))
    advice = "The maps are flat: no bases stand out, so motifs in them mean little."
    card.at_least("share of scores in the strongest tenth of positions (median)", share, 0.2, advice=advice)
    if setup.method is Method.SALIENCY:
        _add_angles(card, evidence)
    if setup.engine is Engine.SHAP:
        advice = "The shap package scores only the observed bases; use --engine own before motif discovery."
        card.expect("hypothetical scores", "of the observed bases alone", False, threshold="of all four bases", advice=advice)
    advice = "Unknown bases have no score and dilute the shuffled references."
    card.at_most("share of N among the bases", evidence.unknown / evidence.positions, 0.01, advice=advice)
    check_model(card, facts)
    return card


def _median(values: np.ndarray) -> float:
    """Return the median; NaN of no values."""
    return float(np.median(values)) if len(values) else float("nan")


def _add_unmapped(card: Card, evidence: Evidence, total: int) -> None:
    name = "share of sequences without a map"
    for reason, count in evidence.unmapped.items():
        card.add_shares(name, {reason: count}, total, 0.05, advice=ADVICE[reason])
    if not evidence.unmapped:
        card.at_most(name, 0.0, 0.05, advice="None.")


def _add_completeness(card: Card, setup: Setup, evidence: Evidence) -> None:
    if evidence.median_error() is None:
        return
    errors = np.concatenate(evidence.errors).astype(np.float64)
    bound = _INTEGRATED if setup.method is Method.INTEGRATED_GRADIENTS else COMPLETE
    advice = "Raise --steps." if setup.method is Method.INTEGRATED_GRADIENTS else "Remove the sequences with a large error."
    median, high, share = float(np.median(errors)), float(np.quantile(errors, 0.95)), float((errors > bound).mean())
    text, refuse = f"<= {bound:g}", Verdict.REFUSE
    card.expect("completeness error (median)", median, median <= bound, threshold=text, advice=advice, otherwise=refuse)
    card.at_most("completeness error (95th percentile)", high, bound, advice=advice)
    name = f"share of sequences with a completeness error above {bound:g}"
    card.expect(name, share, share <= 0.05, threshold="<= 0.05", advice=advice, otherwise=refuse)


def _add_random(card: Card, setup: Setup, first: Sequences, trained: np.ndarray) -> None:
    """Compare maps with those of a network of the same layers and permuted weights, on the first block with maps."""
    with setup.randomised() as other:
        randomised = other.explain(first.codes, first.ids).contributions
    similarity = float(np.mean(np.abs(_correlation(trained, randomised)))) if len(trained) else float("nan")
    advice = "The maps show the architecture or the sequences rather than what the network learnt."
    card.at_most("similarity to maps of randomised weights (mean |correlation|)", similarity, 0.4, advice=advice)


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    from lucidseq.attribute.methods import cosine

    first, second = (values - values.mean(axis=1, keepdims=True) for values in (first, second))
    return cosine(first, second)


def _sampled_agreement(setup: Setup, first: Sequences, forward: np.ndarray) -> float:
    """Return the agreement between strands on the first block with maps, for maps of one strand."""
    from lucidseq.attribute.methods import cosine

    backward = setup.explain(first.codes, first.ids, only_other_strand=True).contributions
    return _median(cosine(forward, backward))


def _add_angles(card: Card, evidence: Evidence) -> None:
    """Add the shares of gradients off the plane of sequences, before the correction."""
    for angle, count, bound in zip(_ANGLES, evidence.steep, (0.5, 0.3, 0.15), strict=True):
        advice = "Uncorrected saliency of this network is mostly noise; keep --correct."
        card.at_most(
            f"share of gradients more than {angle} degrees off the simplex", float(count / evidence.positions), bound, advice=advice
        )
