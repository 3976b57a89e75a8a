"""CPU time of maps of 300 sequences of 200 bp beside tangermeme (PyTorch): DeepSHAP with given references, and in silico mutagenesis.

Run directly (``python tests/benchmarks/bench_tangermeme.py``) or through pytest; LUCIDSEQ_TORCH_PYTHON names a Python that has torch,
tangermeme and pytest, in an environment of its own. Both explain the same network (the default one, with the same weights) in a process of
their own on one thread; libraries and network are loaded before the clock starts, compilation is timed. Ours includes the
completeness error of every map; the whole command, timed too, includes every check of the trust card, and reading and writing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

BAR = 0.8
N, LENGTH, REFERENCES = 300, 200, 20
BATCHES = {"deepshap": (32, 256), "ism": (32, 512)}  # the peer's default and a larger one; the better counts
_Measured = dict[str, float]


def inputs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return codes (N, length), one-hot sequences and shuffled references (N, R, length, 4)."""
    random = np.random.default_rng(1)
    codes = random.integers(0, 4, (N, LENGTH)).astype(np.uint8)
    shuffled = random.permuted(np.repeat(codes[:, None], REFERENCES, axis=1), axis=2)
    one_hot = np.eye(4, dtype=np.float32)
    return codes, one_hot[codes], one_hot[shuffled]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return CPU seconds and what the work returns."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def explain_with_keras(folder: Path) -> _Measured:
    """Explain by the verbs and by the command; keep weights and maps for the peer."""
    from lucidseq.nets import backend

    backend.prepare(threads=1)
    import lucidseq as ls
    from lucidseq.nets import architectures, io
    from sequence_sets import write_sequences

    network = architectures.build(architectures.Design("cnn-deep", LENGTH, 1, "binary"), seed=1)
    np.savez(folder / "weights.npz", *network.get_weights())
    codes, x, references = inputs()
    network.predict_on_batch(x[:1])
    network.save(folder / "network.keras")
    write_sequences(folder / "d.h5", codes, None, np.full(N, 2))
    seconds, maps = {}, {}
    seconds["deepshap"], maps["deepshap"] = timed(lambda: ls.deepshap(network, x, references=references).contributions)
    seconds["ism"], maps["ism"] = timed(lambda: ls.ism(network, x).hypothetical)
    for method in BATCHES:
        options = {"model": folder / "network.keras", "dataset": folder / "d.h5", "method": method, "logos": 0}
        command = lambda options=options: ls.attribute.maps(**options, reverse_complement_average=False)  # noqa: E731
        seconds[f"command {method}"], _ = timed(command)
    np.savez(folder / "maps.npz", **maps)
    assert io.final_activation(network) == "sigmoid"
    return seconds


def explain_with_torch(folder: Path) -> _Measured:
    """Explain by tangermeme, and compare with our maps."""
    import torch
    from tangermeme import deep_lift_shap as module
    from tangermeme.deep_lift_shap import deep_lift_shap
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    torch.set_num_threads(1)
    with np.load(folder / "weights.npz") as file:
        network, exponential = torch_network(torch, [file[name] for name in file.files])
    _, one_hot, shuffled = inputs()
    x, references = (torch.tensor(np.ascontiguousarray(np.swapaxes(array, -1, -2))) for array in (one_hot, shuffled))
    with torch.no_grad():
        network(x[:1])
    rules = {exponential: sys.modules[getattr(module, "__module__", module.__name__)]._nonlinear}
    options = {"references": references, "device": "cpu", "additional_nonlinear_ops": rules}
    seconds: _Measured = {}
    for size in BATCHES["deepshap"]:
        used, found = timed(lambda size=size: deep_lift_shap(network, x, batch_size=size, **options))
        seconds["deepshap"] = min(used, seconds.get("deepshap", np.inf))
    for size in BATCHES["ism"]:
        used, mutants = timed(lambda size=size: saturation_mutagenesis(network, x, batch_size=size, device="cpu", raw_outputs=True))
        seconds["ism"] = min(used, seconds.get("ism", np.inf))
    with np.load(folder / "maps.npz") as ours:
        changes = (mutants[1][..., 0] - mutants[0][:, :, None]).numpy().transpose(0, 2, 1)
        np.testing.assert_allclose(ours["ism"], changes, atol=1e-5)
        error = np.abs(found.numpy().sum(axis=1) - ours["deepshap"])
        assert np.median(error.max(axis=1)) < 1e-6, error.max()
    return seconds


def torch_network(torch: object, weights: list[np.ndarray]) -> tuple[object, type]:
    """Return the default network up to its logit in PyTorch, and its class of the exponential."""
    from torch import nn

    class Exponential(nn.Module):
        def forward(self, x: object) -> object:
            return torch.exp(x)  # type: ignore[attr-defined]

    rest = iter(weights)

    def filled(layer: nn.Module, **names: Callable[[np.ndarray], np.ndarray]) -> nn.Module:
        for name, change in names.items():
            setattr(getattr(layer, name), "data", torch.tensor(np.ascontiguousarray(change(next(rest)))))  # type: ignore[attr-defined]  # noqa: B010
        return layer

    def same(array: np.ndarray) -> np.ndarray:
        return array

    def norm(layer: nn.Module) -> nn.Module:
        return filled(layer, weight=same, bias=same, running_mean=same, running_var=same)

    parts: list[nn.Module] = []
    for activation, (before, after, kernel, pool) in zip(
        (Exponential, nn.ReLU, nn.ReLU), ((4, 32, 19, 4), (32, 48, 7, 4), (48, 64, 5, 3)), strict=True
    ):
        convolution = nn.Conv1d(before, after, kernel, padding="same", bias=False)
        parts += [filled(convolution, weight=lambda array: array.transpose(2, 1, 0)), norm(nn.BatchNorm1d(after, eps=1e-3))]
        parts += [activation(), nn.MaxPool1d(pool)]
    places = LENGTH // 4 // 4 // 3

    def by_channel(kernel: np.ndarray) -> np.ndarray:
        return kernel.reshape(places, 64, -1).transpose(2, 1, 0).reshape(kernel.shape[1], -1)

    parts += [nn.Flatten(), filled(nn.Linear(places * 64, 128, bias=False), weight=by_channel), norm(nn.BatchNorm1d(128, eps=1e-3))]
    parts += [nn.ReLU(), filled(nn.Linear(128, 1), weight=np.transpose, bias=same)]
    return nn.Sequential(*parts).eval(), Exponential


def measure(program: str, engine: str, folder: Path) -> _Measured:
    """Return CPU seconds by method, of one engine in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "tensorflow", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([program, __file__, engine, str(folder)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.bench
def test_bench__maps_are_cheaper_than_tangermemes(tmp_path: Path) -> None:
    peer_python = os.environ.get("LUCIDSEQ_TORCH_PYTHON")
    if not peer_python:
        pytest.skip("LUCIDSEQ_TORCH_PYTHON names no Python with torch, tangermeme and pytest")
    ours = measure(sys.executable, "keras", tmp_path)
    peer = measure(peer_python, "torch", tmp_path)
    print(f"\nMaps of {N} sequences of {LENGTH} bp, one thread, CPU seconds (with compilation):")
    for method, title in (("deepshap", f"DeepSHAP, {REFERENCES} given references each"), ("ism", "in silico mutagenesis")):
        command = ours[f"command {method}"]
        print(
            f"  {title}: ours {ours[method]:.2f}, tangermeme {peer[method]:.2f}, ratio {ours[method] / peer[method]:.2f} (bar {BAR});\n"
            f"    the whole command with every check {command:.2f}, ratio {command / peer[method]:.2f}"
        )
        assert ours[method] <= BAR * peer[method]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        print(json.dumps((explain_with_torch if sys.argv[1] == "torch" else explain_with_keras)(Path(sys.argv[2]))))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            test_bench__maps_are_cheaper_than_tangermemes(Path(scratch))
