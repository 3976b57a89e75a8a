"""The networks of the published trained weights, and how maps of the synthetic regulatory code are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

LENGTH = 200
DEEP = ((11, 24, 1), (7, 32, 4), (7, 48, 4), (3, 64, 3))  # kernel, filters, pool
SHALLOW = ((19, 24, 50), (3, 48, 2))


def load(path: Path) -> keras.Model:
    """Rebuild a network from its weight file (Keras 2), whose layers are in order of their making."""
    blocks, activation = (DEEP if "deep" in path.stem else SHALLOW), path.stem.split("_")[2]
    inputs = x = keras.Input((LENGTH, 4))
    for index, (kernel, filters, pool) in enumerate(blocks):
        x = keras.layers.Conv1D(filters, kernel, padding="same")(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Activation(activation if index == 0 else "relu")(x)
        x = keras.layers.Dropout(0.1 * (index + 1))(x)
        x = keras.layers.MaxPooling1D(pool)(x) if pool > 1 else x
    x = keras.layers.Dense(96)(keras.layers.Flatten()(x))
    x = keras.layers.Dropout(0.5)(keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x)))
    model = keras.Model(inputs, keras.layers.Activation("sigmoid")(keras.layers.Dense(1)(x)))
    model.load_weights(path)
    return model


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half."""
    from scipy.stats import rankdata

    ranks, count = rankdata(scores), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def map_auroc(maps: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean over sequences of the AUROC of a map at motif positions against positions without information.

    Parameters
    ----------
    maps
        Shape (n, length).
    probabilities
        Base probabilities that generated the sequences, shape (n, 4, length).
    """
    p = probabilities.astype(np.float64)
    information = 2 + (p * np.log2(np.maximum(p, 1e-10))).sum(axis=1)
    found = []
    for scores, bits in zip(maps, information, strict=True):
        motif, background = bits > 0.1, bits <= bits.min() + 1e-6
        used = motif | background
        found.append(auroc(scores[used], motif[used]))
    return float(np.mean(found))


def read_code(path: Path) -> dict[str, Any]:
    """Return codes, labels and generating probabilities of the test set."""
    with np.load(path) as arrays:
        test = arrays["split"] == 2
        return {"codes": arrays["codes"][test], "label": arrays["label"][test].ravel() > 0.5, "model": arrays["model_test"]}
