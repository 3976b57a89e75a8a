"""The LD store: correlation matrices of effect-allele dosages, one block a locus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from lucidseq.core.schema import LD
from lucidseq.core.stores import create_store, open_store, read_text, write_array


@dataclass(frozen=True)
class LdBlock:
    """One block.

    Attributes
    ----------
    name, contig, start, end
        The locus, 0-based and half-open.
    r
        Correlations, float32 of shape (p, p).
    variant_id
        Names (contig:position:other:effect), object array of shape (p,), in position order.
    """

    name: str
    contig: str
    start: int
    end: int
    r: np.ndarray
    variant_id: np.ndarray


class LdStore:
    """An open LD store; blocks are read one at a time."""

    def __init__(self, store: h5py.File) -> None:
        self._store = store
        self.names = [str(name) for name in read_text(store["blocks/name"])]
        self.contigs = [str(name) for name in read_text(store["blocks/contig"])]
        self.starts, self.ends = store["blocks/start"][()], store["blocks/end"][()]
        self.n_ref, self.method = float(store.attrs["n_ref"]), str(store.attrs["method"])
        self.build = str(store.attrs["build"])

    def __len__(self) -> int:
        return len(self.names)

    def block(self, index: int) -> LdBlock:
        """Read one block."""
        group = self._store[f"block/{index:06d}"]
        return LdBlock(
            self.names[index], self.contigs[index], int(self.starts[index]), int(self.ends[index]),
            group["r"][()], read_text(group["variant_id"]),
        )  # fmt: skip

    def __iter__(self) -> Iterator[LdBlock]:
        return (self.block(index) for index in range(len(self)))


@contextmanager
def open_ld(path: Path) -> Iterator[LdStore]:
    """Open an LD store for reading (errors as `stores.open_store`)."""
    with open_store(path, LD) as store:
        yield LdStore(store)


def write_ld(path: Path, blocks: Iterator[LdBlock], *, build: str, method: str, n_ref: float) -> int:
    """Write blocks as they come and return how many there were.

    Parameters
    ----------
    build
        Name of the genome build.
    method
        ``in-sample`` or ``panel``.
    n_ref
        Individuals behind the correlations.
    """
    rows: list[tuple[str, str, int, int]] = []
    with create_store(path, LD, build=build, method=method, n_ref=float(n_ref)) as store:
        for index, block in enumerate(blocks):
            group = store.create_group(f"block/{index:06d}")
            write_array(group, "r", block.r.astype(np.float32, copy=False))
            write_array(group, "variant_id", block.variant_id)
            rows.append((block.name, block.contig, block.start, block.end))
        names, contigs, starts, ends = zip(*rows, strict=True) if rows else ((), (), (), ())
        write_array(store, "blocks/name", np.array(names, dtype=object))
        write_array(store, "blocks/contig", np.array(contigs, dtype=object))
        write_array(store, "blocks/start", np.array(starts, dtype=np.int64))
        write_array(store, "blocks/end", np.array(ends, dtype=np.int64))
    return len(rows)
