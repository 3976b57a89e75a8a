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

    def multipliers(x: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, count = r.shape[:2]
        if (n, count) not in compiled:
            compiled[n, count] = backend.gradient_function(_outputs(explained, rule, n, count))
        stacked = np.concatenate([x, r.reshape(-1, *x.shape[1:])])
        outputs, gradient = compiled[n, count](stacked)
        return outputs[:n], outputs[n:].reshape(n, count), gradient[n:].reshape(r.shape)

    return multipliers


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
