"""The trust card of attribution maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lucidseq.attribute.choices import Engine, Method
from lucidseq.core.alphabet import N_CODE
from lucidseq.core.card import Card, Verdict

if TYPE_CHECKING:
    from lucidseq.attribute.choose import Sequences
    from lucidseq.attribute.methods import Maps
    from lucidseq.attribute.setup import Setup

COMPLETE = 1e-3  # completeness error up to which a map explains its prediction
_INTEGRATED = 0.05  # the same for integrated gradients, whose error falls with --steps
_ANGLES = (30, 45, 60)  # degrees


@dataclass
class Evidence:
    """Figures of every sequence, gathered block by block."""

    errors: list[np.ndarray] = field(default_factory=list)
    concentration: list[np.ndarray] = field(default_factory=list)
    agreement: list[np.ndarray] = field(default_factory=list)
    steep: np.ndarray = field(default_factory=lambda: np.zeros(len(_ANGLES)))
    positions: int = 0
    unknown: int = 0

    def median_error(self) -> float | None:
        """Median completeness error; None for methods without."""
        return float(np.median(np.concatenate(self.errors))) if self.errors else None

    def add(self, found: Maps, codes: np.ndarray) -> None:
        """Take in one block."""
        error = found.completeness_error()
        if error is not None:
            self.errors.append(error)
        if found.strand_agreement is not None:
            self.agreement.append(found.strand_agreement)
        if found.angle is not None:
            self.steep += [(found.angle > angle).sum() for angle in _ANGLES]
        self.concentration.append(strongest_share(found.contributions))
        self.positions += codes.size
        self.unknown += int((codes == N_CODE).sum())


def strongest_share(contributions: np.ndarray, part: float = 0.1) -> np.ndarray:
    """Return the share of each row's absolute scores that its strongest tenth of positions holds.

    Examples
    --------
    >>> strongest_share(np.ones((1, 20))).tolist()
    [0.1]
    """
    size = np.sort(np.abs(contributions.astype(np.float64)), axis=1)[:, ::-1]
    top = max(1, round(part * size.shape[1]))
    return size[:, :top].sum(axis=1) / np.maximum(size.sum(axis=1), np.finfo(np.float64).tiny)


def make_card(setup: Setup, sequences: Sequences, evidence: Evidence, *, facts_known: bool) -> Card:
    """Judge the maps."""
    card = Card("attribute", "maps")
    if not len(sequences.codes):
        card.add("sequences", 0, Verdict.CAUTION, threshold=">= 1", advice="This shard is empty: there are fewer blocks than shards.")
        return card
    _add_completeness(card, setup, evidence)
    _add_random(card, setup, sequences)
    agreement = float(np.median(np.concatenate(evidence.agreement))) if evidence.agreement else _sampled_agreement(setup, sequences)
    card.add(
        "agreement of maps between strands (median cosine)",
        agreement,
        _at_least(agreement, 0.7),
        threshold=">= 0.7",
        advice="The network reads the strands differently: train with reverse complements, or average over strands.",
    )
    share = float(np.median(np.concatenate(evidence.concentration)))
    card.add(
        "share of scores in the strongest tenth of positions (median)",
        share,
        _at_least(share, 0.2),
        threshold=">= 0.2",
        advice="The maps are flat: no bases stand out, so motifs found in them mean little.",
    )
    if setup.method is Method.SALIENCY:
        _add_angles(card, evidence)
    if setup.engine is Engine.SHAP:
        card.add(
            "hypothetical scores",
            "of the bases that are there alone",
            Verdict.CAUTION,
            threshold="of all four bases",
            advice="The shap package gives no others; use --engine own before motif discovery.",
        )
    unknown = evidence.unknown / evidence.positions
    card.add(
        "share of N among the bases",
        unknown,
        _at_most(unknown, 0.01),
        threshold="<= 0.01",
        advice="Unknown bases have no score of their own and dilute the shuffled references.",
    )
    if not facts_known:
        card.add(
            "model facts",
            "none",
            Verdict.CAUTION,
            threshold="written by lucidseq train fit",
            advice="A plain Keras file says nothing of its training; check base order (ACGT), strand and units yourself.",
        )
    return card


def _at_least(value: float, bound: float) -> Verdict:
    return Verdict.OK if value >= bound else Verdict.CAUTION


def _at_most(value: float, bound: float) -> Verdict:
    return Verdict.OK if value <= bound else Verdict.CAUTION


def _add_completeness(card: Card, setup: Setup, evidence: Evidence) -> None:
    if not evidence.errors:
        return
    errors = np.concatenate(evidence.errors).astype(np.float64)
    bound = _INTEGRATED if setup.method is Method.INTEGRATED_GRADIENTS else COMPLETE
    advice = "Raise --steps." if setup.method is Method.INTEGRATED_GRADIENTS else "Leave out the sequences with a large error."
    median, high, share = float(np.median(errors)), float(np.quantile(errors, 0.95)), float((errors > bound).mean())
    card.add(
        "completeness error (median)", median, Verdict.OK if median <= bound else Verdict.REFUSE, threshold=f"<= {bound:g}", advice=advice
    )
    card.add("completeness error (95th percentile)", high, _at_most(high, bound), threshold=f"<= {bound:g}", advice=advice)
    card.add(
        f"share of sequences with a completeness error above {bound:g}",
        share,
        Verdict.OK if share <= 0.05 else Verdict.REFUSE,
        threshold="<= 0.05",
        advice=advice,
    )


def _add_random(card: Card, setup: Setup, sequences: Sequences) -> None:
    """Compare maps with those of a network of the same layers and permuted weights, on the first block."""
    rows = np.arange(min(setup.block, len(sequences.codes)))
    some = sequences.take(rows)
    ours = setup.explain(some.codes, some.ids).contributions
    theirs = setup.randomised().explain(some.codes, some.ids).contributions
    likeness = float(np.mean(np.abs(_correlation(ours, theirs))))
    card.add(
        "likeness to maps of randomised weights (mean |correlation|)",
        likeness,
        _at_most(likeness, 0.4),
        threshold="<= 0.4",
        advice="The maps show the architecture or the sequences rather than what was learnt.",
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    from lucidseq.attribute.methods import cosine

    first, second = (values - values.mean(axis=1, keepdims=True) for values in (first, second))
    return cosine(first, second)


def _sampled_agreement(setup: Setup, sequences: Sequences) -> float:
    """Return the agreement between strands on the first block, for maps of one strand."""
    some = sequences.take(np.arange(min(setup.block, len(sequences.codes))))
    agreement = setup.explain(some.codes, some.ids, both_strands=True).strand_agreement
    assert agreement is not None
    return float(np.median(agreement))


def _add_angles(card: Card, evidence: Evidence) -> None:
    """Say how far gradients point off the plane of sequences, before the correction."""
    for angle, count, bound in zip(_ANGLES, evidence.steep, (0.5, 0.3, 0.15), strict=True):
        share = float(count / evidence.positions)
        card.add(
            f"share of gradients more than {angle} degrees off the simplex",
            share,
            _at_most(share, bound),
            threshold=f"<= {bound:g}",
            advice="Uncorrected saliency of this network is mostly noise; keep --correct.",
        )
