"""What a GPU computes, against the processor. Needs the extra `gpu` (docs/guides/containers.md) and a device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lucidseq.core import tables
from lucidseq.core.schema import PREDICTIONS
from lucidseq.nets import backend
from sequence_sets import planted_dataset
from support import run_cli

pytestmark = pytest.mark.gpu
PROCESSOR = {"CUDA_VISIBLE_DEVICES": "-1"}
SMALL = ("--filters", 8, "--batch-size", 32, "--epochs", 10, "--seed", 7)


@pytest.fixture(scope="module", autouse=True)
def gpu(prepared_backend: None) -> None:
    if not backend.has_gpu():
        pytest.skip(f"{backend.name()} sees no GPU")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_dataset(tmp_path_factory.mktemp("data") / "planted.sequences.h5", n=2000, task="regression")


@pytest.fixture(scope="module")
def on_processor(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefix of a network trained on the processor, and of its predictions."""
    return fit(dataset, tmp_path_factory.mktemp("processor") / "model", environment=PROCESSOR)


@pytest.fixture(scope="module")
def on_gpu(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefix of the same network trained on the GPU, and of its predictions."""
    return fit(dataset, tmp_path_factory.mktemp("gpu") / "model")


def fit(dataset: Path, out: Path, *words: object, environment: dict[str, str] | None = None) -> Path:
    """Train and predict; return the prefix."""
    run("train", "fit", "--dataset", dataset, "--out", out, *SMALL, *words, environment=environment)
    return predict(dataset, out, out, environment=environment)


def predict(dataset: Path, model: Path, out: Path, *, environment: dict[str, str] | None = None) -> Path:
    """Predict the test split; return the prefix."""
    run("train", "predict", "--dataset", dataset, "--model", f"{model}.keras", "--out", out, environment=environment)
    return out


def run(*words: object, environment: dict[str, str] | None = None) -> None:
    """Run a command that must succeed."""
    done = run_cli(*words, environment=environment)
    assert done.returncode == 0, done.stderr


def predictions(prefix: Path) -> np.ndarray:
    """Read the predictions beside a prefix."""
    (path,) = prefix.parent.glob(f"{prefix.name}.predictions.tsv*")
    return tables.read_table(path, PREDICTIONS)["prediction"].to_numpy()


def rank_correlation(one: Path, other: Path) -> float:
    """Return Spearman's correlation of two sets of predictions."""
    from scipy.stats import spearmanr

    return float(spearmanr(predictions(one), predictions(other)).statistic)


def test_prediction__is_that_of_the_processor(dataset: Path, on_processor: Path, tmp_path: Path) -> None:
    predict(dataset, on_processor, tmp_path / "model")
    difference = np.abs(predictions(tmp_path / "model") - predictions(on_processor))
    assert difference.max() <= 1e-2 * np.ptp(predictions(on_processor))  # GPUs multiply in TF32, of 10 bits
    assert rank_correlation(tmp_path / "model", on_processor) > 0.999


def test_training__orders_sequences_as_on_the_processor(on_gpu: Path, on_processor: Path) -> None:
    found = rank_correlation(on_gpu, on_processor)
    print(f"\nrank correlation of predictions, GPU against processor: {found:.6f}")
    assert found > 0.999


def test_training__repeats_itself(dataset: Path, on_gpu: Path, tmp_path: Path) -> None:
    fit(dataset, tmp_path / "model")
    assert np.array_equal(predictions(tmp_path / "model"), predictions(on_gpu))


def test_mixed_precision__orders_sequences_as_single_does(dataset: Path, on_gpu: Path, tmp_path: Path) -> None:
    fit(dataset, tmp_path / "half", "--mixed-precision")
    found = rank_correlation(tmp_path / "half", on_gpu)
    print(f"\nrank correlation of predictions, 16 against 32 bits: {found:.4f}")
    assert found > 0.98
    assert not np.array_equal(predictions(tmp_path / "half"), predictions(on_gpu))
