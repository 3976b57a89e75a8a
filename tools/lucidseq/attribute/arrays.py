"""Attribution maps from arrays: verbs for any Keras model of one-hot sequences, results that print and plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from lucidseq.attribute.explained import Explained
    from lucidseq.attribute.methods import Explainer, Maps
    from lucidseq.attribute.pairs import Rule

_ROWS = 256  # sequences and references in one pass


@dataclass(frozen=True)
class Attributions:
    """Maps of n sequences.

    Attributes
    ----------
    hypothetical
        Score each base would have at each position, float32 (n, length, 4).
    contributions
        Score of the observed base, float32 (n, length).
    prediction
        The number that is explained (before a final activation), float32 (n,).
    reference_prediction
        Its mean over the references, float32 (n,); None for methods without references.
    completeness_error
        \\|sum of contributions - (prediction - reference)\\| as a share of the difference, float32 (n,); None for methods without
        references. Above 0.01 a map does not account for the prediction.
    one_hot
        The sequences, float32 (n, length, 4).
    target
        Name of the explained target.
    """

    hypothetical: np.ndarray
    contributions: np.ndarray
    prediction: np.ndarray
    reference_prediction: np.ndarray | None
    completeness_error: np.ndarray | None
    one_hot: np.ndarray
    target: str

    def plot(self, row: int = 0, ax: Axes | None = None, *, start: int = 0, end: int | None = None) -> Axes:
        """Draw the map of one sequence as letters (see `plot_logo`).

        Parameters
        ----------
        row
            Which sequence.
        ax
            Axes to draw on; new ones when None.
        start, end
            Positions to draw, 0-based and half-open.
        """
        axes = plot_logo(self.contributions[row, :, None] * self.one_hot[row], ax, start=start, end=end)
        axes.set_ylabel(f"contribution to {self.target}")
        return axes

    def __len__(self) -> int:
        return len(self.contributions)

    def __repr__(self) -> str:
        n, length = self.contributions.shape
        text = f"attributions of {n} sequences of {length} bp to {self.target}"
        if self.completeness_error is None:
            return text
        return (
            f"{text}; completeness error {np.median(self.completeness_error):.2g} (median), {self.completeness_error.max():.2g} (largest)"
        )


def saliency(
    model: keras.Model, X: ArrayLike, *, target: str | int | None = None, output: str | int | None = None, correct: bool = True
) -> Attributions:
    """Explain predictions by the gradient at each base [1]_.

    Parameters
    ----------
    model
        Keras model with one input of shape (length, 4), bases in the order ACGT. A final activation is removed.
    X
        Sequences: texts, one-hot of shape (n, length, 4), or codes 0-4 of shape (n, length).
    target, output
        Target (last axis) and output, by name or number; the first when None.
    correct
        Subtract the mean over the bases at each position [2]_.

    Raises
    ------
    DataError
        If the model is not one of sequences, or the sequences do not fit it.
    UsageError
        If there is no such target or output.

    References
    ----------
    .. [1] Simonyan K, Vedaldi A, Zisserman A (2014). Deep inside convolutional networks. ICLR workshop.
    .. [2] Majdandzic A, Rajesh C, Koo PK (2023). Correcting gradient-based interpretations of deep neural networks for genomics.
           Genome Biology 24:109.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((8, 4)), keras.layers.Conv1D(4, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> saliency(model, ["ACGTACGT"]).contributions.shape
    (1, 8)
    """
    from lucidseq.attribute import methods

    x, explained = _prepare(model, X, target, output)
    return _explain(methods.saliency(explained, correct=correct), explained, x, None)


def integrated_gradients(
    model: keras.Model,
    X: ArrayLike,
    *,
    target: str | int | None = None,
    output: str | int | None = None,
    references: ArrayLike | None = None,
    n_references: int = 10,
    steps: int = 50,
    correct: bool = True,
    seed: int = 1,
) -> Attributions:
    """Explain predictions by gradients integrated along the path from references [1]_.

    Parameters
    ----------
    model, X, target, output, correct
        As in `saliency`.
    references
        One-hot of shape (n, references, length, 4), or (references, length, 4) for all; dinucleotide shuffles when None.
    n_references
        Shuffles of each sequence.
    steps
        Intervals of each path.
    seed
        Seed of the shuffles.

    Raises
    ------
    DataError
        If the model is not one of sequences, or sequences or references do not fit it.

    References
    ----------
    .. [1] Sundararajan M, Taly A, Yan Q (2017). Axiomatic attribution for deep networks. ICML, 3319-3328.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((8, 4)), keras.layers.Conv1D(4, 3), keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> integrated_gradients(model, ["ACGTACGT"], n_references=2).contributions.shape
    (1, 8)
    """
    from lucidseq.attribute import methods

    x, explained = _prepare(model, X, target, output)
    explainer = methods.integrated_gradients(explained, steps=steps, correct=correct)
    return _explain(explainer, explained, x, _references(x, references, n_references, seed))


def deepshap(
    model: keras.Model,
    X: ArrayLike,
    *,
    target: str | int | None = None,
    output: str | int | None = None,
    references: ArrayLike | None = None,
    n_references: int = 20,
    seed: int = 1,
    additional_rules: Mapping[type, str | Rule] | None = None,
) -> Attributions:
    """Explain predictions by differences from references: DeepLIFT's rescale rule [1]_, averaged over references [2]_.

    Parameters
    ----------
    model, X, target, output
        As in `saliency`.
    references, n_references, seed
        As in `integrated_gradients`.
    additional_rules
        Rules of layers of your own: layer class to ``"linear"``, ``"elementwise"``, ``"integrated"`` or a function as in
        `attribute.pairs.run`. Any other layer has a rule by its kind; an unknown one is integrated along its own input.

    Raises
    ------
    DataError
        If the model is not one of sequences, or sequences or references do not fit it.
    UsageError
        If a rule has an unknown name.

    References
    ----------
    .. [1] Shrikumar A, Greenside P, Kundaje A (2017). Learning important features through propagating activation differences.
           ICML, 3145-3153.
    .. [2] Lundberg SM, Lee S-I (2017). A unified approach to interpreting model predictions. NeurIPS 30.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((8, 4)), keras.layers.Conv1D(4, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(1)]
    >>> deepshap(keras.Sequential(layers), ["ACGTACGT"], n_references=5).completeness_error.shape
    (1,)
    """
    from lucidseq.attribute import methods
    from lucidseq.attribute.rules import rescale_rule, with_rules

    x, explained = _prepare(model, X, target, output)
    explainer = methods.deepshap(explained, with_rules(additional_rules) if additional_rules else rescale_rule)
    return _explain(explainer, explained, x, _references(x, references, n_references, seed))


def ism(
    model: keras.Model, X: ArrayLike, *, target: str | int | None = None, output: str | int | None = None, batch_size: int = 512
) -> Attributions:
    """Explain predictions by replacing each base by each other base [1]_.

    ``hypothetical`` is the change from the given sequence; ``contributions`` is the score of the observed base less the mean of the four.

    Parameters
    ----------
    model, X, target, output
        As in `saliency`.
    batch_size
        Mutants in one pass.

    Raises
    ------
    DataError
        If the model is not one of sequences, or the sequences do not fit it.

    References
    ----------
    .. [1] Zhou J, Troyanskaya OG (2015). Predicting effects of noncoding variants with deep learning-based sequence model.
           Nature Methods 12:931.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((8, 4)), keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> ism(model, ["ACGTACGT"]).hypothetical.shape
    (1, 8, 4)
    """
    from lucidseq.attribute import methods

    x, explained = _prepare(model, X, target, output)
    return _explain(methods.in_silico_mutagenesis(explained, batch_size=batch_size), explained, x, None)


def plot_logo(scores: ArrayLike, ax: Axes | None = None, *, start: int = 0, end: int | None = None) -> Axes:
    """Draw a map as letters, each as tall as its score.

    Parameters
    ----------
    scores
        Score of each base at each position, shape (length, 4), bases in the order ACGT.
    ax
        Axes to draw on; new ones when None.
    start, end
        Positions to draw, 0-based and half-open.

    Returns
    -------
    The axes.

    Raises
    ------
    DataError
        If the scores have another shape.

    Examples
    --------
    >>> ax = plot_logo(np.eye(4))
    """
    from lucidseq.attribute.logos import draw_letters
    from lucidseq.core.array_like import numbers
    from lucidseq.core.figures import new_axes

    heights = numbers("scores", scores, ndim=2)
    if heights.shape[1] != 4:
        raise DataError(f"scores of shape {heights.shape}", "shape (length, 4), bases in the order ACGT", "transpose the scores")
    part = heights[start:end]
    axes = new_axes(width=max(3.0, 0.11 * len(part) + 0.8), height=1.9) if ax is None else ax
    draw_letters(axes, part, start)
    return axes


def _prepare(model: keras.Model, X: Any, target: str | int | None, output: str | int | None) -> tuple[np.ndarray, Explained]:
    """Return the sequences one-hot, and the network with its explained output."""
    from lucidseq.attribute.explained import explain
    from lucidseq.core.sequences import as_one_hot

    x = as_one_hot(X)
    names = [None if name is None else str(name) for name in (target, output)]
    explained = explain(model, None, target=names[0], output=names[1])
    if explained.length not in (None, x.shape[1]):
        raise DataError(f"sequences of {x.shape[1]} bp", f"{explained.length} bp, the length of the model", "give sequences of that length")
    return x, explained


def _references(x: np.ndarray, given: Any, count: int, seed: int) -> np.ndarray:
    """Return references of shape (n, R, length, 4)."""
    from lucidseq.attribute.references import shuffled_codes

    if given is None:
        codes = np.where(x.any(axis=2), x.argmax(axis=2), alphabet.N_CODE).astype(np.uint8)
        return alphabet.one_hot(shuffled_codes(codes, [str(row) for row in range(len(x))], count, seed))
    references = np.asarray(given, dtype=np.float32)
    if references.ndim == 3:
        references = np.broadcast_to(references, (len(x), *references.shape))
    if references.ndim != 4 or (references.shape[0], *references.shape[2:]) != x.shape:
        expected = f"({len(x)}, references, {x.shape[1]}, 4) or (references, {x.shape[1]}, 4)"
        raise DataError(f"references of shape {np.shape(given)}", expected, "give references of the sequences' shape")
    return references


def _explain(explainer: Explainer, explained: Explained, x: np.ndarray, references: np.ndarray | None) -> Attributions:
    """Explain in blocks of one size, so that memory does not grow with the number of sequences and a network is compiled once."""
    from lucidseq.nets.batches import filled

    largest = max(1, _ROWS // (1 if references is None else 1 + references.shape[1]))
    size = -(-len(x) // -(-len(x) // largest))  # blocks of nearly equal size, so that few rows are filled
    parts: list[Maps] = []
    for first in range(0, len(x), size):
        block = x[first : first + size]
        compared = None if references is None else filled(references[first : first + size], size)
        parts.append(explainer(filled(block, size), compared).first(len(block)))
        parts[-1].check_finite([str(row) for row in range(first, first + len(block))])

    def joined(value: Callable[[Maps], np.ndarray | None]) -> np.ndarray | None:
        arrays = [array for array in map(value, parts) if array is not None]
        return np.concatenate(arrays) if arrays else None

    return Attributions(
        np.concatenate([part.hypothetical for part in parts]),
        np.concatenate([part.contributions for part in parts]),
        np.concatenate([part.prediction for part in parts]),
        joined(lambda part: part.reference_prediction),
        joined(lambda part: part.completeness_error()),
        x,
        explained.name,
    )
