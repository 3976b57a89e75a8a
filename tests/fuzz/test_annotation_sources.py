"""Damaged sources of annotations and sequences: numbers of the right shape or a three-part error, never another exception.

LUCIDSEQ_FUZZ sets the number of files of each kind (default 150).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from lucidseq.encode.annotations.bed import BedSource
from lucidseq.encode.annotations.choices import BedValue
from lucidseq.encode.annotations.targets import TargetRows, VariantTargets
from lucidseq.encode.annotations.variant_tables import TableSource
from lucidseq.encode.gene_models import read_gene_models
from lucidseq.encode.sequences.one_hot import read_one_hot
from mutation import TRANSLATED, mutate

ROUNDS = int(os.environ.get("LUCIDSEQ_FUZZ", "150"))


def rows() -> TargetRows:
    start = np.arange(0, 200, 10)
    texts = {name: np.array([f"{name}{index}" for index in range(20)], dtype=object) for name in ("id", "rs")}
    contig, effect, other = (np.full(20, letter, dtype=object) for letter in ("c1", "A", "C"))
    return TargetRows(contig, start, start + 1, texts["id"], texts["rs"], effect, other)


def read_bed_source(path: Path) -> None:
    for value in BedValue:
        source = BedSource(path, value, ["c1"])
        assert source.values(rows()).shape == (20, len(source.names))


def read_table_source(path: Path) -> None:
    source = TableSource(path, [rows()])
    values = source.values(rows())
    assert values.shape == (20, len(source.names))
    assert values.dtype == np.float32


def read_variant_rows(path: Path) -> None:
    with VariantTargets(path, path.parent) as found:
        assert found.removed >= 0
        parts = list(found.parts(1 << 17))
        assert sum(map(len, parts)) == len(found)
        assert all((part.end > part.start).all() and (part.start >= 0).all() for part in parts)


def read_models(path: Path) -> None:
    models = read_gene_models(path)
    assert len(models.genes)
    for items in (models.genes, models.exons, models.coding, models.starts):
        assert ((items.start >= 0) & (items.start < items.end)).all()


def read_arrays(path: Path) -> None:
    found, split = read_one_hot(path)
    assert len(found) == len(split)
    assert found.codes.max(initial=0) <= 4
    assert set(np.unique(split)) <= {0, 1, 2}


def one_hot() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as store:
        for name in ("train", "valid", "test"):
            codes = np.random.default_rng(1).integers(0, 4, (5, 12))
            store[f"x_{name}"], store[f"y_{name}"] = np.eye(4)[codes], np.ones((5, 1))
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"CHR": ["c1"] * 9, "BP": range(1, 10), "x": np.arange(9) / 3}).to_parquet(buffer)
    return buffer.getvalue()


GTF = b'c1\tx\texon\t%d\t%d\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
CASES: dict[str, tuple[Callable[[], bytes], Callable[[Path], None]]] = {
    "x.bed": (lambda: b"".join(b"c1\t%d\t%d\tn%d\t%d\t+\n" % (at, at + 15, at % 3, at) for at in range(0, 200, 30)), read_bed_source),
    "x.annot": (
        lambda: b"CHR\tBP\tSNP\tCM\tx\ty\n" + b"".join(b"c1\t%d\trs%d\t0\t1\t0.%d\n" % (at + 1, at, at) for at in range(0, 200, 10)),
        read_table_source,
    ),
    "x.parquet": (parquet, read_table_source),
    "x.tsv": (
        lambda: (
            b"chromosome\tbase_pair_location\teffect_allele\tother_allele\trsid\n"
            + b"".join(b"c1\t%d\tA\tCG\trs%d\n" % (at, at) for at in range(1, 20))
        ),
        read_variant_rows,
    ),
    "x.gtf": (lambda: b"".join(GTF % (at, at + 9) for at in range(1, 90, 20)), read_models),
    "x.h5": (one_hot, read_arrays),
}


@pytest.mark.parametrize("name", CASES)
def test_source__gives_numbers_or_an_error(name: str, tmp_path: Path) -> None:
    if name == "x.parquet":
        pytest.importorskip("pyarrow")
    make, read = CASES[name]
    whole, path = make(), tmp_path / name
    path.write_bytes(whole)
    read(path)  # the whole file is read
    random, refused = np.random.default_rng(len(name)), 0
    for _ in range(ROUNDS):
        path.write_bytes(mutate(whole, random))
        try:
            read(path)
        except TRANSLATED:
            refused += 1
    assert refused > 0
