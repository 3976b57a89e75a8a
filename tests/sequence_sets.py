"""Small sequence datasets, written as `lucidseq encode sequences` does."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from lucidseq.core import alphabet, stores
from lucidseq.core.schema import SEQUENCES

MOTIF = alphabet.encode("TGACTCA")


def write_sequences(
    path: Path,
    codes: np.ndarray,
    target: np.ndarray | None,
    split: np.ndarray,
    *,
    task: str = "binary",
    names: list[str] | None = None,
    contig: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> Path:
    """Write a dataset of codes (n, length) and targets (n, targets)."""
    n, length = codes.shape
    names = names or ([] if target is None else [f"target_{i}" for i in range(target.shape[1])])
    start = np.arange(n, dtype=np.int64) * length if start is None else start
    with stores.create_store(path, SEQUENCES, build="test", task=task, target_names=names) as store:
        stores.write_array(store, "codes", codes.astype(np.uint8))
        stores.write_array(store, "contig", np.full(n, "chr1", dtype=object) if contig is None else contig.astype(object))
        stores.write_array(store, "start", start)
        stores.write_array(store, "end", start + length)
        stores.write_array(store, "strand", np.full(n, ".", dtype=object))
        stores.write_array(store, "id", np.array([f"seq_{i}" for i in range(n)], dtype=object))
        stores.write_array(store, "split", split.astype(np.uint8))
        if target is not None:
            stores.write_array(store, "target", target.astype(np.float32))
    return path


def planted(n: int, length: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return random codes (n, length) and labels (n,): half the rows hold `MOTIF` on either strand."""
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, 4, (n, length)).astype(np.uint8)
    label = generator.random(n) < 0.5
    for row in np.flatnonzero(label):
        motif = MOTIF if generator.random() < 0.5 else alphabet.reverse_complement(MOTIF)
        at = generator.integers(0, length - len(motif))
        codes[row, at : at + len(motif)] = motif
    return codes, label


def splits(n: int) -> np.ndarray:
    """Return splits 0 (60 %), 1 (20 %), 2 (20 %), interleaved."""
    return np.array([0, 0, 0, 1, 2])[np.arange(n) % 5]


def planted_dataset(path: Path, *, n: int = 600, length: int = 60, task: str = "binary", seed: int = 1) -> Path:
    """Write a dataset of `planted` sequences: labels; a noisy signal; or Poisson counts."""
    codes, label = planted(n, length, seed=seed)
    generator = np.random.default_rng(seed + 1)
    target = {
        "binary": label,
        "regression": 10.0 + 5.0 * label + generator.normal(0, 1.0, n),
        "counts": generator.poisson(np.where(label, 12.0, 3.0)),
    }[task].astype(np.float32)
    contig = np.array(["chr1", "chr2"])[np.arange(n) // 5 % 2]
    return write_sequences(path, codes, target[:, None], splits(n), task=task, names=["motif"], contig=contig)


def read_fasta(path: Path) -> tuple[list[str], np.ndarray]:
    """Return the names and the codes (n, length) of a gzipped FASTA of equally long sequences, one line each."""
    names, rows = [], []
    with gzip.open(path, "rt") as handle:
        for line in handle:
            if line.startswith(">"):
                names.append(line[1:].split()[0])
            else:
                rows.append(alphabet.encode(line.strip()))
    return names, np.stack(rows)


def ctcf_against_pu1(folder: Path, path: Path) -> Path:
    """Write CTCF (1) against PU.1 (0) peaks as a dataset: chr8 and chr9 test, chr7 validation."""
    ctcf, ctcf_codes = read_fasta(folder / "sequences" / "ctcf.fa.gz")
    pu1, pu1_codes = read_fasta(folder / "sequences" / "pu1.fa.gz")
    contig, _, span = np.char.partition(np.array(ctcf + pu1), ":").T
    start = np.char.partition(span, "-")[:, 0].astype(np.int64)
    split = np.where(np.isin(contig, ["chr8", "chr9"]), 2, np.where(contig == "chr7", 1, 0))
    label = np.repeat([1.0, 0.0], [len(ctcf), len(pu1)])[:, None]
    codes = np.concatenate([ctcf_codes, pu1_codes])
    return write_sequences(path, codes, label, split, names=["CTCF"], contig=contig, start=start)
