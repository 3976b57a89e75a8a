"""DeepLIFT multipliers with the rescale rule, for many references at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from lucidseq.attribute.explained import Explained
from lucidseq.attribute.pairs import Pair, Rule, run
from lucidseq.attribute.rules import rescale_rule
from lucidseq.nets import backend
from lucidseq.nets.batches import filled

ROWS_ON_PROCESSOR = 256  # more do not stay in its cache between layers
Multipliers = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def multiplier_function(explained: Explained, rule: Rule = rescale_rule) -> Multipliers:
    """Compile ``(sequences, references) -> (f(x), f(r), multipliers)`` once, for batches of one shape.

    The multipliers m of a pair satisfy ``sum m * (x - r) = f(x) - f(r)``.

    Parameters
    ----------
    explained
        Network and number to explain.
    rule
        Rule of each layer (see `rules.with_rules` for user-defined layers).

    Returns
    -------
    A function from one-hot float32 arrays x (n, length, 4) and r (n, R, length, 4) to outputs (n,), (n, R) and multipliers
    (n, R, length, 4).
    """
    compiled: dict[tuple[int, int], Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {}

    def step(x: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, count = r.shape[:2]
        if (n, count) not in compiled:
            compiled[n, count] = backend.gradient_function(_outputs(explained, rule, n, count))
        outputs, gradient = compiled[n, count](np.concatenate([x, r.reshape(-1, *x.shape[1:])]))
        return outputs[:n], outputs[n:].reshape(n, count), gradient[n:].reshape(r.shape)

    def multipliers(x: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n = len(x)
        size = n if backend.has_gpu() else step_size(n, r.shape[1])
        parts = [step(filled(x[first : first + size], size), filled(r[first : first + size], size)) for first in range(0, n, size)]
        of_sequences, of_references, of_bases = (np.concatenate(arrays)[:n] for arrays in zip(*parts, strict=True))
        return of_sequences, of_references, of_bases

    return multipliers


def step_size(n: int, references: int, most: int = ROWS_ON_PROCESSOR) -> int:
    """Return how many of n sequences to explain at once, so that few rows are filled and at most ``most`` references are in a step.

    Examples
    --------
    >>> step_size(25, 20), step_size(12, 20), step_size(13, 20), step_size(3, 1000)
    (5, 12, 7, 1)
    """
    largest = min(n, max(1, most // references))
    sizes = range(-(-largest // 3), largest + 1)
    return min(sizes, key=lambda size: (-(-n // size) * size, -size))


def _outputs(explained: Explained, rule: Rule, n: int, references: int) -> Callable[[Any], Any]:
    """Return the explained number of n sequences, then of their references, as a function of both stacked."""

    def outputs(stacked: Any) -> Any:
        stacked = ops.reshape(stacked, (n * (1 + references), *stacked.shape[1:]))  # a fixed number of rows
        inputs = Pair(ops.stop_gradient(stacked[:n]), stacked[n:])
        pairs = run(explained.model, inputs, rule)
        of_sequences = explained.select(keras.tree.map_structure(lambda pair: pair.sequence, pairs))
        of_references = explained.select(keras.tree.map_structure(lambda pair: pair.reference, pairs))
        return ops.concatenate([of_sequences, of_references])

    return outputs
