"""Damaged tables of splits and groups, and damaged genotype matrices: a result that holds, or a three-part error.

Run directly (``python tests/fuzz/test_structure_tables.py 20000``) for the long run whose figures docs/methods/relatedness.md gives.
"""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

if __name__ == "__main__":  # pytest puts this folder on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures_structure import write_store
from lucidseq.core.codings import Coding
from lucidseq.core.genotype_matrix import open_matrix
from lucidseq.core.hdf5 import TEXT_SUM, text_sum
from lucidseq.core.outputs import OutputSet
from lucidseq.core.roles import Format, OutFile
from lucidseq.core.splits import Split, read_splits
from lucidseq.encode.matrix.cli import MatrixOptions
from lucidseq.encode.matrix.run import matrix
from lucidseq.encode.structure.groups import read_groups
from mutation import TRANSLATED, mutate

NAMES = [f"s{row}" for row in range(12)]
Mutate = Callable[[bytes, np.random.Generator], bytes]
WORDS = ["", "float16", "bits2", "[]", '["a"]', "{", 0, 4, -1, 2.5, np.array([1, 2]), "x" * 300]
SECONDS = 5.0  # what one damaged file may take


def read_split_table(path: Path) -> None:
    found = read_splits(path, NAMES)
    assert len(found.split) == len(found.group) == len(found.fold) == len(NAMES)
    assert set(found.split.tolist()) <= set(Split) and (found.group != "").all()


def read_group_table(path: Path) -> None:
    groups, absent = read_groups(path, None, NAMES)
    assert len(groups) == len(NAMES) and (groups != "").all() and 0 <= absent <= len(NAMES)


def read_matrix(path: Path) -> None:
    with open_matrix(path) as found:
        rows = found.rows(np.array([3, 0]))
        assert rows.shape == (2, found.variants) and rows.min() >= -1 and rows.max() <= 2
        batch = found.batch(np.array([1]), Coding.DOMINANCE_NOIA)
        assert batch.shape == (1, found.variants) and np.isfinite(batch).all()
        found.covariates()
        if found.trait_names:
            found.trait(found.trait_names[0])


def spoil(data: bytes, random: np.random.Generator) -> bytes:
    """Change arrays and attributes of an HDF5 file: values, lengths, kinds, absence.

    What flipped bits do is in test_stores.py.
    """
    memory = io.BytesIO(data)
    with h5py.File(memory, "r+") as store:
        names: list[str] = []
        store.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        name = names[random.integers(len(names))]
        if random.random() < 0.3:
            key = list(store.attrs)[random.integers(len(store.attrs))]
            store.attrs[key] = WORDS[random.integers(len(WORDS))]
            store.attrs[TEXT_SUM] = text_sum(store)
            return _closed(store, memory)
        values = store[name][()]
        kind = random.random()
        del store[name]
        if kind < 0.25:
            values = values[: random.integers(0, len(values))]
        elif kind < 0.5:
            values = np.frombuffer(random.bytes(values.nbytes), dtype=values.dtype).reshape(values.shape)
        elif kind < 0.6:
            values = values.astype("S3") if values.dtype.kind != "S" else np.zeros(values.shape)
        elif kind < 0.7:
            values = values[..., None]
        elif kind < 0.8 and values.dtype.kind == "f":
            values = np.full_like(values, [np.nan, np.inf, -1, 1e300][random.integers(4)])
        elif kind < 0.9:
            return _closed(store, memory)
        store[name] = values
        if name == "genotypes" and "genotype_sums" in store and random.random() < 0.5:
            del store["genotype_sums"]  # older files have none
        return _closed(store, memory)


def _closed(store: h5py.File, memory: io.BytesIO) -> bytes:
    store.close()
    return memory.getvalue()


def targets(folder: Path) -> list[tuple[bytes, Callable[[Path], None], Path, Mutate]]:
    """Return good contents, their readers, where the damaged ones go, and how they are damaged."""
    words = ["train", "valid", "test"]
    rows = [f"{name}\t{words[row % 3]}\tg{row // 2}\t{row % 4}" for row, name in enumerate(NAMES)]
    splits = ("sample\tsplit\tgroup\tfold\n" + "\n".join(rows) + "\n").encode()
    groups = ("FID\tIID\tfamily\n" + "".join(f"f\t{name}\tfam{row // 3}\n" for row, name in enumerate(NAMES))).encode()
    calls = np.random.default_rng(1).integers(-1, 3, (50, 12)).astype(np.int8)
    (folder / "splits.tsv").write_bytes(splits)
    out = OutputSet(folder / "m", {"matrix": OutFile(".matrix.h5", Format.HDF5, "")}, command="matrix")
    with out.transaction():
        store = write_store(folder / "g.h5", calls, traits={"height": np.arange(12.0)})
        matrix(MatrixOptions(genotypes=store, splits=folder / "splits.tsv"), out)
    whole = (folder / "m.matrix.h5").read_bytes()
    return [
        (splits, read_split_table, folder / "x.tsv", mutate),
        (gzip.compress(splits, mtime=0), read_split_table, folder / "x.tsv.gz", mutate),
        (groups, read_group_table, folder / "y.tsv", mutate),
        (whole, read_matrix, folder / "z.h5", spoil),
    ]


def fuzz(folder: Path, count: int, seed: int) -> Counter[str]:
    """Read ``count`` damaged files of each kind; return how many gave a result and how many an error."""
    tally: Counter[str] = Counter()
    for number, (good, read, path, damage) in enumerate(targets(folder)):
        path.write_bytes(good)
        read(path)
        random = np.random.default_rng([seed, number])
        for _ in range(count):
            path.write_bytes(damage(good, random))
            started = time.monotonic()
            try:
                read(path)
                tally[f"{read.__name__}: read"] += 1
            except TRANSLATED:
                tally[f"{read.__name__}: refused"] += 1
            assert time.monotonic() - started < SECONDS
    return tally


def test_damaged_tables_and_matrices__give_results_or_errors(tmp_path: Path) -> None:
    tally = fuzz(tmp_path, 150, 1)
    for name in ("read_split_table", "read_group_table", "read_matrix"):
        assert tally[f"{name}: refused"] > 20, tally


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(dict(fuzz(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 2500, 7)))
