from __future__ import annotations

import h5py
import numpy as np
import pytest

from lucidseq.core import alphabet
from lucidseq.nets import batches as batches_module
from lucidseq.nets.batches import Batches, CodeRows

N, LENGTH = 103, 12
CODES = np.random.default_rng(4).integers(0, 5, (N, LENGTH)).astype(np.uint8)
TARGET = np.arange(N, dtype=np.float32)[:, None]


@pytest.fixture
def on_disk(tmp_path):
    with h5py.File(tmp_path / "codes.h5", "w") as file:
        file.create_dataset("codes", data=CODES, chunks=(10, LENGTH), compression="gzip")
        yield file["codes"]


def test_rows__from_disk_equal_rows_in_memory(on_disk):
    rows = np.flatnonzero(np.arange(N) % 3 == 0)
    order = np.random.default_rng(5).permutation(len(rows))
    in_memory, read, sliced = CodeRows(CODES, rows), CodeRows(on_disk, rows), CodeRows(on_disk, rows, in_memory_bytes=0)
    assert in_memory.in_memory and read.in_memory and not sliced.in_memory
    for reader in (in_memory, read, sliced):
        np.testing.assert_array_equal(reader.take(order), CODES[rows][order])


def _epoch(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    parts = [batches[i] for i in range(len(batches))]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])[:, 0].astype(int)


def test_batches__show_whole_batches_of_distinct_rows_in_a_seeded_order():
    rows = CodeRows(CODES, np.arange(N))
    options = {"batch_size": 10, "seed": 1, "reverse_complement": False}
    x, drawn = _epoch(Batches(rows, TARGET, epoch=0, **options))
    assert len(drawn) == 100 and len(set(drawn)) == 100
    np.testing.assert_array_equal(x, alphabet.one_hot(CODES)[drawn])
    np.testing.assert_array_equal(drawn, _epoch(Batches(rows, TARGET, epoch=0, **options))[1])
    assert (drawn != _epoch(Batches(rows, TARGET, epoch=1, **options))[1]).any()


def test_batches__from_disk_follow_the_windows_of_the_shuffle(on_disk, monkeypatch):
    monkeypatch.setattr(batches_module, "RUN_ROWS", 5)
    rows = CodeRows(on_disk, np.arange(N), in_memory_bytes=0)
    x, drawn = _epoch(Batches(rows, TARGET, batch_size=10, seed=1, epoch=0, reverse_complement=False))
    assert len(set(drawn)) == len(drawn) == 100
    np.testing.assert_array_equal(x, alphabet.one_hot(CODES)[drawn])


def test_batches__turn_half_of_the_sequences_around():
    codes = np.random.default_rng(6).integers(0, 4, (1000, LENGTH)).astype(np.uint8)
    rows = CodeRows(codes, np.arange(1000))
    x, drawn = _epoch(Batches(rows, np.arange(1000, dtype=np.float32)[:, None], batch_size=50, seed=2, epoch=0))
    forward = (x == alphabet.one_hot(codes)[drawn]).all(axis=(1, 2))
    backward = (x == alphabet.one_hot(alphabet.reverse_complement(codes))[drawn]).all(axis=(1, 2))
    assert (forward | backward).all()
    assert 420 < forward.sum() < 580  # 500 +- 5 standard deviations


def test_batches__smaller_than_one_batch_are_shown_whole():
    batches = Batches(CodeRows(CODES, np.arange(7)), TARGET[:7], batch_size=64, seed=1, epoch=0)
    assert len(batches) == 1 and sorted(_epoch(batches)[1]) == list(range(7))
