"""Identify the layer because of which scores do not sum to the difference they explain."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from lucidseq.attribute.explained import Explained
from lucidseq.attribute.pairs import Pair, find_values, run
from lucidseq.attribute.rules import call_with, integrated, rescale_rule

_STEP = 1e-3  # half-width of the differences that stand for derivatives along the path


def weakest_layer(explained: Explained, x: np.ndarray, references: np.ndarray) -> tuple[str, float] | None:
    """Return the integrated layer with the largest relative error of its quadrature, and that error; None if there is none.

    Layers under the other rules distribute their whole difference by construction.

    Parameters
    ----------
    explained
        Network and number to explain.
    x, references
        One-hot sequences (n, length, 4) and their references (n, R, length, 4).
    """
    errors: dict[str, float] = {}

    def observed(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def integrate(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, nodes: int) -> Any:
            name = f"{layer.name} ({type(layer).__name__})"
            errors[name] = max(errors.get(name, 0.0), _quadrature_error(function, args, kwargs, nodes))
            return integrated(function, args, kwargs, nodes=nodes)

        return rescale_rule(layer, args, kwargs, integrate=integrate)

    flat = references.reshape(-1, *x.shape[1:])
    run(explained.model, Pair(ops.convert_to_tensor(x), ops.convert_to_tensor(flat)), observed)
    return max(errors.items(), key=lambda item: item[1]) if errors else None


def _quadrature_error(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], nodes: int) -> float:
    """Return the relative error of the integral of a layer's derivative along the path against its difference."""
    pairs = find_values((args, kwargs))

    def at(fraction: float) -> np.ndarray:
        points = [pair.reference + fraction * (pair.repeated() - pair.reference) for pair in pairs]
        outputs = keras.tree.flatten(call_with(function, args, kwargs, points))
        return np.concatenate([ops.convert_to_numpy(output).astype(np.float64).ravel() for output in outputs])

    points, weights = np.polynomial.legendre.leggauss(nodes)
    integral = sum(
        weight / 2 * (at((point + 1) / 2 + _STEP) - at((point + 1) / 2 - _STEP)) / (2 * _STEP)
        for point, weight in zip(points, weights, strict=True)
    )
    difference = at(1.0) - at(0.0)
    return float(np.linalg.norm(integral - difference) / max(float(np.linalg.norm(difference)), 1e-12))
