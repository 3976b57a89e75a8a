"""DeepSHAP by the shap package, in a process of its own, since an error of shap leaves TensorFlow unusable for its process.

The process is this module run as a program: it reads names of ``.npz`` files (arrays x and references) from its input, writes the
result beside each, and answers with one line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from lucidseq.attribute.explained import Explained
from lucidseq.attribute.methods import Explainer, Maps
from lucidseq.core.errors import DataError, UsageError, missing_extra
from lucidseq.nets import backend

_DONE, _FAILED = "lucidseq-shap done", "lucidseq-shap failed "


class ShapEngine:
    """A running shap process for one network.

    Parameters
    ----------
    explained
        Network and number to explain; the model is passed as a file.

    Raises
    ------
    UsageError
        If the backend is not TensorFlow.
    MissingExtraError
        If shap is not installed.
    """

    def __init__(self, explained: Explained) -> None:
        import importlib.util

        if backend.name() != "tensorflow":
            raise UsageError(f"--engine shap with the backend {backend.name()}", "tensorflow", "unset KERAS_BACKEND, or use --engine own")
        if importlib.util.find_spec("shap") is None:
            raise missing_extra("shap", "shap")
        self._folder = tempfile.TemporaryDirectory(prefix="lucidseq-shap-")
        model = Path(self._folder.name) / "explained.keras"
        explained.model.save(model)
        choice = [explained.output, explained.target, explained.reduce, int(explained.ensemble)]
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "lucidseq.attribute.shap_engine", str(model), *map(str, choice)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def contributions(self, x: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return outputs (n,), outputs of references (n, R) and shap's values (n, length, 4).

        Raises
        ------
        DataError
            If shap cannot explain the network.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        request = Path(self._folder.name) / "request.npz"
        np.savez(request, x=x, references=references)
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer below has the reason
        for line in self._process.stdout:
            if line.startswith(_DONE):
                with np.load(request.with_name("answer.npz")) as answer:
                    return answer["prediction"], answer["reference_prediction"], answer["values"]
            if line.startswith(_FAILED):
                raise DataError(
                    f"a network that shap cannot explain ({line.removeprefix(_FAILED).strip()})",
                    "layers that shap.DeepExplainer supports",
                    "use --engine own",
                )
        raise DataError("the shap process ended without an answer", "a result", "use --engine own, or give more memory")

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()


def deepshap(explained: Explained) -> Explainer:
    """DeepSHAP values of the observed bases; ``hypothetical`` is zero for the other bases, which shap does not give."""
    import weakref

    engine = ShapEngine(explained)

    def explainer(x: np.ndarray, references: np.ndarray | None) -> Maps:
        assert references is not None
        prediction, of_references, values = engine.contributions(x, references)
        total = values.sum(axis=2)
        # shap gives the mean over the references, so the error is that of the mean
        difference = prediction.astype(np.float64) - of_references.mean(axis=1, dtype=np.float64)
        return Maps(
            (x * total[:, :, None]).astype(np.float32),
            total.astype(np.float32),
            prediction,
            of_references.mean(axis=1, dtype=np.float64).astype(np.float32),
            np.abs(total.sum(axis=1, dtype=np.float64) - difference),
            np.abs(difference),
        )

    weakref.finalize(explainer, engine.close)
    return explainer


def _serve(model_path: str, output: int, target: int, reduce: str, *, ensemble: bool) -> None:
    """Answer requests until the input ends."""
    backend.prepare(threads=int(os.environ.get("OMP_NUM_THREADS", "1")))
    import keras
    import shap

    model = keras.saving.load_model(model_path, compile=False, safe_mode=True)
    explained = Explained(model, output, target, reduce, ensemble, "", None)
    number = keras.ops.expand_dims(explained.select(model.outputs), axis=1)
    scalar = keras.Model(model.inputs[0], keras.layers.Reshape((1,))(number))  # shap looks at the last layer's output
    for line in sys.stdin:
        request = Path(line.strip())
        with np.load(request) as arrays:
            x, references = arrays["x"], arrays["references"]
        values = [
            shap.DeepExplainer(scalar, compared).shap_values(row[None], check_additivity=False)[0, ..., 0]
            for row, compared in zip(x, references, strict=True)
        ]
        predict = keras.ops.convert_to_numpy
        np.savez(
            request.with_name("answer.npz"),
            values=np.stack(values),
            prediction=predict(scalar(x))[:, 0],
            reference_prediction=predict(scalar(references.reshape(-1, *x.shape[1:]))).reshape(references.shape[:2]),
        )
        print(_DONE, flush=True)


def _main(words: list[str]) -> None:
    model_path, output, target, reduce, ensemble = words
    try:
        _serve(model_path, int(output), int(target), reduce, ensemble=ensemble == "1")
    except Exception as error:  # whatever shap raises becomes the answer
        reason = str(error).strip().splitlines()
        print(f"{_FAILED}{type(error).__name__}: {reason[0] if reason else ''}", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
