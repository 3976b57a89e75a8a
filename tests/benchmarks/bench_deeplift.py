"""CPU time of DeepSHAP per sequence, ours beside shap's in the same run, on the default deep network at 200 bp with 20 references.

Run directly (``python tests/benchmarks/bench_deeplift.py``) or through pytest. Each engine runs in a process of its own on one thread;
libraries and network are loaded before the clock starts, compilation is timed in both. shap has one explainer a sequence, because every
sequence has shuffles of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

BAR = 3.0
LENGTH, REFERENCES = 200, 20
SEQUENCES = {"own": 64, "shap": 8}


def prepare_inputs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences (count, length, 4) and their shuffles (count, R, length, 4)."""
    from lucidseq.attribute.references import one_hot_references
    from lucidseq.core import alphabet

    codes = np.random.default_rng(1).integers(0, 4, (count, LENGTH)).astype(np.uint8)
    names = [f"s{index}" for index in range(count)]
    return alphabet.one_hot(codes), one_hot_references(codes, names, "dinucleotide-shuffle", REFERENCES, 1)


def explain_here(engine: str, destination: str) -> None:
    """Explain, print CPU seconds per sequence, and keep the scores."""
    from lucidseq.nets import backend

    backend.prepare(threads=1)
    from lucidseq.attribute.explained import explain
    from lucidseq.nets import architectures

    network = architectures.build(architectures.Design("cnn-deep", LENGTH, 1, "binary"), seed=1)
    explained = explain(network, None)
    x, references = prepare_inputs(SEQUENCES[engine])
    network.predict_on_batch(x[:1])
    if engine == "own":
        from lucidseq.attribute import methods

        used = time.process_time()
        explainer = methods.deepshap(explained)
        scores = np.concatenate([explainer(x[i : i + 16], references[i : i + 16]).contributions for i in range(0, len(x), 16)])
    else:
        import shap

        used = time.process_time()
        scores = np.stack(
            [
                shap.DeepExplainer(explained.model, compared).shap_values(row[None], check_additivity=False)[0, ..., 0].sum(axis=1)
                for row, compared in zip(x, references, strict=True)
            ]
        )
    used = time.process_time() - used
    np.save(destination, scores)
    print(f"seconds {used / len(x)}")


def measure(engine: str, folder: Path) -> tuple[float, np.ndarray]:
    """Return CPU seconds per sequence, and scores, of one engine in a process of its own."""
    destination = folder / f"{engine}.npy"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "tensorflow"}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, engine, str(destination)], env=environment, capture_output=True, text=True, check=True
    )
    line = next(line for line in result.stdout.splitlines() if line.startswith("seconds "))
    return float(line.split()[1]), np.load(destination)


@pytest.mark.bench
def test_bench__own_deeplift_is_several_times_cheaper_than_shap(tmp_path):
    (ours, our_scores), (peer, peer_scores) = (measure(engine, tmp_path) for engine in ("own", "shap"))
    print(
        f"\nDeepSHAP, {LENGTH} bp x {REFERENCES} references: ours {ours:.3f} CPU s a sequence, shap {peer:.3f}, "
        f"ratio {peer / ours:.1f} (bar {BAR})"
    )
    np.testing.assert_allclose(our_scores[: len(peer_scores)], peer_scores, atol=1e-6)
    assert peer / ours >= BAR


if __name__ == "__main__":
    if len(sys.argv) > 1:
        explain_here(*sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            test_bench__own_deeplift_is_several_times_cheaper_than_shap(Path(scratch))
