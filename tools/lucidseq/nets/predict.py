"""Apply a network to sequences given as codes: batches, both strands, members of an ensemble."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np

from lucidseq.core import alphabet
from lucidseq.core.errors import DataError
from lucidseq.nets import io
from lucidseq.nets.input_layout import check_sequence_input

Output = Literal["probability", "logit"]


class Predictor:
    """A network ready to be applied to many chunks of sequences (compiled once).

    Parameters
    ----------
    model
        From `io.load_model`: an ensemble of lucidseq, or any one-input model with outputs of shape (batch, targets).
    batch_size
        Sequences a step; results do not depend on it beyond rounding.
    reverse_complement_average
        Average the output over the sequence and its reverse complement.
    output
        ``"probability"``: the model's own output (probability, rate or mean); ``"logit"``: before the final activation.
        The average over strands is taken on this scale.
    """

    def __init__(
        self, model: keras.Model, *, batch_size: int = 512, reverse_complement_average: bool = True, output: Output = "probability"
    ) -> None:
        if output not in ("probability", "logit"):
            raise ValueError(f"output {output!r}")
        self._model = io.logits(model) if output == "logit" else model
        self._is_ensemble = io.is_ensemble(model)
        self.batch_size, self.both_strands = batch_size, reverse_complement_average
        check_sequence_input(self._model)
        self.length: int | None = self._model.inputs[0].shape[1]

    def require_length(self, length: int, *, where: str | None = None) -> None:
        """Check that the model takes sequences of a length (bp); `where` is their file.

        Raises
        ------
        DataError
            If not.
        """
        if self.length is not None and length != self.length:
            raise DataError(
                f"sequences of {length} bp",
                f"sequences of {self.length} bp, the length the model was trained on",
                f"encode the sequences again with windows of {self.length} bp",
                where=where,
            )

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Return float32 predictions of shape (n, members, targets) for codes uint8 (n, length).

        Raises
        ------
        DataError
            If the sequences are not of the model's length, an output has more than one axis besides the batch, or is not finite.
        """
        self.require_length(codes.shape[1])
        parts = [self._batch(codes[start : start + self.batch_size]) for start in range(0, len(codes), self.batch_size)]
        check_finite("predictions", *parts)
        return np.concatenate(parts) if parts else np.zeros((0, *self._batch(np.zeros((1, codes.shape[1]), np.uint8)).shape[1:]))

    def _batch(self, codes: np.ndarray) -> np.ndarray:
        forward = self._forward(alphabet.one_hot(codes))
        if not self.both_strands:
            return forward
        return 0.5 * (forward + self._forward(alphabet.one_hot(alphabet.reverse_complement(codes))))

    def _forward(self, x: np.ndarray) -> np.ndarray:
        outputs = self._model.predict_on_batch(x)
        return np.asarray(outputs, dtype=np.float32) if self._is_ensemble else _single_member(outputs)


def check_finite(what: str, *arrays: np.ndarray, where: str | None = None) -> None:
    """Check that what a network gave is finite before it is used or written.

    Parameters
    ----------
    what
        What the arrays are, in the plural.
    where
        Their place, such as the sequence's name.

    Raises
    ------
    DataError
        If a number is NaN or infinite.
    """
    if not all(np.isfinite(array).all() for array in arrays):
        raise DataError(
            f"{what} that are not finite numbers",
            "a network whose outputs stay finite",
            "train the network again with a lower --learning-rate",
            where=where,
        )


def predict(
    model: keras.Model, codes: np.ndarray, *, batch_size: int = 512, reverse_complement_average: bool = True, output: Output = "probability"
) -> np.ndarray:
    """Apply a model once (see `Predictor` for many chunks).

    Parameters
    ----------
    model
        From `io.load_model`.
    codes
        uint8 of shape (n, length), 0-3 = ACGT, 4 = N.

    Returns
    -------
    float32 of shape (n, members, targets).
    """
    predictor = Predictor(model, batch_size=batch_size, reverse_complement_average=reverse_complement_average, output=output)
    return predictor(codes)


def _single_member(outputs: Any) -> np.ndarray:
    """Bring the output (or list or dict of outputs) of a user's model to (n, 1, targets)."""
    arrays = [np.asarray(array, dtype=np.float32) for array in keras.tree.flatten(outputs)]
    deep = [array.shape for array in arrays if array.ndim > 2]
    if deep:
        raise DataError(
            f"a model output of shape {deep[0]}",
            "outputs of shape (batch, targets)",
            "give a model with one number a target; profile outputs can be explained, not tabulated",
        )
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)[:, None, :]
