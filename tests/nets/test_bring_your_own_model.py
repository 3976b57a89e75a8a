"""The guide for models of others: every snippet runs as written, and the converted network is the one it was made from."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lucidseq.core import alphabet
from lucidseq.nets import io
from sequence_sets import write_sequences
from support import run_ok

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "bring-your-own-model.md"
RNG = np.random.default_rng(6)
STATE = {
    "0.weight": RNG.normal(size=(5, 4, 7)),
    "0.bias": RNG.normal(size=5),
    "1.weight": RNG.uniform(0.5, 2, size=5),
    "1.bias": RNG.normal(size=5),
    "1.running_mean": RNG.normal(size=5),
    "1.running_var": RNG.uniform(1e-4, 2, size=5),
    "1.num_batches_tracked": np.array(3),
    "5.weight": RNG.normal(size=(2, 75)),
    "5.bias": RNG.normal(size=2),
}


def torch_network(x: np.ndarray) -> np.ndarray:
    """Conv1d(4, 5, 7, padding=3), BatchNorm1d, ReLU, MaxPool1d(4), Flatten, Linear in PyTorch's layout: x is (n, 4, 60)."""
    padded = np.pad(x, ((0, 0), (0, 0), (3, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=2)
    x = np.einsum("nclk,fck->nfl", windows, STATE["0.weight"]) + STATE["0.bias"][:, None]
    scale = STATE["1.weight"] / np.sqrt(STATE["1.running_var"] + 1e-5)
    x = np.maximum((x - STATE["1.running_mean"][:, None]) * scale[:, None] + STATE["1.bias"][:, None], 0)
    return x.reshape(len(x), 5, 15, 4).max(axis=3).reshape(len(x), -1) @ STATE["5.weight"].T + STATE["5.bias"]


def test_guide__runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tensors = {name: SimpleNamespace(numpy=lambda array=array: array.astype(np.float32)) for name, array in STATE.items()}
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(load=lambda path, weights_only, map_location: tensors))
    snippets = re.findall(r"```(python|sh)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    namespace: dict[str, object] = {}
    for kind, text in snippets:
        if kind == "python":
            exec(compile(text, str(GUIDE), "exec"), namespace)
            continue
        codes = RNG.integers(0, 4, (3, 60)).astype(np.uint8)
        write_sequences(tmp_path / "peaks.sequences.h5", codes, None, np.full(3, 2))
        (tmp_path / "genome.fa").write_text(f">chr1\n{'ACGTTGCAAG' * 20}\n")
        (tmp_path / "cohort.vcf").write_text(
            "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t101\t.\tA\tG\t.\t.\t.\n"
        )
        for line in text.strip().splitlines():
            program, *words = shlex.split(line)
            run_ok(program.removeprefix("lucidseq-"), *words, cwd=tmp_path)
    assert [kind for kind, _ in snippets] == ["python"] * 6 + ["sh", "python"]
    one_hot = alphabet.one_hot(RNG.integers(0, 4, (6, 60)).astype(np.uint8))
    converted = io.load_model(tmp_path / "converted.keras")[0].predict_on_batch(one_hot)
    np.testing.assert_allclose(converted, torch_network(one_hot.transpose(0, 2, 1)), rtol=1e-4, atol=1e-4)
    for name in ("peaks.attributions.h5", "cohort.effects.tsv.gz"):
        assert (tmp_path / "results" / name).exists()
