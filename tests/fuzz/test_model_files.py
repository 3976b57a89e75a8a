"""Damaged model files: the model, or a three-part error; no other error and no hang. LUCIDSEQ_FUZZ sets the number of files of each kind (default 30)."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import pytest

from lucidseq.nets import io
from mutation import survive

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "30"))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_damaged_model__is_refused_or_opened(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{suffix}"
    inputs = keras.Input((4, 8))
    keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs))).save(path)
    outcome = survive({f"model{suffix}": (path.read_bytes(), lambda file: io.load_model(file))}, tmp_path, ROUNDS, seed=5)
    assert outcome["refused"] > ROUNDS // 4
