"""Attribution maps of a batch: one explainer a method, arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lucidseq.attribute.deeplift import multiplier_function
from lucidseq.attribute.explained import Explained
from lucidseq.attribute.mutants import OTHER_BASES, mutant_function
from lucidseq.attribute.pairs import Rule
from lucidseq.attribute.rules import rescale_rule
from lucidseq.core import alphabet
from lucidseq.nets import backend
from lucidseq.nets.batches import filled
from lucidseq.nets.predict import check_finite


@dataclass(frozen=True)
class Maps:
    """Maps of n sequences.

    Attributes
    ----------
    hypothetical
        float32 (n, length, 4): score each base would have at each position.
    contributions
        float32 (n, length): score of the observed base.
    prediction
        float32 (n,): explained output.
    reference_prediction
        float32 (n,): its mean over the references; None for methods without.
    residual, difference
        float64 (n,): sums over the references of \\|sum of contributions - (f(x) - f(r))\\| and of \\|f(x) - f(r)\\|.
    angle
        float32 (n, length): angle in degrees of the gradient to the simplex of sequences; saliency alone.
    strand_agreement
        float32 (n,): cosine of the maps of the two strands; only when both were explained.
    """

    hypothetical: np.ndarray
    contributions: np.ndarray
    prediction: np.ndarray
    reference_prediction: np.ndarray | None = None
    residual: np.ndarray | None = None
    difference: np.ndarray | None = None
    angle: np.ndarray | None = None
    strand_agreement: np.ndarray | None = None

    def first(self, n: int) -> Maps:
        """Return the first n maps."""
        values = [getattr(self, name) for name in Maps.__dataclass_fields__]
        return Maps(*(None if array is None else array[:n] for array in values))  # type: ignore[arg-type]  # as in self

    def check_finite(self, names: list[str]) -> None:
        """Check that scores and predictions are finite.

        Raises
        ------
        DataError
            If not; it names the first such sequence.
        """
        arrays = [array for name in Maps.__dataclass_fields__ if (array := getattr(self, name)) is not None]
        for row, name in enumerate(names):
            check_finite("scores", *(array[row] for array in arrays), where=f"sequence {name}")

    def completeness_error(self) -> np.ndarray | None:
        """Return residual / difference, float32 (n,); 0 where both are 0."""
        if self.residual is None or self.difference is None:
            return None
        return (self.residual / np.maximum(self.difference, np.finfo(np.float32).tiny)).astype(np.float32)


# (one-hot float32 (n, length, 4), references (n, R, length, 4) or None) -> maps
Explainer = Callable[[np.ndarray, np.ndarray | None], Maps]


def saliency(explained: Explained, *, correct: bool) -> Explainer:
    """Gradient of the output by each base, times the observed base [1]_.

    Parameters
    ----------
    explained
        Network and number to explain.
    correct
        Subtract the mean over the four bases at each position: the component off the simplex of sequences is arbitrary [2]_.

    References
    ----------
    .. [1] Simonyan K, Vedaldi A, Zisserman A (2014). Deep inside convolutional networks. ICLR workshop.
    .. [2] Majdandzic A, Rajesh C, Koo PK (2023). Correcting gradient-based interpretations of deep neural networks for genomics.
           Genome Biology 24, 109.
    """
    gradient_of = backend.gradient_function(explained.model, explained.select)

    def explainer(x: np.ndarray, references: np.ndarray | None) -> Maps:
        prediction, gradient = gradient_of(x)
        angle = simplex_angle(gradient)
        if correct:
            gradient = gradient - gradient.mean(axis=2, keepdims=True)
        return Maps(gradient, (gradient * x).sum(axis=2), prediction, angle=angle)

    return explainer


def simplex_angle(gradient: np.ndarray) -> np.ndarray:
    """Return the angle in degrees between gradients (..., 4) and the plane in which the bases' shares sum to a constant.

    Examples
    --------
    >>> simplex_angle(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 0.0, 0.0]])).round(3).tolist()
    [90.0, 0.0]
    """
    length = np.sqrt((gradient**2).sum(axis=-1))
    sine = np.abs(gradient.sum(axis=-1)) / (2 * np.maximum(length, np.finfo(np.float32).tiny))
    return np.degrees(np.arcsin(np.minimum(sine, 1.0)))


def deepshap(explained: Explained, rule: Rule = rescale_rule) -> Explainer:
    """DeepLIFT with the rescale rule, averaged over references, with scores of all four bases."""
    multipliers_of = multiplier_function(explained, rule)

    def explainer(x: np.ndarray, references: np.ndarray | None) -> Maps:
        assert references is not None
        return _from_multipliers(x, references, *multipliers_of(x, references))

    return explainer


def integrated_gradients(explained: Explained, *, steps: int, correct: bool) -> Explainer:
    """Gradients averaged along the straight path from each reference (trapezoid rule), averaged over references [1]_.

    Parameters
    ----------
    explained
        Network and number to explain.
    steps
        Intervals of each path; every path takes ``steps + 1`` gradients.
    correct
        As in `saliency`; no difference where sequence and reference both sum to one at each position.

    References
    ----------
    .. [1] Sundararajan M, Taly A, Yan Q (2017). Axiomatic attribution for deep networks. ICML, 3319-3328.
    """
    gradient_of = backend.gradient_function(explained.model, explained.select)
    weights = np.full(steps + 1, 1.0 / steps)
    weights[[0, -1]] /= 2

    def explainer(x: np.ndarray, references: np.ndarray | None) -> Maps:
        assert references is not None
        n, count = references.shape[:2]
        step = x[:, None] - references
        mean = np.zeros(references.shape, dtype=np.float64)
        at_reference, at_sequence = np.empty((n, count)), np.empty((n, count))
        for fraction, weight in zip(np.linspace(0.0, 1.0, steps + 1), weights, strict=True):
            points = references + np.float32(fraction) * step
            value, gradient = gradient_of(points.reshape(n * count, *x.shape[1:]))
            mean += weight * gradient.reshape(references.shape)
            at_reference = value.reshape(n, count) if fraction == 0.0 else at_reference
            at_sequence = value.reshape(n, count)
        return _from_multipliers(x, references, at_sequence[:, 0], at_reference, mean, correct=correct)

    return explainer


def _from_multipliers(
    x: np.ndarray,
    references: np.ndarray,
    at_sequence: np.ndarray,
    at_references: np.ndarray,
    multipliers: np.ndarray,
    *,
    correct: bool = False,
) -> Maps:
    """Turn multipliers (n, R, length, 4) into maps averaged over the references.

    The score of base a is sum_b m_b (e_a - r_b): the contribution of replacing the reference's base by a.
    """
    multipliers = multipliers.astype(np.float64)
    explained = (multipliers * (x[:, None] - references)).sum(axis=(2, 3))
    difference = at_sequence[:, None].astype(np.float64) - at_references
    if correct:
        multipliers -= multipliers.mean(axis=3, keepdims=True)
    of_references = (multipliers * references).sum(axis=3, keepdims=True)
    hypothetical = (multipliers - of_references).mean(axis=1)
    contributions = (multipliers * (x[:, None] - references)).sum(axis=3).mean(axis=1)
    return Maps(
        hypothetical.astype(np.float32),
        contributions.astype(np.float32),
        at_sequence.astype(np.float32),
        at_references.mean(axis=1, dtype=np.float64).astype(np.float32),
        np.abs(explained - difference).sum(axis=1),
        np.abs(difference).sum(axis=1),
    )


def in_silico_mutagenesis(explained: Explained, *, batch_size: int) -> Explainer:
    """Change of the output when each base is replaced by each other base.

    ``hypothetical`` is the change from the given sequence (0 for the observed base); ``contributions`` is the score of the observed
    base less the mean of the four.

    Parameters
    ----------
    explained
        Network and number to explain.
    batch_size
        Mutants a step.
    """
    values = _forward(explained)
    of_mutants = backend.compiled_function(mutant_function(explained))

    def explainer(x: np.ndarray, references: np.ndarray | None) -> Maps:
        wild, delta = _single_mutants(of_mutants, x, batch_size)
        unknown = x.max(axis=2) == 0
        for row in np.flatnonzero(unknown.any(axis=1)):
            delta[row, unknown[row]] = _in_batches(values, _at_unknown_bases(x[row]), batch_size).reshape(-1, 4) - wild[row]
        delta[x > 0] = 0.0
        contributions = np.where(unknown, 0.0, -delta.mean(axis=2)).astype(np.float32)
        return Maps(delta, contributions, wild)

    return explainer


def _single_mutants(of_mutants: Callable[..., np.ndarray], x: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs (n,) and the changes by each other base (n, length, 4), in steps of about ``batch_size`` mutants.

    A step has several short sequences, or a part of the positions of a long one.
    """
    n, length, _ = x.shape
    together = max(1, batch_size // (OTHER_BASES * length))
    steps = -(-length // max(1, batch_size // OTHER_BASES))
    at_once = -(-length // steps)
    wild, changed = np.empty(n, np.float32), np.empty((n, length, OTHER_BASES), np.float32)
    for first in range(0, n, together):
        block = x[first : first + together]
        rows = slice(first, first + len(block))
        for start in range(0, length, at_once):
            places = np.minimum(np.arange(start, start + at_once), length - 1)
            outputs = of_mutants(filled(block, together), places.astype(np.int32))
            wild[rows] = outputs[: len(block)]
            mutants = outputs[together:].reshape(together, OTHER_BASES, at_once)[: len(block)]
            changed[rows, places] = mutants.transpose(0, 2, 1)
    delta = np.zeros((n, length, 4), np.float32)
    bases = (x.argmax(axis=2)[:, :, None] + np.arange(1, OTHER_BASES + 1)) % 4
    with np.errstate(invalid="ignore"):  # of infinite outputs: `Maps.check_finite` reports them
        np.put_along_axis(delta, bases, changed - wild[:, None, None], axis=2)
    return wild, delta


def _at_unknown_bases(x: np.ndarray) -> np.ndarray:
    """Return a sequence (length, 4) with each of the four bases at each of its unknown ones in turn, (4 * unknown, length, 4)."""
    places = np.flatnonzero(~x.any(axis=1))
    mutants = np.repeat(x[None], 4 * len(places), axis=0)
    mutants[np.arange(len(mutants)), np.repeat(places, 4)] = np.tile(np.eye(4, dtype=np.float32), (len(places), 1))
    return mutants


def _forward(explained: Explained) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from one batch of one-hot sequences to the explained output."""

    def values(x: np.ndarray) -> np.ndarray:
        return np.asarray(explained.select(explained.model.predict_on_batch(x)), dtype=np.float32)

    return values


def predictor(explained: Explained, batch_size: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from codes (n, length) to the explained output (n,)."""
    values = _forward(explained)
    return lambda codes: _in_batches(lambda part: values(alphabet.one_hot(part)), codes, batch_size)


def _in_batches(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, size: int) -> np.ndarray:
    """Apply a function in batches of one size; the last is padded with zeros, whose results are dropped."""
    parts = []
    for start in range(0, len(x), size):
        chunk = x[start : start + size]
        parts.append(function(filled(chunk, size))[: len(chunk)])
    return np.concatenate(parts)


def other_strand(explainer: Explainer) -> Explainer:
    """Return the explainer of reverse complements, whose maps are on the strand of the sequences; so are the references."""
    from lucidseq.attribute.references import reverse_complement

    def explainer_of_other(x: np.ndarray, references: np.ndarray | None) -> Maps:
        return on_forward_strand(explainer(reverse_complement(x), None if references is None else reverse_complement(references)))

    return explainer_of_other


def both_strands(explainer: Explainer) -> Explainer:
    """Return the explainer of the average over a sequence and its reverse complement (see `other_strand`)."""
    backward_explainer = other_strand(explainer)

    def explainer_of_both(x: np.ndarray, references: np.ndarray | None) -> Maps:
        forward, backward = explainer(x, references), backward_explainer(x, references)
        return replace(average(forward, backward), strand_agreement=cosine(forward.contributions, backward.contributions))

    return explainer_of_both


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the cosine of each row of two arrays (n, length); 0 where a row is zero."""
    product = (first * second).sum(axis=1)
    norms = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return product / np.maximum(norms, np.finfo(np.float32).tiny)


def on_forward_strand(maps: Maps) -> Maps:
    """Return maps of reverse complements on the strand of the sequences."""
    angle = None if maps.angle is None else maps.angle[:, ::-1]
    return Maps(
        maps.hypothetical[:, ::-1, ::-1],
        maps.contributions[:, ::-1],
        maps.prediction,
        maps.reference_prediction,
        maps.residual,
        maps.difference,
        angle,
    )


def average(first: Maps, second: Maps) -> Maps:
    """Return the mean of two maps of the same sequences."""

    def mean(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
        return None if a is None or b is None else ((a + b) / 2).astype(a.dtype)

    pairs = [(getattr(first, name), getattr(second, name)) for name in Maps.__dataclass_fields__]
    return Maps(*(mean(a, b) for a, b in pairs))  # type: ignore[arg-type]  # the first three are never None
