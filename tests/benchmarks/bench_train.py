"""AUROC and CPU time of training on CTCF against PU.1 peaks (58,770 sequences of 100 bp), beside a plain network.

Run directly (``python tests/benchmarks/bench_train.py``) or through pytest. The plain network is what people write first: one
convolution with ReLU, global max pooling, Adam, both strands not used; same epochs, same data, in a process of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from lucidseq.core import alphabet, tables
from lucidseq.core.schema import METRICS
from lucidseq.core.sequence_dataset import open_sequences
from lucidseq.nets import metrics
from sequence_sets import ctcf_against_pu1
from support import run_ok

EPOCHS, THREADS = 5, 2


def ours(dataset: Path, folder: Path) -> tuple[float, float]:
    """Return AUROC and CPU seconds of `lucidseq train fit` with its defaults."""
    before = os.times()
    run_ok("train", "fit", "--dataset", dataset, "--out", folder / "m", "--threads", THREADS)
    after = os.times()
    model, out = folder / "m.keras", folder / "p"
    run_ok("train", "predict", "--model", model, "--dataset", dataset, "--out", out, "--split", "test")
    run_ok("train", "evaluate", "--predictions", folder / "p.predictions.tsv.gz", "--out", folder / "e")
    table = tables.read_table(folder / "e.metrics.tsv", METRICS).set_index(["metric", "group"])
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return float(table.loc[("auroc", "all"), "value"]), seconds


def plain(dataset: Path) -> tuple[float, float]:
    """Return AUROC and CPU seconds of a plain Keras network."""
    used = time.process_time()
    from lucidseq.nets import backend

    backend.prepare(seed=1, threads=THREADS)
    import keras

    with open_sequences(dataset) as source:
        codes, target, split = source.codes[()], source.require_targets(np.arange(len(source.split))), source.split
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((codes.shape[1], 4)),
            layers.Conv1D(32, 19, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", jit_compile=False)
    model.fit(alphabet.one_hot(codes[split == 0]), target[split == 0], batch_size=64, epochs=EPOCHS, verbose=0)
    seconds = time.process_time() - used
    prediction = model.predict(alphabet.one_hot(codes[split == 2]), verbose=0)[:, 0]
    return metrics.value(metrics.auroc(target[split == 2, 0], prediction), len(prediction)), seconds


def compare(data: Path) -> tuple[float, float]:
    """Print both rows; return our AUROC and seconds."""
    with tempfile.TemporaryDirectory() as name:
        dataset = ctcf_against_pu1(data, Path(name) / "d.h5")
        auroc, seconds = ours(dataset, Path(name))
        other_auroc, other_seconds = plain(dataset)
    print(f"train fit, CTCF against PU.1, chr8 + chr9: AUROC {auroc:.4f} in {seconds:.0f} CPU s (process start included)")
    print(f"plain Keras network, {EPOCHS} epochs:       AUROC {other_auroc:.4f} in {other_seconds:.0f} CPU s")
    return auroc, seconds


@pytest.mark.bench
@pytest.mark.slow
def test_train__beats_a_plain_network_on_real_peaks(shared_data):
    auroc, seconds = compare(shared_data)
    assert auroc >= 0.995 and seconds <= 120


if __name__ == "__main__":
    compare(Path(os.environ.get("LUCIDSEQ_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")))
